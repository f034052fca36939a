"""Our Site on the wire, byte for byte: what is refused before it is read, and how it stops."""

from __future__ import annotations

import json
from typing import Any

import pytest
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from argoproxy.config.keys import ApiKey
from argoproxy.net.channel import Channel
from argoproxy.service import ProxyService
from argoproxy.simulator import SimulatorSettings
from tests.web import Web

HELLO = json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}).encode()


class Transport(StringTransport):
    """A connection that really closes when it is told to."""

    protocol: Channel

    def loseConnection(self) -> None:
        self._close()

    def abortConnection(self) -> None:
        self._close()

    def _close(self) -> None:
        if not self.disconnecting:
            self.disconnecting = True
            self.protocol.connectionLost(Failure(ConnectionDone()))


class Line:
    """One connection to a proxy's Site."""

    def __init__(self, web: Web) -> None:
        self.web = web
        self.channel: Channel = web.proxy.site.buildProtocol(IPv4Address("TCP", "127.0.0.1", 1))
        self.transport = Transport()
        self.transport.protocol = self.channel
        self.channel.makeConnection(self.transport)

    def send(self, data: bytes) -> bytes:
        self.channel.dataReceived(data)
        self.web.settle()
        return self.said()

    def said(self) -> bytes:
        return bytes(self.transport.value())

    @property
    def closed(self) -> bool:
        return bool(self.transport.disconnecting)


def _post(body: bytes = HELLO, path: str = "/v1/chat/completions", headers: str = "") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return head.encode() + body


def _status(reply: bytes) -> int:
    return int(reply.split(b" ", 2)[1])


def _json(reply: bytes) -> Any:
    return json.loads(reply.partition(b"\r\n\r\n")[2])


def test_a_body_that_is_too_large_is_refused_before_it_is_read() -> None:
    line = Line(Web(max_body_mb=0.001))
    reply = line.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\nExpect: 100-continue\r\n\r\n")
    assert _status(reply) == 413
    assert b"100 Continue" not in reply
    assert _json(reply)["error"]["code"] == "request_too_large"
    assert b"x-request-id" in reply.lower()
    assert reply.lower().count(b"\r\ndate: ") == 1
    assert not line.closed
    assert line.send(b"x" * 5000) == reply
    assert line.closed


FORESEEN = {
    "no such path": ("POST /v1/nothing", "", 404, "not_found"),
    "no such method": ("PUT /v1/chat/completions", "", 405, "method_not_allowed"),
    "no such method of Google's": ("POST /v1beta/models/gpt-4o:tune", "", 404, "not_found"),
    "no JSON": ("POST /v1/messages", "Content-Type: text/plain\r\n", 415, "unsupported_media_type"),
    "a coding": ("POST /v1/models/x:embedContent", "Content-Encoding: br\r\n", 415, "unsupported_content_encoding"),
}


@pytest.mark.parametrize(("line", "headers", "status", "code"), FORESEEN.values(), ids=FORESEEN)
@pytest.mark.parametrize("body", ["Content-Length: 4", "Transfer-Encoding: chunked"])
def test_what_the_head_alone_decides_is_said_in_place_of_continue(
    line: str, headers: str, status: int, code: str, body: str
) -> None:
    head = f"{line} HTTP/1.1\r\nHost: x\r\n{headers}{body}\r\n"
    told = Line(Web()).send(f"{head}Expect: 100-continue\r\n\r\n".encode())
    behind = Line(Web()).send(f"{head}\r\n".encode() + (b"0\r\n\r\n" if "chunked" in body else b"body"))
    for said in (told, behind):
        assert _status(said) == status
        assert code in json.dumps(_json(said)).lower()
        assert (b"\r\nallow: post, options\r\n" in said.lower()) == (status == 405)
        assert (b"\r\naccept-encoding: " in said.lower()) == (code == "unsupported_content_encoding")


@pytest.mark.parametrize("settings", [{"keys": (ApiKey(name="one", sha256="0" * 64),)}, {"username_passthrough": True}])
def test_nor_is_anybody_told_to_go_on_who_does_not_say_who_they_are(settings: dict[str, Any]) -> None:
    reply = Line(Web(**settings)).send(_post(headers="Expect: 100-continue\r\n").partition(HELLO)[0])
    assert _status(reply) == 401


