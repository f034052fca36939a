"""Chat Completions made at random: nothing of a request is lost between reading it and writing it for ARGO."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from argoproxy.conversation import Abilities, ChatRequest, Model, RouteCall
from argoproxy.conversation.abilities import EFFORTS
from argoproxy.dialects.openai_chat import OpenAIChat
from argoproxy.upstreams.openai_native import OpenAINative

CHAT = OpenAIChat()
WIRE = OpenAINative("https://argo/v1/chat/completions", "https://argo/v1/embeddings")
# One that takes everything as it comes.
MODEL = Model(internal_id="any", names=("any",), family="openai", abilities=Abilities(structured=True, efforts=EFFORTS))

TEXT = st.text(max_size=12)
NAMES = ["f", "get_weather", "a-b"]
SCHEMA = st.sampled_from([{"type": "object"}, {"type": "object", "properties": {"x": {"type": "integer"}}}])
PICTURE = st.sampled_from(
    [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA==", "detail": "low"}},
        {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
    ]
)
WORDS = st.builds(lambda text: {"type": "text", "text": text}, TEXT)


def _maybe(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


@st.composite
def _turns(draw: st.DrawFn) -> list[Any]:
    """A conversation, every call of which has its result."""
    messages: list[Any] = [
        {"role": role, "content": draw(TEXT)} for role in draw(st.lists(st.just("system"), max_size=2))
    ]
    for turn in range(draw(st.integers(1, 3))):
        seen = st.builds(lambda parts, picture: [*parts, picture], st.lists(WORDS | PICTURE, max_size=2), PICTURE)
        messages.append({"role": "user", "content": draw(TEXT | seen), **draw(_maybe(name=st.just("ann")))})
        calls = [f"call_{turn}_{number}" for number in range(draw(st.integers(0, 2)))]
        said: dict[str, Any] = {"role": "assistant", "content": draw(TEXT if not calls else TEXT | st.none())}
        if calls:
            said["tool_calls"] = [
                {
                    "id": call,
                    "type": "function",
                    "function": {
                        "name": draw(st.sampled_from(NAMES)),
                        "arguments": draw(st.sampled_from(["{}", '{"x": 1}'])),
                    },
                }
                for call in calls
            ]
        messages.append(said)
        messages += [{"role": "tool", "tool_call_id": call, "content": draw(TEXT)} for call in calls]
    return messages


def _named(name: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name}}


@st.composite
def _tools(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
    more = _maybe(description=TEXT, parameters=SCHEMA, strict=st.booleans())
    tools = [{"type": "function", "function": {"name": name, **draw(more)}} for name in names]
    choices: list[Any] = ["auto", "none", "required", _named(names[0])]
    choices += [
        {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": [_named(names[-1])]}}
        for mode in ("auto", "required")
    ]
    return {"tools": tools, **draw(_maybe(tool_choice=st.sampled_from(choices), parallel_tool_calls=st.booleans()))}


FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "max_tokens": st.integers(1, 9000),
    "max_completion_tokens": st.integers(1, 9000),
    "temperature": st.sampled_from([0, 0.25, 2]),
    "top_p": st.sampled_from([0, 0.5, 1]),
    "stop": TEXT | st.lists(TEXT, max_size=3),
    "seed": st.integers(),
    "frequency_penalty": st.sampled_from([-2, 0.5]),
    "reasoning_effort": st.sampled_from(EFFORTS),
    "response_format": st.sampled_from([{"type": "text"}, {"type": "json_object"}])
    | st.builds(
        lambda about, schema: {"type": "json_schema", "json_schema": {"name": "p", "schema": schema, **about}},
        _maybe(description=TEXT, strict=st.booleans()),
        SCHEMA,
    ),
    "user": TEXT,
}
BODIES = st.builds(
    lambda messages, fields, tools, stream: {"messages": messages, **fields, **tools, **stream},
    _turns(),
    st.fixed_dictionaries({}, optional=FIELDS),
    st.just({}) | _tools(),
    st.sampled_from([{}, {"stream": True, "stream_options": {"include_usage": True}}]),
)


def _parsed(body: bytes) -> ChatRequest:
    """What a request says, apart from how it was written, and to which model."""
    return msgspec.structs.replace(CHAT.parse(body, RouteCall()), raw={}, model="")


@given(BODIES)
def test_nothing_is_lost_between_reading_and_writing(body: dict[str, Any]) -> None:
    asked = _parsed(json.dumps(body).encode())
    call = WIRE.encode(asked, MODEL, "somebody")
    assert (call.dropped, call.adjusted) == ((), ())
    assert _parsed(call.body) == asked


@given(BODIES)
def test_what_goes_through_unchanged_says_the_same(body: dict[str, Any]) -> None:
    asked = CHAT.parse(json.dumps(body).encode(), RouteCall())
    if not WIRE.relays(asked, MODEL):
        assert "allowed_tools" in json.dumps(body.get("tool_choice"))
        return
    assert _parsed(WIRE.relay(asked, MODEL, "somebody").body) == msgspec.structs.replace(asked, raw={}, model="")
