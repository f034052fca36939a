"""What only real sockets show: resets, closed connections, slow readers, clients that leave; and the site's counts."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.protocol import ClientFactory, Protocol, connectionDone
from twisted.python.failure import Failure

from argoproxy.simulator import Simulator, SimulatorSettings
from tests.simulator.asking import CHAT, STREAMCHAT
from tests.waiting import until

reactor: Any = _reactor


class Client(Protocol):
    """A raw connection: what came, and how it ended."""

    def __init__(self) -> None:
        self.made: Deferred[Client] = Deferred()
        self.received = b""
        self.lost: Failure | None = None

    def connectionMade(self) -> None:
        """Twisted's."""
        self.made.callback(self)

    def dataReceived(self, data: bytes) -> None:
        """Twisted's."""
        self.received += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Twisted's."""
        self.lost = reason

    def ask(self, path: str, text: str) -> None:
        """Ask the gateway."""
        body = json.dumps({"user": "someone", "model": "gpt4o", "prompt": [text]}).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: argo\r\nAccept-Encoding: identity\r\nContent-Length: {len(body)}\r\n\r\n"
        self.transport.write(head.encode() + body)  # type: ignore[union-attr]


@asynccontextmanager
async def serving(**settings: Any) -> AsyncIterator[tuple[Simulator, Callable[[], Deferred[Client]]]]:
    """A simulator on a free port, and how to connect to it."""
    simulator = Simulator(SimulatorSettings(**settings), clock=reactor)
    port = reactor.listenTCP(0, simulator.site(), interface="127.0.0.1")
    clients: list[Client] = []

    def connect() -> Deferred[Client]:
        client = Client()
        clients.append(client)
        factory = ClientFactory.forProtocol(lambda: client)
        reactor.connectTCP("127.0.0.1", port.getHost().port, factory)
        return client.made

    yield simulator, connect
    for client in clients:
        if client.lost is None:
            client.transport.abortConnection()  # type: ignore[union-attr]
    await until(lambda: simulator.open_connections == 0)
    await port.stopListening()


@pytest.mark.parametrize(
    ("name", "ended", "received"),
    [
        ("reset", ConnectionLost, b""),
        ("close", ConnectionDone, b""),
        ("reset-mid", ConnectionLost, b'{"response":"This is'),
        ("truncated", ConnectionDone, b'{"response":"This is'),
        ("garbage-http", ConnectionDone, b"SSH-2.0"),
        ("close-after", ConnectionDone, b'"}'),
    ],
)
@pytest_twisted.ensureDeferred
async def test_how_connections_end(name: str, ended: type[Exception], received: bytes) -> None:
    """A reset is a reset, a close is a close, and what was sent before arrives."""
    async with serving(fault=name) as (simulator, connect):
        client = await connect()
        client.ask(CHAT, "hello")
        await until(lambda: client.lost is not None)
        assert client.lost is not None
        assert client.lost.check(ended)
        assert received in client.received
        await until(lambda: simulator.open_requests == 0)
        assert simulator.cut_requests == 0


@pytest_twisted.ensureDeferred
async def test_a_client_that_leaves_is_counted() -> None:
    """Before the first byte, and in the middle; a request that ended well is none."""
    async with serving() as (simulator, connect):
        for text in ("[sim:hang]", "[sim:hang-mid]"):
            client = await connect()
            client.ask(STREAMCHAT, text)
            await until(lambda: simulator.open_requests == 1)
            assert simulator.open_connections == 1
            client.transport.abortConnection()  # type: ignore[union-attr]
            await until(lambda: simulator.open_requests == simulator.open_connections == 0)
        assert simulator.cut_requests == 2
        client = await connect()
        client.ask(STREAMCHAT, "hello")
        await until(lambda: client.received.endswith(b"0\r\n\r\n"))
        assert (simulator.open_requests, simulator.cut_requests) == (0, 2)


@pytest_twisted.ensureDeferred
async def test_a_slow_reader_stops_the_making() -> None:
    """Of 300 million characters only what the sockets hold is made, until the reader reads."""
    async with serving(chunk_size=65536) as (simulator, connect):
        client = await connect()
        client.transport.pauseProducing()  # type: ignore[union-attr]
        client.ask(STREAMCHAT, "[sim:long=300000000]")
        await until(lambda: simulator.open_requests == 1)
        connection: Any = next(reader for reader in reactor.getReaders() + reactor.getWriters() if _serves(reader))
        await until(lambda: connection.producerPaused)
        held = len(connection.dataBuffer) + sum(map(len, connection._tempDataBuffer))
        assert held < 1_000_000
        client.transport.resumeProducing()  # type: ignore[union-attr]
        await until(lambda: len(client.received) > 10_000_000)
        assert b"longish longish" in client.received


def _serves(reader: Any) -> bool:
    return type(reader).__name__ == "Server" and getattr(reader, "producer", None) is not None


@pytest_twisted.ensureDeferred
async def test_connections_that_die_when_they_are_used_again() -> None:
    """The first request of a connection is answered, the second finds it closing."""
    async with serving(fault="close-reused") as (_, connect):
        client = await connect()
        client.ask(CHAT, "hello")
        await until(lambda: client.received.endswith(b'"}'))
        client.ask(CHAT, "hello")
        await until(lambda: client.lost is not None)
        assert client.received.count(b"200 OK") == 1


@pytest_twisted.ensureDeferred
async def test_chunks_are_cut_inside_of_characters() -> None:
    """On the socket, not only in the text."""
    async with serving(cut_characters=True, chunk_size=4) as (_, connect):
        client = await connect()
        client.ask(STREAMCHAT, "[sim:say=ééé]")
        await until(lambda: client.received.endswith(b"0\r\n\r\n"))
        assert b"\xc3\r\n" in client.received


@pytest_twisted.ensureDeferred
async def test_small_writes_are_not_held_back() -> None:
    """TCP_NODELAY is set."""
    async with serving() as (simulator, connect):
        client = await connect()
        client.ask(CHAT, "[sim:hang]")
        await until(lambda: simulator.open_requests == 1)
        [server] = [reader for reader in reactor.getReaders() if type(reader).__name__ == "Server" and reader.socket]
        assert server.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
