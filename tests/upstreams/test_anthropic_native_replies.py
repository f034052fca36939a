"""What the native Anthropic wire answers, as it was recorded and as it may come."""

from __future__ import annotations

import json
from typing import Any

import pytest
from zope.interface.verify import verifyObject

from argoproxy.conversation import (
    Event,
    Failed,
    Finished,
    Head,
    ReasoningDelta,
    Started,
    TextDelta,
    ToolCallArguments,
    ToolCallBegun,
    Usage,
    Used,
)
from argoproxy.errors import Truncated
from argoproxy.interfaces import IDecoder
from argoproxy.upstreams.anthropic_replies import MessageStream, WholeMessage
from argoproxy.upstreams.refusals import NOTICE
from tests.simulator.asking import Argo

from .claude import encode, events
from .wire import chat, played

OK = Head(200, "application/json")
SSE = Head(200, "text/event-stream; charset=utf-8")
SIZES = (1, 2, 5, 64, 1 << 20)
FOUR_AND_TWO = Used(Usage(prompt=4, completion=2))


def frame(data: dict[str, Any]) -> bytes:
    """An event of a stream."""
    return b"event: %s\ndata: %s\n\n" % (data["type"].encode(), json.dumps(data).encode())


def start(**usage: Any) -> dict[str, Any]:
    """The first event. ARGO tells no C{stop_sequence}."""
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "content": [], "usage": usage}
    return {"type": "message_start", "message": message}


