"""Replies pass to a client who speaks the same: bytes untouched, but for the model's name and a usage not asked for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from zope.interface.verify import verifyObject

from argoproxy.conversation import Call, Head, Stamp, Usage
from argoproxy.errors import Truncated
from argoproxy.interfaces import ISplice
from argoproxy.upstreams.openai_native import OpenAINative
from argoproxy.upstreams.openai_splice import Refused, StreamSplice, WholeSplice, renamed
from argoproxy.upstreams.refusals import NOTICE
from tests.simulator.asking import Argo
from tests.upstreams.wire import chat, head, model, send

STAMP = Stamp("tok", 1_700_000_000, 'argo:"x"')
NAME = rb'"argo:\"x\""'
SSE = Head(200, "text/event-stream")
JSON = Head(200, "application/json")
WIRE = OpenAINative("http://argo/v1/chat/completions", "http://argo/v1/embeddings")


def _splice(include_usage: bool = False) -> StreamSplice:
    return StreamSplice(SSE, STAMP, include_usage)


def _passed(splice: Any, data: bytes, size: int = 1 << 20) -> bytes:
    out = b"".join([splice.feed(data[place : place + size]) for place in range(0, len(data), size)])
    return out + bytes(splice.close())


DONE = b"data: [DONE]\n\n"
ROLE = b'data: {"id":"c","model":"gpt-4o-1","odd":[1.50],"choices":[{"delta":{"role":"assistant","content":""}}]}\n\n'
TEXT = b'data: {"choices" : [{"delta":{"content":"Say \\"model\\":\\"gpt-4o-1\\""}}], "model" :  "gpt-4o-1"}\n\n'
STOP = b'event: odd\nid: 7\ndata: {"model":"gpt-4o-1","choices":[{"delta":{},"finish_reason":"stop"}]}\n\n'
USAGE = b'data: {"model":"gpt-4o-1","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":7}}\n\n'
OTHER = b': hello\n\nevent: news\ndata: {"anything":["at all"]}\n\n'


def _named(*events: bytes) -> bytes:
    """The same with the client's name for the model."""
    return b"".join([event.replace(b'"gpt-4o-1"', NAME) for event in events])


@pytest.mark.parametrize("size", [1, 17, 1 << 20])
def test_a_stream_passes_with_the_clients_name_for_the_model(size: int) -> None:
    splice = _splice()
    assert _passed(splice, ROLE + OTHER + TEXT + STOP + DONE, size) == _named(ROLE, OTHER, TEXT, STOP, DONE)
    assert (splice.fault, splice.usage) == (None, None)


@pytest.mark.parametrize("size", [1, 1 << 20])
def test_lines_that_end_with_crlf_pass_as_they_are(size: int) -> None:
    stream = (ROLE + TEXT + STOP + DONE).replace(b"\n", b"\r\n")
    assert _passed(_splice(), stream, size) == stream.replace(b'"gpt-4o-1"', NAME)


def test_events_that_are_whole_pass_at_once() -> None:
    splice = _splice()
    assert splice.feed(ROLE) == b""
    assert splice.feed(TEXT) == _named(ROLE, TEXT)
    assert splice.feed(STOP[:20]) == b""
    assert splice.feed(STOP[20:]) == _named(STOP)


@pytest.mark.parametrize("size", [1, 1 << 20])
def test_usage_is_seen_and_taken_out_where_nobody_asked(size: int) -> None:
    nothing = TEXT.replace(b"}\n\n", b',"usage":null}\n\n')
    splice = _splice()
    assert _passed(splice, ROLE + nothing + STOP + USAGE + DONE, size) == _named(ROLE, TEXT, STOP, DONE)
    assert splice.usage == Usage(prompt=5, completion=7)


def test_usage_stays_where_the_client_asked() -> None:
    nothing = TEXT.replace(b"}\n\n", b',"usage":null}\n\n')
    splice = _splice(include_usage=True)
    assert _passed(splice, ROLE + nothing + STOP + USAGE + DONE) == _named(ROLE, nothing, STOP, USAGE, DONE)
    assert splice.usage == Usage(prompt=5, completion=7)


