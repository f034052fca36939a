"""What holds for any agent that carries calls to ARGO: ours, and Twisted's in its place."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from twisted.internet.defer import CancelledError
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.interfaces import IPushProducer
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone, ResponseFailed, ResponseNeverReceived
from twisted.web.error import SchemeNotSupported
from twisted.web.http import PotentialDataLoss
from twisted.web.http_headers import Headers
from twisted.web.iweb import UNKNOWN_LENGTH, IAgent, IClientRequest, IResponse
from zope.interface.verify import verifyObject

from tests.net.agent.lines import AGENTS, OK, RESET, URL, Body, Client, client, feedings, is_kept


@pytest.fixture(params=sorted(AGENTS))
def asker(request: pytest.FixtureRequest) -> Client:
    return client(request.param)


def _head(sent: bytes) -> tuple[bytes, list[bytes]]:
    """The first line of a request and its headers, sorted."""
    head, _, _ = sent.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    return first, sorted(line.lower() for line in lines)


H = b"HTTP/1.1 200 OK\r\n"

# The method, the reply, and what is to come of it: status, body.
REPLIES = {
    "a length": (b"GET", OK, 200, b"ok"),
    "a length of zero": (b"GET", H + b"Content-Length: 0\r\n\r\n", 200, b""),
    "chunks": (
        b"POST",
        H + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n",
        200,
        b"abc0123456789",
    ),
    "chunks with extensions": (
        b"POST",
        H + b'Transfer-Encoding: chunked\r\n\r\n1;a=b;c="d"\r\nx\r\n0;last\r\n\r\n',
        200,
        b"x",
    ),
    "chunks with trailers": (
        b"POST",
        H + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nDigest: y\r\nMore: z\r\n\r\n",
        200,
        b"x",
    ),
    "no chunk": (b"POST", H + b"Transfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n", 200, b""),
    "204": (b"POST", b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
    "204 that tells a length": (b"POST", b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", 204, b""),
    "304": (b"GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, b""),
    "HEAD": (b"HEAD", H + b"Content-Length: 5\r\n\r\n", 200, b""),
    "HEAD of chunks": (b"HEAD", H + b"Transfer-Encoding: chunked\r\n\r\n", 200, b""),
    "100 before": (b"POST", b"HTTP/1.1 100 Continue\r\n\r\n" + OK, 200, b"ok"),
    "several before": (
        b"POST",
        b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" + OK,
        200,
        b"ok",
    ),
    "an error": (b"POST", b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy", 503, b"busy"),
    "no phrase": (b"GET", b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", 200, b"ok"),
    "an unknown status": (b"GET", b"HTTP/1.1 599 What\r\nContent-Length: 2\r\n\r\nok", 599, b"ok"),
    "a close": (b"GET", H + b"Connection: close\r\nContent-Length: 2\r\n\r\nok", 200, b"ok"),
    "HTTP/1.0": (b"GET", b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, b"ok"),
    "bytes that are no text": (b"GET", H + b"X: \xff\r\nContent-Length: 2\r\n\r\n\x00\xff", 200, b"\x00\xff"),
}


def _cases() -> Iterator[object]:
    for name, (method, reply, status, body) in REPLIES.items():
        for pieces, how in zip(feedings(reply), ("whole", "byte by byte"), strict=True):
            yield pytest.param(method, pieces, status, body, id=f"{name}, {how}")


@pytest.mark.parametrize(("method", "pieces", "status", "body"), [*_cases()])
def test_a_reply_is_what_its_bytes_say(
    asker: Client, method: bytes, pieces: list[bytes], status: int, body: bytes
) -> None:
    got = asker.ask(method)
    for piece in pieces:
        asker.line.say(piece)
    assert (got.response.code, got.body.data) == (status, body)
    assert got.reason is ResponseDone


def test_a_body_may_end_with_its_connection(asker: Client) -> None:
    for head in (H, b"HTTP/1.0 200 OK\r\n"):
        got = asker.ask()
        asker.line.say(head + b"\r\nall")
        asker.line.say(b" of it")
        assert got.body.data == b"all of it"
        assert got.body.ends == []
        asker.line.lose()
        assert got.reason is PotentialDataLoss


@pytest.mark.parametrize("cut", range(1, len(OK)))
def test_a_reply_that_breaks_off_is_not_complete(asker: Client, cut: int) -> None:
    got = asker.ask()
    asker.line.say(OK[:cut])
    assert not got.is_over
    asker.line.lose()
    end = got.failure or got.body.ends[0]
    assert end.check(ResponseFailed)


@pytest.mark.parametrize("reason", [None, RESET])
def test_without_a_reply_the_request_fails(asker: Client, reason: Exception | None) -> None:
    got = asker.ask()
    asker.line.lose(reason)
    assert got.failure is not None
    assert got.failure.check(ResponseNeverReceived)


@pytest.mark.parametrize("reply", [b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 two OK\r\n\r\n", b"\x15\x03\x01\x00\x02\x02"])
def test_what_is_no_http_fails_the_request(asker: Client, reply: bytes) -> None:
    got = asker.ask()
    asker.line.say(reply)
    asker.line.lose()
    assert got.failure is not None
    assert got.failure.check(ResponseFailed)


def test_what_is_sent(asker: Client) -> None:
    asker.ask(b"POST", URL, b"body", Headers({"Accept": ["a", "b"], "X-One": ["1"]}))
    sent = asker.line.sent
    first, lines = _head(sent)
    assert first == b"POST /path?a=b HTTP/1.1"
    assert lines == [b"accept: a", b"accept: b", b"content-length: 4", b"host: argo.example:8080", b"x-one: 1"]
    assert sent.endswith(b"\r\n\r\nbody")


@pytest.mark.parametrize(
    ("method", "body", "length"),
    [
        (b"GET", None, None),
        (b"HEAD", None, None),
        (b"DELETE", None, None),
        (b"POST", None, b"0"),
        (b"PUT", None, b"0"),
        (b"POST", b"", b"0"),
        (b"DELETE", b"abc", b"3"),
    ],
)
def test_the_bodys_length_is_told_where_one_is_expected(
    asker: Client, method: bytes, body: bytes | None, length: bytes | None
) -> None:
    asker.ask(method, URL, body)
    lines = _head(asker.line.sent)[1]
    told = [line.partition(b": ")[2] for line in lines if line.startswith(b"content-length")]
    assert told == ([] if length is None else [length])


@pytest.mark.parametrize(
    ("url", "host"),
    [
        (b"http://argo.example/", b"argo.example"),
        (b"http://argo.example:80/", b"argo.example"),
        (b"http://argo.example:81/", b"argo.example:81"),
        (b"https://argo.example/", b"argo.example"),
        (b"https://argo.example:443/", b"argo.example"),
        (b"https://argo.example:80/", b"argo.example:80"),
        (b"http://[::1]/", b"[::1]"),
        (b"http://[::1]:8080/", b"[::1]:8080"),
    ],
)
def test_the_host_is_named_as_it_was_asked_for(asker: Client, url: bytes, host: bytes) -> None:
    asker.ask(url=url)
    assert b"host: " + host in _head(asker.line.sent)[1]


def test_a_host_header_of_the_callers_takes_its_place(asker: Client) -> None:
    asker.ask(headers=Headers({"host": ["other.example"]}))
    assert _head(asker.line.sent)[1] == [b"host: other.example"]


def test_a_path_may_be_empty(asker: Client) -> None:
    asker.ask(url=b"http://argo.example")
    assert _head(asker.line.sent)[0] == b"GET / HTTP/1.1"


def test_the_callers_headers_stay_as_they_were(asker: Client) -> None:
    headers = Headers({"X-One": ["1"]})
    asker.whole(method=b"POST", body=b"x", headers=headers)
    assert list(headers.getAllRawHeaders()) == [(b"X-One", [b"1"])]


@pytest.mark.parametrize("method", [b"", b"G T", b"G\r\nX: y", b"G\x00", b"G\xc3", b"G:"])
def test_what_is_no_method_is_refused(asker: Client, method: bytes) -> None:
    with pytest.raises(ValueError, match=r"method"):
        asker.ask(method)
    assert asker.world.lines == []


@pytest.mark.parametrize("path", [b"a b", b"a\r\nX: y", b"\x00", b"\x7f", b"\xc3\xa4", b"a\tb"])
def test_what_is_no_uri_is_refused(asker: Client, path: bytes) -> None:
    with pytest.raises(ValueError, match=r"URI"):
        asker.ask(url=b"http://argo.example/" + path)
    assert asker.world.lines == []


def test_a_method_is_bytes(asker: Client) -> None:
    with pytest.raises(TypeError):
        asker.ask("GET")  # type: ignore[arg-type]


def test_a_header_stays_on_its_line(asker: Client) -> None:
    asker.ask(headers=Headers({"X-One": ["a\r\nX-Other: b"]}))
    assert b"x-one: a x-other: b" in _head(asker.line.sent)[1]


def test_another_scheme_is_a_failure(asker: Client) -> None:
    got = asker.ask(url=b"ftp://argo.example/")
    assert got.failure is not None
    assert got.failure.check(SchemeNotSupported)


def test_a_connection_that_cant_be_made_is_a_failure_as_it_is(asker: Client) -> None:
    asker.world.at_once = False
    got = asker.ask()
    asker.world.connecting[0][0].errback(Failure(ConnectionRefusedError()))
    assert got.failure is not None
    assert got.failure.check(ConnectionRefusedError)


def test_the_interfaces_are_kept(asker: Client) -> None:
    assert verifyObject(IAgent, asker.agent)
    got = asker.whole(read=False)
    assert verifyObject(IResponse, got.response)
    assert IClientRequest.providedBy(got.response.request)


def test_a_response_tells_what_came_and_what_was_asked(asker: Client) -> None:
    headers = Headers({"X-One": ["1"]})
    reply = b"HTTP/1.1 299 Quite Fine\r\nX-Two: 2  \r\nx-two:3\r\nEmpty:\r\nContent-Length: 0\r\n\r\n"
    response = asker.whole(reply, method=b"POST", body=b"x", headers=headers).response
    assert (response.version, response.code, response.phrase) == ((b"HTTP", 1, 1), 299, b"Quite Fine")
    assert response.headers.getRawHeaders(b"X-Two") == [b"2", b"3"]
    assert response.headers.getRawHeaders("empty") == [""]
    assert response.headers.getRawHeaders("none") is None
    assert (response.request.method, response.request.absoluteURI) == (b"POST", URL)
    assert response.request.headers.getRawHeaders(b"x-one") == [b"1"]


def test_a_response_tells_the_one_before_it(asker: Client) -> None:
    first, second = asker.whole().response, asker.whole().response
    assert first.previousResponse is None
    second.setPreviousResponse(first)
    assert second.previousResponse is first


@pytest.mark.parametrize(
    ("method", "head", "length"),
    [
        (b"GET", H + b"Content-Length: 7\r\n\r\n", 7),
        (b"GET", H + b"Content-Length: 0\r\n\r\n", 0),
        (b"GET", H + b"Transfer-Encoding: chunked\r\n\r\n", UNKNOWN_LENGTH),
        (b"GET", H + b"\r\n", UNKNOWN_LENGTH),
        (b"HEAD", H + b"Content-Length: 7\r\n\r\n", 0),
        (b"GET", b"HTTP/1.1 204 No Content\r\n\r\n", 0),
    ],
)
def test_the_length_of_a_body_is_told_if_it_is_known(asker: Client, method: bytes, head: bytes, length: object) -> None:
    assert asker.whole(head, method=method, read=False).response.length == length


def test_heads_before_the_replys_leave_nothing_behind(asker: Client) -> None:
    response = asker.whole(REPLIES["several before"][1]).response
    assert response.phrase == b"OK"
    assert not response.headers.hasHeader("link")


def test_trailers_are_no_headers(asker: Client) -> None:
    response = asker.whole(REPLIES["chunks with trailers"][1]).response
    assert not response.headers.hasHeader("digest")


def test_a_body_that_nobody_reads_yet_is_not_read_on(asker: Client) -> None:
    got = asker.ask(read=False)
    asker.line.say(H + b"Content-Length: 9\r\n\r\nabc")
    assert asker.line.paused
    body = Body()
    got.response.deliverBody(body)
    assert not asker.line.paused
    assert body.data == b"abc"
    asker.line.say(b"defghi")
    assert body.data == b"abcdefghi"
    assert [end.type for end in body.ends] == [ResponseDone]


def test_a_body_that_is_over_is_delivered_late(asker: Client) -> None:
    got = asker.whole(read=False)
    body = Body()
    got.response.deliverBody(body)
    assert body.data == b"ok"
    assert [end.type for end in body.ends] == [ResponseDone]


def test_a_body_is_delivered_once(asker: Client) -> None:
    got = asker.whole()
    with pytest.raises(Exception, match=r"."):
        got.response.deliverBody(Body())


def test_whoever_reads_a_body_sets_the_pace(asker: Client) -> None:
    got = asker.ask()
    asker.line.say(H + b"Content-Length: 9\r\n\r\nabc")
    producer = IPushProducer(got.body.line)
    assert not asker.line.paused
    producer.pauseProducing()
    assert asker.line.paused
    producer.resumeProducing()
    assert not asker.line.paused


def test_a_pause_ends_with_its_body(asker: Client) -> None:
    got = asker.ask()
    asker.line.say(H + b"Content-Length: 3\r\n\r\nab")
    producer = IPushProducer(got.body.line)
    producer.pauseProducing()
    asker.line.say(b"c")
    assert not asker.line.paused
    producer.pauseProducing()
    assert not asker.line.paused
    assert is_kept(asker)


def test_a_connection_is_used_again(asker: Client) -> None:
    for _ in range(3):
        assert asker.whole().body.data == b"ok"
    assert len(asker.world.lines) == 1


def test_a_connection_is_free_when_its_body_ends(asker: Client) -> None:
    """Whoever hears of the end may ask on at once."""

    class Eager(Body):
        def connectionLost(self, reason: object = None) -> None:
            asker.ask()

    got = asker.ask(read=False)
    asker.line.say(OK[:-1])
    got.response.deliverBody(Eager())
    asker.line.clear()
    asker.line.say(OK[-1:])
    assert len(asker.world.lines) == 1
    assert asker.line.sent.startswith(b"GET ")


def test_hosts_have_connections_of_their_own(asker: Client) -> None:
    for url in (b"http://a.example/", b"https://a.example/", b"http://a.example:81/", b"http://b.example/"):
        asker.whole(url=url)
    assert len(asker.world.lines) == 4
    asker.whole(url=b"http://a.example/other")
    assert len(asker.world.lines) == 4


def test_a_connection_that_is_to_end_does(asker: Client) -> None:
    asker.whole(H + b"Connection: close\r\nContent-Length: 2\r\n\r\nok")
    assert asker.line.closed
    assert not is_kept(asker)


def test_a_connection_that_ends_while_nobody_uses_it_is_forgotten(asker: Client) -> None:
    asker.whole()
    asker.line.lose()
    assert asker.whole().body.data == b"ok"
    assert len(asker.world.lines) == 2


def test_cancelled_while_connecting(asker: Client) -> None:
    asker.world.at_once = False
    got = asker.ask()
    got.answer.cancel()
    assert got.failure is not None
    assert got.failure.check(CancelledError)
    assert asker.world.cancelled == [True]


@pytest.mark.parametrize("came", [b"", b"HTTP/1.1 2"])
def test_cancelled_before_the_head_is_there(asker: Client, came: bytes) -> None:
    got = asker.ask(b"POST", URL, b"body")
    asker.line.say(came)
    got.answer.cancel()
    assert asker.line.cut
    asker.turn()
    assert got.failure is not None
    assert not is_kept(asker)
