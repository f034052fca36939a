"""
Our Site: what must be decided before a resource sees a request, and how a server stops politely.

A body that is too large is refused before it is read; a Host or path that Klein can't take never reaches it. A site
that drains closes what is idle and says C{Connection: close} to the rest. What a foreign Site around our resource
lacks is all in this module.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from http import HTTPStatus
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IDelayedCall
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel
from twisted.web.resource import IResource
from twisted.web.server import Request, Site

from argoproxy.errors import ClientFault
from argoproxy.interfaces import IDialect

from .record import Record
from .reply import ID_HEADERS, JSON, Reply
from .traffic import too_large

_log = Logger()

# How long a client may go on sending a body that has been refused, so that it reads the refusal.
_LINGER = 2.0
# Bytes that a client may send ahead of a reply.
_MOST_AHEAD = 1_000_000


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
        body = channel.site.dialect_for(channel.path_so_far).error(too_large(channel.site.most_bytes), record.id)
        for name, value in (
            (b"server", b"argoproxy"),
            *((name, record.id.encode("ascii")) for name in ID_HEADERS),
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


class DrainingChannel(HTTPChannel):
    """A connection that its site can ask to end."""

    requestFactory = BoundedRequest
    site: BoundedSite
    transport: Any
    callLater: Any
    # What comes behind a running request is read on, so that a client's leaving is noticed.
    _optimisticEagerReadSize = 2 * _MOST_AHEAD
    timeOut: Any
    _lingering: IDelayedCall | None = None

    @property
    def path_so_far(self) -> bytes:
        """The path of the request whose head has just been read."""
        return getattr(self, "_path", b"").partition(b"?")[0]

    def connectionMade(self) -> None:
        super().connectionMade()
        self.site.connections.add(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        super().connectionLost(reason)
        if self._lingering is not None and self._lingering.active():
            self._lingering.cancel()
        self.site.disconnected(self)

    def drain(self) -> None:
        """Close as soon as nothing is under way: now, or behind the running reply. Half a request is nothing yet."""
        if not self._handlingRequest:
            self.transport.loseConnection()
            return
        self.end_behind_reply()

    def end_behind_reply(self) -> None:
        """Close behind the request that has begun, if one has."""
        if self.requests:
            self.persistent = False
            self.requests[0].setHeader(b"connection", b"close")

    def end_if_idle(self) -> None:
        """Close if not even half a request is there."""
        if not self.requests:
            self.transport.loseConnection()

    def checkPersistence(self, request: Any, version: bytes) -> bool:
        """Whether another request may follow; asked when a request's head is complete."""
        if self.site.retiring:
            request.setHeader(b"connection", b"close")
            return False
        return bool(super().checkPersistence(request, version))

    def rawDataReceived(self, data: bytes) -> None:
        """Called with a body, and with what a client sends before it has its reply. Nobody needs much of that."""
        super().rawDataReceived(data)
        if self._handlingRequest and sum(map(len, self._dataBuffer)) > _MOST_AHEAD:
            self.transport.abortConnection()

    def lineLengthExceeded(self, line: bytes) -> None:
        """Called for a line that no request has."""
        self._refuse_head(431, "The request's head is too long.", "head_too_large")

    def _respondToBadRequestAndDisconnect(self) -> None:
        """Called for what is no HTTP. Twisted's own answer has no body and no id."""
        too_long = self._receivedHeaderSize > self.totalHeadersSize
        status, text = (431, "The request's head is too long.") if too_long else (400, "That is not a valid request.")
        self._refuse_head(status, text, "head_too_large" if too_long else "bad_request")

    def _refuse_head(self, status: int, text: str, code: str) -> None:
        body = self.site.dialect_for(b"").error(ClientFault(text, status=status, code=code))
        token = f"req_{secrets.token_hex(12)}"
        head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nServer: argoproxy\r\nX-Request-Id: {token}\r\n"
        rest = f"Content-Type: {JSON}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        self.transport.write((head + rest).encode("ascii") + body)
        _log.info("{id} refused: status={status} code={code}", id=token, status=status, code=code)
        self.loseConnection()

    def linger(self, seconds: float) -> None:
        """Close the connection after a while, whatever the client does."""
        self._lingering = self.site.clock.callLater(seconds, self.transport.abortConnection)


class BoundedSite(Site):
    """
    A Site that bounds bodies and can drain.

    @ivar most_bytes: the largest body.
    @ivar connections: those that are open.
    @ivar retiring: whether each connection ends behind its next reply.
    """

    retiring = False

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
        self.connections: set[DrainingChannel] = set()
        self._drained: Deferred[None] | None = None

    def buildProtocol(self, addr: IAddress | None) -> Any:
        channel = DrainingChannel()
        channel.factory = self
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
        return self._drain(DrainingChannel.drain)

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
        return self._drain(DrainingChannel.end_if_idle)

    def _drain(self, end: Callable[[DrainingChannel], None]) -> Deferred[None]:
        drained: Deferred[None] = Deferred()
        self._drained = drained
        for channel in list(self.connections):
            end(channel)
        self._tell_if_drained()
        return drained

    def abort(self) -> None:
        """Break all connections."""
        for channel in list(self.connections):
            channel.transport.abortConnection()

    def disconnected(self, channel: DrainingChannel) -> None:
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
