"""What only real sockets show: bytes that leave at once, and those that don't fit; and TLS."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor as _reactor
from twisted.internet import tcp
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.ssl import trustRootFromCertificates
from twisted.internet.task import deferLater
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.web.client import BrowserLikePolicyForHTTPS
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site

from argoproxy.conversation import Call
from argoproxy.errors import UpstreamFault
from argoproxy.net.client import Overridden, make_agent, make_client
from argoproxy.net.sending import send_now
from tests.net.certificates import certificate_for
from tests.waiting import until

reactor: Any = _reactor
LARGE = bytes(range(256)) * 20_000


class Ear(Protocol):
    """
    Hears what comes, and answers with a reply as soon as its beginning is there.

    @ivar over: fires when the connection is.
    """

    def __init__(self, reply: bytes = b"") -> None:
        self.heard = bytearray()
        self.over: Deferred[None] = Deferred()
        self._reply = reply

    def dataReceived(self, data: bytes) -> None:
        if not self.heard and self._reply:
            assert self.transport is not None
            self.transport.write(self._reply)
        self.heard += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.over.callback(None)


@asynccontextmanager
async def _listening(ear: Ear) -> AsyncIterator[int]:
    port = reactor.listenTCP(0, Factory.forProtocol(lambda: ear), interface="127.0.0.1")
    yield port.getHost().port
    await port.stopListening()


@asynccontextmanager
async def _connected(ear: Ear) -> AsyncIterator[Any]:
    async with _listening(ear) as port:
        talker = await connectProtocol(TCP4ClientEndpoint(reactor, "127.0.0.1", port), Protocol())
        yield talker.transport
        talker.transport.abortConnection()
        await ear.over


@pytest_twisted.ensureDeferred
async def test_what_fits_leaves_at_once() -> None:
    ear = Ear()
    async with _connected(ear) as transport:
        send_now(transport, b"hello")
        assert transport not in reactor.getWriters()
        await until(lambda: ear.heard == b"hello")


@pytest_twisted.ensureDeferred
async def test_what_does_not_fit_follows_in_its_order() -> None:
    ear = Ear()
    async with _connected(ear) as transport:
        for part in (LARGE, b"and", LARGE, b"more"):
            send_now(transport, part)
        assert transport in reactor.getWriters()
        await until(lambda: len(ear.heard) == 2 * len(LARGE) + 7)
        assert ear.heard == LARGE + b"and" + LARGE + b"more"


@pytest_twisted.ensureDeferred
async def test_what_waits_already_goes_first() -> None:
    ear = Ear()
    async with _connected(ear) as transport:
        transport.write(b"first")
        send_now(transport, b"second")
        await until(lambda: ear.heard == b"firstsecond")


@pytest_twisted.ensureDeferred
async def test_a_socket_that_is_broken_is_found_out_by_the_reactor() -> None:
    ear = Ear()
    async with _connected(ear) as transport:
        transport.socket.shutdown(1)
        send_now(transport, b"hello")
        await ear.over
        assert ear.heard == b""


def test_any_other_transport_is_written_to() -> None:
    transport = StringTransport()
    send_now(transport, b"hello")
    assert transport.value() == b"hello"


@pytest_twisted.ensureDeferred
async def test_a_connection_sends_without_delay() -> None:
    ear = Ear(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n")
    async with _listening(ear) as port:
        agent, close = make_agent(reactor, "llhttp", Overridden(reactor, {}, 10.0))
        reply: Any = await agent.request(b"GET", b"http://127.0.0.1:%d/" % port)
        [transport] = [one for one in reactor.getReaders() if isinstance(one, tcp.Client)]
        assert transport.getTcpNoDelay()
        reply.abortConnection()
        await close()
        await ear.over


@pytest_twisted.ensureDeferred
async def test_a_reply_may_come_while_a_large_body_is_sent() -> None:
    ear = Ear(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno")
    async with _listening(ear) as port:
        agent, close = make_agent(reactor, "llhttp", Overridden(reactor, {}, 10.0))
        call = Call(url=f"http://127.0.0.1:{port}/", body=LARGE * 4, reply="chat")
        reply = await make_client(agent, reactor).send(call)
        body = bytearray()
        await reply.deliver(body.extend)
        assert (reply.head.status, bytes(body)) == (413, b"no")
        await close()
        await ear.over
        assert len(ear.heard) < len(LARGE) * 4


NAME = "argo.invalid"


class Echo(Resource):
    """Answers with what it was sent, in small pieces, with a pause if one is asked for in the query."""

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.peers: list[object] = []
        self.gone: list[object] = []

    def render_POST(self, request: Any) -> object:
        self.peers.append(request.channel.transport.getPeer().port)
        data = request.content.read()
        request.notifyFinish().addErrback(self.gone.append)
        request.write(data[: len(data) // 2])
        if not request.args:
            request.write(data[len(data) // 2 :])
            request.finish()
        return NOT_DONE_YET


@asynccontextmanager
async def _secured(echo: Resource) -> AsyncIterator[tuple[Any, str]]:
    """A client that trusts the server, and the server's address."""
    certificate = certificate_for(NAME)
    port = reactor.listenSSL(0, Site(echo), certificate.options(), interface="127.0.0.1")
    number = port.getHost().port
    policy = BrowserLikePolicyForHTTPS(trustRootFromCertificates([certificate]))
    agent, close = make_agent(
        reactor, "llhttp", Overridden(reactor, {f"{NAME}:{number}": "127.0.0.1"}, 10.0, policy)
    )
    try:
        yield make_client(agent, reactor), f"https://{NAME}:{number}/"
    finally:
        await close()
        await port.stopListening()


@pytest_twisted.ensureDeferred
async def test_large_bodies_go_both_ways_through_tls_on_one_connection() -> None:
    echo = Echo()
    async with _secured(echo) as (asker, url):
        for sent in (b"small", LARGE, b"small", LARGE):
            reply = await asker.send(Call(url=url, body=sent, reply="chat"))
            body = bytearray()
            await reply.deliver(body.extend)
            assert body == sent
        assert len(set(echo.peers)) == 1


@pytest_twisted.ensureDeferred
async def test_a_call_through_tls_can_be_paused_and_ended() -> None:
    echo = Echo()
    async with _secured(echo) as (asker, url):
        reply = await asker.send(Call(url=f"{url}?wait=1", body=LARGE, reply="chat"))
        body = bytearray()
        reading = reply.deliver(body.extend)
        reply.pause()
        await deferLater(reactor, 0.02)
        before = len(body)
        await deferLater(reactor, 0.02)
        assert len(body) == before < len(LARGE) // 2
        reply.resume()
        await until(lambda: len(body) == len(LARGE) // 2)
        reading.cancel()
        with pytest.raises(CancelledError):
            await reading
        await until(lambda: echo.gone)


@pytest_twisted.ensureDeferred
async def test_a_certificate_of_another_name_is_a_fault() -> None:
    async with _secured(Echo()) as (asker, url):
        with pytest.raises(UpstreamFault, match="could not be reached"):
            await asker.send(Call(url=url.replace(NAME, "localhost"), body=b"x", reply="chat"))
