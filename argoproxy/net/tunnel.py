"""
The way to ARGO through a forward proxy: a tunnel (CONNECT) for https, so that TLS is with ARGO itself.

What is plain http such a proxy asks for by itself; tunnels to other ports than TLS's it refuses, as a rule.

Its user name and password go to it alone; no fault and no line of the log has them.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import attrs
from twisted.internet import error
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.interfaces import IAddress, IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.client import ProxyAgent
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IBodyProducer, IResponse
from zope.interface import implementer

from .deadline import Deadline
from .headers import changeable

_log = Logger()

_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3})\b")
_LONGEST_HEAD = 16_384
_WANTS_CREDENTIALS = 407


class TunnelRefused(error.ConnectError):
    """The forward proxy leads nowhere."""


class CredentialsRefused(TunnelRefused):
    """The forward proxy wants to know who asks, or doesn't believe it."""


class Refusals:
    """To whom a forward proxy doesn't lead: told when that begins, and when it is over."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    def answered(self, target: str, status: int) -> None:
        """
        It has answered.

        @param target: to whom it was asked to lead.
        """
        before = self._known.pop(target, None)
        if not _leads(status):
            self._known[target] = status
            if status != before:
                told = "upstream_proxy refuses to connect to {target}: status {status}"
                _log.warn(told, target=target, status=status)
        elif before is not None:
            _log.warn("upstream_proxy connects to {target} again", target=target)


@attrs.frozen
class ForwardProxy:
    """
    A proxy that leads out.

    @ivar _credentials: what it wants to know of us, as a header's value; empty for nothing.
    @ivar _timeout: seconds in which a connection to it must be there.
    """

    _reactor: Any
    _host: str
    _port: int
    _credentials: bytes
    _timeout: float
    _refusals: Refusals = attrs.field(factory=Refusals, init=False)

    @classmethod
    def at(cls, url: str, reactor: Any, timeout: float) -> ForwardProxy:
        """The one at C{http://user:password@host:port}; user name and password may be missing."""
        parts = urlsplit(url)
        name, _, _ = parts.netloc.rpartition("@")
        credentials = b"Basic " + b64encode(unquote_to_bytes(name)) if name else b""
        return cls(reactor, parts.hostname or "", parts.port or 80, credentials, timeout)

    def tunnel(self, host: str, port: int) -> IStreamClientEndpoint:
        """What connects through it."""
        target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        lines = [f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n".encode("ascii")]
        if self._credentials:
            lines.append(b"Proxy-Authorization: %b\r\n" % self._credentials)
        return Tunnel(self._proxy(), b"".join([*lines, b"\r\n"]), partial(self._refusals.answered, target))

    def leading(self, agent: IAgent) -> IAgent:
        """
        What carries calls by it.

        @param agent: for https, over tunnels.
        """
        connects = Deadline(self._proxy(), self._reactor, self._timeout)
        return Forwarded(agent, ProxyAgent(connects, self._reactor), self._credentials)

    def _proxy(self) -> IStreamClientEndpoint:
        return HostnameEndpoint(self._reactor, self._host, self._port, timeout=self._timeout)


@implementer(IAgent)
@attrs.frozen
class Forwarded:
    """Leaves what is not https to the forward proxy, which makes such calls itself. Their connections aren't kept."""

    _tunnelled: IAgent
    _forwarding: IAgent
    _credentials: bytes

    def request(
        self,
        method: bytes,
        uri: bytes,
        headers: Headers | None = None,
        bodyProducer: IBodyProducer | None = None,
    ) -> Deferred[IResponse]:
        if uri.startswith(b"https:"):
            return self._tunnelled.request(method, uri, headers, bodyProducer)
        own = changeable(headers)
        if self._credentials:
            own.setRawHeaders(b"proxy-authorization", [self._credentials])
        return self._forwarding.request(method, uri, own, bodyProducer).addCallback(_believed)


@implementer(IStreamClientEndpoint)
@attrs.frozen
class Tunnel:
    """
    Connects to the proxy, and has it connect further.

    @ivar _request: what it is asked.
    @ivar _answered: called with the status of its answer.
    """

    _proxy: IStreamClientEndpoint
    _request: bytes
    _answered: Callable[[int], object]

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """@return: fails with a L{TunnelRefused}, or as any connection does."""
        return Deferred.fromCoroutine(self._open(protocolFactory))

    async def _open(self, factory: IProtocolFactory) -> IProtocol:
        opening: Any = await self._proxy.connect(OpeningFactory(self._request, factory, self._answered))
        protocol: IProtocol = await opening.opened
        return protocol


class OpeningFactory(Factory):
    """Makes them, without a line in the log for each."""

    noisy = False

    def __init__(self, request: bytes, factory: IProtocolFactory, answered: Callable[[int], object]) -> None:
        self._request = request
        self._factory = factory
        self._answered = answered

    def buildProtocol(self, addr: IAddress | None) -> Opening:
        return Opening(self._request, self._factory, self._answered)


class Opening(Protocol):
    """
    A connection to the proxy, until it has led further; from then on it is another protocol's.

    @ivar opened: fires with that protocol.
    """

    transport: Any

    def __init__(self, request: bytes, factory: IProtocolFactory, answered: Callable[[int], object]) -> None:
        self.opened: Deferred[IProtocol] = Deferred(self._cancelled)
        self._request = request
        self._factory = factory
        self._answered = answered
        self._head = b""

    def connectionMade(self) -> None:
        self.transport.write(self._request)

    def dataReceived(self, data: bytes) -> None:
        self._head += data
        end = self._head.find(b"\r\n\r\n")
        status = _STATUS.match(self._head)
        if end < 0 and len(self._head) <= _LONGEST_HEAD:
            return
        if end < 0 or status is None:
            self._refused(TunnelRefused("no HTTP"))
        else:
            self._told(int(status[1]), self._head[end + 4 :])

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if not self.opened.called:
            self.opened.errback(reason)

    def _told(self, status: int, rest: bytes) -> None:
        """
        It has answered.

        @param rest: what came behind its answer.
        """
        self._answered(status)
        if _leads(status):
            self._enter(rest)
        else:
            self._refused(_refusal(status))

    def _enter(self, rest: bytes) -> None:
        protocol: Any = self._factory.buildProtocol(self.transport.getPeer())
        self.dataReceived = protocol.dataReceived  # type: ignore[method-assign]
        self.connectionLost = protocol.connectionLost  # type: ignore[method-assign]
        protocol.makeConnection(self.transport)
        if rest:
            protocol.dataReceived(rest)
        self.opened.callback(protocol)

    def _refused(self, fault: TunnelRefused) -> None:
        self.transport.abortConnection()
        self.opened.errback(fault)

    def _cancelled(self, opened: Deferred[IProtocol]) -> None:
        self.transport.abortConnection()


def _leads(status: int) -> bool:
    return 200 <= status < 300


def _believed(response: IResponse) -> IResponse:
    """@raise CredentialsRefused: the answer is the forward proxy's own."""
    if response.code == _WANTS_CREDENTIALS:
        # What it says besides isn't read.
        response.deliverBody(Protocol())
        raise CredentialsRefused
    return response


def _refusal(status: int) -> TunnelRefused:
    kind = CredentialsRefused if status == _WANTS_CREDENTIALS else TunnelRefused
    return kind(f"status {status}")
