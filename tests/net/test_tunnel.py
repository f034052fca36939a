"""The way to ARGO through a forward proxy."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest
import pytest_twisted
from twisted.internet import error
from twisted.internet import reactor as _reactor
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.logger import capturedLogs, formatEvent
from twisted.python.failure import Failure
from twisted.web.client import ResponseNeverReceived

from argoproxy.config import Config, ConfigFault
from argoproxy.conversation import Call
from argoproxy.errors import UpstreamFault
from argoproxy.net.deadline import Deadline
from argoproxy.net.tunnel import Refusals, Tunnel, TunnelRefused
from argoproxy.service import make_proxy
from argoproxy.simulator import Simulator, SimulatorSettings
from tests.net.certificates import certificate_for, pem_for

reactor: Any = _reactor
CREDENTIALS = b"Proxy-Authorization: Basic " + base64.b64encode(b"me:s3cret/word")


class Leading(Protocol):
    """A forward proxy's connection: to our own machine, whatever the name."""

    transport: Any

    def __init__(self, heads: list[bytes], answer: bytes) -> None:
        self._heads = heads
        self._answer = answer
        self._read = b""
        self._further: Any = None

    def dataReceived(self, data: bytes) -> None:
        if self._further is not None:
            self._further.transport.write(data)
            return
        self._read += data
        head, end, _ = self._read.partition(b"\r\n\r\n")
        if end:
            self._read = b""
            self._heads.append(head)
            self._lead(head)

    def _lead(self, head: bytes) -> None:
        if self._answer:
            self.transport.write(self._answer)
            return
        self.transport.pauseProducing()
        port = int(head.split(b" ")[1].rpartition(b":")[2])
        TCP4ClientEndpoint(reactor, "127.0.0.1", port).connect(Factory.forProtocol(lambda: Back(self)))

    def led(self, further: Protocol) -> None:
        self._further = further
        self.transport.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self.transport.resumeProducing()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._further is not None:
            self._further.transport.loseConnection()


class Back(Protocol):
    """The other end of a tunnel."""

    def __init__(self, near: Leading) -> None:
        self._near = near

    def connectionMade(self) -> None:
        self._near.led(self)

    def dataReceived(self, data: bytes) -> None:
        self._near.transport.write(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._near.transport.loseConnection()


@attrs.frozen
class Way:
    """
    A proxy of ours whose way to ARGO is through a forward proxy.

    @ivar heads: of what that was asked.
    """

    config: Config
    client: Any
    heads: list[bytes]

    async def call(self) -> int:
        """The status of a chat's reply."""
        body = b'{"user": "x", "model": "gpt4o", "messages": [{"role": "user", "content": "x"}]}'
        reply = await self.client.send(Call(url=self.config.chat_url, body=body, reply="chat"))
        await reply.deliver(lambda data: None)
        return int(reply.head.status)


@asynccontextmanager
async def _way(tmp_path: Path, transport: Any, answer: bytes = b"", scheme: str = "https") -> AsyncIterator[Way]:
    heads: list[bytes] = []
    roots = tmp_path / "roots.pem"
    roots.write_bytes(pem_for("argo.invalid"))
    simulator = Simulator(SimulatorSettings(), clock=reactor)
    context = certificate_for("argo.invalid").options()
    argo = reactor.listenSSL(0, simulator.site(), context, interface="127.0.0.1")
    leading = reactor.listenTCP(0, Factory.forProtocol(lambda: Leading(heads, answer)), interface="127.0.0.1")
    config = Config(
        user="someone",
        argo_base_url=f"{scheme}://argo.invalid:{argo.getHost().port}",
        upstream_transport=transport,
        ca_file=str(roots),
        upstream_proxy=f"http://me:s3cret%2Fword@127.0.0.1:{leading.getHost().port}",
    )
    proxy = make_proxy(config, reactor)
    try:
        yield Way(config, proxy._serving.traffic.parties.client, heads)
    finally:
        await Deferred.fromCoroutine(proxy.stop())
        await leading.stopListening()
        await argo.stopListening()


@pytest.mark.parametrize("transport", ["llhttp", "stock"])
@pytest_twisted.ensureDeferred
async def test_https_goes_through_a_tunnel_that_is_kept(tmp_path: Path, transport: str) -> None:
    """Only the first line and our credentials are the proxy's: TLS is with ARGO."""
    async with _way(tmp_path, transport) as way:
        assert [await way.call(), await way.call()] == [200, 200]
        target = way.config.base_url.removeprefix("https://").encode()
        lines = way.heads[0].split(b"\r\n")
        assert lines == [b"CONNECT %b HTTP/1.1" % target, b"Host: %b" % target, CREDENTIALS]
        assert len(way.heads) == 1


@pytest.mark.parametrize("transport", ["llhttp", "stock"])
@pytest_twisted.ensureDeferred
async def test_what_is_not_https_the_proxy_asks_for(tmp_path: Path, transport: str) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    async with _way(tmp_path, transport, answer, "http") as way:
        assert await way.call() == 200
        [head] = way.heads
        assert head.startswith(b"POST %b HTTP/1.1\r\n" % way.config.chat_url.encode())
        assert CREDENTIALS.lower() in head.lower()


@pytest.mark.parametrize("transport", ["llhttp", "stock"])
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 407 Who are you\r\n\r\n", "refused our user name and password, or wants some"),
        (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nme:", "refused to connect"),
        (b"HTTP/1.0 403 No\r\n\r\n", "refused to connect"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "refused to connect"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 20_000, "refused to connect"),
    ],
)
@pytest_twisted.ensureDeferred
async def test_a_refusal_is_a_502_that_names_no_credentials(
    tmp_path: Path, transport: str, answer: bytes, words: str
) -> None:
    async with _way(tmp_path, transport, answer) as way:
        with capturedLogs() as logs, pytest.raises(UpstreamFault) as caught:
            await way.call()
        assert (caught.value.status, caught.value.code) == (502, "upstream_unreachable")
        assert str(caught.value) == f"ARGO could not be reached: the proxy on the way to it {words}."
        assert not [event for event in logs if "s3cret" in formatEvent(event)]


