"""Agents whose connections are in memory: what they send is looked at, and what comes back is made up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.web.client import URI, Agent
from twisted.web.error import SchemeNotSupported
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IAgentEndpointFactory, IResponse
from zope.interface import implementer

from argoproxy.net.agent import LlhttpAgent, WholeBody
from argoproxy.net.pool import KeptConnections

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
URL = b"http://argo.example:8080/path?a=b"


class Line(StringTransport):
    """
    A connection, as its far side sees it.

    @ivar cut: whether it was ended without regard to what was still to be sent.
    @ivar closed: whether it was ended in any way.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self.far: Any = None
        self.cut = False
        self.lost = False
        self.agrees = True

    @property
    def closed(self) -> bool:
        return self.cut or bool(self.disconnecting)

    @property
    def sent(self) -> bytes:
        """What has been sent since it was last asked for."""
        value: bytes = self.value()
        self.clear()
        return value

    @property
    def paused(self) -> bool:
        return bool(self.producerState == "paused")

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        super().registerProducer(producer, streaming)
        if not streaming:
            producer.resumeProducing()

    def take(self) -> None:
        """The far side takes all that is sent to it."""
        while self.producer is not None:
            self.producer.resumeProducing()

    def say(self, data: bytes) -> None:
        """The far side sends something."""
        if not self.lost:
            self.far.dataReceived(data)

    def lose(self, reason: Exception | None = None) -> None:
        """The connection is over."""
        if not self.lost:
            self.lost = True
            self.far.connectionLost(Failure(reason or ConnectionDone()))

    def loseConnection(self) -> None:
        self.disconnecting = True
        if self.agrees:
            self._clock.callLater(0, self.lose)

    def abortConnection(self) -> None:
        self.cut = True
        self._clock.callLater(0, self.lose, ConnectionAborted())


@implementer(IStreamClientEndpoint)
@attrs.define
class Endpoint:
    """Where connections are made to, at once or when the test says so."""

    _world: World

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        made: Deferred[IProtocol] = Deferred(lambda ignored: self._world.cancelled.append(True))
        self._world.connecting.append((made, protocolFactory))
        if self._world.at_once:
            self._world.connect()
        return made


@implementer(IAgentEndpointFactory)
@attrs.define
class World:
    """
    Everything there is beside the agent.

    @ivar at_once: whether connections are made without waiting for L{connect}.
    @ivar meanwhile: is called with a connection that is made, before anybody hears of it.
    @ivar asked: the URIs for which an endpoint was wanted.
    """

    clock: Clock = attrs.field(factory=Clock)
    lines: list[Line] = attrs.field(factory=list)
    connecting: list[tuple[Deferred[IProtocol], IProtocolFactory]] = attrs.field(factory=list)
    cancelled: list[bool] = attrs.field(factory=list)
    asked: list[URI] = attrs.field(factory=list)
    at_once: bool = True
    meanwhile: Callable[[Line], object] = lambda line: None

    def endpointForURI(self, uri: URI) -> Endpoint:
        if uri.scheme not in (b"http", b"https"):
            raise SchemeNotSupported("neither http nor https")
        self.asked.append(uri)
        return Endpoint(self)

    def connect(self) -> Line:
        """Make the connection that was asked for first."""
        made, factory = self.connecting.pop(0)
        line = Line(self.clock)
        line.far = factory.buildProtocol(line.getPeer())
        self.lines.append(line)
        line.far.makeConnection(line)
        self.meanwhile(line)
        made.callback(line.far)
        return line

    def turn(self, seconds: float = 0.0) -> None:
        """Let pass some time."""
        self.clock.advance(seconds)


class Body(Protocol):
    """
    Reads a body.

    @ivar ends: why it ended, each time that it was told.
    """

    def __init__(self, *, paused: bool = False) -> None:
        self.pieces: list[bytes] = []
        self.ends: list[Failure] = []
        self._paused = paused

    @property
    def data(self) -> bytes:
        return b"".join(self.pieces)

    def connectionMade(self) -> None:
        if self._paused:
            self.line.pauseProducing()

    @property
    def line(self) -> Any:
        """Its transport."""
        return self.transport

    def dataReceived(self, data: bytes) -> None:
        self.pieces.append(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.ends.append(reason)


class Got:
    """What came of a request so far: a response and its body, or a failure."""

    def __init__(self, answer: Deferred[IResponse], *, read: bool = True) -> None:
        self.response: Any = None
        self.failure: Failure | None = None
        self.body = Body()
        self._read = read
        self.answer = answer
        answer.addCallbacks(self._begun, self._failed)

    def _begun(self, response: IResponse) -> None:
        self.response = response
        if self._read:
            response.deliverBody(self.body)

    def _failed(self, failure: Failure) -> None:
        self.failure = failure

    @property
    def reason(self) -> object:
        """The type of what ended the body."""
        [end] = self.body.ends
        return end.type

    @property
    def is_over(self) -> bool:
        return self.failure is not None or bool(self.body.ends)


def make_llhttp(world: World) -> IAgent:
    return LlhttpAgent(world.clock, world)


def make_stock(world: World) -> IAgent:
    agent: IAgent = Agent.usingEndpointFactory(world.clock, world, KeptConnections(world.clock))
    return agent


AGENTS: dict[str, Callable[[World], IAgent]] = {"llhttp": make_llhttp, "stock": make_stock}


@attrs.define
class Client:
    """An agent and its world."""

    agent: IAgent
    world: World = attrs.field(factory=World)

    def ask(
        self,
        method: bytes = b"GET",
        url: bytes = URL,
        body: bytes | None = None,
        headers: Headers | None = None,
        *,
        read: bool = True,
    ) -> Got:
        producer = None if body is None else WholeBody(body)
        return Got(self.agent.request(method, url, headers, producer), read=read)

    @property
    def line(self) -> Line:
        """The newest connection."""
        return self.world.lines[-1]

    def turn(self, seconds: float = 0.0) -> None:
        self.world.turn(seconds)

    def whole(self, reply: bytes = OK, **asked: Any) -> Got:
        """Ask, and be given such a reply on the newest connection."""
        got = self.ask(**asked)
        self.line.say(reply)
        return got


def client(kind: str = "llhttp", **world: Any) -> Client:
    made = World(**world)
    return Client(AGENTS[kind](made), made)


def is_kept(asker: Client) -> bool:
    """Whether the next request goes out on the newest connection."""
    line, before = asker.line, len(asker.world.lines)
    line.clear()
    asker.turn()
    asker.ask()
    return len(asker.world.lines) == before and line.sent.startswith(b"GET ")


def feedings(data: bytes) -> Sequence[list[bytes]]:
    """Ways to get the same bytes."""
    return [[data], [data[index : index + 1] for index in range(len(data))]]


RESET = ConnectionLost()
