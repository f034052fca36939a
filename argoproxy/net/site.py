"""
Our Site: what must be decided before a resource sees a request, and how a server stops politely.

A body that is too large is refused before it is read; a Host or path that Klein can't take never reaches it. A site
that drains closes what is idle and says C{Connection: close} to the rest. What a foreign Site around our resource
lacks is all in this module.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress
from twisted.web.resource import IResource
from twisted.web.server import Request, Site

from argoproxy.errors import ClientFault
from argoproxy.interfaces import IDialect

from .channel import Channel
from .record import Record
from .reply import JSON, Reply
from .traffic import too_large

# How long a client may go on sending a body that has been refused, so that it reads the refusal.
_LINGER = 2.0


class BoundedRequest(Request):
    """A request whose body is kept in memory, and only if it is small enough."""

    channel: Any
    content: Any
    site: Any
    _refused = False

    def gotLength(self, length: int | None) -> None:
        """Called when the head is complete, before any of the body."""
        self.content = BytesIO()
        if length is not None and length > self.channel.site.most_bytes:
            self._refuse()

    def handleContentChunk(self, data: bytes) -> None:
        """Called with the body, piece by piece."""
        if self._refused:
            return
        if self.content.tell() + len(data) > self.channel.site.most_bytes:
            self._refuse()
            return
        self.content.write(data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """Called when the request is complete."""
        if self._refused:
            self.channel.loseConnection()
            return
        super().requestReceived(command, path, version)

    def process(self) -> None:
        """Called to serve it."""
        if self.path == b"*" or not _is_text(self.path):
            site = self.channel.site
            Reply(self, site.dialect_for(self.path), site.clock).refuse(
                ClientFault("The path is not valid UTF-8.", code="bad_path")
            )
            return
        super().process()

    def getRequestHostname(self) -> bytes:
        """The Host, or nothing where it isn't one: Klein binds its routes to it and fails over what IDNA refuses."""
        host: bytes = super().getRequestHostname()
        labels = host.split(b".")
        return host if all(0 < len(label) < 64 for label in labels) and host.isascii() else b""

    def _refuse(self) -> None:
        """Answer with 413 now, and read on for a moment, since a client that is cut off sees no answer."""
        self._refused = True
        self.content = BytesIO()
        self.requestHeaders.removeHeader(b"expect")
        channel = self.channel
        self.method, self.path = channel._command, channel.path_so_far
        record = Record(channel.site.clock, self)
        body = channel.site.dialect_for(channel.path_so_far).error(too_large(channel.site.most_bytes))
        for name, value in (
            (b"server", b"argoproxy"),
            (b"x-request-id", record.id.encode("ascii")),
            (b"content-type", JSON.encode("ascii")),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
        ):
            self.responseHeaders.setRawHeaders(name, [value])
        channel.writeHeaders(b"HTTP/1.1", b"413", b"Request Entity Too Large", self.responseHeaders)
        channel.write(body)
        record.status, record.end, record.code = 413, "failed", "request_too_large"
        record.wrote(len(body))
        record.emit()
        channel.linger(_LINGER)


class BoundedSite(Site):
    """
    A Site that bounds bodies and can drain.

    @ivar most_bytes: the largest body.
    @ivar connections: those that are open.
    """

    def __init__(
        self, resource: IResource, most_bytes: int, dialect_for: Callable[[bytes], IDialect], reactor: Any
    ) -> None:
        """
        @param dialect_for: from a path to the dialect in which faults are told there.
        """
        super().__init__(resource, reactor=reactor, parsePOSTFormSubmission=False)
        self.most_bytes = most_bytes
        self.dialect_for = dialect_for
        self.clock = reactor
        self.connections: set[Channel] = set()
        self._drained: Deferred[None] | None = None

    def buildProtocol(self, addr: IAddress | None) -> Any:
        channel = Channel()
        channel.factory = self
        channel.requestFactory = BoundedRequest
        channel.site = self
        channel.timeOut = self.timeOut
        channel.callLater = self.clock.callLater
        return channel

    def log(self, request: Any) -> None:
        """Nothing: the exchange writes a line of its own, without the query."""

    def drain(self) -> Deferred[None]:
        """
        Close idle connections at once, and the others behind the reply that is under way.

        @return: fires when the last is closed. Cancelling it leaves them as they are.
        """
        drained: Deferred[None] = Deferred()
        self._drained = drained
        for channel in list(self.connections):
            channel.drain()
        self._tell_if_drained()
        return drained

    def abort(self) -> None:
        """Break all connections."""
        for channel in list(self.connections):
            channel.transport.abortConnection()

    def disconnected(self, channel: Channel) -> None:
        """A connection has gone."""
        self.connections.discard(channel)
        self._tell_if_drained()

    def _tell_if_drained(self) -> None:
        if self._drained is not None and not self.connections:
            drained, self._drained = self._drained, None
            drained.callback(None)


def _is_text(path: bytes) -> bool:
    if path.isascii() and b"%" not in path:
        return True
    try:
        unquote_to_bytes(path).decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
