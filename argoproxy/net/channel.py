"""
The server's side of one connection: bytes in, requests out, one behind the other.

A head that is none is refused and the connection closed. Bodies, pauses and what a request needs to write are Twisted's
channel's. What the Site allows is asked of it.
"""

from __future__ import annotations

import select
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from twisted.internet.address import UNIXAddress
from twisted.internet.interfaces import IAddress, IDelayedCall
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel, datetimeToString

from argoproxy.errors import ClientFault, Misdirected

from .chunks import Chunks
from .head import Head, beginning, is_possible, lacks_method
from .headers import PlainHeaders
from .names import CHANNEL, share_names
from .record import new_token
from .reply import ID_HEADERS, JSON, PHRASES
from .request import LINGER, BoundedRequest
from .sending import close_now, progress_of, say_no_more, send_now

if TYPE_CHECKING:
    from .site import BoundedSite

_log = Logger()

# Bytes that are read ahead of a reply, so that a client's leaving is noticed. From there on the client has to wait.
_MOST_AHEAD = 1_000_000
_NO_HEAD = (400, "That is not a valid request.", "bad_request")
_NO_METHOD = (501, "The request's method is not known here.", "unknown_method")
_TOO_SLOW = "The request did not come to its end in time."
_END_OF_HEAD = b"\r\n\r\n"