@pytest.mark.parametrize("transport", ["llhttp", "stock"])
@pytest_twisted.ensureDeferred
async def test_who_is_not_believed_without_a_tunnel_gets_a_502_too(tmp_path: Path, transport: str) -> None:
    answer = b"HTTP/1.1 407 Who are you\r\nContent-Length: 2\r\n\r\nme"
    async with _way(tmp_path, transport, answer, "http") as way:
        with pytest.raises(UpstreamFault, match=r"refused our user name and password, or wants some\.$") as caught:
            await way.call()
        assert caught.value.status == 502


@pytest.mark.parametrize("name", ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"])
@pytest_twisted.ensureDeferred
async def test_what_the_environment_says_of_a_proxy_is_ignored(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "http://127.0.0.1:1")
    simulator = Simulator(SimulatorSettings(), clock=reactor)
    port = reactor.listenTCP(0, simulator.site(), interface="127.0.0.1")
    config = Config(user="someone", argo_base_url=f"http://127.0.0.1:{port.getHost().port}")
    proxy = make_proxy(config, reactor)
    assert await Way(config, proxy._serving.traffic.parties.client, []).call() == 200
    await Deferred.fromCoroutine(proxy.stop())
    await port.stopListening()


class Standing:
    """A connection to a forward proxy that plays dead until the test speaks for it."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.transport = StringTransport()
        self.opening: Any = None
        self.outcome: list[Any] = []
        self.told: list[int] = []
        self.inner = Protocol()
        # Only asked to connect, so it stands for an endpoint.
        tunnel = Deadline(Tunnel(self, b"CONNECT", self.told.append), self.clock, 10.0)  # type: ignore[arg-type]
        self.opened = tunnel.connect(Factory.forProtocol(lambda: self.inner))
        self.opened.addBoth(self.outcome.append)

    def connect(self, factory: Any) -> Deferred[Any]:
        """As the endpoint that leads to the proxy."""
        connected: Deferred[Any] = Deferred()
        self.opening = factory.buildProtocol(None)
        self.opening.makeConnection(self.transport)
        connected.callback(self.opening)
        return connected

    @property
    def aborted(self) -> bool:
        return bool(self.transport.disconnected or self.transport.disconnecting)


def test_it_may_take_as_long_as_any_connection() -> None:
    standing = Standing()
    standing.clock.advance(9.9)
    assert standing.outcome == []
    standing.clock.advance(0.1)
    assert standing.outcome[0].check(error.TimeoutError)
    assert standing.transport.disconnected
    standing.opening.connectionLost(Failure(error.ConnectionDone()))
    assert standing.clock.getDelayedCalls() == []


def test_who_no_longer_waits_ends_it() -> None:
    standing = Standing()
    standing.opened.cancel()
    assert standing.outcome[0].check(CancelledError)
    assert standing.transport.disconnected
    assert standing.clock.getDelayedCalls() == []


def test_a_connection_that_is_lost_meanwhile_is_told_as_that() -> None:
    standing = Standing()
    standing.opening.connectionLost(Failure(error.ConnectionLost()))
    assert standing.outcome[0].check(error.ConnectionLost)


def test_its_answer_may_come_in_pieces_and_what_stands_behind_is_argos() -> None:
    standing = Standing()
    heard: list[bytes] = []
    standing.inner.dataReceived = heard.append  # type: ignore[assignment, method-assign]
    for byte in b"HTTP/1.1 200 OK\r\nVia: x\r\n\r\n":
        assert not standing.outcome
        standing.opening.dataReceived(bytes([byte]))
    standing.opening.dataReceived(b"ARGO")
    assert standing.told == [200]
    assert (standing.outcome, heard, standing.inner.transport) == ([standing.inner], [b"ARGO"], standing.transport)

    standing = Standing()
    standing.inner.dataReceived = heard.append  # type: ignore[assignment, method-assign]
    standing.opening.dataReceived(b"HTTP/1.1 200 OK\r\n\r\nat once")
    assert heard == [b"ARGO", b"at once"]


def test_that_it_leads_nowhere_is_told_when_it_begins_and_when_it_is_over() -> None:
    """ARGO is asked for again and again meanwhile, by probes if by nobody else."""
    refusals = Refusals()
    prod, dev = "argo.example:443", "dev.example:443"
    with capturedLogs() as logs:
        for target, status in [(dev, 200), (prod, 503), (prod, 503), (dev, 503), (prod, 407), (prod, 407), (prod, 200)]:
            refusals.answered(target, status)
        refusals.answered(prod, 200)
    assert [formatEvent(event) for event in logs] == [
        "upstream_proxy refuses to connect to argo.example:443: status 503",
        "upstream_proxy refuses to connect to dev.example:443: status 503",
        "upstream_proxy refuses to connect to argo.example:443: status 407",
        "upstream_proxy connects to argo.example:443 again",
    ]


@pytest.mark.parametrize("transport", ["llhttp", "stock"])
@pytest_twisted.ensureDeferred
async def test_it_is_told_once_for_all_connections(tmp_path: Path, transport: str) -> None:
    async with _way(tmp_path, transport, b"HTTP/1.1 403 No\r\n\r\n") as way:
        with capturedLogs() as logs:
            for _ in range(2):
                with pytest.raises(UpstreamFault):
                    await way.call()
        assert len([event for event in logs if "refuses to connect" in formatEvent(event)]) == 1
        assert len(way.heads) >= 2


@pytest.mark.parametrize(
    "wrong",
    [
        "https://me:s3cret@host:1",
        "http://me:s3cret@host",
        "http://me:s3cret@host:0",
        "http://me:s3cret@host:1/path",
        "me:s3cret@host:1",
        "http:me:s3cret",
        "http://me:s3/cret@host:1",
    ],
)
def test_what_is_no_proxys_address_is_refused_without_being_told(wrong: str) -> None:
    with pytest.raises(ConfigFault, match=r"^upstream_proxy: must be http://host:port ") as caught:
        Config(user="someone", upstream_proxy=wrong)
    assert "s3" not in str(caught.value)


def test_a_refused_tunnel_is_a_connection_that_failed() -> None:
    """So that whoever retries those retries it."""
    assert issubclass(TunnelRefused, error.ConnectError)
    assert not issubclass(TunnelRefused, ResponseNeverReceived)
