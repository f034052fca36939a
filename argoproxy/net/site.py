"""
Our Site: which connections there are, and how a server stops politely.

A site that drains closes what is idle and says C{Connection: close} to the rest. What a foreign Site around our
resource lacks is all in this module and in those of its connections and requests.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress
from twisted.web.resource import IResource
from twisted.web.server import Request, Site

from argoproxy.errors import ProxyError
from argoproxy.interfaces import IFaults

from .channel import Channel
from .hosts import Hosts
from .later import Later
from .origins import Origins

if TYPE_CHECKING:
    from .crowd import Crowd


def anybody(request: Request, path: bytes) -> None:
    """Nobody is a stranger."""


def nothing(request: Request, method: bytes, target: bytes) -> None:
    """Nothing is foreseen."""


class BoundedSite(Site):
    """
    A Site that bounds bodies and can drain.

    @ivar most_bytes: the largest body.
    @ivar connections: those that are open.
    @ivar retiring: whether each connection ends behind its next reply.
    @ivar hosts: what requests may call it.
    @ivar origins: whose pages may ask.
    @ivar stranger: why nothing is read of somebody, by a request's head and its path with the query; or L{None}.
    @ivar foresee: what keeps a request from being served, by its head, its method, and its path with the query; or
        L{None}. Whoever waits for a word before they send a body is told.
    @ivar later: does what can wait.
    @ivar crowd: what bounds the connections, if anything does.
    @ivar longest_stall: seconds for which a client may read nothing of what there is for it; 0 for any time.
    """

    retiring = False

    def __init__(
        self, resource: IResource, most_bytes: int, faults_for: Callable[[bytes], IFaults], reactor: Any
    ) -> None:
        """
        @param faults_for: from a path to how faults are told there.
        """
        super().__init__(resource, reactor=reactor, parsePOSTFormSubmission=False)
        self.most_bytes = most_bytes
        self.faults_for = faults_for
        self.clock = reactor
        self.later = Later(reactor)
        self.hosts, self.origins = Hosts(), Origins()
        self.stranger: Callable[[Request, bytes], ProxyError | None] = anybody
        self.foresee: Callable[[Request, bytes, bytes], ProxyError | None] = nothing
        self.crowd: Crowd | None = None
        self.longest_stall = 0.0
        self.connections: set[Channel] = set()
        self._drained: Deferred[None] | None = None

    def serve(self, resource: IResource, most_bytes: int) -> None:
        """Serve something else from the next request on, also on the connections that are open."""
        self.resource, self.most_bytes = resource, most_bytes

    def buildProtocol(self, addr: IAddress | None) -> Any:
        if self.crowd is not None and not self.crowd.has_room(addr):
            return self.crowd.turn_away()
        channel = Channel()
        channel.site = self
        channel.timeOut = self.timeOut
        return channel

    def drain(self) -> Deferred[None]:
        """
        Close idle connections at once, and the others behind the reply that is under way.

        What has reached us and isn't read yet, or only in part, is under way as well.

        @return: fires when the last is closed. Cancelling it leaves them as they are.
        """
        self.retire()
        return self.drain_retired()

    def retire(self) -> None:
        """Close no connection, but let each end behind its next reply: no client is cut off as it asks."""
        self.retiring = True
        for channel in self.connections:
            channel.end_behind_reply()

    def drain_retired(self) -> Deferred[None]:
        """
        Close the connections on which nobody has asked anything since L{retire}.

        @return: fires when the others are closed, too.
        """
        drained: Deferred[None] = Deferred()
        self._drained = drained
        for channel in list(self.connections):
            channel.end_if_idle()
        self._tell_if_drained()
        return drained

    def abort(self) -> None:
        """Break all connections."""
        for channel in list(self.connections):
            channel.transport.abortConnection()

    def let_in(self, crowd: Crowd | None) -> None:
        """Bound the connections from now on; L{None} for any number. Those that are there stay, and count."""
        self.crowd = crowd
        if crowd is not None:
            for channel in self.connections:
                crowd.came(channel.getPeer())

    def connected(self, channel: Channel) -> None:
        """A connection has come."""
        self.connections.add(channel)
        if self.crowd is not None:
            self.crowd.came(channel.getPeer())

    def disconnected(self, channel: Channel) -> None:
        """A connection has gone."""
        self.connections.discard(channel)
        if self.crowd is not None:
            self.crowd.went(channel.getPeer())
        self._tell_if_drained()

    def _tell_if_drained(self) -> None:
        if self._drained is not None and not self.connections:
            drained, self._drained = self._drained, None
            drained.callback(None)
