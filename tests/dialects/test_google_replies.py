"""Replies of Google's GenAI look as Google's own, and its SDK reads them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from google.genai import errors, types
from hypothesis import given
from hypothesis import strategies as st
from zope.interface.verify import verifyObject

from argoproxy.conversation import (
    Event,
    Failed,
    Finished,
    Message,
    Reasoning,
    ReasoningDelta,
    RouteCall,
    Started,
    Text,
    TextDelta,
    ToolCall,
    ToolCallArguments,
    ToolCallBegun,
    ToolResult,
    Usage,
    Used,
    Vectors,
)
from argoproxy.dialects.google_genai import GoogleGenAI
from argoproxy.dialects.google_requests import GenerateRequest
from argoproxy.errors import Truncated
from argoproxy.interfaces import IRenderer
from tests.dialects.google_sdk import Player
from tests.dialects.playing import STAMP, transcript

DIALECT = GoogleGenAI()
THOUGHTS = {"thinkingConfig": {"includeThoughts": True}}
CALLS: list[Event] = [
    Started(),
    TextDelta("Let me "),
    TextDelta('look: é😀\u2028\n"quoted"'),
    ToolCallBegun("call_a", "get_weather", signature="sealed"),
    ToolCallArguments('{"city":\n'),
    ToolCallArguments('"Zürich", "days": 2.0}'),
    ToolCallBegun("call_b", "get_time", 1),
    ToolCallArguments("{}", 1),
    Finished("tool_calls"),
    Used(Usage(10, 20, 4, 3)),
]
REASONING: list[Event] = [
    Started(), ReasoningDelta("Hm, "), ReasoningDelta("well."), ReasoningDelta("", signature="s"),
    ReasoningDelta("", redacted="r"), ReasoningDelta(""), TextDelta("42"), Finished("stop"), Used(Usage(5, 9, 0, 7)),
]  # fmt: skip
REPLIES: dict[str, tuple[dict[str, Any], list[Event]]] = {
    "text": ({}, [Started(), TextDelta("Hel"), TextDelta(""), TextDelta("lo"), Finished("stop"), Used(Usage(1, 2))]),
    "candidates": (
        {"candidateCount": 3},
        [
            Started(), TextDelta("c", 2), TextDelta("a"), TextDelta("C", 2), Finished("length", 2), TextDelta("b", 1),
            Finished("stop", 0), Finished("content_filter", 1), Used(Usage(3, 6)),
        ],
    ),
    "calls": ({}, CALLS),
    "calls_alone": ({}, [Started(), *CALLS[3:]]),
    "calls_between": (
        {"candidateCount": 2, **THOUGHTS},
        [
            Started(), ToolCallBegun("a", "f"), ToolCallBegun("b", "g", 0, 1), ToolCallArguments("{}"),
            ToolCallArguments('{"x":', 0, 1), TextDelta("behind"), ToolCallArguments("1}", 0, 1),
            ReasoningDelta("Hm", 1), Finished("tool_calls", 1), Finished("tool_calls"), Used(Usage(1, 1)),
        ],
    ),
    "call_without_id": (
        {},
        [Started(), ToolCallBegun("", "f"), ToolCallArguments("{}"), Finished("tool_calls"), Used(Usage(1, 1))],
    ),
    "call_that_is_none": (
        {},
        [
            Started(), TextDelta("x"), ToolCallBegun("a", "f"), ToolCallArguments("[1]"), ToolCallBegun("b", "g", 1),
            ToolCallArguments("{}", 1), Finished("tool_calls"), Used(Usage(1, 1)),
        ],
    ),
    "call_cut_off": (
        {},
        [Started(), ToolCallBegun("a", "f"), ToolCallArguments('{"x'), Finished("length"), Used(Usage(1, 1))],
    ),
    "reasoning": (THOUGHTS, REASONING),
    "reasoning_not_asked_for": ({}, REASONING),
    "empty": ({}, [Started(), Finished("stop"), Used(Usage(1, 0))]),
    "untold": ({}, [Started(), TextDelta("x"), Vectors(()), Finished(None), Used(Usage(1, 1))]),
}  # fmt: skip

WHOLE = RouteCall({"model": "m", "method": "generateContent"})
EVENTS = RouteCall({"model": "m", "method": "streamGenerateContent"}, {"alt": "sse"})
ARRAY = RouteCall({"model": "m", "method": "streamGenerateContent"})


def rendering(call: RouteCall, config: dict[str, Any] | None = None) -> IRenderer:
    body = json.dumps({"contents": "hi", "generationConfig": config}).encode()
    return DIALECT.renderer(DIALECT.parse(body, call), STAMP)


def play(call: RouteCall, config: dict[str, Any], events: Sequence[Event]) -> bytes:
    renderer = rendering(call, config)
    return b"".join([renderer.render(event) for event in events]) + renderer.close()


def chunks(stream: bytes) -> list[Any]:
    """The objects of a stream of events that ends well."""
    *frames, rest = stream.split(b"\r\n\r\n")
    assert rest == b""
    assert all(frame.startswith(b"data: ") and b"\n" not in frame for frame in frames)
    return [json.loads(frame[len(b"data: ") :]) for frame in frames]


@pytest.mark.parametrize("call", [WHOLE, EVENTS, ARRAY])
def test_every_renderer_is_what_the_pump_expects(call: RouteCall) -> None:
    verifyObject(IRenderer, rendering(call))


@pytest.mark.parametrize("case", REPLIES)
def test_a_whole_reply_is_as_googles(case: str) -> None:
    reply = play(WHOLE, *REPLIES[case])
    assert json.loads(reply) == json.loads(transcript(f"google_genai/{case}.json"))
    types.GenerateContentResponse.model_validate_json(reply)


@pytest.mark.parametrize("case", REPLIES)
def test_a_streamed_reply_is_as_googles_byte_for_byte(case: str) -> None:
    stream = play(EVENTS, *REPLIES[case])
    assert stream == transcript(f"google_genai/{case}.sse")
    for chunk in chunks(stream):
        types.GenerateContentResponse.model_validate(chunk)


@pytest.mark.parametrize("case", REPLIES)
def test_the_array_holds_the_same_chunks(case: str) -> None:
    assert json.loads(play(ARRAY, *REPLIES[case])) == chunks(transcript(f"google_genai/{case}.sse"))


@pytest.mark.parametrize("case", REPLIES)
def test_a_streams_chunks_make_the_whole_reply(case: str) -> None:
    sent = [types.GenerateContentResponse.model_validate(chunk) for chunk in chunks(play(EVENTS, *REPLIES[case]))]
    whole = types.GenerateContentResponse.model_validate_json(play(WHOLE, *REPLIES[case]))
    assert whole.candidates
    for expected in whole.candidates:
        ours = [each for chunk in sent for each in chunk.candidates or [] if each.index == expected.index]
        assert _said(ours) == _said([expected])
        assert [each.finish_reason for each in ours if each.finish_reason] == [expected.finish_reason]
    assert [chunk.usage_metadata for chunk in sent[:-1]] == [None] * (len(sent) - 1)
    assert sent[-1].usage_metadata == whole.usage_metadata


def _said(candidates: list[types.Candidate]) -> tuple[str, str, list[Any], list[bytes]]:
    """Text, thoughts, calls and seals of one answer."""
    parts = [part for each in candidates if each.content for part in each.content.parts or []]
    return (
        "".join([part.text or "" for part in parts if not part.thought]),
        "".join([part.text or "" for part in parts if part.thought]),
        [part.function_call for part in parts if part.function_call],
        [part.thought_signature for part in parts if part.thought_signature],
    )


@pytest.mark.parametrize("case", REPLIES)
def test_all_chunks_have_one_id_and_model_and_something_in_every_content(case: str) -> None:
    """The Python SDK forgets a chat's turn in which a content has no parts."""
    for chunk in chunks(play(EVENTS, *REPLIES[case])):
        assert (chunk["responseId"], chunk["modelVersion"]) == ("tok", STAMP.model)
        assert all(candidate["content"]["parts"] for candidate in chunk["candidates"])


