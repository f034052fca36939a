"""Legacy completions: prompts in every shape, and replies as OpenAI's own."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import Completion
from zope.interface.verify import verifyObject

from argoproxy.conversation import (
    Event,
    Failed,
    Finished,
    Message,
    ReasoningDelta,
    RouteCall,
    Started,
    Text,
    TextDelta,
    Tokens,
    ToolCallBegun,
    Usage,
    Used,
)
from argoproxy.dialects.openai_completions import OpenAICompletions
from argoproxy.dialects.openai_completions_replies import CompletionRequest
from argoproxy.errors import ClientFault, Truncated
from argoproxy.interfaces import IRenderer, IRenderingDialect
from tests.dialects.playing import STAMP, chunks, frames, play, rendering, transcript

COMPLETIONS = OpenAICompletions()


def parse(prompt: Any = "Once", **fields: Any) -> CompletionRequest:
    body = {"model": "gpt-4o", "prompt": prompt, **fields}
    return COMPLETIONS.parse(json.dumps(body).encode(), RouteCall())


def test_it_is_a_dialect_with_both_kinds_of_renderers() -> None:
    verifyObject(IRenderingDialect, COMPLETIONS)
    assert COMPLETIONS.name == "openai_completions"
    assert COMPLETIONS.statuses[529] == 503
    for stream in (True, False):
        verifyObject(IRenderer, rendering(COMPLETIONS, {"prompt": "x", "stream": stream}))


PROMPTS: dict[str, tuple[Any, list[Text | Tokens]]] = {
    "a text": ("Once", [Text("Once")]),
    "an empty text": ("", [Text("")]),
    "texts": (["a", "", "b"], [Text("a"), Text(""), Text("b")]),
    "token ids": ([1, 0, 2], [Tokens((1, 0, 2))]),
    "lists of token ids": ([[1, 2], [3]], [Tokens((1, 2)), Tokens((3,))]),
}


@pytest.mark.parametrize(("prompt", "parts"), PROMPTS.values(), ids=PROMPTS)
def test_each_prompt_is_what_a_user_says_and_bare(prompt: Any, parts: list[Text | Tokens]) -> None:
    request = parse(prompt)
    assert request.prompts == tuple((Message("user", (part,)),) for part in parts)
    assert request.bare


FIELDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "nothing else": ({}, {"model": "gpt-4o", "stream": False, "n": 1, "echo": False, "extras": {}, "timeout": None}),
    "echo": ({"echo": True}, {"echo": True}),
    "sampling": ({"temperature": 2, "top_p": 0.5, "n": 2}, {"temperature": 2.0, "top_p": 0.5, "n": 2}),
    "limits": ({"max_tokens": 1, "stop": ["a"]}, {"max_tokens": 1, "stop": ("a",)}),
    "a stream": ({"stream": True, "stream_options": {"include_usage": True}}, {"stream": True, "include_usage": True}),
    "a timeout": ({"timeout": 0.5}, {"timeout": 0.5}),
    "the client's own user": ({"user": "mallory"}, {"extras": {}}),
    "what happens anyway": (
        {"best_of": 1, "suffix": "", "logprobs": None, "presence_penalty": 0.0},
        {"extras": {}},
    ),
}


@pytest.mark.parametrize(("fields", "neutral"), FIELDS.values(), ids=FIELDS)
def test_each_field_means_what_it_says(fields: dict[str, Any], neutral: dict[str, Any]) -> None:
    request = parse(**fields)
    assert {name: getattr(request, name) for name in neutral} == neutral


def test_what_nobody_here_can_do_is_kept_to_be_told() -> None:
    extras = parse(best_of=3, logprobs=0, suffix="end").extras
    assert {name: bytes(raw) for name, raw in extras.items()} == {
        "best_of": b"3",
        "logprobs": b"0",
        "suffix": b'"end"',
    }


def test_a_request_without_a_model_leaves_the_choice_to_the_catalogue() -> None:
    assert COMPLETIONS.parse(b'{"prompt":"x"}', RouteCall()).model == ""


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no prompt": ({"prompt": None}, "prompt"),
    "no prompts": ({"prompt": []}, "prompt"),
    "a number": ({"prompt": 1}, "prompt"),
    "an object": ({"prompt": {}}, "prompt"),
    "a flag among texts": ({"prompt": ["a", True]}, "prompt[1]"),
    "texts and ids": ({"prompt": ["a", 1]}, "prompt[1]"),
    "ids and lists of them": ({"prompt": [1, 2, [3]]}, "prompt[2]"),
    "no ids": ({"prompt": [[1], []]}, "prompt[1]"),
    "an id below 0": ({"prompt": [[1, -1]]}, "prompt[0][1]"),
    "a fraction of an id": ({"prompt": [1, 1.5]}, "prompt[1]"),
    "too many replies": ({"prompt": ["a", "b"], "n": 65}, "n"),
    "too many prompts": ({"prompt": ["a"] * 129}, "prompt"),
    "n of 0": ({"n": 0}, "n"),
    "echo as text": ({"echo": "yes"}, "echo"),
    "max_tokens of 0": ({"max_tokens": 0}, "max_tokens"),
    "stream options without a stream": ({"stream_options": {}}, "stream_options"),
    "no time": ({"timeout": 0}, "timeout"),
}


@pytest.mark.parametrize(("fields", "param"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_is_a_400_that_names_the_field(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(ClientFault) as raised:
        parse(**{"prompt": "x", **fields})
    assert (raised.value.status, raised.value.param) == (400, param)


def test_as_many_replies_as_are_allowed_are_not_refused() -> None:
    request = parse(["a", "b"], n=64)
    assert len(list(request.singles())) == 128


TWO: list[Event] = [
    Started(), TextDelta(" upon", 1), TextDelta(" a"), TextDelta(" time", 1), Finished("length", 1),
    TextDelta("\u2028é😀\n"), Finished("stop"), Used(Usage(2, 5)),
]  # fmt: skip
FOUR: list[Event] = [
    Started(), *[TextDelta(f" {index}", index) for index in (2, 0, 3, 1)],
    *[Finished("stop", index) for index in (3, 1, 0, 2)], Used(Usage(4, 4)),
]  # fmt: skip
REPLIES: dict[str, tuple[dict[str, Any], list[Event]]] = {
    "text": ({}, [Started(), TextDelta(" upon"), TextDelta(""), TextDelta(" a"), Finished("stop"), Used(Usage(1, 2))]),
    "prompts": ({"prompt": ["a", "b"]}, TWO),
    "echo": ({"prompt": ["a", "b"], "n": 2, "echo": True}, FOUR),
    "echo_of_nothing_more": ({"echo": True}, [Started(), Finished("content_filter"), Used(Usage(1, 0))]),
    "what_has_no_room": (
        {},
        [
            Started(),
            ReasoningDelta("hm"),
            ToolCallBegun("i", "f"),
            TextDelta("x"),
            Finished("tool_calls"),
            Used(Usage()),
        ],
    ),
    "untold": ({}, [Started(), TextDelta("x"), Finished(None), Used(Usage(1, 1))]),
}


@pytest.mark.parametrize("case", REPLIES)
def test_a_whole_reply_is_as_openais(case: str) -> None:
    fields, events = REPLIES[case]
    reply = play(COMPLETIONS, {"prompt": "Once", **fields}, events)
    assert json.loads(reply) == json.loads(transcript(f"openai_completions/{case}.json"))
    Completion.model_validate_json(reply, strict=True)


@pytest.mark.parametrize("case", REPLIES)
def test_a_streamed_reply_is_as_openais_byte_for_byte(case: str) -> None:
    fields, events = REPLIES[case]
    body = {"prompt": "Once", "stream": True, "stream_options": {"include_usage": True}, **fields}
    assert play(COMPLETIONS, body, events) == transcript(f"openai_completions/{case}.sse")


@pytest.mark.parametrize("case", REPLIES)
def test_a_stream_says_what_the_whole_reply_does(case: str) -> None:
    fields, events = REPLIES[case]
    sent = chunks(play(COMPLETIONS, {"prompt": "Once", "stream": True, **fields}, events))
    whole = json.loads(transcript(f"openai_completions/{case}.json"))
    for choice in whole["choices"]:
        ours = [each for chunk in sent for each in chunk["choices"] if each["index"] == choice["index"]]
        assert "".join([each["text"] for each in ours]) == choice["text"]
        assert [each["finish_reason"] for each in ours] == [None] * (len(ours) - 1) + [choice["finish_reason"]]
    for chunk in sent:
        assert (chunk["id"], chunk["created"], chunk["object"]) == ("cmpl-tok", STAMP.created, "text_completion")
        assert "usage" not in chunk


def test_choices_count_the_replies_of_the_first_prompt_then_those_of_the_second() -> None:
    reply = json.loads(play(COMPLETIONS, {"prompt": ["a", "b"], "n": 2, "echo": True}, FOUR))
    assert [choice["text"] for choice in reply["choices"]] == ["a 0", "a 1", "b 2", "b 3"]


def test_token_ids_that_were_spelled_out_are_echoed_as_text() -> None:
    request = parse([[1, 2]], echo=True)
    spelled = msgspec.structs.replace(request, prompts=((Message("user", (Text("Once"),)),),))
    renderer = COMPLETIONS.renderer(spelled, STAMP)
    renderer.render(TextDelta(" upon"))
    assert json.loads(renderer.close())["choices"][0]["text"] == "Once upon"


def test_a_failure_in_a_stream_is_one_chunk_with_the_error() -> None:
    renderer = rendering(COMPLETIONS, {"prompt": "x", "stream": True, "echo": True})
    (data,) = frames(renderer.render(Failed(Truncated())))
    assert json.loads(data) == json.loads(COMPLETIONS.error(Truncated()))


def test_a_failure_of_a_whole_reply_is_raised() -> None:
    with pytest.raises(Truncated):
        play(COMPLETIONS, {"prompt": "x"}, [TextDelta("x"), Failed(Truncated())])


def test_each_kind_of_reply_says_what_it_is() -> None:
    stream, whole = [rendering(COMPLETIONS, {"prompt": "x", "stream": stream}) for stream in (True, False)]
    assert (stream.content_type, whole.content_type) == ("text/event-stream", "application/json")
    assert stream.keepalive.startswith(b":")
    assert whole.keepalive == b""


@given(st.text(), st.lists(st.text()))
def test_any_text_comes_back_from_a_stream_unchanged(prompt: str, pieces: list[str]) -> None:
    events: list[Event] = [*[TextDelta(piece) for piece in pieces], Finished("stop")]
    sent = chunks(play(COMPLETIONS, {"prompt": prompt, "stream": True, "echo": True}, events))
    assert "".join([chunk["choices"][0]["text"] for chunk in sent]) == prompt + "".join(pieces)
