"""
Replies of Anthropic's Messages look as Anthropic's own, and its SDK reads them.

The transcripts are C{transcripts/anthropic_messages/<case>.sse} and C{.json}: the same events, streamed and whole.
"""

from __future__ import annotations

import json
from typing import Any

import httpx2
import msgspec
import pytest
from anthropic import Anthropic, APIStatusError
from anthropic.types import Message, RawMessageStreamEvent
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from zope.interface.verify import verifyObject

from argoproxy.conversation import (
    Event,
    Failed,
    Finished,
    FinishReason,
    ReasoningDelta,
    RouteCall,
    Started,
    TextDelta,
    ToolCallArguments,
    ToolCallBegun,
    Usage,
    Used,
    Vectors,
)
from argoproxy.dialects.anthropic_messages import AnthropicMessages
from argoproxy.errors import Truncated, UpstreamFault
from argoproxy.interfaces import IRenderer
from tests.dialects.playing import STAMP, play, rendering, transcript

DIALECT = AnthropicMessages()
EVENTS: TypeAdapter[RawMessageStreamEvent] = TypeAdapter(RawMessageStreamEvent)
ASKED: dict[str, Any] = {
    "model": "argo:claude-sonnet-4.5",
    "max_tokens": 64,
    "messages": [{"role": "user", "content": "Hello"}],
}
OMITTED = {"thinking": {"type": "adaptive", "display": "omitted"}}
THOUGHTS: list[Event] = [
    ReasoningDelta("Hm, "), ReasoningDelta(""), ReasoningDelta("well."), ReasoningDelta("", signature="seal=="),
    ReasoningDelta("", redacted="xyz"), ReasoningDelta("Unsealed."), TextDelta("42"),
]  # fmt: skip
CALLS: list[Event] = [
    TextDelta("Let me "), TextDelta('look: é😀\u2028\n"quoted"'),
    ToolCallBegun("toolu_a", "get_weather"),
    ToolCallArguments('{"city":'), ToolCallArguments(""), ToolCallArguments('"Zürich"}'),
    ToolCallBegun("toolu_b", "get_time", 1, signature="google's"), ToolCallArguments("{}", 1),
]  # fmt: skip
REPLIES: dict[str, tuple[dict[str, Any], list[Event]]] = {
    "text": ({}, [TextDelta("Hel"), TextDelta(""), TextDelta("lo"), Finished("stop"), Used(Usage(12, 2))]),
    "thinking": ({}, [*THOUGHTS, Finished("stop"), Used(Usage(12, 9, 0, 7))]),
    "thinking_omitted": (OMITTED, [*THOUGHTS, Finished("stop"), Used(Usage(12, 9, 0, 7))]),
    "calls": ({}, [*CALLS, Finished("tool_calls"), Used(Usage(12, 20, 5, 0, 4))]),
    "call_alone": ({}, [*CALLS[2:6], Finished("tool_calls"), Used(Usage(12, 9))]),
    "text_behind_a_call": (
        {},
        [*CALLS[2:6], TextDelta("Done."), ToolCallBegun("toolu_b", "g", 1), ToolCallArguments("{}", 1),
         Finished("tool_calls"), Used(Usage(12, 9))],
    ),
    "stop_sequence": (
        {"stop_sequences": ["END"]},
        [TextDelta("a"), Finished("stop", stopped_by="END"), Used(Usage(12, 1))],
    ),
    "length": ({}, [TextDelta("a"), Finished("length"), Used(Usage(12, 64))]),
    "refusal": ({}, [Finished("content_filter"), Used(Usage(12, 1))]),
    "empty": ({}, [Finished("stop"), Used(Usage(12, 0))]),
    "untold": ({}, [TextDelta("x"), Vectors(()), Finished(None), Used(Usage(12, 1))]),
}  # fmt: skip


def streamed(events: list[Event], **fields: Any) -> bytes:
    return play(DIALECT, {**ASKED, "stream": True, **fields}, [Started(12), *events])


def gathered(events: list[Event], **fields: Any) -> bytes:
    return play(DIALECT, {**ASKED, **fields}, [Started(12), *events])


def told(stream: bytes) -> list[dict[str, Any]]:
    """The data of the events, each of which must have its type for a name."""
    *events, rest = stream.split(b"\n\n")
    assert rest == b""
    data = []
    for event in events:
        name, line = event.split(b"\n")
        assert line.startswith(b"data: ")
        data.append(json.loads(line[6:]))
        assert name.decode() == f"event: {data[-1]['type']}"
    return data


def sdk(reply: bytes, content_type: str, status: int = 200) -> Anthropic:
    """Anthropic's own SDK, whose every request gets this reply."""
    response = httpx2.Response(status, content=reply, headers={"content-type": content_type})
    transport = httpx2.MockTransport(lambda request: response)
    return Anthropic(
        api_key="k", base_url="http://proxy.example", max_retries=0, http_client=httpx2.Client(transport=transport)
    )


def put_together(stream: bytes) -> Message:
    """What Anthropic's SDK makes of a stream."""
    with sdk(stream, "text/event-stream").messages.stream(**ASKED) as reading:
        return reading.get_final_message()


