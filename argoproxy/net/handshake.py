"""
Connections that count as made when both sides have agreed on TLS: so the time for a connection is for that, too.

Twisted's endpoints say so before anything of TLS has come.
"""

from __future__ import annotations

from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectError, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import (
    IAddress,
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

    def __init__(self, factory: IProtocolFactory, address: IAddress | None) -> None:
        self.made: Deferred[IProtocol] = Deferred(self._cancelled)
        self._factory = factory
        self._address = address

    def handshakeCompleted(self) -> None:
        tls: Any = self.transport
        protocol: Any = self._factory.buildProtocol(self._address)  # type: ignore[arg-type]
        tls.wrappedProtocol = protocol
        protocol.makeConnection(tls)
        self.made.callback(protocol)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if not self.made.called:
            self.made.errback(_told(reason))

    def _cancelled(self, made: Deferred[IProtocol]) -> None:
        tls: Any = self.transport
        tls.abortConnection()


def _told(reason: Failure) -> Failure:
    kind = CutShort if reason.check(ConnectionDone, ConnectionLost) else NotAgreed
    return Failure(kind(string=str(reason.value)))


class HandshakeFactory(Factory):
    """Makes what has a connection first, without a line in the log for each."""

    noisy = False

    def __init__(self, factory: IProtocolFactory) -> None:
        self._inner = factory

    def buildProtocol(self, addr: IAddress | None) -> Handshake:
        return Handshake(self._inner, addr)


@implementer(IStreamClientEndpoint)
@attrs.frozen
class Handshaken:
    """
    @ivar _endpoint: one that speaks TLS.
    """

    _endpoint: IStreamClientEndpoint

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        connecting: Deferred[Any] = self._endpoint.connect(HandshakeFactory(protocolFactory))
        return connecting.addCallback(lambda handshake: handshake.made)
