"""What only real connections show: those that are kept, those that end, and those that nobody reads from."""

from __future__ import annotations

import gzip
import json
import socket
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import attrs
import msgspec
import pytest
import pytest_twisted
import treq
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.ssl import trustRootFromCertificates
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.python.failure import Failure
from twisted.web.client import Agent, BrowserLikePolicyForHTTPS
from twisted.web.http_headers import Headers
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

from argoproxy.config import Config
from argoproxy.net.client import Overridden, make_agent
from argoproxy.net.handshake import NotAgreed
from argoproxy.proxy import Proxy
from argoproxy.service import make_proxy
from argoproxy.simulator import Simulator, SimulatorSettings
from tests.net.certificates import certificate_for
from tests.waiting import until

reactor: Any = _reactor


@attrs.define
class Live:
    """A proxy and its ARGO, each behind a port of its own."""

    proxy: Proxy
    argo: Simulator
    port: int

    async def chat(self, text: str = "Hello", **fields: Any) -> tuple[int, bytes]:
        body = json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": text}], **fields})
        agent = Agent(reactor)
        reply = await treq.client.HTTPClient(agent).post(
            f"http://127.0.0.1:{self.port}/v1/chat/completions",
            data=body.encode(),
            headers=Headers({"content-type": ["application/json"]}),
        )
        return reply.code, await treq.content(reply)


@asynccontextmanager
async def _live(settings: SimulatorSettings | None = None, **config: Any) -> AsyncIterator[Live]:
    argo = Simulator(settings or SimulatorSettings(), clock=reactor)
    argo_port = reactor.listenTCP(0, argo.site(), interface="127.0.0.1")
    base = f"http://127.0.0.1:{argo_port.getHost().port}"
    proxy = make_proxy(Config(user="someone", argo_base_url=base, update_check=False, **config), reactor)
    port = reactor.listenTCP(0, proxy.site, interface="127.0.0.1")
    try:
        yield Live(proxy, argo, port.getHost().port)
    finally:
        await port.stopListening()
        await Deferred.fromCoroutine(proxy.stop())
        await argo_port.stopListening()


class Wire(Protocol):
    """A client that can stop reading, and leave."""

    def __init__(self) -> None:
        self.said = b""
        self.lost = False

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.lost = True

    def dataReceived(self, data: bytes) -> None:
        self.said += data


async def _ask(live: Live, text: str, **fields: Any) -> Any:
    wire = await connectProtocol(TCP4ClientEndpoint(reactor, "127.0.0.1", live.port), Wire())
    body = json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": text}], **fields}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    wire.transport.write(head.encode() + body)
    return wire


@pytest.mark.parametrize("transport", ["llhttp", "stock"])
@pytest_twisted.ensureDeferred
async def test_connections_to_argo_are_kept(transport: str) -> None:
    async with _live(upstream_transport=transport) as live:
        for _ in range(3):
            assert (await live.chat())[0] == 200
        assert [request.reused for request in live.argo.requests] == [False, True, True]


@pytest.mark.parametrize("transport", ["llhttp", "stock"])
@pytest_twisted.ensureDeferred
async def test_a_kept_connection_that_argo_closes_as_it_is_used_costs_nothing(transport: str) -> None:
    async with _live(upstream_transport=transport) as live:
        await live.chat()
        status, body = await live.chat("[sim:close-reused]")
        assert status == 200, body
        assert [request.reused for request in live.argo.requests] == [False, True, False]
        assert live.proxy.underway.repeated == 1


@pytest.mark.parametrize("transport", ["llhttp", "stock"])
@pytest_twisted.ensureDeferred
async def test_three_attempts_are_made_at_most_the_one_on_a_kept_connection_included(transport: str) -> None:
    async with _live(upstream_transport=transport) as live:
        await gatherResults([Deferred.fromCoroutine(live.chat("[sim:wait=0.05]")) for _ in range(4)])
        live.argo.requests.clear()
        assert (await live.chat("[sim:close]"))[0] == 502
        assert [request.reused for request in live.argo.requests] == [True, False, False]


