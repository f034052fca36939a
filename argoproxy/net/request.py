"""
One request on a connection of ours: its body in memory and bounded, its reply's head in one piece with what follows.

What is refused before a body has been read is refused here. What requests mean is not known.
"""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from twisted.internet.interfaces import IAddress
from twisted.python.failure import Failure
from twisted.web.http import NO_BODY_CODES, datetimeToString, parse_qs
from twisted.web.server import Request

from argoproxy.errors import ClientFault, ProxyError, TooLarge

from .headers import PlainHeaders
from .names import REQUEST, share_names
from .record import Record, log_bug, request_id
from .reply import ID_HEADERS, JSON, PHRASES, Reply

if TYPE_CHECKING:
    from .site import BoundedSite

# How long a client may go on sending what has been refused, so that it reads the refusal.
LINGER = 2.0
# Bodies up to this cost no memory to speak of.
_SHORT = 65_536
# Pieces above this are not copied behind their frame.
_LARGE = 65_536


class BoundedRequest(Request):
    """
    A request whose body is kept in memory, and only if it is small enough.

    @ivar objection: why its head already gets it refused, if it does.
    @ivar refused: whether it has been.
    """

    channel: Any
    content: Any
    responseHeaders: PlainHeaders
    site: BoundedSite
    chunked: Any
    startedWriting: Any
    code_message: bytes
    _disconnected: bool
    objection: ProxyError | None = None
    refused = False
    _bodiless = False
    queued = False
    cookies: Any = ()

    def __init__(self, channel: Any) -> None:
        """
        Made without much that Twisted's requests have each for itself, and that nobody here asks for: there may be
        thousands at once.
        """
        self.channel = channel
        self.notifications = []
        self.requestHeaders, self.responseHeaders = PlainHeaders(), PlainHeaders()
        # What adapts it to Klein's interfaces keeps that here.
        self._adapterCache: dict[str, Any] = {}

    @property
    def client(self) -> IAddress:
        """Where the request came from."""
        address: IAddress = self.channel.getPeer()
        return address

    @property
    def host(self) -> IAddress:
        """Where it came to."""
        address: IAddress = self.channel.getHost()
        return address

    def setHeader(self, name: bytes | str, value: bytes | str) -> None:
        """Have this header in the reply, with this value alone."""
        self.responseHeaders.put(name, value)

    def gotLength(self, length: int | None) -> None:
        """Called when the head is complete, before any of the body."""
        self.content = BytesIO()
        if self.objection is None:
            self.objection = self._objection_to(length)
        if self.objection is not None:
            self.refuse_unread(self.objection)

    def connectionLost(self, reason: Failure) -> None:
        """Called when nobody is there any more for the reply, which knows this request."""
        super().connectionLost(reason)
        self.producer = None

    def _objection_to(self, length: int | None) -> ProxyError | None:
        """Why a body isn't read, if it isn't. A short one is, whoever sends it."""
        site = self.channel.site
        if length is not None and length > site.most_bytes:
            return TooLarge(site.most_bytes)
        if length is None or length > _SHORT:
            fault: ProxyError | None = site.stranger(self, self.channel._path)
            return fault
        return None

    def handleContentChunk(self, data: bytes) -> None:
        """Called with the body, piece by piece."""
        if self.refused:
            return
        if self.content.tell() + len(data) > self.channel.site.most_bytes:
            self.refuse_unread(TooLarge(self.channel.site.most_bytes))
            return
        self.content.write(data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """Called when the request is complete."""
        if self.refused:
            self.channel.loseConnection()
            return
        self.content.seek(0)
        self.method, self.uri, self.clientproto = command, path, version
        self.path, _, query = path.partition(b"?")
        self.args = parse_qs(query, keep_blank_values=True) if query else {}
        self.process()

    def process(self) -> None:
        """Called to have it served, which is done behind the turn in which it came."""
        site = self.site = self.channel.site
        site.later.do(self._serve)

    def _serve(self) -> None:
        if self._disconnected:
            self._note_leaving()
            return
        if self.path[:1] != b"/" or not _is_text(self.path):
            self._answer_no_path()
            return
        self.prepath = []
        # Klein takes it as a whole.
        self.postpath = [_unquoted(self.path[1:])]
        try:
            self.render(self.site.resource)
        except Exception:  # noqa: BLE001 - what a plain route does not expect becomes a 500 here, as others' does in the exchange
            self.processingFailed(Failure())

    def _note_leaving(self) -> None:
        """What came is an access, though nobody waits for its reply any more."""
        record = Record(self.site.clock, self)
        record.end = "client left"
        record.over()
        record.emit()

    def _answer_no_path(self) -> None:
        """Answer what asks for no path of ours: C{OPTIONS *} means the server as a whole."""
        reply = Reply(self, self.site.faults_for(self.path), self.site.later)
        if (self.method, self.path) == (b"OPTIONS", b"*"):
            reply.options("GET, HEAD, POST, OPTIONS")
            self.finish()
        else:
            reply.refuse(ClientFault("The path is none, or not valid UTF-8.", code="bad_path"))

    def processingFailed(self, reason: Failure) -> None:
        """Called with a bug of ours, in a route that answers by itself."""
        if self.startedWriting:
            log_bug("request {id} failed", request_id(self), reason)
            self.loseConnection()
            return
        reply = Reply(self, self.site.faults_for(self.path), self.site.later)
        log_bug("request {id} failed", reply.record.id, reason)
        reply.refuse(reply.bug())

    def write(self, data: bytes) -> None:
        """Send more of the reply; its head goes out with the first of it."""
        if self._disconnected:
            return
        head = b"" if self.startedWriting else self._reply_head()
        if self._bodiless:
            data = b""
        length = len(data)
        self.sentLength += length
        if self.chunked and length:
            self.channel.write(b"%b%x\r\n%b\r\n" % (head, length, data))
        elif length > _LARGE:
            self.channel.writeSequence([head, data])
        else:
            self.channel.write(head + data)

    def getRequestHostname(self) -> bytes:
        """The Host, or nothing where it isn't one: Klein binds its routes to it and fails over what IDNA refuses."""
        host: bytes = super().getRequestHostname()
        labels = host.split(b".")
        return host if all(0 < len(label) < 64 for label in labels) and host.isascii() else b""

    def _reply_head(self) -> bytes:
        """The head, as the headers and the way to tell the body's end make it."""
        self.startedWriting = 1
        if self.method == b"HEAD" or self.code in NO_BODY_CODES:
            self._bodiless = True
        headers = self.responseHeaders
        if not self._bodiless and self.clientproto == b"HTTP/1.1" and not headers.hasHeader(b"content-length"):
            headers.setRawHeaders(b"transfer-encoding", [b"chunked"])
            self.chunked = 1
        lines = headers.lines()
        # A stream is open for long, and nobody asks for these again.
        self.requestHeaders = self.responseHeaders = PlainHeaders()
        status = b"%b %d %b" % (self.clientproto, self.code, self.code_message)
        return b"\r\n".join([status, _date(int(self.site.clock.seconds())), *lines, b"", b""])

    def refuse_unread(self, fault: ProxyError) -> None:
        """Answer now, and read on for a moment, since a client that is cut off as it sends sees no answer."""
        self.refused = True
        self.content = BytesIO()
        channel = self.channel
        self.method, self.path = channel._command, channel.path_so_far
        record = Record(channel.site.clock, self)
        body = channel.site.faults_for(self.path).error(fault, record.id)
        for name, value in (
            (b"date", datetimeToString()),
            (b"server", b"argoproxy"),
            *((name, record.id.encode("ascii")) for name in ID_HEADERS),
            (b"content-type", JSON.encode("ascii")),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
            *((name.encode("ascii"), value.encode("ascii")) for name, value in fault.headers.items()),
        ):
            self.responseHeaders.setRawHeaders(name, [value])
        channel.writeHeaders(b"HTTP/1.1", b"%d" % fault.status, PHRASES[fault.status], self.responseHeaders)
        if self.method != b"HEAD":
            channel.write(body)
            self.sentLength = len(body)
        record.status, record.end, record.code = fault.status, "failed", fault.code
        record.began(channel.site.clock.seconds())
        record.over()
        record.emit()
        channel.linger(LINGER)


share_names(BoundedRequest, REQUEST)


@lru_cache(2)
def _date(second: int) -> bytes:
    """The line with the date; made once a second."""
    now: bytes = datetimeToString()
    return b"Date: " + now


def _unquoted(path: bytes) -> bytes:
    return path if path.find(b"%") < 0 else unquote_to_bytes(path)


def _is_text(path: bytes) -> bool:
    try:
        _unquoted(path).decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
