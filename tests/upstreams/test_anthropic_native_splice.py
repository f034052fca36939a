"""Replies of the native Anthropic wire on their way to a client who speaks the same."""

from __future__ import annotations

import json
from typing import Any

import anthropic.types
import pytest
from pydantic import TypeAdapter
from zope.interface.verify import verifyObject

from argoproxy.conversation import ChatRequest, Head, Usage
from argoproxy.errors import ProxyError, Truncated
from argoproxy.interfaces import ISplice
from argoproxy.upstreams.anthropic_splice import estimate
from argoproxy.upstreams.refusals import NOTICE
from argoproxy.wire.sse import SseReader
from tests.simulator.asking import ARGUMENTS, PIXEL, SCHEMA, Argo

from .claude import NATIVE, STAMP, parsed, relay, splice, spliced
from .test_anthropic_native_replies import (
    FAULTS,
    OVER,
    PONG,
    RECORDED_ERROR,
    SIZES,
    START,
    USED,
    begun,
    body,
    delta,
    end,
    frame,
    start,
    stop,
    text,
)
from .wire import send

MISSING = ("stop_sequence", "stop_details", "container")
"""What a whole reply of ARGO's lacks."""
TOOLS = [{"name": "get_weather", "input_schema": SCHEMA}]
THINKING = {"type": "enabled", "budget_tokens": 1500}
WHOLE = Head(200, "application/json")
STREAM = Head(200, "text/event-stream")


def _splice(head: Head = STREAM, **fields: Any) -> ISplice:
    """What a reply with that head passes through."""
    asked = parsed(stream=head.media_type == "text/event-stream", **fields)
    return NATIVE.splice(relay(asked), asked, head, STAMP)


def _data(passed: bytes) -> list[Any]:
    """The data of a stream's events."""
    return [json.loads(one.data) for one in SseReader().feed(passed) if one.data]


def _ask(**fields: Any) -> tuple[Any, ISplice, Any]:
    """What ARGO said, and what the client gets of it."""
    asked = parsed(max_tokens=4096, **fields)
    call = relay(asked)
    reply = send(call)
    passing = splice(call, asked, reply)
    assert reply.text is not None
    return reply, passing, spliced(passing, reply.text.encode()).decode()


def _failure(passing: ISplice, data: bytes, size: int = 1 << 20) -> ProxyError:
    """The fault, of which nothing has reached the client."""
    assert spliced(passing, data, size) == b""
    assert passing.fault is not None
    return passing.fault


def test_a_whole_reply_gets_the_clients_name_for_the_model_and_what_argo_leaves_out() -> None:
    reply, passing, passed = _ask(messages=[{"role": "user", "content": "weather"}], tools=TOOLS, thinking=THINKING)
    before, after = json.loads(reply.text), json.loads(passed)
    assert "stop_sequence" not in before
    described = {name: after[name] for name in ("content", "usage", *MISSING)}
    assert after == {**before, **described, "model": "argo:claude-x"}
    assert [after[name] for name in MISSING] == [None, None, None]
    assert after["usage"].items() >= before["usage"].items()
    assert anthropic.types.Message.model_validate(after, strict=True).content[-1].type == "tool_use"
    usage = before["usage"]
    assert passing.usage == Usage(prompt=usage["input_tokens"], completion=usage["output_tokens"])


def test_a_recorded_reply_keeps_what_it_says_and_its_order() -> None:
    passing = _splice(WHOLE)
    passed = spliced(passing, PONG % USED)
    kept = (PONG % USED).replace(b"claude-sonnet-4-5-20250929", b"argo:claude-x")
    kept = kept.replace(b'"type":"text"', b'"type":"text","citations":null')
    assert passed.startswith(kept.removesuffix(b"}}") + b",")
    assert passed.endswith(b'null},"stop_sequence":null,"stop_details":null,"container":null}')
    assert passing.usage == Usage(prompt=13, completion=5, cached=2, cache_written=3)


def test_what_stopped_it_stays() -> None:
    _, _, passed = _ask(messages=[{"role": "user", "content": "Hello there"}], stop_sequences=["there"])
    assert json.loads(passed)["stop_sequence"] == "there"
    _, _, passed = _ask(messages=[{"role": "user", "content": "Hello there"}], stop_sequences=["there"], stream=True)
    assert _data(passed.encode())[-2]["delta"] == {"stop_reason": "stop_sequence", "stop_sequence": "there"}