def test_usage_beside_a_choice_is_no_chunk_of_its_own() -> None:
    both = STOP.replace(b"}\n\n", b',"usage":{"prompt_tokens":5}}\n\n')
    splice = _splice()
    assert _passed(splice, TEXT + both + DONE) == _named(TEXT, both, DONE)
    assert splice.usage == Usage(prompt=5)


@pytest.mark.parametrize(
    "failing",
    [
        b"data: {\"error\":{\"message\":\"Error code: 429 - {'error': {'message': 'Slow down'}}\"}}\n\n",
        b'event: error\ndata: {"message":"Slow down"}\n\n',
    ],
)
@pytest.mark.parametrize("size", [1, 1 << 20])
def test_an_error_in_the_stream_is_not_passed_on(failing: bytes, size: int) -> None:
    splice = _splice()
    assert _passed(splice, ROLE + TEXT + failing + STOP + DONE, size) == _named(ROLE, TEXT)
    assert splice.fault is not None
    assert (splice.fault.status, splice.fault.message) == (502, "Slow down")


def test_what_is_no_json_is_a_fault() -> None:
    splice = _splice()
    assert _passed(splice, TEXT + b"data: {nonsense\n\n" + STOP) == _named(TEXT)
    assert splice.fault is not None
    assert splice.fault.status == 502


@pytest.mark.parametrize("stream", [b"", ROLE, ROLE + TEXT, ROLE + TEXT + STOP[:-30]])
def test_a_stream_that_just_ends_was_broken_off(stream: bytes) -> None:
    splice = _splice()
    splice.feed(stream)
    with pytest.raises(Truncated):
        splice.close()


@pytest.mark.parametrize("end", [STOP, DONE, b"data: [DONE]", b"data: [DONE]\n"])
def test_either_end_is_enough_and_the_client_gets_the_last(end: bytes) -> None:
    out = _passed(_splice(), TEXT + end)
    assert out == _named(TEXT) + (_named(STOP) + DONE if end is STOP else DONE)


@pytest.mark.parametrize("more", [b"", b"\n", b": hello", b"garbage", b"data: {"])
def test_behind_the_end_nothing_counts(more: bytes) -> None:
    assert _passed(_splice(), TEXT + STOP + DONE + more) == _named(TEXT, STOP, DONE)


@pytest.mark.parametrize("left", [b"da", b'data: {"model":', USAGE[:-5]])
def test_an_event_that_is_broken_off_behind_the_reason_is_no_end(left: bytes) -> None:
    splice = _splice()
    splice.feed(TEXT + STOP + left)
    with pytest.raises(Truncated):
        splice.close()


@pytest.mark.parametrize("whole", [False, True])
def test_bytes_that_are_no_text_are_told_wherever_they_are(whole: bool) -> None:
    """Also where nobody looks: in a name, or in a value of a field that isn't known."""
    stream = _whole() if whole else ROLE + TEXT + STOP + DONE
    for at in range(len(stream)):
        splice: Any = WholeSplice(JSON, STAMP, True) if whole else _splice()
        try:
            _passed(splice, stream[:at] + b"\xff\xfe" + stream[at:])
        except Truncated:
            continue
        assert splice.fault is None or splice.fault.status == 502


@pytest.mark.parametrize("page", [b"<html>\n<body>502</body>\n</html>\n\n", b"\0\xff" + TEXT])
def test_what_is_no_event_ends_a_stream(page: bytes) -> None:
    splice = _splice()
    assert _passed(splice, ROLE + TEXT + page + STOP + DONE) == _named(ROLE, TEXT)
    assert splice.fault is not None
    assert splice.fault.status == 502


def _chunk(**delta: Any) -> bytes:
    return b"data: " + json.dumps({"choices": [{"delta": delta}]}).encode() + b"\n\n"


@pytest.mark.parametrize("size", [3, 100])
@pytest.mark.parametrize("end", [b"", STOP, STOP + DONE])
def test_the_notice_is_a_401_of_which_nothing_is_passed_on(size: int, end: bytes) -> None:
    words = NOTICE + ": register. " * 20
    pieces = b"".join([_chunk(content=words[place : place + size]) for place in range(0, len(words), size)])
    splice = _splice()
    assert _passed(splice, ROLE + pieces + end) == b""
    assert splice.fault is not None
    assert (splice.fault.status, splice.fault.message) == (401, words.strip())


