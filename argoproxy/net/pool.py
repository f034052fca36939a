"""
Connections to ARGO that are kept for the next call.

The far side may close one just as it is used again. Then nothing of the call was seen, and it is made once more on a
new connection; Twisted's own pool does that for GET alone.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any
from weakref import WeakSet

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.python.components import proxyForInterface
from twisted.python.failure import Failure
from twisted.web._newclient import RequestNotSent
from twisted.web.client import (
    HTTPConnectionPool,
    RequestTransmissionFailed,
    ResponseNeverReceived,
    _HTTP11ClientFactory,
)
from twisted.web.iweb import IClientRequest, IResponse

from .agent import UnansweredAgain

_MOST_IDLE = 128
_IDLE_SECONDS = 60
# A call that dies later than this was being worked on.
_AT_ONCE = 1.0


class QuietFactory(_HTTP11ClientFactory):
    """Makes connections without a line in the log for each."""

    noisy = False


class KeptConnections(HTTPConnectionPool):
    """A pool without a bound on what is in use, and with one on what is idle."""

    _factory = QuietFactory

    def __init__(self, reactor: Any, keeps: bool = True) -> None:
        super().__init__(reactor, persistent=keeps)
        self._reactor = reactor
        self.maxPersistentPerHost = _MOST_IDLE
        self.cachedConnectionTimeout = _IDLE_SECONDS
        self.retryAutomatically = False
        self._lent: WeakSet[Any] = WeakSet()

    def getConnection(self, key: Hashable, endpoint: IStreamClientEndpoint) -> Deferred[Any]:
        """A connection for one call."""
        return super().getConnection(key, endpoint).addCallback(self._lend, key, endpoint)

    def _lend(self, connection: Any, key: Hashable, endpoint: IStreamClientEndpoint) -> Any:
        if connection in self._lent:
            return Reused(connection, lambda: self._newConnection(key, endpoint), self._reactor.seconds)
        self._lent.add(connection)
        return connection


@attrs.frozen
class Reused:
    """
    A connection that has carried a call before, and may have been closed since.

    @ivar _new: opens another.
    """

    _connection: Any
    _new: Callable[[], Deferred[Any]]
    _seconds: Callable[[], float]

    def request(self, request: Any) -> Deferred[IResponse]:
        """Make a call; on a new connection if this one turns out at once to be closed."""
        answer: Deferred[IResponse] = self._connection.request(request)
        return answer.addErrback(self._again, request, self._seconds())

    def _again(self, failure: Failure, request: Any, since: float) -> Any:
        if not _was_closed(failure) or self._seconds() - since > _AT_ONCE:
            return failure
        anew = self._new().addCallback(lambda connection: connection.request(request))
        return anew.addCallbacks(_noted, UnansweredAgain.over)


class SentAnew(proxyForInterface(IClientRequest)):  # type: ignore[misc]
    """A request that was sent on a second connection."""

    sent_anew = True


def _noted(response: IResponse) -> IResponse:
    response.request = SentAnew(response.request)
    return response


def _was_closed(failure: Failure) -> bool:
    """Whether the connection ended before anything of a reply came, and not because we ended it."""
    if failure.check(RequestNotSent):
        return True
    if not failure.check(RequestTransmissionFailed, ResponseNeverReceived):
        return False
    reasons: list[Failure] = getattr(failure.value, "reasons", [])
    return all(reason.check(ConnectionDone, ConnectionLost) for reason in reasons)
