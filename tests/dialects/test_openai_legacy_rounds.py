"""OpenAI's completions and embeddings made at random: nothing is lost between reading a request and writing it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from argoproxy.conversation import Abilities, EmbeddingRequest, Model, Part, RouteCall, Text, Tokens
from argoproxy.dialects.openai_completions import OpenAICompletions
from argoproxy.dialects.openai_completions_replies import CompletionRequest
from argoproxy.dialects.openai_embeddings import OpenAIEmbeddings
from argoproxy.upstreams.openai_native import OpenAINative

WIRE = OpenAINative("https://argo/v1/chat/completions", "https://argo/v1/embeddings")
EMBEDDER = Model(
    internal_id="v3small",
    names=("v3small",),
    family="openai",
    kind="embedding",
    abilities=Abilities(dimensions=True),
)

TEXT = st.text(max_size=12)
TOKENS = st.lists(st.integers(0, 99), min_size=1, max_size=3)
INPUTS = TEXT | TOKENS | st.lists(TEXT, min_size=1, max_size=3) | st.lists(TOKENS, min_size=1, max_size=3)

# Of embeddings, no input may be empty.
SOME = TEXT.filter(bool)
EMBEDDED = SOME | TOKENS | st.lists(SOME, min_size=1, max_size=3) | st.lists(TOKENS, min_size=1, max_size=3)
EMBEDDINGS = st.fixed_dictionaries(
    {"input": EMBEDDED, "model": st.just("v3small")},
    optional={"dimensions": st.integers(1, 1536), "user": TEXT, "timeout": st.just(5)},
)


def _embedding(body: bytes) -> EmbeddingRequest:
    """What a request says, apart from to whom, and how its reply is to be written."""
    asked = OpenAIEmbeddings().parse(body, RouteCall())
    return EmbeddingRequest(model="", inputs=asked.inputs, dimensions=asked.dimensions, extras=asked.extras)


@given(EMBEDDINGS)
def test_no_input_is_lost_on_its_way_to_argo(body: dict[str, Any]) -> None:
    asked = OpenAIEmbeddings().parse(json.dumps(body).encode(), RouteCall())
    call = WIRE.encode(asked, EMBEDDER, "somebody")
    assert (call.dropped, call.adjusted) == ((), ())
    assert _embedding(call.body) == _embedding(json.dumps(body).encode())


COMPLETIONS = st.builds(
    lambda body, stream: {**body, **stream},
    st.fixed_dictionaries(
        {"prompt": INPUTS},
        optional={
            "n": st.integers(1, 3),
            "echo": st.booleans(),
            "max_tokens": st.integers(1, 9000),
            "temperature": st.sampled_from([0, 0.25, 2]),
            "top_p": st.sampled_from([0, 0.5, 1]),
            "stop": TEXT | st.lists(TEXT, max_size=3),
            "timeout": st.sampled_from([1, 2.5]),
            "seed": st.integers(),
            "logprobs": st.integers(0, 5),
        },
    ),
    st.sampled_from([{}, {"stream": True}, {"stream": True, "stream_options": {"include_usage": True}}]),
)


def _completion(body: dict[str, Any]) -> CompletionRequest:
    return OpenAICompletions().parse(json.dumps(body).encode(), RouteCall())


def _written(request: CompletionRequest) -> dict[str, Any]:
    """A request that says the same: ARGO has no wire of this language."""
    prompts = [_prompt(part) for prompt in request.prompts for message in prompt for part in message.parts]
    settings = {name: getattr(request, name) for name in ("max_tokens", "temperature", "top_p", "timeout")}
    usage = {"stream_options": {"include_usage": True}} if request.include_usage else {}
    return {
        "prompt": prompts,
        "n": request.n,
        "echo": request.echo,
        "stream": request.stream,
        "stop": request.stop,
        **settings,
        **usage,
        **{name: json.loads(bytes(raw)) for name, raw in request.extras.items()},
    }


def _prompt(part: Part) -> Any:
    if isinstance(part, Text):
        return part.text
    assert isinstance(part, Tokens)
    return part.ids


@given(COMPLETIONS)
def test_nothing_of_a_completion_is_lost_between_reading_and_writing(body: dict[str, Any]) -> None:
    asked = _completion(body)
    assert msgspec.to_builtins(_completion(_written(asked)), enc_hook=bytes) == msgspec.to_builtins(
        asked, enc_hook=bytes
    )