@pytest.mark.parametrize("transport", ["llhttp", "stock"])
@pytest.mark.parametrize("fault", ["close", "reset"])
@pytest_twisted.ensureDeferred
async def test_a_connection_that_is_lost_before_the_reply_is_tried_again(transport: str, fault: str) -> None:
    async with _live(upstream_transport=transport) as live:
        live.argo.fault(fault, times=2)
        assert (await live.chat())[0] == 200
        assert len(live.argo.requests) == 3
        assert live.proxy.underway.repeated == 2


@pytest.mark.parametrize("stream", [False, True])
@pytest_twisted.ensureDeferred
async def test_faults_on_the_wire_are_502s_and_the_next_request_is_served(stream: bool) -> None:
    async with _live() as live:
        for fault in ("reset", "close", "garbage-http", "html-502"):
            status, body = await live.chat(f"[sim:{fault}]", stream=stream)
            assert status == 502, fault
            assert json.loads(body)["error"]["message"]
            assert (await live.chat())[0] == 200


@pytest.mark.parametrize("transport", ["llhttp", "stock"])
@pytest_twisted.ensureDeferred
async def test_a_stream_that_is_reset_ends_cleanly_with_an_error(transport: str) -> None:
    async with _live(SimulatorSettings(chunk_size=4), upstream_transport=transport) as live:
        for fault in ("reset-mid", "truncated"):
            status, body = await live.chat(f"[sim:{fault}]", stream=True)
            assert status == 200
            assert b'"code":"upstream_truncated"' in body
            assert b"[DONE]" not in body


@pytest.mark.parametrize("fields", [{}, {"stream": True}, {"n": 20}])
@pytest_twisted.ensureDeferred
async def test_a_client_that_leaves_before_the_first_byte_ends_the_calls(fields: Any) -> None:
    async with _live() as live:
        wire = await _ask(live, "[sim:hang]", **fields)
        await until(lambda: live.argo.open_requests > 0)
        wire.transport.loseConnection()
        await until(lambda: live.argo.open_requests == 0)
        assert (await live.chat())[0] == 200


@pytest.mark.parametrize("transport", ["llhttp", "stock"])
@pytest_twisted.ensureDeferred
async def test_a_client_that_leaves_in_the_middle_ends_the_call(transport: str) -> None:
    async with _live(SimulatorSettings(chunk_delay=0.01, chunk_size=1), upstream_transport=transport) as live:
        wire = await _ask(live, "long " * 500, stream=True)
        await until(lambda: wire.said.count(b"data:") > 3)
        wire.transport.abortConnection()
        await until(lambda: live.argo.open_requests == 0)


@pytest_twisted.ensureDeferred
async def test_a_client_that_does_not_read_stops_the_reading_from_argo() -> None:
    async with _live() as live:
        wire = await _ask(live, "[sim:long=200000000]", stream=True)
        wire.transport.pauseProducing()
        await until(lambda: any(exchange._reply._paused for exchange in live.proxy.underway.exchanges))
        [exchange] = live.proxy.underway.exchanges
        sent, still = -1, 0
        while still < 20:
            await deferLater(reactor, 0.005)
            still = still + 1 if exchange._reply.record.sent == sent else 0
            sent = exchange._reply.record.sent
        assert exchange._reply._paused
        [channel] = live.proxy.site.connections
        assert len(channel.transport.dataBuffer) + channel.transport._tempDataLen < 2_000_000
        wire.transport.resumeProducing()
        await until(lambda: exchange._reply.record.sent > sent)
        wire.transport.abortConnection()
        await until(lambda: live.argo.open_requests == 0)


@pytest_twisted.ensureDeferred
async def test_who_reads_nothing_for_too_long_is_given_up_and_argos_call_with_them() -> None:
    async with _live() as live:
        live.proxy.site.longest_stall = 0.05
        wire = await _ask(live, "[sim:long=200000000]", stream=True)
        wire.transport.pauseProducing()
        await until(lambda: live.argo.open_requests > 0)
        await until(lambda: live.argo.open_requests == 0 and not live.proxy.site.connections)
        wire.transport.resumeProducing()
        await until(lambda: wire.lost)


