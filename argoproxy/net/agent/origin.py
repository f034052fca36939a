"""A host and port that requests go to, and the connections to it that are kept for the next one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IAddress, IDelayedCall, IStreamClientEndpoint
from twisted.internet.protocol import Factory

from .connection import Connection
from .request import Request

_MOST_IDLE = 128
_IDLE_SECONDS = 60.0


Putting = Callable[[Callable[[], object]], object]
"""Has something done, now or soon."""


def at_once(act: Callable[[], object]) -> None:
    """Now."""
    act()


class ConnectionFactory(Factory):
    """Makes an origin's connections, without a line in the log for each."""

    noisy = False

    def __init__(self, origin: Origin) -> None:
        self._origin = origin

    def buildProtocol(self, addr: IAddress | None) -> Connection:  # type: ignore[override]
        return Connection(self._origin)


class Origin:
    """
    Sends each request on the connection that was idle last, or on a new one if all are in use. Those that the load
    doesn't need any more come to the front, and are closed in time.
    """

    def __init__(self, endpoint: IStreamClientEndpoint, clock: Any, keeps: bool, later: Putting) -> None:
        """
        @param keeps: whether a connection is kept for the next request.
        @param later: has it told that a reply has begun.
        """
        self.clock = clock
        self.later = later
        self._endpoint = endpoint
        self._factory = ConnectionFactory(self)
        self._idle: list[Connection] = []
        self._expiry: IDelayedCall | None = None
        self._closed = not keeps

    def carry(self, request: Request) -> None:
        """Send a request on whatever connection."""
        if self._idle:
            self._idle.pop().carry(request)
        else:
            self.connect(request)

    def connect(self, request: Request) -> None:
        """Send a request on a new connection."""
        connecting: Deferred[Any] = self._endpoint.connect(self._factory)
        request.end = connecting.cancel
        connecting.addCallbacks(self._connected, request.fail, callbackArgs=(request,))

    def keep(self, connection: Connection) -> None:
        """A connection is idle."""
        if self._closed:
            connection.close()
            return
        if len(self._idle) >= _MOST_IDLE:
            self._idle.pop(0).close()
        connection.idle_since = self.clock.seconds()
        self._idle.append(connection)
        if self._expiry is None:
            self._expiry = self.clock.callLater(_IDLE_SECONDS, self._expire)

    def forget(self, connection: Connection) -> None:
        """A connection is lost."""
        if connection in self._idle:
            self._idle.remove(connection)

    def close(self) -> Deferred[list[None]]:
        """Keep nothing any more. Fires when those that were idle are closed."""
        self._closed = True
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None
        idle, self._idle = self._idle, []
        return gatherResults([connection.close() for connection in idle])

    def _connected(self, connection: Connection, request: Request) -> None:
        connection.carry(request)

    def _expire(self) -> None:
        """Close those that have been idle for too long, and see to the next one's time."""
        self._expiry = None
        oldest = self.clock.seconds() - _IDLE_SECONDS
        while self._idle and self._idle[0].idle_since <= oldest:
            self._idle.pop(0).close()
        if self._idle:
            self._expiry = self.clock.callLater(self._idle[0].idle_since - oldest, self._expire)
