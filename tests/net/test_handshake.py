"""A connection is made when TLS is agreed on, and not before."""

from __future__ import annotations

from typing import Any

import pytest
from OpenSSL import SSL
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionDone, ConnectionLost, ConnectionRefusedError
from twisted.internet.interfaces import IHandshakeListener, IProtocol, IStreamClientEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.python.failure import Failure
from zope.interface import implementer
from zope.interface.verify import verifyObject

from argoproxy.net.handshake import CutShort, Handshaken, NotAgreed


class Inner(Protocol):
    """What is to have the connection."""

    def __init__(self) -> None:
        self.said = b""

    def dataReceived(self, data: bytes) -> None:
        self.said += data


class Tls:
    """A connection with TLS, as far as anybody above it sees."""

    def __init__(self) -> None:
        self.wrappedProtocol: Any = None
        self.aborted = False

    def abortConnection(self) -> None:
        self.aborted = True


@implementer(IStreamClientEndpoint)
class Endpoint:
    """One that is connected to when the test says so."""

    def __init__(self) -> None:
        self.tls = Tls()
        self.ended: list[Any] = []
        self._connecting: Deferred[IProtocol] = Deferred()
        self.made = Handshaken(self).connect(Factory.forProtocol(Inner))
        self.made.addBoth(self._end)

    def connect(self, protocolFactory: Any) -> Deferred[IProtocol]:
        self._factory = protocolFactory
        return self._connecting

    def _end(self, result: Any) -> None:
        self.ended.append(result.type if isinstance(result, Failure) else result)

    def connected(self) -> Any:
        """There is a connection; TLS is still to come."""
        first = self.tls.wrappedProtocol = self._factory.buildProtocol(None)
        first.makeConnection(self.tls)
        self._connecting.callback(first)
        return first

    def refuse(self) -> None:
        self._connecting.errback(ConnectionRefusedError())


def test_it_is_made_when_tls_is_agreed_on_and_not_before() -> None:
    endpoint = Endpoint()
    first = endpoint.connected()
    assert verifyObject(IHandshakeListener, first)
    assert endpoint.ended == []
    first.handshakeCompleted()
    [protocol] = endpoint.ended
    assert isinstance(protocol, Inner)
    assert protocol.transport == endpoint.tls  # type: ignore[comparison-overlap]
    endpoint.tls.wrappedProtocol.dataReceived(b"hello")
    assert protocol.said == b"hello"


@pytest.mark.parametrize(
    ("reason", "told"),
    [(ConnectionDone(), CutShort), (ConnectionLost(), CutShort), (SSL.Error([("no", "such", "cipher")]), NotAgreed)],
)
def test_one_that_is_lost_before_tells_what_kind_of_loss_it_was(reason: Exception, told: type[Exception]) -> None:
    endpoint = Endpoint()
    endpoint.connected().connectionLost(Failure(reason))
    assert endpoint.ended == [told]


def test_one_that_is_refused_is_so() -> None:
    endpoint = Endpoint()
    endpoint.refuse()
    assert endpoint.ended == [ConnectionRefusedError]


def test_cancelling_ends_it() -> None:
    endpoint = Endpoint()
    first = endpoint.connected()
    endpoint.made.cancel()
    assert endpoint.ended == [CancelledError]
    assert endpoint.tls.aborted
    first.connectionLost(Failure(ConnectionLost()))
    assert endpoint.ended == [CancelledError]
