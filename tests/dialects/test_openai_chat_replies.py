"""Replies of Chat Completions look as OpenAI's own, and its SDK reads them."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from zope.interface.verify import verifyObject

from argoproxy.conversation import (
    Event,
    Failed,
    Finished,
    ReasoningDelta,
    Started,
    TextDelta,
    ToolCallArguments,
    ToolCallBegun,
    Usage,
    Used,
    Vectors,
)
from argoproxy.dialects.openai_chat import OpenAIChat
from argoproxy.errors import Truncated
from argoproxy.interfaces import IRenderer
from tests.dialects.playing import STAMP, chunks, frames, play, rendering, transcript

CHAT = OpenAIChat()
HELLO = [{"role": "user", "content": "Hello"}]
WEATHER = {"name": "get_weather", "parameters": {"type": "object"}}
TIME = {"name": "get_time", "description": "What time is it?"}
BOTH = [{"type": "function", "function": function} for function in (WEATHER, TIME)]

CALLS: list[Event] = [
    Started(),
    TextDelta("Let me "),
    TextDelta('look: é😀\u2028\n"quoted"'),
    ToolCallBegun("call_a", "get_weather"),
    ToolCallArguments('{"city":'),
    ToolCallArguments('"Zürich"}'),
    ToolCallBegun("call_b", "get_time", 1),
    ToolCallArguments("{}", 1),
    Finished("tool_calls"),
    Used(Usage(10, 20, 4, 3)),
]
TEXTS: list[Event] = [
    Started(),
    ToolCallBegun("call_a", "patch"),
    ToolCallArguments('*** "a"\n'),
    ToolCallArguments("+ b"),
    ToolCallBegun("call_b", "get_time", 1),
    ToolCallArguments("{}", 1),
    ToolCallBegun("call_c", "patch", 2),
    Finished("tool_calls"),
    Used(Usage(10, 20, 4, 3, 5)),
]
REPLIES: dict[str, tuple[dict[str, Any], list[Event]]] = {
    "text": ({}, [Started(), TextDelta("Hel"), TextDelta(""), TextDelta("lo"), Finished("stop"), Used(Usage(1, 2))]),
    "choices": (
        {"n": 3},
        [
            Started(), TextDelta("c", 2), TextDelta("a"), TextDelta("C", 2), Finished("length", 2), TextDelta("b", 1),
            Finished("stop", 0), Finished("content_filter", 1), Used(Usage(3, 6)),
        ],
    ),
    "calls": ({"tools": BOTH}, CALLS),
    "calls_alone": ({"tools": BOTH}, [Started(), *CALLS[3:]]),
    "functions": ({"functions": [WEATHER, TIME]}, CALLS),
    "reasoning": (
        {},
        [
            Started(), ReasoningDelta("Hm, "), ReasoningDelta("well."), ReasoningDelta("", signature="s"),
            TextDelta("42"), Finished("stop"), Used(Usage(5, 9, 0, 7)),
        ],
    ),
    "empty": ({}, [Started(), Finished("stop"), Used(Usage(1, 0))]),
    "untold": ({}, [Started(), TextDelta("x"), Vectors(()), Finished(None), Used(Usage(1, 1))]),
}  # fmt: skip


@pytest.mark.parametrize("stream", [True, False])
def test_both_renderers_are_what_the_pump_expects(stream: bool) -> None:
    verifyObject(IRenderer, rendering(CHAT, {"messages": HELLO, "stream": stream}))


@pytest.mark.parametrize("case", REPLIES)
def test_a_whole_reply_is_as_openais(case: str) -> None:
    fields, events = REPLIES[case]
    reply = play(CHAT, {"messages": HELLO, **fields}, events)
    assert json.loads(reply) == json.loads(transcript(f"openai_chat/{case}.json"))
    ChatCompletion.model_validate_json(reply, strict=True)


@pytest.mark.parametrize("case", REPLIES)
def test_a_streamed_reply_is_as_openais_byte_for_byte(case: str) -> None:
    fields, events = REPLIES[case]
    body = {"messages": HELLO, "stream": True, "stream_options": {"include_usage": True}, **fields}
    stream = play(CHAT, body, events)
    assert stream == transcript(f"openai_chat/{case}.sse")
    for data in frames(stream)[:-1]:
        ChatCompletionChunk.model_validate_json(data, strict=True)


@pytest.mark.parametrize("case", REPLIES)
def test_openais_own_sdk_puts_a_stream_together_to_the_whole_reply(case: str) -> None:
    fields, events = REPLIES[case]
    body = {"messages": HELLO, "stream": True, "stream_options": {"include_usage": True}, **fields}
    state = ChatCompletionStreamState()
    for data in frames(play(CHAT, body, events))[:-1]:
        state.handle_chunk(ChatCompletionChunk.model_validate_json(data))
    streamed = state.current_completion_snapshot
    whole = ChatCompletion.model_validate_json(transcript(f"openai_chat/{case}.json"))
    assert streamed.usage == whole.usage
    assert [choice.index for choice in streamed.choices] == [choice.index for choice in whole.choices]
    for ours, theirs in zip(streamed.choices, whole.choices, strict=True):
        assert ours.finish_reason == theirs.finish_reason
        assert ours.message.content == (theirs.message.content or "")
        assert _called(ours.message.tool_calls) == _called(theirs.message.tool_calls)
        assert ours.message.function_call == theirs.message.function_call


def _called(calls: Any) -> list[tuple[str, str, str]]:
    return [(each.id, each.function.name, each.function.arguments) for each in calls or []]


@pytest.mark.parametrize("case", REPLIES)
def test_all_chunks_have_one_id_time_and_model_and_no_usage_that_nobody_wants(case: str) -> None:
    fields, events = REPLIES[case]
    sent = chunks(play(CHAT, {"messages": HELLO, "stream": True, **fields}, events))
    for chunk in sent:
        assert (chunk["id"], chunk["created"], chunk["model"]) == ("chatcmpl-tok", STAMP.created, STAMP.model)
        assert chunk["choices"]
        assert "usage" not in chunk


def test_with_usage_every_chunk_has_the_key_and_the_last_has_no_choice() -> None:
    body = {"messages": HELLO, "stream": True, "stream_options": {"include_usage": True}}
    *others, last = chunks(play(CHAT, body, REPLIES["text"][1]))
    assert [chunk["usage"] for chunk in others] == [None] * len(others)
    assert last["choices"] == []
    assert last["usage"]["total_tokens"] == 3


def test_the_roles_of_all_choices_go_out_with_the_first_thing_that_is_said() -> None:
    renderer = rendering(CHAT, {"messages": HELLO, "stream": True, "n": 3})
    assert renderer.render(Started()) == b""
    assert renderer.render(TextDelta("")) == b""
    first = [json.loads(data)["choices"][0] for data in frames(renderer.render(TextDelta("x", 2)))]
    opening = {"role": "assistant", "content": ""}
    assert [(choice["index"], choice["delta"]) for choice in first] == [
        (0, opening), (1, opening), (2, opening), (2, {"content": "x"})
    ]  # fmt: skip
    assert len(frames(renderer.render(TextDelta("x", 1)))) == 1


@pytest.mark.parametrize("begun", [[], [Started()], [Started(), TextDelta("x")]])
def test_a_failure_in_a_stream_is_one_chunk_with_the_error(begun: list[Event]) -> None:
    renderer = rendering(CHAT, {"messages": HELLO, "stream": True})
    for event in begun:
        renderer.render(event)
    (data,) = frames(renderer.render(Failed(Truncated())))
    assert json.loads(data) == json.loads(CHAT.error(Truncated()))


def test_a_failure_of_a_whole_reply_is_raised() -> None:
    with pytest.raises(Truncated):
        play(CHAT, {"messages": HELLO}, [TextDelta("x"), Failed(Truncated())])


def test_a_stream_says_that_it_is_one_and_fills_silence_with_comments() -> None:
    renderer = rendering(CHAT, {"messages": HELLO, "stream": True})
    assert renderer.content_type == "text/event-stream"
    assert renderer.keepalive.startswith(b":")


def test_a_whole_reply_is_json_and_comes_at_the_end() -> None:
    renderer = rendering(CHAT, {"messages": HELLO})
    assert (renderer.content_type, renderer.keepalive) == ("application/json", b"")
    assert [renderer.render(event) for event in REPLIES["text"][1]] == [b""] * 6


@given(st.lists(st.tuples(st.text(), st.integers(0, 1))), st.text())
def test_any_text_comes_back_from_a_stream_unchanged(pieces: list[tuple[str, int]], model: str) -> None:
    events: list[Event] = [TextDelta(text, choice) for text, choice in pieces]
    stamp = msgspec.structs.replace(STAMP, model=model)
    sent = chunks(play(CHAT, {"messages": HELLO, "stream": True, "n": 2}, [*events, Finished("stop")], stamp))
    choices = [chunk["choices"][0] for chunk in sent]
    for index in (0, 1):
        text = "".join([choice["delta"].get("content", "") for choice in choices if choice["index"] == index])
        assert text == "".join([text for text, of in pieces if of == index])
    assert {chunk["model"] for chunk in sent} == {model}


TEXTUAL: dict[str, Any] = {"messages": HELLO, "tools": [*BOTH, {"type": "custom", "custom": {"name": "patch"}}]}


def test_a_call_of_a_tool_that_takes_a_text_is_custom() -> None:
    reply = play(CHAT, TEXTUAL, TEXTS)
    ChatCompletion.model_validate_json(reply, strict=True)
    calls = json.loads(reply)["choices"][0]["message"]["tool_calls"]
    assert calls == [
        {"id": "call_a", "type": "custom", "custom": {"name": "patch", "input": '*** "a"\n+ b'}},
        {"id": "call_b", "type": "function", "function": {"name": "get_time", "arguments": "{}"}},
        {"id": "call_c", "type": "custom", "custom": {"name": "patch", "input": ""}},
    ]


def test_and_streamed_so() -> None:
    sent = chunks(play(CHAT, {**TEXTUAL, "stream": True}, TEXTS))
    deltas = [call for chunk in sent for call in chunk["choices"][0]["delta"].get("tool_calls", [])]
    assert deltas == [
        {"index": 0, "id": "call_a", "type": "custom", "custom": {"name": "patch", "input": ""}},
        {"index": 0, "custom": {"input": '*** "a"\n'}},
        {"index": 0, "custom": {"input": "+ b"}},
        {"index": 1, "id": "call_b", "type": "function", "function": {"name": "get_time", "arguments": ""}},
        {"index": 1, "function": {"arguments": "{}"}},
        {"index": 2, "id": "call_c", "type": "custom", "custom": {"name": "patch", "input": ""}},
    ]
    assert sent[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_the_choices_of_a_stream_call_each_their_own_tools() -> None:
    events: list[Event] = [
        ToolCallBegun("a", "patch"),
        ToolCallBegun("b", "get_time", 0, 1),
        ToolCallArguments("x"),
        ToolCallArguments("{}", 0, 1),
    ]
    sent = chunks(play(CHAT, {**TEXTUAL, "stream": True, "n": 2}, events))
    last = [chunk["choices"][0]["delta"]["tool_calls"][0] for chunk in sent[-2:]]
    assert last == [{"index": 0, "custom": {"input": "x"}}, {"index": 0, "function": {"arguments": "{}"}}]


def test_usage_tells_what_was_written_to_a_cache() -> None:
    details = json.loads(play(CHAT, TEXTUAL, TEXTS))["usage"]["prompt_tokens_details"]
    assert details == {"cached_tokens": 4, "cache_write_tokens": 5}


@given(st.lists(st.text()))
def test_any_arguments_come_back_from_a_stream_unchanged(pieces: list[str]) -> None:
    events: list[Event] = [ToolCallBegun("i", "f"), *[ToolCallArguments(piece) for piece in pieces]]
    sent = chunks(play(CHAT, {"messages": HELLO, "stream": True}, events))
    deltas = [call for chunk in sent for call in chunk["choices"][0]["delta"].get("tool_calls", [])]
    assert "".join([delta["function"]["arguments"] for delta in deltas]) == "".join(pieces)
    assert [delta.get("id") for delta in deltas] == ["i"] + [None] * len(pieces)