def test_a_stream_gets_the_same_in_its_first_and_last_events_and_nothing_else_is_touched() -> None:
    ask = [{"role": "user", "content": "weather"}]
    reply, passing, passed = _ask(messages=ask, tools=TOOLS, thinking=THINKING, stream=True)
    before, after = _data(reply.text.encode()), _data(passed.encode())
    events = TypeAdapter(list[anthropic.types.RawMessageStreamEvent])
    assert len(events.validate_python([one for one in after if one["type"] != "ping"])) == len(after) - 1
    before[0]["message"] |= {"model": "argo:claude-x", "stop_sequence": None}
    before[-2]["delta"]["stop_sequence"] = None
    assert after == before
    first, last = reply.text.index("event: content_block_start"), reply.text.index("event: message_delta")
    assert reply.text[first:last] in passed
    usage = before[0]["message"]["usage"]
    assert passing.usage == Usage(prompt=usage["input_tokens"], completion=before[-2]["usage"]["output_tokens"])


@pytest.mark.parametrize("size", SIZES)
def test_it_does_not_matter_how_a_stream_is_cut(size: int) -> None:
    data = body(START, {"type": "ping"}, *text("é", "b"), end(), OVER)
    assert spliced(_splice(), data, size) == spliced(_splice(), data)


def test_what_is_not_known_goes_on_untouched() -> None:
    odd = b": comment\r\n\r\nevent: tomorrow\r\ndata: no JSON\r\n\r\n"
    block = frame(begun(1, type="tomorrow", x=[1.5])) + frame(delta(1, type="tomorrow_delta", y="é")) + frame(stop(1))
    data = frame(START) + odd + body(*text("a")) + block + odd + body(end(stop_sequence=None), OVER) + odd
    passed = spliced(_splice(), data)
    assert passed.endswith(data[len(frame(START)) :])


def test_fields_that_are_not_known_stay_in_events_that_change() -> None:
    first, last = start(input_tokens=4, output_tokens=1, speed="fast"), end()
    first["message"]["container"] = {"id": "x"}
    first["more"] = last["more"] = 1.5
    last["context_management"] = {"applied_edits": []}
    after = _data(spliced(_splice(), body(first, *text("a"), last, OVER)))
    assert after[0] == {
        **first,
        "message": {**first["message"], "model": "argo:claude-x", "stop_reason": None, "stop_sequence": None},
    }
    assert after[-2] == {**last, "delta": {"stop_reason": "end_turn", "stop_sequence": None}}


def test_events_that_do_not_tell_their_type_get_it_told() -> None:
    """Anthropic's SDK passes over those."""
    data = b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in (START, *text("a", "b"), end(), OVER))
    assert spliced(_splice(), data) == spliced(_splice(), body(START, *text("a", "b"), end(), OVER))
    spread = b'event: message_start\ndata: {"type":"message_start",\ndata: "message":{"id":"m",\ndata: "usage":{}}}\n\n'
    (first, *_) = _data(spliced(_splice(), spread + body(*text("a"), end(), OVER)))
    assert first["message"]["id"] == "m"


@pytest.mark.parametrize("usage", [{}, {"output_tokens": 1}, {"input_tokens": 0}, {"input_tokens": None, "odd": 1}])
def test_a_prompt_of_no_tokens_gets_an_estimate(usage: Any) -> None:
    asked: dict[str, Any] = {"messages": [{"role": "user", "content": "word " * 1000}]}
    passing = _splice(**asked)
    first, *_ = _data(spliced(passing, body(start(**usage), *text("a"), end(), OVER)))
    told = first["message"]["usage"]
    assert 1000 < told["input_tokens"] < 2000
    assert told["output_tokens"] == usage.get("output_tokens", 0)
    assert told.get("odd") == usage.get("odd")
    assert passing.usage == Usage(prompt=told["input_tokens"], completion=2)
    passed = spliced(_splice(WHOLE, **asked), PONG % b',"usage":{"output_tokens":1}')
    assert 1000 < json.loads(passed)["usage"]["input_tokens"] < 2000
    assert json.loads(spliced(_splice(WHOLE, **asked), PONG % b""))["usage"]["output_tokens"] == 0