def test_a_call_goes_out_as_soon_as_it_is_complete() -> None:
    renderer = rendering(EVENTS)
    sizes = [len(chunks(renderer.render(event))) for event in CALLS]
    assert sizes == [0, 1, 1, 0, 0, 0, 1, 0, 1, 1]


def test_the_array_grows_chunk_by_chunk() -> None:
    renderer = rendering(ARRAY)
    pieces = [renderer.render(event) for event in REPLIES["text"][1]]
    assert pieces[0] == b"["
    assert [piece[:2] for piece in pieces[1:]] == [b'{"', b"", b",\n", b"", b",\n"]
    assert renderer.close() == b"]"


@pytest.mark.parametrize("begun", [[], [Started()], [Started(), TextDelta("x")]])
def test_a_failure_in_an_array_is_its_last_element(begun: list[Event]) -> None:
    renderer = rendering(ARRAY)
    pieces = [renderer.render(event) for event in [*begun, Failed(Truncated())]]
    assert json.loads(b"".join(pieces))[-1] == json.loads(DIALECT.error(Truncated()))


def test_a_failure_in_a_stream_is_an_event_and_bare_behind_it() -> None:
    """Google's JavaScript SDK raises for bare JSON alone; to readers of events that is an unknown field."""
    event, bare = rendering(EVENTS).render(Failed(Truncated())).split(b"\r\n\r\n")
    assert event == b"data: " + bare
    assert bare == DIALECT.error(Truncated())
    assert b"\n" not in bare


def test_a_failure_of_a_whole_reply_is_raised() -> None:
    with pytest.raises(Truncated):
        play(WHOLE, {}, [TextDelta("x"), Failed(Truncated())])


def test_a_stream_of_events_fills_silence_with_a_chunk_that_says_nothing() -> None:
    renderer = rendering(EVENTS)
    assert renderer.content_type == "text/event-stream"
    (chunk,) = chunks(renderer.keepalive)
    assert types.GenerateContentResponse.model_validate(chunk).text == ""
    assert (chunk["responseId"], chunk["modelVersion"]) == ("tok", STAMP.model)