@pytest.mark.parametrize("stream", [True, False])
def test_both_renderers_are_what_the_pump_expects(stream: bool) -> None:
    verifyObject(IRenderer, rendering(DIALECT, {**ASKED, "stream": stream}))


@pytest.mark.parametrize("case", REPLIES)
def test_a_whole_reply_is_as_anthropics(case: str) -> None:
    fields, events = REPLIES[case]
    reply = gathered(events, **fields)
    assert json.loads(reply) == json.loads(transcript(f"anthropic_messages/{case}.json"))
    Message.model_validate_json(reply, strict=True)


@pytest.mark.parametrize("case", REPLIES)
def test_a_streamed_reply_is_as_anthropics_byte_for_byte(case: str) -> None:
    fields, events = REPLIES[case]
    stream = streamed(events, **fields)
    assert stream == transcript(f"anthropic_messages/{case}.sse")
    for data in told(stream):
        EVENTS.validate_json(json.dumps(data), strict=True)


@pytest.mark.parametrize("case", REPLIES)
def test_anthropics_own_sdk_puts_a_stream_together_to_the_whole_reply(case: str) -> None:
    whole = sdk(transcript(f"anthropic_messages/{case}.json"), "application/json").messages.create(**ASKED)
    together = put_together(transcript(f"anthropic_messages/{case}.sse"))
    # Of a call, only whole replies say who made it.
    skipped = {"content": {"__all__": {"parsed_output", "caller"}}}
    assert together.model_dump(exclude=skipped) == whole.model_dump(exclude=skipped)


@pytest.mark.parametrize("case", REPLIES)
def test_blocks_begin_and_end_one_after_another(case: str) -> None:
    kinds = [(data["type"], data.get("index")) for data in told(streamed(REPLIES[case][1]))]
    assert kinds.pop(0) == ("message_start", None)
    assert kinds[-2:] == [("message_delta", None), ("message_stop", None)]
    index, is_open = -1, False
    for kind, at in kinds[:-2]:
        if kind == "content_block_start":
            assert not is_open
            index, is_open = index + 1, True
        elif kind == "content_block_stop":
            assert is_open
            is_open = False
        else:
            assert (kind, is_open) == ("content_block_delta", True)
        assert at == index
    assert not is_open


def test_a_streams_first_usage_is_the_estimate_and_its_last_what_it_cost() -> None:
    start, *_, delta, _ = told(streamed([TextDelta("x"), Finished("stop"), Used(Usage(20, 7, 5, 0, 4))]))
    assert start["message"]["usage"] == {
        "input_tokens": 12, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 1,
    }  # fmt: skip
    assert delta["usage"] == {
        "input_tokens": 11, "cache_creation_input_tokens": 4, "cache_read_input_tokens": 5, "output_tokens": 7,
    }  # fmt: skip


def test_a_prompt_that_nobody_estimated_is_not_of_no_tokens() -> None:
    (start,) = told(rendering(DIALECT, {**ASKED, "stream": True}).render(Started()))
    assert start["message"]["usage"]["input_tokens"] == 1


def test_a_block_ends_with_its_choice_and_the_reply_with_its_usage() -> None:
    renderer = rendering(DIALECT, {**ASKED, "stream": True})
    renderer.render(Started(12))
    renderer.render(TextDelta("x"))
    assert [data["type"] for data in told(renderer.render(Finished("stop")))] == ["content_block_stop"]
    assert renderer.render(Used(Usage(12, 1))) == b""
    assert [data["type"] for data in told(renderer.close())] == ["message_delta", "message_stop"]


REASONS: list[tuple[FinishReason | None, str | None, bool, str, str | None]] = [
    ("stop", None, False, "end_turn", None),
    (None, None, False, "end_turn", None),
    ("stop", "END", False, "stop_sequence", "END"),
    ("length", None, False, "max_tokens", None),
    ("content_filter", None, False, "refusal", None),
    ("tool_calls", None, True, "tool_use", None),
    ("stop", None, True, "tool_use", None),
    (None, None, True, "tool_use", None),
    ("length", None, True, "max_tokens", None),
]


@pytest.mark.parametrize(("reason", "stopped_by", "called", "stop_reason", "stop_sequence"), REASONS)
def test_clients_learn_why_it_ended(
    reason: FinishReason | None, stopped_by: str | None, called: bool, stop_reason: str, stop_sequence: str | None
) -> None:
    said: list[Event] = [ToolCallBegun("i", "f"), ToolCallArguments("{}")] if called else [TextDelta("x")]
    events: list[Event] = [*said, Finished(reason, stopped_by=stopped_by)]
    delta = told(streamed(events))[-2]["delta"]
    whole = json.loads(gathered(events))
    assert delta == {"stop_reason": stop_reason, "stop_sequence": stop_sequence}
    assert (whole["stop_reason"], whole["stop_sequence"]) == (stop_reason, stop_sequence)


