"""The simulator's site: an HTTP factory that counts its connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel, Request
from twisted.web.server import Site

if TYPE_CHECKING:
    from argoproxy.simulator.simulator import Simulator


class CountedChannel(HTTPChannel):
    """An HTTP/1.1 connection that its simulator knows of. Pieces are sent as soon as they are written."""

    simulator: Simulator

    def connectionMade(self) -> None:
        """One more."""
        super().connectionMade()
        self.simulator.open_connections += 1
        cast(Any, self.transport).setTcpNoDelay(True)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """One less."""
        self.simulator.open_connections -= 1
        super().connectionLost(reason)


class CountingSite(Site):
    """Serves a simulator's resource. Its access line is off."""

    displayTracebacks = False

    def __init__(self, simulator: Simulator) -> None:
        super().__init__(simulator.resource(), reactor=simulator.clock)
        self._simulator = simulator
        # Site's own type knows only its wrapper, which tells HTTP/1.1 from 2 and isn't needed here.
        self.protocol = self._channel  # type: ignore[method-assign, assignment]

    def _channel(self) -> CountedChannel:
        channel = CountedChannel()
        channel.simulator = self._simulator
        return channel

    def log(self, request: Request) -> None:
        """Keep no access log."""