@pytest_twisted.ensureDeferred
async def test_who_waits_in_the_queue_gives_up_the_turn_by_leaving() -> None:
    async with _live(max_upstream=1) as live:
        wires = [await _ask(live, "[sim:hang]") for _ in range(3)]
        await until(lambda: live.proxy.underway.open == 3)
        for wire in wires[::-1]:
            left = live.proxy.underway.open - 1
            wire.transport.abortConnection()
            await until(lambda: live.proxy.underway.open == left)  # noqa: B023 - awaited here
        await until(lambda: live.argo.open_requests == 0)
        assert [request.method for request in live.argo.requests if request.method == "POST"] == ["POST"]
        assert (await live.chat())[0] == 200


_PLENTY = 8_000_000
_CHUNK = b"%x\r\n%b\r\n" % (1_000_000, b"x" * 1_000_000)
_LARGE = {
    "of a length": (b"Content-Length: %d\r\n" % _PLENTY, b"x" * _PLENTY),
    "in chunks": (b"Transfer-Encoding: chunked\r\n", _CHUNK * 8 + b"0\r\n\r\n"),
    "expecting an answer": (b"Content-Length: %d\r\nExpect: 100-continue\r\n" % _PLENTY, b""),
    "in chunks, expecting an answer": (b"Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n", _CHUNK * 8),
    "compressed": (b"Content-Length: %d\r\nContent-Encoding: gzip\r\n" % _PLENTY, b"x" * _PLENTY),
}
_NEXT = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize(("headers", "body"), _LARGE.values(), ids=_LARGE)
@pytest_twisted.ensureDeferred
async def test_a_body_that_is_too_large_is_told_so_to_whoever_still_sends_it(headers: bytes, body: bytes) -> None:
    """What comes behind it is never answered."""
    async with _live(max_body_mb=1.0) as live:
        wire = await connectProtocol(TCP4ClientEndpoint(reactor, "127.0.0.1", live.port), Wire())
        wire.transport.write(b"POST /v1/messages HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n" + body + _NEXT)
        await until(lambda: wire.lost)
        expected = b"HTTP/1.1 100 Continue\r\n\r\n" if b"chunked\r\nExpect" in headers else b""
        said = wire.said.removeprefix(expected)
        assert said.startswith(b"HTTP/1.1 413 ")
        assert said.count(b"HTTP/1.1") == 1
        assert json.loads(said.partition(b"\r\n\r\n")[2])["error"]["type"] == "request_too_large"
        assert not live.argo.requests


# More than sockets hold.
_BAD_HEADS = {
    431: b"GET /health HTTP/1.1\r\nHost: x\r\nX-A: " + b"x" * 4 * _PLENTY,
    400: b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\n" + b"x" * 4 * _PLENTY,
}


def _say(port: int, data: bytes) -> bytes:
    """What a client gets that reads only when it has sent everything, as most do."""
    with socket.create_connection(("127.0.0.1", port), 30.0) as client:
        client.sendall(data)
        return client.recv(65536)


@pytest.mark.parametrize(("status", "sent"), _BAD_HEADS.items(), ids=_BAD_HEADS)
@pytest_twisted.ensureDeferred
async def test_a_head_that_is_refused_is_told_so_to_whoever_still_sends(status: int, sent: bytes) -> None:
    async with _live() as live:
        said = await deferToThread(_say, live.port, sent)
        assert said.startswith(b"HTTP/1.1 %d " % status)
        assert said.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
@pytest_twisted.ensureDeferred
async def test_a_body_that_becomes_too_large_is_told_so_and_the_next_request_is_served(
    pack: Callable[[bytes], bytes]
) -> None:
    packed = pack(b" " * _PLENTY)
    coding = b"gzip" if pack is gzip.compress else b"deflate"
    async with _live(max_body_mb=1.0) as live:
        wire = await connectProtocol(TCP4ClientEndpoint(reactor, "127.0.0.1", live.port), Wire())
        head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Encoding: %b\r\n" % coding
        wire.transport.write(head + b"Content-Length: %d\r\n\r\n" % len(packed) + packed + _NEXT)
        await until(lambda: b'"ok"' in wire.said)
        assert wire.said.startswith(b"HTTP/1.1 413 ")
        assert wire.said.count(b"HTTP/1.1 200") == 1
        wire.transport.loseConnection()


