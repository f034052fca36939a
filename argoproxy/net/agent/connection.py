"""One connection: a request out, its reply in, and then perhaps the next."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IDelayedCall, IProtocol, IPullProducer, ITCPTransport, ITransport
from twisted.internet.protocol import connectionDone
from twisted.internet.tcp import Connection as TCPConnection
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone, ResponseFailed, ResponseNeverReceived
from twisted.web.http import PotentialDataLoss
from zope.interface import implementer

from argoproxy.net.sending import send_now

from .reader import Reader
from .request import Request
from .response import Response

if TYPE_CHECKING:
    from .origin import Origin

# A body that is larger goes out piece by piece, without a copy of the whole; a reply may well come before it is sent.
_LARGE = 256 * 1024
# Seconds. A request that dies later than this was being worked on.
_AT_ONCE = 1.0
# Seconds that the far side gets to agree that a connection is over.
_LINGER = 1.0

_NOTHING = memoryview(b"")
_COMPLETE = Failure(ResponseDone("the body is complete"))


@implementer(IProtocol, IPullProducer)
class Connection:
    """
    Carries one request at a time. Of a large body it is the producer, and so knows when it has all been sent.

    @ivar idle_since: when it was last given back to its origin.
    """

    __slots__ = (
        "_gone",
        "_linger",
        "_origin",
        "_over",
        "_paused",
        "_reader",
        "_request",
        "_response",
        "_rest",
        "_seen",
        "_sending",
        "_served",
        "_since",
        "_transport",
        "idle_since",
    )

    def __init__(self, origin: Origin) -> None:
        self.idle_since = 0.0
        self._origin = origin
        self._reader = Reader()
        self._transport: Any = None
        self._request: Request | None = None
        self._response: Response | None = None
        self._since = 0.0
        self._served = self._seen = self._paused = self._sending = self._over = False
        self._rest = _NOTHING
        self._gone: Deferred[None] = Deferred()
        self._linger: IDelayedCall | None = None

    def carry(self, request: Request) -> None:
        """Send a request; the connection must be idle."""
        self._request = request
        self._seen = False
        self._since = self._origin.clock.seconds()
        self._reader.expect(head_only=request.method == b"HEAD")
        request.end = self.abort
        if len(request.body) <= _LARGE:
            send_now(self._transport, request.head + request.body)
            return
        self._sending = True
        self._rest = memoryview(request.body)
        self._transport.write(request.head)
        self._transport.registerProducer(self, False)

    def close(self) -> Deferred[None]:
        """End it while it carries nothing. Fires when it is closed."""
        if not self._over:
            self._over = True
            self._linger = self._origin.clock.callLater(_LINGER, self._transport.abortConnection)
            self._transport.loseConnection()
        return self._gone

    def abort(self) -> None:
        """End it at once, whatever it carries."""
        if not self._over:
            self._over = True
            self._request = None
            self._origin.forget(self)
            self._transport.abortConnection()

    def pause(self) -> None:
        """Read no further for now."""
        if not self._paused:
            self._paused = True
            self._transport.pauseProducing()

    def resume(self) -> None:
        """Read on."""
        if self._paused:
            self._paused = False
            self._transport.resumeProducing()

    def makeConnection(self, transport: ITransport) -> None:
        self._transport = transport
        if isinstance(transport, TCPConnection):
            # Whoever made the connection would only pass on what comes.
            transport.protocol = self
        self.connectionMade()

    def connectionMade(self) -> None:
        if ITCPTransport.providedBy(self._transport):
            self._transport.setTcpNoDelay(True)

    def dataReceived(self, data: bytes) -> None:
        if self._request is None or self._over:
            # What nobody asked for can't be told from the beginning of the next reply.
            self.abort()
            return
        self._seen = True
        reader, response = self._reader, self._response
        body = reader.feed(data)
        if response is None:
            self._begin(self._request, reader, body)
            return
        if body:
            response.receive(body)
        if reader.complete or reader.fault is not None:
            self._end(reader, response)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._over = True
        self._reader.end()
        self._origin.forget(self)
        if self._linger is not None and self._linger.active():
            self._linger.cancel()
        request, response = self._request, self._response
        self._request = self._response = None
        if response is not None:
            response.end(_ending(response, reason))
        elif request is not None:
            self._unanswered(request, reason)
        self._gone.callback(None)

    def resumeProducing(self) -> None:
        """Called when the transport has sent what it had: here is more of a large body, if there is any."""
        piece, self._rest = bytes(self._rest[:_LARGE]), self._rest[_LARGE:]
        if piece:
            self._transport.write(piece)
        else:
            self._sending = False
            self._transport.unregisterProducer()

    def stopProducing(self) -> None:
        """The connection is lost, and will say so itself."""
        self._rest = _NOTHING

    def _begin(self, request: Request, reader: Reader, body: bytes) -> None:
        """The first bytes of a reply have come, and perhaps all of its head."""
        if not reader.begun:
            if reader.fault is not None:
                self.abort()
                request.fail(Failure(ResponseFailed([Failure(reader.fault)])))
            return
        response = self._response = Response(self, request, reader)
        if body:
            response.receive(body)
        if reader.complete or reader.fault is not None:
            self._end(reader, response)
            # The connection may be another's by the time that this one's answer is taken, or not wanted any more.
            request.end = None
        self._origin.later(partial(self._tell, request, response))

    def _tell(self, request: Request, response: Response) -> None:
        request.answered(response)
        if response is self._response and not response.is_read:
            self.pause()

    def _end(self, reader: Reader, response: Response) -> None:
        """No more will come of a reply. The connection is free before anybody is told, who may want it."""
        self._request = self._response = None
        if reader.fault is not None:
            self.abort()
            response.end(Failure(ResponseFailed([Failure(reader.fault)], response)))
            return
        self._release(reader.lasting)
        response.end(_COMPLETE)

    def _release(self, lasting: bool) -> None:
        if self._sending:
            self.abort()
        elif lasting and not self._over:
            self._served = True
            self.resume()
            self._origin.keep(self)
        else:
            self.close()

    def _unanswered(self, request: Request, reason: Failure) -> None:
        """Whoever closed a kept connection as it was used again has seen nothing of the request: it is sent anew."""
        if self._seen:
            request.fail(Failure(ResponseFailed([reason])))
        elif self._served and reason.check(ConnectionDone, ConnectionLost) and self._died_at_once():
            request.sent_anew = True
            self._origin.connect(request)
        else:
            request.fail(Failure(ResponseNeverReceived([reason])))

    def _died_at_once(self) -> bool:
        now: float = self._origin.clock.seconds()
        return now - self._since <= _AT_ONCE


def _ending(response: Response, reason: Failure) -> Failure:
    """What the connection's end means for a body that was still to come."""
    if response.ends_with_connection and reason.check(ConnectionDone):
        return Failure(PotentialDataLoss())
    return Failure(ResponseFailed([reason], response))
