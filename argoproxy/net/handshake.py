"""
Connections that count as made when both sides have agreed on TLS, so that the time for a connection is for that, too.

Twisted's endpoints say so before anything of TLS has come, and then wait for ever.
"""

from __future__ import annotations

from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectError, ConnectionDone, ConnectionLost, TimeoutError
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IHandshakeListener,
    IProtocol,
    IProtocolFactory,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer


class CutShort(ConnectError):
    """The connection was lost before TLS was agreed on."""


class NotAgreed(ConnectError):
    """There is no TLS that both sides agree on, or the far side isn't who it should be."""


@implementer(IHandshakeListener)
class Handshake(Protocol):
    """
    Has a connection until TLS is agreed on, and then hands it over.

    @ivar made: fires with the protocol that has it then; fails if the connection is lost before.
    """

    def __init__(self, factory: IProtocolFactory, address: IAddress | None, clock: Any, seconds: float) -> None:
        self.made: Deferred[IProtocol] = Deferred(self._cancelled)
        self._factory = factory
        self._address = address
        self._clock = clock
        self._seconds = seconds
        self._expiry: IDelayedCall | None = None

    def connectionMade(self) -> None:
        self._expiry = self._clock.callLater(self._seconds, self._give_up)

    def handshakeCompleted(self) -> None:
        self._stop()
        tls: Any = self.transport
        protocol: Any = self._factory.buildProtocol(self._address)  # type: ignore[arg-type]
        tls.wrappedProtocol = protocol
        protocol.makeConnection(tls)
        self.made.callback(protocol)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._stop()
        if not self.made.called:
            self.made.errback(_told(reason))

    def _give_up(self) -> None:
        tls: Any = self.transport
        tls.failVerification(Failure(TimeoutError()))

    def _cancelled(self, made: Deferred[IProtocol]) -> None:
        tls: Any = self.transport
        tls.abortConnection()

    def _stop(self) -> None:
        if self._expiry is not None and self._expiry.active():
            self._expiry.cancel()


def _told(reason: Failure) -> Failure:
    if reason.check(TimeoutError):
        return reason
    kind = CutShort if reason.check(ConnectionDone, ConnectionLost) else NotAgreed
    return Failure(kind(string=str(reason.value)))


class HandshakeFactory(Factory):
    """Makes what has a connection first, without a line in the log for each."""

    noisy = False

    def __init__(self, factory: IProtocolFactory, clock: Any, seconds: float) -> None:
        self._inner = factory
        self._clock = clock
        self._seconds = seconds

    def buildProtocol(self, addr: IAddress | None) -> Handshake:
        return Handshake(self._inner, addr, self._clock, self._seconds)


@implementer(IStreamClientEndpoint)
@attrs.frozen
class Handshaken:
    """
    @ivar _endpoint: one that speaks TLS.
    @ivar _seconds: how long it may take to agree on it.
    """

    _endpoint: IStreamClientEndpoint
    _clock: Any
    _seconds: float

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        first = HandshakeFactory(protocolFactory, self._clock, self._seconds)
        connecting: Deferred[Any] = self._endpoint.connect(first)
        return connecting.addCallback(lambda handshake: handshake.made)