def test_a_long_notice_is_told_before_its_end() -> None:
    splice = _splice()
    assert splice.feed(ROLE + _chunk(content=NOTICE + "x" * 3000)) == b""
    assert splice.fault is not None
    assert splice.fault.status == 401


@pytest.mark.parametrize(
    "other",
    [
        _chunk(content="ANT news"),
        _chunk(tool_calls=[{"index": 0, "id": "x"}]),
        _chunk(reasoning_content="Hm"),
        _chunk(reasoning="Hm"),
        _chunk(refusal="No"),
        _chunk(audio={"id": "a"}),
        _chunk(tomorrow=0),
        STOP,
    ],
)
def test_what_only_looked_like_the_notice_passes(other: bytes) -> None:
    start = _chunk(content="IMPORT")
    splice = _splice()
    assert splice.feed(ROLE + start) == b""
    assert splice.feed(other) == _named(ROLE, start, other)


@pytest.mark.parametrize(
    "first",
    [
        _chunk(role="assistant", content=None, reasoning_content="Hm"),
        _chunk(role="assistant", content="", tool_calls=[{"index": 0, "id": "x"}]),
        _chunk(role="assistant", reasoning="Hm"),
    ],
)
def test_a_stream_that_begins_without_text_is_not_held(first: bytes) -> None:
    assert _splice().feed(first) == first


def test_what_says_nothing_is_held() -> None:
    nothing = _chunk(role="assistant", content=None, refusal=None, tool_calls=[], audio={}, reasoning="")
    assert _splice().feed(nothing) == b""


def test_what_is_held_has_a_bound() -> None:
    comment = b": " + b"x" * 1000 + b"\n\n"
    splice = _splice()
    fed = [ROLE, *[comment] * 70]
    assert b"".join(map(splice.feed, fed[:60])) == b""
    assert b"".join(map(splice.feed, fed[60:])).startswith(_named(ROLE) + comment)
    spaces = _chunk(content=" " * 1000)
    splice = _splice()
    assert [bool(splice.feed(spaces)) for _ in range(3)] == [False, False, True]


def test_of_a_notice_nothing_is_kept_while_it_comes() -> None:
    splice = _splice()
    splice.feed(_chunk(content=NOTICE))
    for _ in range(100):
        assert splice.feed(b": " + b"x" * 1000 + b"\n\n") == b""
    assert _passed(splice, DONE) == b""
    assert splice.fault is not None


def _whole(**fields: Any) -> bytes:
    choice = {"message": {"content": "Hi", "refusal": None}, "logprobs": None}
    said = {"choices": [choice], "model": "gpt-4o-1", "odd": 1.5}
    return json.dumps({**said, **fields}, indent=1).encode()


@pytest.mark.parametrize("size", [1, 1 << 20])
def test_a_whole_reply_passes_with_the_clients_name(size: int) -> None:
    splice = WholeSplice(JSON, STAMP, asked=True)
    body = _whole(usage={"prompt_tokens": 5, "completion_tokens": 7})
    assert _passed(splice, body, size) == _named(body)
    assert (splice.fault, splice.usage) == (None, Usage(prompt=5, completion=7))


@pytest.mark.parametrize(
    ("body", "asked", "status", "message"),
    [
        (b'{"type":"error","error":{"message":"Oh"}}', True, 502, "Oh"),
        (b'{"error":{"message":"Oh"}}', False, 502, "Oh"),
        (b"{}", True, 502, "ARGO answered with something"),
        (b"<html>", True, 502, "ARGO answered with something"),
        (_whole()[:-1], True, 502, "ARGO answered with something"),
        (_whole(), False, 502, "ARGO answered with something"),
        (_whole(choices=[{"message": {"content": NOTICE}}]), True, 401, NOTICE),
    ],
)
def test_what_is_no_whole_reply_is_a_fault(body: bytes, asked: bool, status: int, message: str) -> None:
    splice = WholeSplice(JSON, STAMP, asked=asked)
    assert _passed(splice, body) == b""
    assert splice.fault is not None
    assert (splice.fault.status, splice.fault.message[: len(message)]) == (status, message)