def begun(index: int = 0, **block: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": block}


def delta(index: int = 0, **delta: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": delta}


def stop(index: int = 0) -> dict[str, Any]:
    return {"type": "content_block_stop", "index": index}


def end(reason: str | None = "end_turn", /, **fields: Any) -> dict[str, Any]:
    return {"type": "message_delta", "delta": {"stop_reason": reason, **fields}, "usage": {"output_tokens": 2}}


OVER = {"type": "message_stop"}
START = start(input_tokens=4, output_tokens=1)


def text(*pieces: str, index: int = 0) -> list[dict[str, Any]]:
    """A block of text."""
    return [
        begun(index, type="text", text=""),
        *(delta(index, type="text_delta", text=one) for one in pieces),
        stop(index),
    ]


def body(*datas: dict[str, Any]) -> bytes:
    """A whole stream."""
    return b"".join(map(frame, datas))


def stream(data: bytes, size: int = 1 << 20) -> list[Event]:
    """What a stream says."""
    return played(MessageStream(SSE, 0), data, size)


USED = (
    b',"usage":{"cache_creation":{"ephemeral_1h_input_tokens":0},"cache_creation_input_tokens":3,'
    b'"cache_read_input_tokens":2,"input_tokens":8,"output_tokens":5}'
)
# The recorded reply of claudesonnet45, its usage apart.
PONG = (
    b'{"id":"msg_vrtx_1","content":[{"text":"pong","type":"text"}],"model":"claude-sonnet-4-5-20250929",'
    b'"role":"assistant","stop_reason":"end_turn","type":"message"%s}'
)
RECORDED_ERROR = (
    b'{"type":"error","error":{"type":"api_error","message":"{\'type\': \'error\', \'error\': {\'details\': None, '
    b"'type': 'api_error', 'message': 'Internal server error'}, 'request_id': 'req_1'}\"}}"
)


@pytest.mark.parametrize("size", SIZES)
def test_a_recorded_reply(size: int) -> None:
    used = Used(Usage(prompt=13, completion=5, cached=2, cache_written=3))
    assert played(WholeMessage(OK, 2), PONG % USED, size) == [TextDelta("pong", 2), Finished("stop", 2), used]


def test_usage_that_was_not_told_is_left_to_be_counted() -> None:
    """Where one side of it is missing, too."""
    assert played(WholeMessage(OK, 0), PONG % b"") == [TextDelta("pong"), Finished("stop")]
    assert played(WholeMessage(OK, 0), PONG % b',"usage":{"output_tokens":2}')[-1] == Finished("stop")
    assert stream(body(start(), *text("a"), end(), OVER)) == [Started(), TextDelta("a"), Finished("stop")]


BLOCKS: list[tuple[dict[str, Any], list[Event]]] = [
    ({"type": "text", "text": ""}, []),
    ({"type": "text", "text": "a", "citations": None}, [TextDelta("a")]),
    ({"type": "thinking", "thinking": "t", "signature": "s"}, [ReasoningDelta("t", signature="s")]),
    ({"type": "thinking", "thinking": "", "signature": "s"}, [ReasoningDelta("", signature="s")]),
    ({"type": "thinking", "thinking": "t"}, [ReasoningDelta("t")]),
    ({"type": "thinking", "thinking": ""}, []),
    ({"type": "redacted_thinking", "data": "d"}, [ReasoningDelta("", redacted="d")]),
    (
        {"type": "tool_use", "id": "c", "name": "f", "input": {"a": 1}},
        [ToolCallBegun("c", "f"), ToolCallArguments('{"a":1}')],
    ),
    ({"type": "tool_use", "id": "c", "name": "f"}, [ToolCallBegun("c", "f"), ToolCallArguments("{}")]),
    ({"type": "server_tool_use", "id": "c", "name": "web_search", "input": {}}, []),
    ({"type": "tomorrow", "content": {"x": []}}, []),
]


@pytest.mark.parametrize(("block", "said"), BLOCKS)
def test_what_a_block_says(block: dict[str, Any], said: list[Event]) -> None:
    message = {"type": "message", "content": [block], "stop_reason": "end_turn"}
    written = json.dumps(message, separators=(",", ":")).encode()
    assert played(WholeMessage(OK, 0), written) == [*said, Finished("stop")]


def test_calls_are_numbered_and_get_an_id_where_there_is_none() -> None:
    call = {"type": "tool_use", "id": "", "name": "f", "input": {}}
    found = played(WholeMessage(OK, 0), json.dumps({"type": "message", "content": [call, call]}).encode())
    begun = [event for event in found if isinstance(event, ToolCallBegun)]
    assert [one.call for one in begun] == [0, 1]
    assert len({one.id for one in begun}) == 2


@pytest.mark.parametrize(
    ("said", "status", "kind", "words"),
    [
        (RECORDED_ERROR, 502, "api_error", "Internal server error"),
        (
            b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
            529,
            "overloaded_error",
            "Over",
        ),
        (b'{"type":"error","error":{"type":"rate_limit_error","message":"Slow"}}', 429, "rate_limit_error", "Slow"),
        (b'{"type":"error","error":{"type":"not_found_error","message":"No"}}', 404, "not_found_error", "No"),
        (b'{"type":"error","error":"odd"}', 502, None, "odd"),
        (b'{"response":"hi"}', 502, None, "not the reply that was asked for"),
        (b"[1]", 502, None, "not the reply that was asked for"),
        (b"\x00\xff", 502, None, "not the reply that was asked for"),
        (b"", 502, None, "not the reply that was asked for"),
        (b"[" * 100_000, 502, None, "not the reply that was asked for"),
    ],
)
def test_what_is_no_message_is_a_failure_also_under_status_200(said: bytes, status: int, kind: Any, words: str) -> None:
    (failed,) = played(WholeMessage(OK, 0), said)
    assert isinstance(failed, Failed)
    assert (failed.fault.status, failed.fault.kind) == (status, kind)
    assert words in failed.fault.message
    if said.startswith(b'{"type'):
        (same,) = stream(b"event: error\ndata: " + said + b"\n\n")
        assert isinstance(same, Failed)
        assert (same.fault.status, same.fault.message) == (failed.fault.status, failed.fault.message)


@pytest.mark.parametrize("size", SIZES)
def test_a_stream_of_everything(size: int) -> None:
    data = body(
        START,
        {"type": "ping"},
        begun(0, type="thinking", thinking="", signature=""),
        delta(0, type="thinking_delta", thinking="hm"),
        delta(0, type="signature_delta", signature="sig"),
        stop(0),
        begun(1, type="redacted_thinking", data="d"),
        stop(1),
        *text("é", "", "b", index=2),
        begun(3, type="tool_use", id="c1", name="f", input={}),
        delta(3, type="input_json_delta", partial_json=""),
        delta(3, type="input_json_delta", partial_json='{"a"'),
        delta(3, type="input_json_delta", partial_json=":1}"),
        stop(3),
        begun(4, type="tool_use", id="c2", name="g", input={}),
        delta(4, type="input_json_delta", partial_json=""),
        stop(4),
        end("tool_use"),
        OVER,
    )
    assert stream(data, size) == [
        Started(4),
        ReasoningDelta("hm"),
        ReasoningDelta("", signature="sig"),
        ReasoningDelta("", redacted="d"),
        TextDelta("é"),
        TextDelta("b"),
        ToolCallBegun("c1", "f", 0),
        ToolCallArguments('{"a"', 0),
        ToolCallArguments(":1}", 0),
        ToolCallBegun("c2", "g", 1),
        ToolCallArguments("{}", 1),
        Finished("tool_calls"),
        FOUR_AND_TWO,
    ]


def _after_start(*datas: dict[str, Any]) -> list[Event]:
    found = stream(body(START, *datas, end(), OVER))
    assert (found[0], found[-2:]) == (Started(4), [Finished("stop"), FOUR_AND_TWO])
    return found[1:-2]


def test_a_call_whose_input_comes_at_once_has_it() -> None:
    found = _after_start(begun(0, type="tool_use", id="c", name="f", input={"a": 1}), stop(0))
    assert found == [ToolCallBegun("c", "f"), ToolCallArguments('{"a": 1}')]


def test_a_block_that_begins_with_something_has_that() -> None:
    found = _after_start(
        begun(0, type="thinking", thinking="t", signature="s"),
        stop(0),
        begun(1, type="text", text="a"),
        delta(1, type="text_delta", text="b"),
        stop(1),
    )
    assert found == [ReasoningDelta("t"), ReasoningDelta("", signature="s"), TextDelta("a"), TextDelta("b")]


def test_events_and_pieces_that_are_not_known_are_passed_over() -> None:
    found = _after_start(
        {"type": "tomorrow", "message": "of another shape", "index": "x"},
        begun(0, type="server_tool_use", id="s", name="web_search", input={}),
        delta(0, type="input_json_delta", partial_json='{"q":1}'),
        stop(0),
        begun(1, type="web_search_tool_result", tool_use_id="s", content=[{"type": "x"}]),
        stop(1),
        begun(2, type="text", text="", citations=[]),
        delta(2, type="citations_delta", citation={"x": 1}),
        delta(2, type="text_delta", text="a"),
        stop(2),
    )
    assert found == [TextDelta("a")]


def test_comments_and_bytes_behind_the_end_say_nothing() -> None:
    data = b": hello\n\n" + body(START, *text("a"), end(), OVER) + body(*text("b"), {"type": "error"}) + b"data: x"
    assert stream(data) == [Started(4), TextDelta("a"), Finished("stop"), FOUR_AND_TWO]


@pytest.mark.parametrize(
    ("told", "reason", "by"),
    [
        (end("end_turn"), "stop", None),
        (end("max_tokens"), "length", None),
        (end("stop_sequence", stop_sequence="\n"), "stop", "\n"),
        (end("tool_use", stop_sequence=None), "tool_calls", None),
        (end("refusal"), "content_filter", None),
        (end("pause_turn"), "stop", None),
        (end("model_context_window_exceeded"), "length", None),
        (end("tomorrow"), None, None),
        (end(None), None, None),
    ],
)
def test_why_it_ended(told: dict[str, Any], reason: Any, by: str | None) -> None:
    assert stream(body(START, *text("a"), told, OVER))[-2] == Finished(reason, 0, by)
    whole = {"type": "message", "content": [], **told["delta"]}
    assert played(WholeMessage(OK, 0), json.dumps(whole).encode()) == [Finished(reason, 0, by)]


def test_usage_is_what_was_told_last() -> None:
    told = end()
    told["usage"] = {"input_tokens": 9, "output_tokens": 7, "output_tokens_details": {"thinking_tokens": 3}}
    first = start(input_tokens=4, output_tokens=1, cache_read_input_tokens=5, cache_creation_input_tokens=6)
    found = stream(body(first, *text("a"), told, OVER))
    assert found[0] == Started(15)
    assert found[-1] == Used(Usage(prompt=20, completion=7, cached=5, reasoning=3, cache_written=6))


def test_a_stream_that_stops_before_its_end_is_truncated_wherever_it_is_cut() -> None:
    data = body(START, *text("a", "b"), end(), OVER)
    for length in range(len(data) - len(frame(OVER))):
        with pytest.raises(Truncated):
            played(MessageStream(SSE, 0), data[:length])


def test_the_last_line_break_may_be_missing() -> None:
    assert stream(body(START, *text("a"), end(), OVER).rstrip())[-1] == FOUR_AND_TWO


@pytest.mark.parametrize("size", SIZES)
def test_an_error_in_the_middle_ends_it(size: int) -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    *before, failed = stream(body(START, *text("a")[:2], error, *text("b"), OVER), size)
    assert before == [Started(4), TextDelta("a")]
    assert isinstance(failed, Failed)
    assert (failed.fault.status, failed.fault.message) == (529, "Overloaded")


def test_a_message_that_begins_with_nothing_begins() -> None:
    assert stream(body({"type": "message_start"}, *text("a"), end(), OVER))[0] == Started()


@pytest.mark.parametrize(
    "data", [b"event: message_start\ndata: {\n\n", b'data: {"type":"message_start","message":1}\n\n']
)
def test_what_can_not_be_read_is_a_failure(data: bytes) -> None:
    decoder = MessageStream(SSE, 0)
    (failed,) = decoder.feed(data)
    assert isinstance(failed, Failed)
    assert failed.fault.status == 502
    assert decoder.feed(body(*text("a"))) == decoder.close() == []


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("notice", [f"{NOTICE}: who are you?", f"\n {NOTICE}", NOTICE + "!" * 5000])
def test_the_notice_to_strangers_is_a_401_and_nothing_else_is_shown(notice: str, size: int) -> None:
    pieces = [notice[place : place + 7] for place in range(0, len(notice), 7)]
    datas = (START, *text(*pieces), end(), OVER)
    for data in (body(*datas), body(*datas[: len(pieces) + 2])):
        (failed,) = stream(data, size)
        assert isinstance(failed, Failed)
        assert failed.fault.status == 401
        assert failed.fault.message == notice.strip()[: len(failed.fault.message)]


def test_the_notice_in_a_whole_reply_is_a_401() -> None:
    message = {"type": "message", "content": [{"type": "text", "text": f"{NOTICE}."}]}
    (failed,) = played(WholeMessage(OK, 0), json.dumps(message).encode())
    assert isinstance(failed, Failed)
    assert failed.fault.status == 401


@pytest.mark.parametrize(
    ("pieces", "shown"),
    [
        (["IMPORTANT", " note"], ["IMPORTANT note"]),
        (["I", "", "n fact", "."], ["In fact", "."]),
        ([" ", "\n", "a"], [" \na"]),
        (["IMPORTANT"], ["IMPORTANT"]),
        (["a", NOTICE], ["a", NOTICE]),
    ],
)
def test_text_that_only_begins_like_the_notice_is_shown(pieces: list[str], shown: list[str]) -> None:
    assert _after_start(*text(*pieces)) == [TextDelta(one) for one in shown]


def test_text_is_held_no_longer_than_it_could_be_the_notice() -> None:
    decoder = MessageStream(SSE, 0)
    assert decoder.feed(body(START, begun(type="text", text=""), delta(type="text_delta", text="IMP"))) == []
    assert decoder.feed(frame(delta(type="text_delta", text="ossible"))) == [Started(4), TextDelta("IMPossible")]
    assert decoder.feed(frame(delta(type="text_delta", text="!"))) == [TextDelta("!")]


def test_a_call_behind_held_text_lets_it_go() -> None:
    """Even if the text's block never ended."""
    found = _after_start(
        begun(0, type="text", text="IMPORTANT"), begun(1, type="tool_use", id="c", name="f", input={}), stop(1)
    )
    assert found == [TextDelta("IMPORTANT"), ToolCallBegun("c", "f"), ToolCallArguments("{}")]
    (failed,) = stream(body(START, begun(0, type="text", text=NOTICE), begun(1, type="thinking", thinking="x")))
    assert isinstance(failed, Failed)
    (failed,) = stream(body(START, begun(0, type="text", text=NOTICE), OVER))
    assert isinstance(failed, Failed)


FAULTS = [
    ("error-200", {502}, "Internal server error"),
    ("auth-notice", {401}, NOTICE),
    ("error-event", {502}, "Internal server error"),
    ("html-502", {502}, "no usable explanation"),
    ("529", {529}, "Overloaded"),
    ("429", {429}, "Rate limit"),
    ("nested-error", {400}, "Unsupported value: 'temperature' does not support 0.5"),
    ("traceback", {502}, "no usable explanation"),
    ("204", {502}, "no usable explanation"),
    ("redirect", {502}, "redirect"),
]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("fault", "statuses", "words"), FAULTS, ids=[row[0] for row in FAULTS])
def test_argos_failures(fault: str, statuses: set[int], words: str, stream: bool) -> None:
    argo = Argo()
    argo.simulator.fault(fault)
    failed = events(encode(chat(stream=stream)), argo=argo)[-1]
    assert isinstance(failed, Failed)
    assert failed.fault.status in statuses
    assert words in failed.fault.message


def test_they_keep_their_interface() -> None:
    verifyObject(IDecoder, MessageStream(SSE, 0))
    verifyObject(IDecoder, WholeMessage(OK, 0))