@pytest.mark.parametrize(
    "request_",
    [
        "POST /v1/chat/completions?a=b",
        "POST /v1beta/models/gpt-4o:generateContent",
        "POST /refresh",
        "GET /health",
        "OPTIONS /v1/chat/completions",
    ],
)
def test_whoever_may_go_on_is_told_so(request_: str) -> None:
    head = f"{request_} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
    line = Line(Web())
    assert line.send(head.encode()) == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert line.send(b"{}").count(b"HTTP/1.1 ") == 2
    assert not line.closed


def test_anthropics_clients_are_told_the_id_of_one_that_is_too_large() -> None:
    reply = Line(Web(max_body_mb=0.001)).send(_post(b"x" * 5000, "/v1/messages"))
    told = _json(reply)
    assert told["error"]["type"] == "request_too_large"
    assert f"\r\nrequest-id: {told['request_id']}\r\n".encode() in reply.lower()


def test_a_client_that_goes_on_sending_is_cut_off_after_a_while() -> None:
    web = Web(max_body_mb=0.001)
    line = Line(web)
    line.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n")
    web.settle(1.9)
    assert not line.closed
    web.settle(0.2)
    assert line.closed


def test_a_chunked_body_is_counted_as_it_comes() -> None:
    line = Line(Web(max_body_mb=0.001))
    line.send(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    assert line.send(b"200\r\n" + b"x" * 512 + b"\r\n") == b""
    assert _status(line.send(b"200\r\n" + b"x" * 512 + b"\r\n")) == 413
    line.send(b"200\r\n" + b"x" * 512 + b"\r\n0\r\n\r\n")
    assert line.closed


def test_a_body_of_just_the_size_is_taken() -> None:
    body = HELLO + b" " * (1000 - len(HELLO))
    assert _status(Line(Web(max_body_mb=0.001)).send(_post(body))) == 200


@pytest.mark.parametrize("host", ["a..b", "x" * 70, "x" * 70 + ".org", "", "[::1]:80", "%00"])
def test_any_host_is_served(host: str) -> None:
    reply = Line(Web()).send(f"GET /health HTTP/1.1\r\nHost: {host}\r\n\r\n".encode("latin-1"))
    assert _status(reply) == 200


@pytest.mark.parametrize("path", [b"/%ff", b"/v1/models/%ff"])
def test_a_path_that_is_no_text_is_a_400(path: bytes) -> None:
    reply = Line(Web()).send(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert _status(reply) == 400
    assert _json(reply)["error"]["code"] == "bad_path"


@pytest.mark.parametrize(
    ("given", "kept"),
    [(b"abc-1.2_3", True), (b"x" * 128, True), (b"x" * 129, False), (b"", False), (b"a b", False), (b"a\xff", False)],
)
def test_the_clients_request_id_is_kept_if_it_can_be(given: bytes, kept: bool) -> None:
    reply = Line(Web()).send(b"GET /health HTTP/1.1\r\nHost: x\r\nX-Request-Id: " + given + b"\r\n\r\n")
    [line] = [line for line in reply.split(b"\r\n") if line.lower().startswith(b"x-request-id: ")]
    assert (line.partition(b": ")[2] == given) is kept


@pytest.mark.parametrize("path", ["/health", "/", "/nowhere", "/v1/models", "/v1/chat", "/v1/models/nope"])
def test_every_reply_is_json_with_an_id_and_tells_no_software(path: str) -> None:
    reply = Line(Web()).send(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    head = reply.partition(b"\r\n\r\n")[0].lower()
    assert b"content-type: application/json" in head
    assert b"x-request-id: req_" in head
    assert b"server: argoproxy\r\n" in head + b"\r\n"
    assert b"twisted" not in head
    assert _json(reply)


TOLD = ["/", "/health", "/health/ready", "/version", "/openapi.json", "/v1/models", "/v1/models/gpt-4o"]
TOLD += ["/v1beta/models", "/v1beta/models/gemini-2.5-pro", "/nowhere", "/v1/models/nope", "/v1beta/nowhere"]


@pytest.mark.parametrize("path", TOLD)
def test_a_head_request_has_the_head_alone(path: str) -> None:
    web = Web()
    web.get("/health/ready")
    asked = [f"{method} {path} HTTP/1.1\r\nHost: x\r\nX-Request-Id: a\r\n\r\n" for method in ("HEAD", "GET")]
    told, got = (Line(web).send(one.encode()) for one in asked)
    assert told.endswith(b"\r\n\r\n")
    assert sorted(told.split(b"\r\n")) == sorted(got[: got.index(b"\r\n\r\n") + 4].split(b"\r\n"))


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("*", "GET, HEAD, POST, OPTIONS"),
        ("/health", "GET, HEAD, OPTIONS"),
        ("/v1/messages", "POST, OPTIONS"),
        ("/v1beta/models/gemini-2.5-pro:generateContent", "GET, HEAD, POST, OPTIONS"),
        ("http://x/refresh?a=b", "POST, OPTIONS"),
    ],
)
def test_options_are_told(path: str, allowed: str) -> None:
    line = Line(Web())
    reply = line.send(f"OPTIONS {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert _status(reply) == 204
    assert reply.endswith(b"\r\n\r\n")
    assert f"\r\nallow: {allowed}\r\n".encode().lower() in reply.lower()
    assert b"access-control" not in reply.lower()
    assert _status(line.send(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")[len(reply) :]) == 200


def test_there_are_no_options_for_what_there_is_not() -> None:
    reply = Line(Web()).send(b"OPTIONS /nowhere HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (_status(reply), _json(reply)["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize("asked", ["GET *", "POST *", "CONNECT x:443", "GET health"])
def test_what_asks_for_no_path_is_a_400(asked: str) -> None:
    assert _status(Line(Web()).send(f"{asked} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode())) == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/models"),
        ("PUT", "/health"),
        ("DELETE", "/refresh"),
        ("GET", "/v1beta/models/gemini-2.5-pro:generateContent"),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(method: str, path: str) -> None:
    reply = Line(Web()).send(f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode())
    assert _status(reply) == 405
    assert b"\r\nallow: " in reply.lower()


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (None, 200),
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("Application/JSON", 200),
        ("application/vnd.api+json", 200),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
    ],
)
def test_a_body_is_json_or_says_nothing(kind: str | None, status: int) -> None:
    header = "" if kind is None else f"Content-Type: {kind}\r\n"
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n{header}Content-Length: {len(HELLO)}\r\n\r\n"
    assert _status(Line(Web()).send(head.encode() + HELLO)) == status


def test_codings_on_two_lines_are_several() -> None:
    reply = Line(Web()).send(_post(headers="Content-Encoding: gzip\r\nContent-Encoding: zstd\r\n"))
    assert _status(reply) == 415
    assert b"\r\nAccept-Encoding: gzip, deflate, zstd\r\n" in reply


def test_pipelined_requests_are_answered_in_order() -> None:
    reply = Line(Web()).send(_post() + b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
    assert reply.count(b"HTTP/1.1 200 OK") == 2
    assert reply.index(b"chat.completion") < reply.index(b'"status":"ok"')


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nno header\r\n\r\n", 400),
        (b"GET /" + b"x" * 20_000, 431),
        (b"GET / HTTP/1.1\r\n" + b"X-A: " + b"x" * 9000 + b"\r\nX-B: " + b"x" * 9000 + b"\r\n\r\n", 431),
    ],
)
def test_what_is_no_request_is_told_so_in_json(head: bytes, status: int) -> None:
    line = Line(Web())
    reply = line.send(head)
    assert _status(reply) == status
    assert _json(reply)["error"]["message"]
    assert b"x-request-id: req_" in reply.lower()
    assert b"twisted" not in reply.lower()
    assert line.closed


# Stopping.


def test_draining_closes_idle_connections_and_says_so_to_busy_ones() -> None:
    web = Web(SimulatorSettings(first_byte_delay=5.0))
    idle, used, busy, begun = (Line(web) for _ in range(4))
    used.send(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
    busy.send(_post())
    begun.send(_post()[:-3])
    drained: list[None] = []
    web.proxy.site.drain().addCallback(drained.append)
    assert (idle.closed, used.closed, busy.closed, begun.closed) == (True, True, False, False)
    assert not drained
    begun.send(_post()[-3:])
    web.settle(5.1)
    for line in (busy, begun):
        assert b"\r\nconnection: close\r\n" in line.said().lower()
        assert _status(line.said()) == 200
        assert line.closed
    assert drained == [None]


def test_a_retired_site_ends_each_connection_behind_its_next_reply() -> None:
    """Nobody is cut off while they ask."""
    web = Web(SimulatorSettings(first_byte_delay=5.0))
    idle, used, busy, begun = (Line(web) for _ in range(4))
    used.send(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
    busy.send(_post())
    begun.send(_post()[:-3])
    web.proxy.site.retire()
    assert not any(line.closed for line in (idle, used, busy, begun))
    assert b"connection: close" in used.send(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n").lower()
    assert used.closed
    begun.send(_post()[-3:])
    web.settle(5.1)
    for line in (busy, begun):
        assert _status(line.said()) == 200
        assert b"\r\nconnection: close\r\n" in line.said().lower()
        assert line.closed
    assert not idle.closed


def test_what_a_retired_site_still_has_is_closed_if_nobody_asks() -> None:
    web = Web()
    idle, begun = Line(web), Line(web)
    web.proxy.site.retire()
    begun.send(_post()[:-3])
    drained: list[None] = []
    web.proxy.site.drain_retired().addCallback(drained.append)
    assert (idle.closed, begun.closed, drained) == (True, False, [])
    assert _status(begun.send(_post()[-3:])) == 200
    assert (begun.closed, drained) == (True, [None])


def test_a_retired_proxy_waits_for_clients_to_go_over() -> None:
    web = Web(SimulatorSettings(first_byte_delay=100.0), shutdown_grace=1.0)
    idle, busy = Line(web), Line(web)
    busy.send(_post())
    retired: list[Any] = []
    Deferred.fromCoroutine(web.proxy.retire()).addBoth(retired.append)
    web.settle(5.9)
    assert not idle.closed
    web.settle(0.1)
    assert (idle.closed, retired) == (True, [])
    web.settle(100.0)
    assert _status(busy.said()) == 200
    assert retired == [None]


def test_draining_nothing_is_done_at_once() -> None:
    drained: list[None] = []
    Web().proxy.site.drain().addCallback(drained.append)
    assert drained == [None]


def test_what_outlasts_the_grace_is_told_and_cut() -> None:
    web = Web(SimulatorSettings(chunk_delay=10.0, chunk_size=4), shutdown_grace=25.0)
    stream, whole = Line(web), Line(web)
    stream.send(_post(HELLO[:-1] + b', "stream": true}'))
    whole.send(_post(HELLO.replace(b"Hello", b"[sim:hang]")))
    web.settle(10.0)
    stopped: list[Any] = []
    web.stop().addBoth(stopped.append)
    web.settle(24.0)
    assert not stopped
    web.settle(1.1)
    assert stopped == [None]
    assert b'"code":"shutting_down"' in stream.said()
    assert b"[DONE]" not in stream.said()
    assert _status(whole.said()) == 503
    assert web.simulator.open_requests == 0


def _ready(line: Line) -> tuple[int, str]:
    before = len(line.said())
    reply = line.send(b"GET /health/ready HTTP/1.1\r\nHost: x\r\n\r\n")[before:]
    return _status(reply), _json(reply)["status"]


def test_load_balancers_are_told_of_a_stop_for_as_long_as_is_configured() -> None:
    web = Web(drain_delay=5.0, update_check=False, allowed_hosts=["x"])
    service = ProxyService(web.proxy.front, [], lambda: web.proxy)
    service.startService()
    line = Line(web)
    web.settle()
    assert _ready(line) == (200, "ready")
    stopped = service.stopService()
    assert _ready(line) == (503, "draining")
    web.settle(4.9)
    assert _ready(Line(web)) == (503, "draining")
    assert not line.closed
    web.settle(0.1)
    assert (line.closed, stopped.called) == (True, True)


def test_a_proxy_that_stops_is_not_ready() -> None:
    web = Web(SimulatorSettings(first_byte_delay=5.0), update_check=False)
    busy, other = Line(web), Line(web)
    busy.send(_post())
    other.send(b"GET /health/ready HTTP/1.1\r\n")
    web.stop()
    reply = other.send(b"Host: x\r\n\r\n")
    assert (_status(reply), _json(reply)["status"]) == (503, "draining")
    assert other.closed


@pytest.mark.parametrize("early", [False, True], ids=["behind the stop", "before it"])
def test_a_cut_ends_the_delay(early: bool) -> None:
    """Both signals may have come while the process did something else; which is then seen first is by chance."""
    web = Web(drain_delay=3600.0, update_check=False, allowed_hosts=["x"])
    service = ProxyService(web.proxy.front, [], lambda: web.proxy)
    service.startService()
    busy = Line(web)
    busy.send(_post(HELLO.replace(b"Hello", b"[sim:hang]")))
    if early:
        service.cut()
    stopped = service.stopService()
    if not early:
        service.cut()
    web.settle()
    assert (_status(busy.said()), stopped.called) == (503, True)
    web.settle(5.0)
    assert web.clock.getDelayedCalls() == []
