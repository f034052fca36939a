"""What comes in on one connection: requests however they are cut, nothing that could be read in two ways."""

from __future__ import annotations

import json
from typing import Any

import pytest
from twisted.internet.abstract import FileDescriptor
from twisted.internet.error import ConnectionAborted
from twisted.python.failure import Failure

from argoproxy.net import names
from argoproxy.net.channel import Channel
from argoproxy.net.request import BoundedRequest
from argoproxy.simulator import SimulatorSettings
from tests.conftest import LoggedErrors
from tests.net.test_site import HELLO, Line, Transport
from tests.web import Web

HEALTH = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
CHAT = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n"
CHUNKED = CHAT + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(HELLO), HELLO)
STREAMED = HELLO.replace(b"{", b'{"stream": true, ', 1)
STREAM = CHAT + b"Content-Length: %d\r\n\r\n" % len(STREAMED) + STREAMED
MEASURED = CHAT + b"Content-Length: %d\r\n\r\n" % len(HELLO) + HELLO


def _statuses(said: bytes) -> list[int]:
    return [int(part[:3]) for part in said.split(b"HTTP/1.1 ")[1:]]


def _bodies(said: bytes) -> list[Any]:
    """Of replies that tell their length."""
    bodies = []
    while said:
        head, _, rest = said.partition(b"\r\n\r\n")
        [length] = [int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        bodies.append(json.loads(rest[:length]))
        said = rest[length:]
    return bodies


REQUESTS = {
    "without a body": HEALTH,
    "of a length": MEASURED,
    "in chunks": CHUNKED,
    "in chunks with extensions and trailers": CHAT
    + b"Transfer-Encoding: chunked\r\n\r\n%x;a=b\r\n%b\r\n0\r\nX-Trailer: 1\r\n\r\n" % (len(HELLO), HELLO),
    "behind empty lines": b"\r\n\r\n" + HEALTH,
    "with an absolute URI": b"GET http://elsewhere.example:8080/health?a=b HTTP/1.1\r\nHost: x\r\n\r\n",
    "that offers another protocol": b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
}


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
def test_a_request_is_the_same_however_it_is_cut(request_: bytes) -> None:
    whole = Line(Web())
    expected = _bodies(whole.send(request_))
    assert _statuses(whole.said()) == [200]
    for size in (1, 7):
        line = Line(Web())
        for place in range(0, len(request_), size):
            line.channel.dataReceived(request_[place : place + size])
        line.web.settle()
        [body] = _bodies(line.said())
        assert body.get("choices") == expected[0].get("choices")
        assert not line.closed


@pytest.mark.parametrize("size", [1, 10, 1 << 20])
def test_requests_in_a_row_are_answered_in_a_row(size: int) -> None:
    line = Line(Web())
    data = MEASURED + HEALTH + CHUNKED + HEALTH
    for place in range(0, len(data), size):
        line.channel.dataReceived(data[place : place + size])
    line.web.settle()
    kinds = ["choices" if "choices" in body else "status" for body in _bodies(line.said())]
    assert kinds == ["choices", "status", "choices", "status"]


HOSTS = {
    b"GET / HTTP/1.1\r\n": 400,
    b"GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n": 400,
    b"GET / HTTP/1.0\r\nHost: x\r\nHost: y\r\n": 400,
    b"GET / HTTP/1.1\r\nHost: a b\r\n": 400,
    b"GET / HTTP/1.1\r\nHost: m\xfcnchen\r\n": 400,
    b"GET / HTTP/1.1\r\nHost: a/b\r\n": 400,
    b"GET / HTTP/1.1\r\nHost: a:b\r\n": 400,
    b"GET http://a@b/ HTTP/1.1\r\nHost: b\r\n": 400,
    b"GET / HTTP/1.0\r\n": 200,
    b"GET / HTTP/1.1\r\nHost:\r\n": 200,
    b"GET / HTTP/1.1\r\nHost: x:\r\n": 200,
    b"GET http://[::1]:1/?a=b HTTP/1.1\r\nHost: x\r\n": 200,
    b"GET http://x?a=b/c HTTP/1.1\r\nHost: x\r\n": 200,
    b"GET http://x HTTP/1.1\r\nHost: x\r\n": 200,
}


@pytest.mark.parametrize(("head", "status"), HOSTS.items())
def test_a_request_names_one_host(head: bytes, status: int) -> None:
    line = Line(Web())
    said = line.send(head + b"\r\n")
    assert int(said[9:12]) == status
    assert line.closed is (status == 400 or b"1.0" in head)


def test_very_many_at_once_do_not_pile_up() -> None:
    line = Line(Web())
    assert _statuses(line.send(HEALTH * 3000)) == [200] * 3000


TWO_WAYS = {
    "a length and chunks": b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
    "chunks and a length": b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
    "two lengths": b"Content-Length: 4\r\nContent-Length: 5\r\n",
    "the same length twice": b"Content-Length: 4\r\nContent-Length: 4\r\n",
    "a list of lengths": b"Content-Length: 4, 4\r\n",
    "two codings": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "chunks that aren't last": b"Transfer-Encoding: chunked, identity\r\n",
    "a coding before chunks": b"Transfer-Encoding: gzip, chunked\r\n",
    "identity": b"Transfer-Encoding: identity\r\n",
    "identity and a length": b"Transfer-Encoding: identity\r\nContent-Length: 4\r\n",
    "a coding nobody knows": b"Transfer-Encoding: xchunked\r\n",
    "a signed length": b"Content-Length: +4\r\n",
    "a length in hexadecimal": b"Content-Length: 0x4\r\n",
    "a length without end": b"Content-Length: 99999999999999999999999999\r\n",
    "an empty length": b"Content-Length:\r\n",
    "a space before the colon": b"Content-Length : 4\r\n",
    "a folded line": b"X-A: a\r\n b\r\n",
    "a line that begins with a space": b" X-A: a\r\n",
    "a bare line feed": b"X-A: a\nContent-Length: 4\r\n",
    "a bare carriage return": b"X-A: a\rContent-Length: 4\r\n",
    "a zero byte": b"X-A: a\0b\r\n",
    "a control character": b"X-A: a\x01b\r\n",
    "a vertical tab before a coding": b"Transfer-Encoding:\x0bchunked\r\n",
    "a space before a coding's colon": b"Transfer-Encoding : chunked\r\n",
    "a coding on a folded line": b"Transfer-Encoding:\r\n chunked\r\n",
    "a coding in quotes": b'Transfer-Encoding: "chunked"\r\n',
    "a coding with a parameter": b"Transfer-Encoding: chunked;q=1\r\n",
    "a coding and nothing": b"Transfer-Encoding: chunked,\r\n",
    "nothing and a coding": b"Transfer-Encoding: ,chunked\r\n",
    "no coding": b"Transfer-Encoding:\r\n",
    "an unknown coding before": b"Transfer-Encoding: cow\r\nTransfer-Encoding: chunked\r\n",
    "a zero byte behind a coding": b"Transfer-Encoding: chunked\0\r\n",
    "lengths with a space": b"Content-Length: 4 4\r\n",
    "a length below 0": b"Content-Length: -4\r\n",
    "a length with a fraction": b"Content-Length: 4.0\r\n",
    "a length with an underscore": b"Content-Length: 1_0\r\n",
    "a length in other digits": b"Content-Length: \xd9\xa4\r\n",
    "a vertical tab behind a length": b"Content-Length: 4\x0b\r\n",
    "no name": b": a\r\n",
    "no colon": b"X-A\r\n",
}


@pytest.mark.parametrize("headers", TWO_WAYS.values(), ids=TWO_WAYS)
def test_what_could_be_read_in_two_ways_is_refused_and_the_connection_closed(headers: bytes) -> None:
    line = Line(Web())
    said = line.send(CHAT + headers + b"\r\n" + b"0\r\n\r\n" + HEALTH)
    assert _statuses(said) == [400]
    assert line.closed
    assert not line.web.simulator.requests
    assert line.send(HEALTH) == said


@pytest.mark.parametrize(
    "first",
    [
        b"GET /health HTTP/2.0",
        b"GET /health HTTP/0.9",
        b"GET /health",
        b"BREW /health HTTP/2.0",
        b"BREW /health",
        b"BR{EW /health HTTP/1.1",
        b"GET /hea lth HTTP/1.1",
        b"GET /\xff HTTP/1.1",
        b"PRI * HTTP/2.0",
        b"GET\t/health\tHTTP/1.1",
        b" GET /health HTTP/1.1",
        b"GET /health HTTP/1.1 ",
        b"GET /health\r HTTP/1.1",
        b"GET /health HTTP/1.2",
        b"GET /hea\0lth HTTP/1.1",
        b"GET /health HTTP/1.1\nX: y",
    ],
)
def test_a_first_line_that_is_none_is_refused(first: bytes) -> None:
    line = Line(Web())
    assert _statuses(line.send(first + b"\r\nHost: x\r\n\r\n")) == [400]
    assert line.closed


UNKNOWN_METHODS = [b"BREW", b"get", b"GETX", b"G", b"foo-bar", b"PLAY", b"~1"]


@pytest.mark.parametrize("method", UNKNOWN_METHODS)
@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_a_method_that_nobody_knows_is_not_implemented(method: bytes, version: bytes) -> None:
    line = Line(Web())
    request = b"%b /v1/messages HTTP/%b\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody" % (method, version)
    for byte in request:
        assert not line.said() or line.closed
        line.channel.dataReceived(bytes([byte]))
    assert _statuses(line.send(HEALTH)) == [501]
    assert line.closed
    [body] = _bodies(line.said())
    assert body["type"] == "error"
    assert body["error"]["details"]["error_code"] == "unknown_method"


def test_what_is_no_request_is_none_by_whichever_method() -> None:
    assert _statuses(Line(Web()).send(b"BREW / HTTP/1.1\r\nHost: x\r\nContent-Length : 4\r\n\r\n")) == [400]


@pytest.mark.parametrize("method", [b"PUT", b"TRACE", b"PROPFIND", b"QUERY"])
def test_a_known_method_that_can_not_be_used_is_told_which_can(method: bytes) -> None:
    line = Line(Web())
    said = line.send(HEALTH.replace(b"GET", method))
    assert _statuses(said) == [405]
    assert b"\r\nallow: get, head, options\r\n" in said.lower()
    assert not line.closed
    assert _statuses(line.send(HEALTH.replace(b"GET /health", method + b" /nothing"))) == [405, 404]


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x05\x01\x00",
        b"{}",
        b"\r\n\0",
        b"GET / HTTP/1.1\nHost: x\n\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\n",
    ],
)
def test_what_never_becomes_a_head_is_refused_at_once(sent: bytes) -> None:
    """Not when its time is over: who speaks TLS, say, waits for an answer."""
    line = Line(Web())
    for byte in sent:
        assert not line.said()
        line.channel.dataReceived(bytes([byte]))
        if line.closed:
            break
    assert _statuses(line.said()) == [400]
    assert line.closed