def test_a_prompt_that_was_cached_whole_needs_none() -> None:
    first, *_ = _data(
        spliced(_splice(), body(start(input_tokens=0, cache_read_input_tokens=9), *text("a"), end(), OVER))
    )
    assert first["message"]["usage"]["input_tokens"] == 0


def test_the_simulators_stream_without_input_tokens() -> None:
    argo, asked = Argo(), parsed(stream=True)
    argo.simulator.fault("no-input-tokens")
    reply = send(relay(asked), argo)
    assert reply.text is not None
    first, *_ = _data(spliced(splice(relay(asked), asked, reply), reply.text.encode()))
    assert first["message"]["usage"]["input_tokens"] > 0


def test_pictures_and_files_are_not_taken_for_words_in_an_estimate() -> None:
    source = {"type": "base64", "media_type": "image/png", "data": PIXEL * 100_000}
    picture = {"type": "image", "source": source}
    result = {"type": "tool_result", "tool_use_id": "a", "content": [picture]}
    calls = [{"type": "tool_use", "id": "a", "name": "f", "input": ARGUMENTS}]
    asked = parsed(
        messages=[
            {"role": "user", "content": [picture]},
            {"role": "assistant", "content": calls},
            {"role": "user", "content": [result]},
        ]
    )
    assert 3200 < relay(asked).prompt < 3500
    pdf = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "a" * 400_000}}
    asked = parsed(messages=[{"role": "user", "content": [pdf]}])
    assert 16_000 < relay(asked).prompt < 25_000
    assert estimate(b"", ChatRequest(model="x", prompts=((),))) == 1


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("fault", "statuses", "words"), FAULTS, ids=[row[0] for row in FAULTS])
def test_argos_failures_are_not_passed_on(fault: str, statuses: set[int], words: str, stream: bool) -> None:
    argo, asked = Argo(), parsed(stream=stream)
    argo.simulator.fault(fault)
    reply = send(relay(asked), argo)
    assert reply.text is not None
    passing = splice(relay(asked), asked, reply)
    passed = spliced(passing, reply.text.encode())
    assert passing.fault is not None
    assert passing.fault.status in statuses
    assert words in passing.fault.message
    assert b"error" not in passed


def test_an_error_in_the_middle_ends_what_is_passed_on() -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    passing = _splice()
    passed = spliced(passing, body(START, *text("a")[:2], error, *text("b"), end(), OVER))
    assert [one["type"] for one in _data(passed)] == ["message_start", "content_block_start", "content_block_delta"]
    assert passing.fault is not None
    assert (passing.fault.status, passing.fault.message) == (529, "Overloaded")


@pytest.mark.parametrize(
    ("head", "data", "status"),
    [
        (WHOLE, RECORDED_ERROR, 502),
        (WHOLE, b"\x00\xff", 502),
        (WHOLE, PONG % USED[:-1], 502),
        (STREAM, b"event: message_start\ndata: {\n\n", 502),
        (STREAM, b'event: message_start\ndata: {"type":"message_start","message":1}\n\n', 502),
        (STREAM, b"data: nothing\n\n", 502),
        (Head(529), b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}', 529),
        (Head(200, "text/html"), b"<html>", 502),
    ],
)
def test_what_is_no_reply_is_a_failure(head: Head, data: bytes, status: int) -> None:
    assert _failure(_splice(head), data).status == status


def test_a_whole_reply_is_no_stream() -> None:
    """An error in place of a stream is read as such; a message in its place can't be passed on."""
    asked = parsed(stream=True)
    passing = NATIVE.splice(relay(asked), asked, WHOLE, STAMP)
    assert _failure(passing, PONG % USED).status == 502
    passing = NATIVE.splice(relay(asked), asked, WHOLE, STAMP)
    assert _failure(passing, RECORDED_ERROR).message == "Internal server error"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("notice", [f"{NOTICE}: who are you?", f"\n {NOTICE}", NOTICE + "!" * 5000])