@pytest_twisted.ensureDeferred
async def test_connections_beyond_the_bound_are_closed_and_the_others_served() -> None:
    async with _live(max_connections_per_address=3) as live:
        endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", live.port)
        wires = [await connectProtocol(endpoint, Wire()) for _ in range(5)]
        await until(lambda: sum(wire.lost for wire in wires) == 2)
        for wire in wires:
            wire.transport.write(_NEXT)
        await until(lambda: sum(b'"ok"' in wire.said for wire in wires) == 3)
        for wire in wires:
            wire.transport.loseConnection()
        await until(lambda: not live.proxy.site.connections)
        assert (await live.chat())[0] == 200


@pytest_twisted.ensureDeferred
async def test_names_can_be_resolved_by_the_operator() -> None:
    async with _live() as live:
        port = live.proxy._serving.config.base_url.rpartition(":")[2]
        config = msgspec.structs.replace(
            live.proxy._serving.config,
            argo_base_url=f"http://argo.invalid:{port}",
            resolve_overrides={f"argo.invalid:{port}": "127.0.0.1"},
        )
        proxy = make_proxy(config, reactor)
        listening = reactor.listenTCP(0, proxy.site, interface="127.0.0.1")
        assert (await Live(proxy, live.argo, listening.getHost().port).chat())[0] == 200
        await listening.stopListening()
        await Deferred.fromCoroutine(proxy.stop())


class Here(Resource):
    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        return b"here"


@pytest.mark.parametrize("transport", ["llhttp", "stock"])
@pytest_twisted.ensureDeferred
async def test_an_overridden_address_keeps_the_name_for_tls(transport: str) -> None:
    ours, others = certificate_for("argo.invalid"), certificate_for("other.invalid")
    for certificate, accepted in ((ours, True), (others, False)):
        port = reactor.listenSSL(0, Site(Here()), certificate.options(), interface="127.0.0.1")
        number = port.getHost().port
        policy = BrowserLikePolicyForHTTPS(trustRootFromCertificates([certificate]))
        factory = Overridden(reactor, {f"argo.invalid:{number}": "127.0.0.1"}, 10.0, policy)
        agent, close = make_agent(reactor, transport, factory)
        try:
            for _ in range(2):
                reply = await agent.request(b"GET", b"https://argo.invalid:%d/" % number)
                assert accepted
                assert await treq.content(reply) == b"here"
        except NotAgreed:
            assert not accepted
        await close()
        await port.stopListening()


@pytest_twisted.ensureDeferred
async def test_an_argo_that_is_not_there_is_a_502() -> None:
    async with _live() as live:
        config = msgspec.structs.replace(live.proxy._serving.config, argo_base_url="http://127.0.0.1:1")
        proxy = make_proxy(config, reactor)
        port = reactor.listenTCP(0, proxy.site, interface="127.0.0.1")
        status, body = await Live(proxy, live.argo, port.getHost().port).chat()
        assert status == 502
        assert json.loads(body)["error"]["message"] == "ARGO could not be reached: the connection was refused."
        await port.stopListening()
        await Deferred.fromCoroutine(proxy.stop())


@pytest_twisted.ensureDeferred
async def test_a_request_that_has_come_but_is_not_read_yet_is_served_before_its_connection_is_drained() -> None:
    """What stands in front of several proxies asks over kept connections until it sees them closed."""
    async with _live() as live:
        wire = await connectProtocol(TCP4ClientEndpoint(reactor, "127.0.0.1", live.port), Wire())
        request = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
        wire.transport.write(request)
        await until(lambda: b'"ok"' in wire.said)
        wire.said = b""
        # Past the reactor, so that it is there before the reactor has had a turn.
        with socket.socket(fileno=socket.dup(wire.transport.fileno())) as past:
            past.sendall(request)
        drained = live.proxy.site.drain()
        await drained
        await until(lambda: wire.said.endswith(b"}"))
        assert wire.said.startswith(b"HTTP/1.1 200")
        assert b"\r\nconnection: close\r\n" in wire.said.lower()