def test_a_head_that_never_ends_is_refused() -> None:
    line = Line(Web())
    while not line.closed:
        line.channel.dataReceived(b"X-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" * 20)
        assert len(line.channel._unread) < 20_000
    assert _statuses(line.said()) == [431]


UNREADABLE = {
    "two lengths": (b" HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n", 400),
    "another version": (b" HTTP/3.0\r\nHost: x\r\n\r\n", 400),
    "no host": (b" HTTP/1.1\r\n\r\n", 400),
    "a chunk that is none": (b" HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n+5\r\n", 400),
    "a coding nobody knows": (b" HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 400),
    "many headers": (b" HTTP/1.1\r\nHost: x\r\n" + b"a: b\r\n" * 501 + b"\r\n", 431),
    "a long head": (b" HTTP/1.1\r\nX: " + b"x" * 20_000, 431),
    "a long query": (b"?x=" + b"x" * 20_000, 431),
    "no end": (b" HTTP/1.1\r\nX: x", 408),
}
SHAPES = {
    b"/v1/chat/completions": ["message", "type", "param", "code"],
    b"/nowhere": ["message", "type", "param", "code"],
    b"/v1/messages": ["type", "message", "details"],
    b"http://x.example/v1/messages": ["type", "message", "details"],
    b"/v1/messages/count_tokens": ["type", "message", "details"],
    b"/v1beta/models/gpt-4o:generateContent": ["code", "message", "status", "details"],
    b"/v1/models/gpt-4o:generateContent": ["code", "message", "status", "details"],
}


@pytest.mark.parametrize("path", SHAPES)
@pytest.mark.parametrize(("rest", "status"), UNREADABLE.values(), ids=UNREADABLE)
def test_who_can_not_be_read_is_told_so_by_the_api_that_was_asked(rest: bytes, status: int, path: bytes) -> None:
    line = Line(Web())
    line.send(MEASURED)
    before = len(line.said())
    said = line.send(b"POST " + path + rest)[before:]
    if status == 408:
        line.web.settle(61.0)
        said = line.said()[before:]
    assert _statuses(said) == [status]
    [body] = _bodies(said)
    assert list(body["error"]) == SHAPES[path]
    told = {line.partition(b": ")[0].lower(): line.partition(b": ")[2] for line in said.split(b"\r\n")}
    assert told[b"date"].endswith(b" GMT")
    assert told[b"x-request-id"] == told[b"request-id"] == body.get("request_id", told[b"request-id"].decode()).encode()


def test_of_whom_not_even_the_path_has_come_openais_api_is_told() -> None:
    for sent in (b"POST /v1/messages", b"POST", b"/v1/messages\r\n\r\n", b"POST /v1/messages\r\n\r\n"):
        line = Line(Web())
        line.send(sent)
        line.web.settle(61.0)
        assert list(_bodies(line.said())[0]["error"]) == SHAPES[b"/nowhere"]


def test_to_a_head_request_that_can_not_be_read_no_body_is_sent() -> None:
    for broken in (b"Content-Length: 4\r\nContent-Length: 5\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n+5\r\n"):
        said = Line(Web()).send(b"HEAD /v1/models HTTP/1.1\r\nHost: x\r\n" + broken)
        assert _statuses(said) == [400]
        assert said.endswith(b"\r\n\r\n")


def test_too_many_headers_are_refused() -> None:
    line = Line(Web())
    assert _statuses(line.send(b"GET /health HTTP/1.1\r\n" + b"A:\r\n" * 600 + b"\r\n")) == [431]


_SIZE = b"%x" % len(HELLO)
_LAST = b"0\r\n\r\n"


def _chunked(size: bytes = _SIZE, end: bytes = b"\r\n", last: bytes = _LAST) -> bytes:
    return CHAT + b"Transfer-Encoding: chunked\r\n\r\n" + size + b"\r\n" + HELLO + end + last


CHUNKS = {
    "no size": _chunked(b"xyz"),
    "an empty size": _chunked(b""),
    "a space before the size": _chunked(b" " + _SIZE),
    "a space behind the size": _chunked(_SIZE + b" "),
    "a tab behind the size": _chunked(_SIZE + b"\t"),
    "a signed size": _chunked(b"+" + _SIZE),
    "a size below 0": _chunked(b"-1"),
    "a size in another way": _chunked(b"0x" + _SIZE),
    "a size with an underscore": _chunked(b"1_0"),
    "a size that others read as another": _chunked(b"1000000000000" + _SIZE),
    "a size without end": _chunked(b"f" * 500),
    "a long extension": _chunked(_SIZE + b";" + b"a" * 5000),
    "a line feed in an extension": _chunked(_SIZE + b";a\nb"),
    "a carriage return in an extension": _chunked(_SIZE + b";a\rb"),
    "a zero byte in an extension": _chunked(_SIZE + b";a\0b"),
    "a bare line feed behind the size": _chunked(_SIZE).replace(_SIZE + b"\r\n", _SIZE + b"\n"),
    "a bare line feed behind the data": _chunked(end=b"\n"),
    "more data than the size": _chunked(end=b"xx\r\n"),
    "a bare line feed behind the last": _chunked(last=b"0\n\n"),
    "a bare line feed at the end": _chunked(last=b"0\r\n\n"),
    "a trailer that is none": _chunked(last=b"0\r\nnonsense\r\n\r\n"),
    "a trailer that is a request": _chunked(last=b"0\r\n" + HEALTH),
    "a space before a trailer's colon": _chunked(last=b"0\r\nX-T : 1\r\n\r\n"),
    "a folded trailer": _chunked(last=b"0\r\nX-T: 1\r\n 2\r\n\r\n"),
    "a bare line feed in a trailer": _chunked(last=b"0\r\nX-T: 1\nX-U: 1\r\n\r\n"),
    "long trailers": _chunked(last=b"0\r\nX-T: " + b"a" * 70_000 + b"\r\n\r\n"),
    "many trailers": _chunked(last=b"0\r\n" + b"X-T: a\r\n" * 10_000 + b"\r\n"),
}


@pytest.mark.parametrize("request_", CHUNKS.values(), ids=CHUNKS)
@pytest.mark.parametrize("size", [1 << 20, 1000])
def test_chunks_that_could_end_elsewhere_are_refused_and_the_connection_closed(request_: bytes, size: int) -> None:
    line = Line(Web())
    data = request_ + HEALTH
    for place in range(0, len(data), size):
        line.channel.dataReceived(data[place : place + size])
    line.web.settle()
    assert _statuses(line.said()) == [400]
    assert line.closed
    assert not line.web.simulator.requests


def test_trailers_mean_nothing() -> None:
    last = b"0\r\nContent-Length: 5\r\nHost: evil.example\r\nX-Request-Id: mine\r\nAuthorization: Bearer x\r\n\r\n"
    line = Line(Web())
    said = line.send(_chunked(last=last) + HEALTH)
    assert _statuses(said) == [200, 200]
    assert b"mine" not in said


def test_an_older_client_is_answered_once() -> None:
    line = Line(Web())
    said = line.send(b"GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + HEALTH)
    assert said.startswith(b"HTTP/1.0 200")
    assert said.count(b"HTTP/1.") == 1
    assert line.closed


@pytest.mark.parametrize("expected", [b"200-ok", b"100-continue, x", b""])
def test_what_else_is_expected_is_refused_before_the_body_comes(expected: bytes) -> None:
    line = Line(Web())
    said = line.send(CHAT + b"Expect: " + expected + b"\r\nContent-Length: %d\r\n\r\n" % len(HELLO))
    assert _statuses(said) == [417]
    assert line.send(HELLO) == said
    assert line.closed
    assert not line.web.simulator.requests


def test_a_client_is_told_to_go_on() -> None:
    line = Line(Web())
    head = CHAT + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(HELLO)
    assert line.send(head) == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert _statuses(line.send(HELLO)) == [100, 200]


@pytest.mark.parametrize(
    ("sent", "more"), [(b"", b""), (HEALTH, b""), (b"GET /hea", b""), (CHAT + b"Content-Length: 10\r\n\r\n{", b" ")]
)
def test_a_connection_that_says_nothing_for_a_minute_is_closed(sent: bytes, more: bytes) -> None:
    line = Line(Web())
    line.send(sent)
    line.web.settle(59.0)
    line.channel.dataReceived(more)
    assert not line.closed
    line.web.settle(2.0)
    assert line.closed is not bool(more)
    line.web.settle(59.0)
    assert line.closed


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (b"GET /hea", "error"),
        (b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{", "request_id"),
        (CHAT + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{", "error"),
    ],
)
def test_who_stops_in_the_middle_of_asking_is_told_after_a_minute(sent: bytes, told: str) -> None:
    line = Line(Web())
    assert not line.send(sent)
    line.web.settle(61.0)
    assert _statuses(line.said()) == [408]
    assert b"\r\nconnection: close\r\n" in line.said().lower()
    assert told in _bodies(line.said())[0]
    assert line.closed
    assert not line.web.clock.getDelayedCalls()


def test_a_body_may_take_long_if_it_is_never_silent() -> None:
    line = Line(Web())
    line.send(CHAT + b"Content-Length: %d\r\n\r\n" % len(HELLO))
    for byte in HELLO[:-1]:
        line.channel.dataReceived(bytes([byte]))
        line.web.settle(50.0)
    assert _statuses(line.send(HELLO[-1:])) == [200]


class Socket(FileDescriptor):
    """What there is of a socket for whoever asks how much of a reply has gone out."""

    def __init__(self) -> None:
        super().__init__(reactor=object())  # type: ignore[arg-type]


def _producer(line: Line) -> Any:
    return line.transport.producer


def _full(web: Web, more: bytes = b"") -> tuple[Line, Socket]:
    """A connection whose client reads nothing of a stream that has begun."""
    line = Line(web)
    line.transport.transport = beneath = Socket()  # type: ignore[attr-defined]
    body = HELLO.replace(b"Hello", b"[sim:hang]") + more
    line.send(CHAT + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    _producer(line).pauseProducing()
    return line, beneath


def _closes_after(line: Line, seconds: float) -> None:
    """The connection is closed by then, and not before."""
    line.web.settle(seconds - 1.0)
    assert not line.closed
    line.web.settle(1.0)
    assert line.closed


def test_who_reads_nothing_for_long_is_given_up() -> None:
    line, _ = _full(Web(send_timeout=100.0))
    _closes_after(line, 100.0)
    assert line.web.simulator.open_requests == 0
    assert not line.web.clock.getDelayedCalls()


def test_who_reads_slowly_is_not() -> None:
    line, beneath = _full(Web(send_timeout=100.0))
    for sent in range(5):
        beneath.offset = sent + 1
        line.web.settle(100.0)
        assert not line.closed
    line.web.settle(100.0)
    assert line.closed


def test_who_has_caught_up_may_take_any_time() -> None:
    line, _ = _full(Web(send_timeout=100.0))
    line.web.settle(99.0)
    _producer(line).resumeProducing()
    line.web.settle(500.0)
    assert not line.closed
    _producer(line).pauseProducing()
    _closes_after(line, 100.0)


def test_nobody_is_given_up_if_that_is_not_wanted() -> None:
    line, _ = _full(Web(send_timeout=0.0))
    line.web.settle(10_000.0)
    assert not line.closed


def test_a_whole_reply_may_take_longer_to_read_than_a_silent_connection() -> None:
    line = Line(Web(send_timeout=100.0))
    line.transport.transport = beneath = Socket()  # type: ignore[attr-defined]
    line.send(HEALTH)
    _producer(line).pauseProducing()
    for sent in range(3):
        beneath.offset = sent + 1
        line.web.settle(99.0)
        assert not line.closed
    _producer(line).resumeProducing()
    line.web.settle(121.0)
    assert line.closed


def test_connections_that_come_to_nothing_are_no_news(told: list[str]) -> None:
    web = Web()
    lines = [Line(web) for _ in range(10)]
    web.settle(61.0)
    assert all(line.closed for line in lines)
    assert not told


class Stuck(Transport):
    """A connection on which nothing goes out any more."""

    aborted = False

    def loseConnection(self) -> None:
        """It would, if it could."""

    def abortConnection(self) -> None:
        self.aborted = True
        self.protocol.connectionLost(Failure(ConnectionAborted()))


def test_a_connection_that_can_not_be_closed_is_broken_off() -> None:
    line = Line(Web())
    stuck = Stuck()
    stuck.protocol = channel = line.web.proxy.site.buildProtocol(None)
    channel.makeConnection(stuck)
    line.web.settle(61.0)
    assert not stuck.aborted
    line.web.settle(15.0)
    assert stuck.aborted
    assert not line.web.clock.getDelayedCalls()


def test_a_reply_may_take_longer_than_a_silent_connection() -> None:
    line = Line(Web())
    body = HELLO.replace(b"Hello", b"[sim:hang]")
    line.send(CHAT + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    line.web.settle(600.0)
    assert not line.closed


def test_a_head_has_a_minute_in_however_many_pieces_it_comes() -> None:
    line = Line(Web())
    for byte in HEALTH[:25]:
        line.channel.dataReceived(bytes([byte]))
        line.web.settle(2.5)
    assert line.closed


def test_empty_lines_are_nothing_heard() -> None:
    line = Line(Web())
    for _ in range(25):
        line.channel.dataReceived(b"\r\n")
        line.web.settle(2.5)
    assert line.closed


@pytest.mark.parametrize("wishes", ["close", "close,TE", "TE, Close", "keep-alive\r\nConnection: close"])
def test_a_client_that_wants_the_end_gets_it(wishes: str) -> None:
    line = Line(Web())
    said = line.send(f"GET /health HTTP/1.1\r\nHost: x\r\nConnection: {wishes}\r\n\r\n".encode())
    assert b"\r\nconnection: close\r\n" in said.lower()
    assert line.closed


def test_cookies_are_nobodys_business() -> None:
    assert _statuses(Line(Web()).send(HEALTH.replace(b"\r\n\r\n", b"\r\nCookie: a=b\r\n\r\n"))) == [200]


@pytest.mark.parametrize(
    ("path", "header"),
    [
        ("/v1/messages", b"anthropic-beta"),
        ("/v1/messages", b"anthropic-version"),
        ("/v1/messages", b"x-api-key"),
        ("/v1/chat/completions", b"authorization"),
        ("/v1/chat/completions", b"x-stainless-read-timeout"),
        ("/v1/chat/completions", b"content-encoding"),
        ("/v1/chat/completions", b"content-type"),
        ("/v1beta/models/gemini-2.5-pro:generateContent", b"x-goog-api-key"),
    ],
)
@pytest.mark.parametrize("passthrough", [False, True])
def test_headers_of_any_bytes_get_a_reply(path: str, header: bytes, passthrough: bool) -> None:
    line = Line(Web(username_passthrough=passthrough, honour_client_timeouts=True))
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(HELLO)}\r\n".encode()
    said = line.send(head + header + b": Bearer \xff\r\n\r\n" + HELLO)
    [status] = _statuses(said)
    assert status < 500
    assert b"x-request-id" in said.lower()


@pytest.mark.parametrize("header", [b"x-api-key", b"anthropic-version", b"x-goog-api-key"])
def test_a_list_of_models_is_given_for_any_key(header: bytes) -> None:
    said = Line(Web()).send(b"GET /v1/models HTTP/1.1\r\nHost: x\r\n" + header + b": \xff\r\n\r\n")
    assert _statuses(said) == [200]


def test_a_body_that_was_refused_is_answered_once() -> None:
    line = Line(Web(max_body_mb=0.001))
    said = line.send(CHAT + b"Transfer-Encoding: chunked\r\n\r\n" + b"7d0\r\n" + b"x" * 2000 + b"\r\nzzz\r\n")
    assert _statuses(said) == [413]
    assert line.closed


def _offer(line: Line, data: bytes) -> bytes:
    """Send as much of it as is read; what is left."""
    while data and line.transport.producerState == "producing":
        line.channel.dataReceived(data[:65_536])
        data = data[65_536:]
    return data


def _held(line: Line) -> int:
    """Bytes that have been read and wait for their turn."""
    return len(line.channel._unread) + sum(map(len, line.channel._dataBuffer))


def test_what_is_asked_ahead_waits_unread_and_is_all_served() -> None:
    line = Line(Web(SimulatorSettings(first_byte_delay=1.0)))
    body = HELLO + b" " * 700_000
    left = _offer(line, (CHAT + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)) * 6)
    while left:
        assert line.transport.producerState == "paused"
        line.web.settle(1.0)
        left = _offer(line, left)
    for _ in range(6):
        line.web.settle(1.0)
    assert _statuses(line.said()) == [200] * 6
    assert line.transport.producerState == "producing"


@pytest.mark.parametrize("request_", [MEASURED, CHUNKED], ids=["measured", "chunked"])
def test_no_more_is_held_of_what_is_asked_ahead_than_a_megabyte(request_: bytes) -> None:
    line = Line(Web(SimulatorSettings(first_byte_delay=1.0)))
    left = request_ * (4_000_000 // len(request_))
    for served in range(5):
        assert line.said().count(b"HTTP/1.1 200 ") == served
        left = _offer(line, left)
        assert line.transport.producerState == "paused"
        assert _held(line) < 1_200_000
        line.web.settle()
        line.web.settle(1.0)


def test_who_reads_nothing_is_read_no_further_either() -> None:
    line = Line(Web())
    body = HELLO.replace(b"Hello", b"[sim:hang]")
    line.send(CHAT + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    _producer(line).pauseProducing()
    assert _offer(line, HEALTH * 100_000)
    assert _held(line) < 1_200_000
    _producer(line).resumeProducing()
    assert line.transport.producerState == "paused"


def test_a_bug_in_a_route_that_answers_by_itself_is_a_500_with_an_id(
    monkeypatch: pytest.MonkeyPatch, logged_errors: LoggedErrors
) -> None:
    web = Web()
    monkeypatch.setattr(type(web.proxy.site.resource), "render", lambda self, request: 1 / 0)
    said = Line(web).send(HEALTH)
    assert _statuses(said) == [500]
    [body] = _bodies(said)
    assert body["error"]["code"] == "internal_error"
    assert b"division" not in said
    assert len(logged_errors.take()) == 1


def test_who_reads_nothing_gets_no_more_replies_than_there_are() -> None:
    """Requests are short and replies are long: a client could else fill our memory by asking."""
    line = Line(Web())
    line.channel.dataReceived(HEALTH * 3)
    _producer(line).pauseProducing()
    line.web.settle()
    line.channel.dataReceived(HEALTH * 2)
    line.web.settle()
    assert line.said().count(b"HTTP/1.1 200 ") == 1
    assert line.transport.producerState == "paused"
    _producer(line).resumeProducing()
    line.web.settle()
    assert line.transport.producerState == "producing"
    assert line.said().count(b"HTTP/1.1 200 ") == 5


def test_who_reads_nothing_of_what_was_asked_at_once_is_given_up_too() -> None:
    line = Line(Web(send_timeout=100.0))
    # What lies below is looked for as it would be below TLS.
    line.transport.transport = Socket()  # type: ignore[attr-defined]
    line.channel.dataReceived(HEALTH * 3)
    _producer(line).pauseProducing()
    _closes_after(line, 100.0)


# So many names the instances of a class can share in CPython.
MOST_NAMES = 30


@pytest.mark.parametrize(("kind", "shared"), [(Channel, names.CHANNEL), (BoundedRequest, names.REQUEST)])
def test_what_connections_and_requests_note_has_names_that_they_share(
    kind: type, shared: frozenset[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: set[str] = set()

    def note(self: object, name: str, value: object) -> None:
        noted.add(name)
        object.__setattr__(self, name, value)

    monkeypatch.setattr(kind, "__setattr__", note, raising=False)
    for request_ in (*REQUESTS.values(), STREAM, b"no HTTP at all\r\n\r\n", CHAT + b"Expect: nothing\r\n\r\n"):
        line = Line(Web())
        line.channel.getHost()
        line.send(request_ + HEALTH)
        if not line.closed:
            line.channel.resumeProducing()
            line.channel.pauseProducing()
        line.web.settle(10_000)
        line.channel.connectionLost(Failure(ConnectionAborted()))
    assert "requests" in noted or "notifications" in noted
    assert noted - set(getattr(kind, "__slots__", ())) <= shared
    assert len(shared) < MOST_NAMES