def test_the_notice_to_strangers_is_a_401(notice: str, size: int) -> None:
    pieces = [notice[place : place + 7] for place in range(0, len(notice), 7)]
    datas = (START, {"type": "ping"}, *text(*pieces), end(), OVER)
    for data in (body(*datas), body(*datas[: len(pieces) + 3]), body(*datas[: len(pieces) + 3], OVER)):
        assert _failure(_splice(), data, size).status == 401
    message = {"type": "message", "content": [{"type": "text", "text": notice}]}
    assert _failure(_splice(WHOLE), json.dumps(message).encode()).status == 401


def test_the_beginning_is_held_no_longer_than_it_could_be_the_notice() -> None:
    passing = _splice()
    held = body(START, begun(type="text", text=""), delta(type="text_delta", text="IMP"))
    assert passing.feed(held) == b""
    assert _data(passing.feed(frame(delta(type="text_delta", text="ossible"))))[-1]["delta"]["text"] == "ossible"
    more = frame(delta(type="text_delta", text="!"))
    assert passing.feed(more) == more


@pytest.mark.parametrize(
    "data",
    [
        body(START, begun(type="thinking", thinking=""), delta(type="thinking_delta", thinking="x")),
        body(START, begun(type="tool_use", id="a", name="f", input={})),
        body(START, *text("IMPORTANT")),
        body(START, begun(type="text", text="IMPORTANT"), begun(1, type="tool_use", id="a", name="f", input={})),
    ],
)
def test_what_shows_that_it_is_no_notice_lets_it_go(data: bytes) -> None:
    assert len(_data(_splice().feed(data))) == len(_data(data))


def test_what_is_held_has_a_bound() -> None:
    ping = frame({"type": "ping", "x": "x" * 1000})
    passing = _splice()
    assert passing.feed(body(START) + ping * 60) == b""
    assert _data(passing.feed(ping * 5))[0]["type"] == "message_start"
    passing = _splice()
    passing.feed(body(START, begun(type="text", text=NOTICE)))
    assert passing.feed(ping * 100) == b""
    assert _failure(passing, body(stop(), end(), OVER)).status == 401


def test_a_message_of_nothing_is_passed_on() -> None:
    begins = body({"type": "message_start"}, *text("a"), end(stop_sequence=None), OVER)
    assert spliced(_splice(), begins) == begins
    assert len(_data(spliced(_splice(), body(START, end(), OVER)))) == 3


def test_a_stream_that_stops_before_its_end_is_truncated() -> None:
    data = body(START, *text("a", "b"), end(), OVER)
    for length in range(len(data) - len(b"}\n\n")):
        with pytest.raises(Truncated):
            spliced(_splice(), data[:length])
    assert spliced(_splice(), data[:-1]) == spliced(_splice(), data)
    assert spliced(_splice(), data[:-2]) == spliced(_splice(), data)


@pytest.mark.parametrize("head", [WHOLE, STREAM], ids=["whole", "stream"])
def test_bytes_that_are_no_text_are_told_wherever_they_are(head: Head) -> None:
    """Also where nobody looks: in a name, or in a value of a field that isn't known."""
    said = send(relay(parsed(stream=head is STREAM))).text
    assert said is not None
    honest = said.encode()
    for at in range(len(honest)):
        passing = _splice(head)
        try:
            spliced(passing, honest[:at] + b"\xff\xfe" + honest[at:])
        except Truncated:
            continue
        assert passing.fault is None or passing.fault.status == 502


def test_usage_is_told_as_far_as_it_is_known() -> None:
    passing = _splice()
    assert passing.usage is None
    passing.feed(body(START, *text("a")))
    told = {**end(), "usage": {"input_tokens": 5, "output_tokens": 7, "cache_read_input_tokens": 2}}
    passing.feed(frame(told))
    assert passing.usage == Usage(prompt=7, completion=7, cached=2)
    assert _data(spliced(_splice(), body(START, {"type": "message_delta"}, OVER)))[1]["delta"] == {
        "stop_sequence": None
    }


def test_they_keep_their_interface() -> None:
    verifyObject(ISplice, _splice())
    verifyObject(ISplice, _splice(WHOLE))