def test_a_refusal_is_told_in_its_own_words() -> None:
    splice = Refused(Head(429, "application/json", "7"))
    assert _passed(splice, b'{"error":{"message":"Slow down"}}', 5) == b""
    assert splice.fault is not None
    assert (splice.fault.status, splice.fault.message, splice.fault.retry_after) == (429, "Slow down", "7")


@pytest.mark.parametrize(
    ("data", "told", "named"),
    [
        (b'{"model":"a"}', "a", b'{"model":"b"}'),
        (b'{"model" : "a"}', "a", b'{"model" : "b"}'),
        (b'{"x":{"model":"a"},"model":"a"}', "a", b'{"x":{"model":"a"},"model":"b"}'),
        (b'{"model":"a","x":[{"model":"a"}]}', "a", b'{"model":"b","x":[{"model":"a"}]}'),
        (b'{"text":"\\"model\\":\\"a\\"","model":"a"}', "a", b'{"text":"\\"model\\":\\"a\\"","model":"b"}'),
        (b'{"model":"a\\u0062"}', "ab", b'{"model":"b"}'),
        (b'{"x":1}', None, b'{"x":1}'),
        (b'{"model":null}', None, b'{"model":null}'),
        (b'{"x":{"model":"a"}}', None, b'{"x":{"model":"a"}}'),
    ],
)
def test_only_the_outermost_model_is_renamed(data: bytes, told: str | None, named: bytes) -> None:
    assert renamed(data, told, b'"b"') == named


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", ["gpt4o", "gemini25pro"])
def test_argos_own_replies_pass(name: str, stream: bool) -> None:
    request = chat(stream=stream)
    call = WIRE.encode(request, model(name), "someone")
    reply = send(call)
    assert reply.text is not None
    splice = WIRE.splice(call, request, head(reply), STAMP)
    out = _passed(splice, reply.text.encode(), 50)
    first = json.loads(out.removeprefix(b"data: ").partition(b"\n")[0] if stream else out)
    assert first["model"] == STAMP.model
    assert (b'"usage"' in out) is not stream
    assert splice.usage is not None
    assert splice.usage.completion > 0


@pytest.mark.parametrize(
    ("fault", "stream", "status"),
    [
        ("429", True, 429),
        ("html-502", True, 502),
        ("error-200", True, 502),
        ("error-200", False, 502),
        ("error-event", True, 502),
        ("auth-notice", True, 401),
        ("auth-notice", False, 401),
    ],
)
def test_argos_failures_are_faults(fault: str, stream: bool, status: int) -> None:
    request = chat(stream=stream)
    call = WIRE.encode(request, model("gpt4o"), "someone")
    reply = send(call, Argo(fault=fault))
    assert reply.text is not None
    splice = WIRE.splice(call, request, head(reply), STAMP)
    out = _passed(splice, reply.text.encode())
    assert splice.fault is not None
    assert splice.fault.status == status
    assert b"rror" not in out


def test_a_stream_without_its_terminal_event() -> None:
    request = chat(stream=True)
    call = WIRE.encode(request, model("gpt4o"), "someone")
    reply = send(call, Argo(fault="no-terminal"))
    assert reply.text is not None
    splice = WIRE.splice(call, request, head(reply), STAMP)
    splice.feed(reply.text.encode())
    with pytest.raises(Truncated):
        splice.close()


@pytest.mark.parametrize("splice", [_splice(), WholeSplice(JSON, STAMP, True), Refused(Head(500))])
def test_they_keep_their_interface(splice: Any) -> None:
    verifyObject(ISplice, splice)


def test_a_call_decides_how_its_reply_passes() -> None:
    stream = Call(url="", body=b"", reply="stream")
    assert isinstance(WIRE.splice(stream, chat(stream=True), SSE, STAMP), StreamSplice)
    assert isinstance(WIRE.splice(stream, chat(stream=True), JSON, STAMP), WholeSplice)
    assert isinstance(WIRE.splice(stream, chat(stream=True), Head(200, "text/html"), STAMP), Refused)