@pytest.mark.parametrize("arguments", ["", '{"a":', "[1]", "no JSON at all"])
def test_the_input_of_a_whole_call_is_an_object_whatever_the_model_wrote(arguments: str) -> None:
    events: list[Event] = [ToolCallBegun("i", "f"), ToolCallArguments(arguments), Finished("tool_calls")]
    (block,) = json.loads(gathered(events))["content"]
    assert block["input"] == ({"arguments": arguments} if arguments else {})


def test_a_thought_without_a_seal_does_not_exist_for_a_client_that_wants_seals_alone() -> None:
    events: list[Event] = [ReasoningDelta("secret"), TextDelta("x"), Finished("stop")]
    for reply in (streamed(events, **OMITTED), gathered(events, **OMITTED)):
        assert b"secret" not in reply
        assert b"thinking" not in reply


@pytest.mark.parametrize("begun", [[], [Started(3)], [Started(3), TextDelta("x")]])
def test_a_failure_in_a_stream_is_one_event_with_the_error(begun: list[Event]) -> None:
    renderer = rendering(DIALECT, {**ASKED, "stream": True})
    for event in begun:
        renderer.render(event)
    (data,) = told(renderer.render(Failed(Truncated())))
    assert data == json.loads(DIALECT.error(Truncated()))


def test_the_sdk_raises_what_failed_in_a_stream() -> None:
    renderer = rendering(DIALECT, {**ASKED, "stream": True})
    fault = UpstreamFault(529, "Overloaded", kind="overloaded_error")
    events: list[Event] = [Started(3), TextDelta("x"), Failed(fault)]
    stream = b"".join([renderer.render(event) for event in events])
    with pytest.raises(APIStatusError, match="Overloaded"):
        put_together(stream)


def test_a_failure_of_a_whole_reply_is_raised() -> None:
    with pytest.raises(Truncated):
        gathered([TextDelta("x"), Failed(Truncated())])


def test_a_stream_says_that_it_is_one_and_fills_silence_with_pings() -> None:
    renderer = rendering(DIALECT, {**ASKED, "stream": True})
    assert renderer.content_type == "text/event-stream"
    assert told(renderer.keepalive) == [{"type": "ping"}]


def test_the_sdk_takes_pings_anywhere() -> None:
    renderer = rendering(DIALECT, {**ASKED, "stream": True})
    events: list[Event] = [Started(3), TextDelta("a"), TextDelta("b"), Finished("stop"), Used(Usage(3, 2))]
    stream = b"".join([renderer.render(event) + renderer.keepalive for event in events]) + renderer.close()
    assert [block.to_dict() for block in put_together(stream).content] == [{"type": "text", "text": "ab"}]


def test_a_whole_reply_is_json_and_comes_at_the_end() -> None:
    renderer = rendering(DIALECT, ASKED)
    assert (renderer.content_type, renderer.keepalive) == ("application/json", b"")
    assert [renderer.render(event) for event in REPLIES["text"][1]] == [b""] * 5


def test_a_reply_given_back_in_the_next_request_is_understood() -> None:
    """Thoughts keep their seals, and calls theirs, through a client that repeats what it got."""
    content = [block.to_dict() for block in put_together(streamed([*THOUGHTS, *CALLS, Finished("tool_calls")])).content]
    turns = [*ASKED["messages"], {"role": "assistant", "content": content}]
    (_, answer) = DIALECT.parse(json.dumps({**ASKED, "messages": turns}).encode(), RouteCall()).messages
    seals = [(part.__class__.__name__, part.signature) for part in answer.parts if hasattr(part, "signature")]
    assert seals == [
        ("Reasoning", "seal=="), ("Reasoning", None), ("Reasoning", None),
        ("ToolCall", None), ("ToolCall", "google's"),
    ]  # fmt: skip
    assert [part.redacted for part in answer.parts if hasattr(part, "redacted")] == [None, "xyz", None]


@given(st.lists(st.text()), st.text(), st.lists(st.text()))
def test_any_text_comes_back_from_a_stream_unchanged(thoughts: list[str], model: str, texts: list[str]) -> None:
    stamp = msgspec.structs.replace(STAMP, model=model)
    events: list[Event] = [*map(ReasoningDelta, thoughts), *map(TextDelta, texts), Finished("stop")]
    stream = play(DIALECT, {**ASKED, "stream": True}, [Started(1), *events], stamp)
    deltas = [data["delta"] for data in told(stream) if data["type"] == "content_block_delta"]
    assert "".join([delta.get("thinking", "") for delta in deltas]) == "".join(thoughts)
    assert "".join([delta.get("text", "") for delta in deltas]) == "".join(texts)
    assert told(stream)[0]["message"]["model"] == model


@given(st.dictionaries(st.text(), st.text()), st.integers(1, 9))
def test_any_input_comes_back_through_the_sdk_unchanged(given_input: dict[str, str], size: int) -> None:
    arguments = json.dumps(given_input, ensure_ascii=False)
    pieces = [arguments[start : start + size] for start in range(0, len(arguments), size)]
    events: list[Event] = [ToolCallBegun("i", "f"), *map(ToolCallArguments, pieces), Finished("tool_calls")]
    (block,) = put_together(streamed(events)).content
    assert block.to_dict()["input"] == given_input
