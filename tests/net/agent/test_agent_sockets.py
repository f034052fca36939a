"""What only real sockets show: bytes that leave at once, and those that don't fit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import deferLater
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from argoproxy.conversation import Call
from argoproxy.net.agent.sending import send_now
from argoproxy.net.client import Overridden, make_agent, make_client

reactor: Any = _reactor
LARGE = bytes(range(256)) * 20_000
_PATIENCE = 1000


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


async def _until(true: Any) -> None:
    for _ in range(_PATIENCE):
        if true():
            return
        await deferLater(reactor, 0.005)
    pytest.fail("it did not come to be")


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
        await _until(lambda: ear.heard == b"hello")


@pytest_twisted.ensureDeferred
async def test_what_does_not_fit_follows_in_its_order() -> None:
    ear = Ear()
    async with _connected(ear) as transport:
        for part in (LARGE, b"and", LARGE, b"more"):
            send_now(transport, part)
        assert transport in reactor.getWriters()
        await _until(lambda: len(ear.heard) == 2 * len(LARGE) + 7)
        assert ear.heard == LARGE + b"and" + LARGE + b"more"


@pytest_twisted.ensureDeferred
async def test_what_waits_already_goes_first() -> None:
    ear = Ear()
    async with _connected(ear) as transport:
        transport.write(b"first")
        send_now(transport, b"second")
        await _until(lambda: ear.heard == b"firstsecond")


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
async def test_a_reply_may_come_while_a_large_body_is_sent() -> None:
    ear = Ear(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno")
    async with _listening(ear) as port:
        agent, close = make_agent(reactor, "llhttp", Overridden(reactor, {}, 10.0))
        call = Call(url=f"http://127.0.0.1:{port}/", body=LARGE * 4, reply="chat")
        reply = await make_client(agent).send(call)
        body = bytearray()
        await reply.deliver(body.extend)
        assert (reply.head.status, bytes(body)) == (413, b"no")
        await close()
        await ear.over
        assert len(ear.heard) < len(LARGE) * 4