def test_an_array_fills_silence_with_space() -> None:
    renderer = rendering(ARRAY)
    assert renderer.content_type == "application/json"
    pieces = [renderer.render(Started()), renderer.render(TextDelta("x")), renderer.close()]
    assert len(json.loads(renderer.keepalive.join(pieces))) == 1
    assert len(renderer.keepalive) == 1


def test_a_whole_reply_is_json_and_comes_at_the_end() -> None:
    renderer = rendering(WHOLE)
    assert (renderer.content_type, renderer.keepalive) == ("application/json", b"")
    assert [renderer.render(event) for event in REPLIES["text"][1]] == [b""] * 6


@given(st.lists(st.tuples(st.text(), st.integers(0, 1))), st.text())
def test_any_text_comes_back_from_a_stream_unchanged(pieces: list[tuple[str, int]], model: str) -> None:
    body = b'{"contents": "hi", "generationConfig": {"candidateCount": 2}}'
    renderer = DIALECT.renderer(DIALECT.parse(body, EVENTS), msgspec.structs.replace(STAMP, model=model))
    events: list[Event] = [TextDelta(text, choice) for text, choice in pieces]
    sent = chunks(b"".join([renderer.render(event) for event in [*events, Finished("stop"), Used(Usage())]]))
    for index in (0, 1):
        candidates = [each for chunk in sent for each in chunk["candidates"] if each["index"] == index]
        text = "".join([part["text"] for each in candidates for part in each["content"]["parts"]])
        assert text == "".join([text for text, of in pieces if of == index])
    assert {chunk["modelVersion"] for chunk in sent} == {model}


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(st.dictionaries(st.text(), _VALUES), st.integers(1, 9), st.sampled_from([None, 2]))
def test_any_arguments_cut_anywhere_come_back_from_a_stream(args: Any, size: int, indent: int | None) -> None:
    written = json.dumps(args, indent=indent)
    pieces = [written[start : start + size] for start in range(0, len(written), size)]
    events: list[Event] = [ToolCallBegun("i", "f"), *[ToolCallArguments(piece) for piece in pieces]]
    call, _ = chunks(play(EVENTS, {}, [*events, Finished("tool_calls"), Used(Usage())]))
    assert call["candidates"][0]["content"]["parts"] == [{"functionCall": {"id": "i", "name": "f", "args": args}}]


@pytest.mark.parametrize("case", REPLIES)
def test_googles_own_sdk_reads_a_stream(case: str) -> None:
    config, events = REPLIES[case]
    player = Player(DIALECT, [events])
    options = types.GenerateContentConfig(
        candidate_count=config.get("candidateCount"),
        thinking_config=types.ThinkingConfig(include_thoughts=True) if "thinkingConfig" in config else None,
    )
    read = list(player.client.models.generate_content_stream(model="m", contents="hi", config=options))
    expected = chunks(transcript(f"google_genai/{case}.sse"))
    assert [chunk.candidates for chunk in read] == [
        types.GenerateContentResponse.model_validate(chunk).candidates for chunk in expected
    ]


def test_googles_own_sdk_raises_for_a_failure_in_a_stream() -> None:
    player = Player(DIALECT, [[Started(), TextDelta("x"), Failed(Truncated())]])
    stream = player.client.models.generate_content_stream(model="m", contents="hi")
    assert next(stream).text == "x"
    with pytest.raises(errors.ServerError) as caught:
        next(stream)
    assert (caught.value.code, caught.value.status, caught.value.message) == (502, "UNAVAILABLE", Truncated().message)


def test_a_chat_of_the_sdks_keeps_what_was_streamed_and_sends_it_back() -> None:
    """Thoughts, their seals, text and calls: what went out is what comes in with the next turn."""
    player = Player(DIALECT, [[*REASONING[:-2], *CALLS[1:]], REPLIES["text"][1]])
    config = types.GenerateContentConfig(thinking_config=types.ThinkingConfig(include_thoughts=True))
    chat = player.client.chats.create(model="m", config=config)
    list(chat.send_message_stream("hi"))
    weather, time = (
        types.Part.from_function_response(name=name, response={"x": 1}) for name in ("get_weather", "get_time")
    )
    list(chat.send_message_stream([weather, time]))
    request = player.requests[1]
    assert isinstance(request, GenerateRequest)
    assert request.messages == (
        Message("user", (Text("hi"),)),
        Message(
            "assistant",
            (
                Reasoning("Hm, well.", "s"),
                Reasoning("", None, "r"),
                Text('42Let me look: é😀\u2028\n"quoted"'),
                ToolCall("call_a", "get_weather", '{"city":"Zürich","days":2.0}', "sealed"),
                ToolCall("call_b", "get_time", "{}"),
            ),
        ),
        Message(
            "tool",
            (
                ToolResult("call_a", (Text('{"x": 1}'),), name="get_weather"),
                ToolResult("call_b", (Text('{"x": 1}'),), name="get_time"),
            ),
        ),
    )