class Channel(HTTPChannel):
    """
    A connection whose site bounds it, and can ask it to end.

    What it notes itself is in slots: with what Twisted's channel notes there would be more names than can be shared.
    """

    __slots__ = (
        "_ahead",
        "_command",
        "_heard",
        "_host",
        "_lingering",
        "_path",
        "_peer",
        "_reading",
        "_refused",
        "_sent",
        "_stall_watch",
        "_stalled_since",
        "_unread",
        "_version",
        "_watch",
    )

    requestFactory: Any = BoundedRequest
    site: BoundedSite
    transport: Any
    timeOut: Any
    requests: list[Any]
    _networkProducer: Any
    # Whom Twisted would tell of each reply.
    factory = None

    def __init__(self) -> None:
        super().__init__()
        self._lingering: IDelayedCall | None = None
        self._watch: IDelayedCall | None = None
        self._stall_watch: IDelayedCall | None = None
        self._stalled_since: float | None = None
        self._heard = 0.0
        self._sent: object = None
        self._host: IAddress | None = None
        self._peer: IAddress | None = None
        self._unread = b""
        self._ahead = 0
        self._reading = self._refused = False

    def callLater(self, seconds: float, act: Callable[[], object]) -> IDelayedCall:
        """By the site's clock."""
        call: IDelayedCall = self.site.clock.callLater(seconds, act)
        return call

    @property
    def path_so_far(self) -> bytes:
        """The path of the request whose head has just been read."""
        return getattr(self, "_path", b"").partition(b"?")[0]

    def connectionMade(self) -> None:
        super().connectionMade()
        self.site.connected(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        super().connectionLost(reason)
        for call in (self._lingering, self._watch, self._stall_watch):
            if call is not None and call.active():
                call.cancel()
        # It knows this channel, and both would wait for the garbage collector.
        self._transferDecoder = None
        self.site.disconnected(self)

    def setTimeout(self, period: float | None) -> float | None:
        """
        Called with the longest silence from now on, or L{None} while a request is served. A call of the clock's is
        only made if none is under way: it looks again where it finds that something was heard since.
        """
        before: float | None = self.timeOut
        self.timeOut = period
        self.resetTimeout()
        if period is not None and self._watch is None:
            self._watch = self.callLater(period, self._look)
        return before

    def resetTimeout(self) -> None:
        """Called when something was heard."""
        self._heard = self.site.clock.seconds()

    def _look(self) -> None:
        self._watch = None
        if self.timeOut is None:
            return
        left = self._heard + self.timeOut - self.site.clock.seconds()
        if self._stalled_since is not None:
            # It still has a reply to read, for which there is another time.
            left = self.timeOut
        if left > 0:
            self._watch = self.callLater(left, self._look)
        else:
            self.timeoutConnection()

    def pauseProducing(self) -> None:
        """Called when the client reads more slowly than there is to read."""
        super().pauseProducing()
        self._await_reading()

    def resumeProducing(self) -> None:
        """Called when it has caught up."""
        self._stalled_since = None
        super().resumeProducing()
        self.setLineMode()

    def _await_reading(self) -> None:
        """From now on the client must go on reading."""
        self._stalled_since, self._sent = self.site.clock.seconds(), progress_of(self.transport)
        if self._stall_watch is None and self.site.longest_stall:
            self._stall_watch = self.callLater(self.site.longest_stall, self._look_at_reading)

    def _look_at_reading(self) -> None:
        self._stall_watch = None
        if self._stalled_since is None:
            return
        sent = progress_of(self.transport)
        if sent is not None and sent != self._sent:
            self._await_reading()
            return
        left = self._stalled_since + self.site.longest_stall - self.site.clock.seconds()
        if left > 0:
            self._stall_watch = self.callLater(left, self._look_at_reading)
        else:
            self.transport.abortConnection()

    def timeoutConnection(self) -> None:
        """Called when nothing was heard for too long: who has begun to ask is told."""
        if self._unread:
            self._refuse_head(self._unread, 408, _TOO_SLOW, "request_timeout")
            return
        if self._transferDecoder is not None and self._lingering is None:
            self.requests[0].refuse_unread(ClientFault(_TOO_SLOW, status=408, code="request_timeout"))
        # As Twisted does it, but without a word in the log for each.
        self._abortingCall = self.callLater(self.abortTimeout, self.forceAbortClient)
        self.loseConnection()

    def forceAbortClient(self) -> None:
        """Called if it can't be closed in a while."""
        self._abortingCall = None
        self.transport.abortConnection()

    def getHost(self) -> IAddress:
        """Our end's address; asked of the system once."""
        if self._host is None:
            self._host = super().getHost()
        return self._host

    def getPeer(self) -> IAddress:
        """The far end's address."""
        if self._peer is None:
            self._peer = super().getPeer()
        return self._peer

    def dataReceived(self, data: bytes) -> None:
        """Called with bytes. A head has as long as a silence may last, in however many pieces it comes."""
        if not self._unread and data.strip(b"\r\n"):
            self.resetTimeout()
        self.setLineMode(data)

    def setLineMode(self, extra: bytes = b"") -> None:
        """Called with bytes, and by Twisted with those that came behind the request that is done."""
        if self._refused:
            return
        self._unread = self._unread + extra if self._unread else extra
        if self._reading:
            return
        self._reading = True
        try:
            while self._unread and not self._refused and self._read():
                pass
        finally:
            self._reading = False

    def setRawMode(self) -> None:
        """Called by Twisted where a request begins to be served: its channel knows that by itself."""

    def _read(self) -> bool:
        """Take what can be taken of the bytes. L{False}: more are needed first, or a reply."""
        if self._transferDecoder is None and not self._handlingRequest:
            # Who doesn't take the replies that there are gets no more of them.
            return not self._waitingForTransport and self._read_head()
        data, self._unread = self._unread, b""
        self.rawDataReceived(data)
        return True

    def _read_head(self) -> bool:
        data = self._unread = self._unread.lstrip(b"\r\n")
        end = data.find(_END_OF_HEAD)
        if max(end, 0 if end > 0 else len(data)) > self.totalHeadersSize:
            self._refuse_head(data, 431, "The request's head is too long.", "head_too_large")
        elif end > 0:
            self._unread = data[end + 4 :]
            self._begin(data[: end + 4])
            return True
        elif data and not is_possible(data):
            self._refuse_head(data, *_NO_HEAD)
        return False

    def _begin(self, data: bytes) -> None:
        """A request's head is here."""
        self._ahead = 0
        head = Head.read(data)
        if not head.valid:
            self._refuse_head(data, *(_NO_METHOD if lacks_method(data) else _NO_HEAD))
        elif len(head.fields) > self.maxHeaders:
            self._refuse_head(data, 431, "The request has too many headers.", "head_too_large")
        elif not head.names_one_host:
            self._refuse_head(data, 400, "A request must have one 'Host'.", "bad_host")
        else:
            self._command, self._path, self._version = head.method, head.path, head.version
            self._announce(head)

    def _announce(self, head: Head) -> None:
        """Let a request begin."""
        request = self.requestFactory(self)
        self.requests.append(request)
        request.requestHeaders = PlainHeaders.read(head.fields)
        for name, value in head.framing:
            if not self._maybeChooseTransferDecoder(name, value):
                return
        host = head.host
        request.objection = None if host is None else self._fault_of(host)
        if head.unusual:
            self._look_at(head.unusual, request, host or b"")
        closes = self.site.retiring or head.closes
        self.persistent = not closes and head.version == b"HTTP/1.1"
        if closes:
            request.setHeader(b"connection", b"close")
        request.gotLength(self.length)
        if b"expect" in head.unusual and not request.refused and head.version == b"HTTP/1.1":
            self._send100Continue()
        if self.length == 0:
            self.allContentReceived()

    def _maybeChooseTransferDecoder(self, header: bytes, data: bytes) -> bool:
        chosen: bool = super()._maybeChooseTransferDecoder(header, data)
        if chosen and header == b"Transfer-Encoding" and self._transferDecoder is not None:
            self._transferDecoder = Chunks(self.requests[-1].handleContentChunk, self._finishRequestBody)
        return chosen

    def _fault_of(self, host: bytes) -> ClientFault | None:
        """What is wrong with a host; who has a Unix socket may call it anything."""
        fault = self.site.hosts.fault(host)
        if fault is None:
            return None
        named_freely = isinstance(fault, Misdirected) and isinstance(self.getPeer(), UNIXAddress)
        return None if named_freely else fault

    def _look_at(self, unusual: Mapping[bytes, bytes], request: BoundedRequest, host: bytes) -> None:
        """See whether a page may call, and whether what is expected of us is done here."""
        origin, expected = unusual.get(b"origin"), unusual.get(b"expect")
        if request.objection is None and origin is not None:
            request.objection = self.site.origins.fault(origin, host)
            if request.objection is None:
                self.site.origins.allow(origin, request.requestHeaders, request.responseHeaders)
        if request.objection is None and expected is not None and expected.lower() != b"100-continue":
            text = "Only '100-continue' can be expected here."
            request.objection = ClientFault(text, status=417, code="expectation_failed")

    def _send100Continue(self) -> None:
        """Have a client send its body for which it waits for a word, unless its head alone gets it refused."""
        request = self.requests[-1]
        fault = self.site.foresee(request, self._command, self._path)
        if fault is None:
            super()._send100Continue()
        else:
            request.refuse_unread(fault)

    def write(self, data: bytes) -> None:
        """Called with the bytes of a reply."""
        send_now(self.transport, data)

    def loseConnection(self) -> None:
        """Called behind the last reply. A stream that had begun before could not say that it would be."""
        self._networkProducer.unregisterProducer()
        close_now(self.transport)
        if self in self.site.connections:
            self._await_reading()

    def end_behind_reply(self) -> None:
        """Close behind the request that has begun, if one has."""
        if self.requests:
            self.persistent = False
            self.requests[0].setHeader(b"connection", b"close")

    def end_if_idle(self) -> None:
        """Close if not even half a request is there, nor waits to be read."""
        if self.requests or self._unread or _waits(self.transport):
            return
        self.loseConnection()
        if self in self.site.connections and self._lingering is None:
            # Over TLS the client has to agree, and may not even look.
            self.linger(LINGER)

    def requestDone(self, request: Any) -> None:
        """Called when a reply is complete. Reading goes on, as it has done all the while, unless the client doesn't."""
        del self.requests[0]
        if not self.persistent:
            self.loseConnection()
            return
        self._handlingRequest = False
        if self._waitingForTransport:
            self._networkProducer.pauseProducing()
        elif self._ahead > _MOST_AHEAD:
            self._networkProducer.resumeProducing()
        self.setTimeout(self._savedTimeOut)
        data, self._dataBuffer = b"".join(self._dataBuffer), []
        self.setLineMode(data)

    def rawDataReceived(self, data: bytes) -> None:
        """Called with a body, and with what a client sends before it has its reply."""
        if self._handlingRequest:
            self._keep(data)
        else:
            super().rawDataReceived(data)

    def _finishRequestBody(self, data: bytes) -> None:
        """Called at the end of a body, with what came behind it."""
        if data:
            self._keep(data)
        self.allContentReceived()

    def _keep(self, data: bytes) -> None:
        """Keep what was asked ahead of a reply."""
        self._ahead += len(data)
        self._dataBuffer.append(data)
        if self._ahead > _MOST_AHEAD:
            self._networkProducer.pauseProducing()

    def _respondToBadRequestAndDisconnect(self) -> None:
        """Called for a body that is no HTTP. Twisted's own answer has no body and no id."""
        self._refuse_head(b"%b %b " % (self._command, self._path), *_NO_HEAD)

    def _refuse_head(self, data: bytes, status: int, text: str, code: str) -> None:
        """@param data: the head, or as much of it as there is."""
        self._refused = True
        if self._lingering is not None:
            # The request has its refusal already.
            self.loseConnection()
            return
        method, path = beginning(data)
        token = f"req_{new_token()}"
        body = self.site.faults_for(path).error(ClientFault(text, status=status, code=code), token)
        self.transport.write(_refusal(status, token, len(body)) + (b"" if method == b"HEAD" else body))
        _log.info("{id} refused: status={status} code={code}", id=token, status=status, code=code)
        self._unread = b""
        if say_no_more(self.transport):
            self.linger(LINGER)
        else:
            self.loseConnection()

    def linger(self, seconds: float) -> None:
        """Close the connection after a while, whatever the client does."""
        self._lingering = self.site.clock.callLater(seconds, self.transport.abortConnection)


share_names(Channel, CHANNEL)


def _refusal(status: int, token: str, length: int) -> bytes:
    """The head of a reply to what can't be read."""
    lines = (
        b"HTTP/1.1 %d %b" % (status, PHRASES[status]),
        b"Date: %b" % datetimeToString(),
        b"Server: argoproxy",
        *(b"%b: %b" % (name, token.encode("ascii")) for name in ID_HEADERS),
        b"Content-Type: %b" % JSON.encode("ascii"),
        b"Content-Length: %d" % length,
        b"Connection: close",
    )
    return b"\r\n".join((*lines, b"", b""))


def _waits(transport: Any) -> bool:
    """Whether a connection, if it has a socket, has bytes that have not been read yet."""
    if not hasattr(transport, "fileno"):
        return False
    poll = select.poll()
    poll.register(transport.fileno(), select.POLLIN)
    return bool(poll.poll(0))
