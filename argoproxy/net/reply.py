"""
The client's side of an exchange: the only code that writes to a request.

A reply goes out whole, with its length, or as a stream that begins with the first bytes written. It knows whether the
client is still there, and passes the client's pace on to whatever it draws from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus

import attrs
from twisted.internet.interfaces import IPushProducer
from twisted.python.failure import Failure
from twisted.web.server import Request
from zope.interface import implementer

from argoproxy.errors import OurFault, ProxyError
from argoproxy.interfaces import IFaults, IReply

from .later import Later
from .record import Record

JSON = "application/json"
_SERVER = b"argoproxy"
# The second is where Anthropic's SDKs look.
ID_HEADERS = (b"x-request-id", b"request-id")
_WORD = re.compile(r"[a-z0-9_.-]{1,64}")
# Twisted's own table lacks the newer ones.
PHRASES = {status.value: status.phrase.encode("ascii") for status in HTTPStatus} | {529: b"Overloaded"}


@implementer(IPushProducer)
@attrs.define(eq=False, repr=False)
class Reply:
    """
    What one client gets.

    @ivar _faults: how it is told of faults.
    @ivar record: what the log will say.
    @ivar gone: whether the client has left.
    @ivar begun: whether the head has gone out.
    @ivar abandon: what ends the work on it when the client leaves, if there is any.
    """

    _request: Request
    _faults: IFaults
    _later: Later
    record: Record = attrs.field(init=False)
    gone: bool = False
    begun: bool = False
    abandon: Callable[[], None] | None = None
    last_write: float = 0.0
    _finished: bool = False
    _paused: bool = False
    _sources: list[IReply] = attrs.field(factory=list)

    def __attrs_post_init__(self) -> None:
        self.record = Record(self._later.clock, self._request)
        self._request.setHeader(b"server", _SERVER)
        token = self.record.id.encode("ascii")
        for name in ID_HEADERS:
            self._request.setHeader(name, token)
        self._request.notifyFinish().addCallbacks(self._over, self._left)

    @property
    def address(self) -> str:
        """Where the client asks from, without a port; empty for a Unix socket."""
        return getattr(self._request.getClientAddress(), "host", "")

    def tell(self, headers: Mapping[str, str]) -> None:
        """Add headers to the reply, before it begins."""
        for name, value in headers.items():
            self._request.setHeader(name.encode("ascii"), value.encode("ascii", "replace"))

    def forget(self, headers: Iterable[str]) -> None:
        """Take back headers that were told."""
        for name in headers:
            self._request.responseHeaders.removeHeader(name)

    def begin(self, status: int, content_type: str) -> None:
        """Send the head of a stream with the next bytes."""
        self._head(status, content_type)
        self._request.setHeader(b"cache-control", b"no-cache")
        self._request.registerProducer(self, True)

    def write(self, data: bytes) -> None:
        """Send bytes at once."""
        if self.gone:
            return
        self.last_write = now = self._later.clock.seconds()
        if not self._request.startedWriting:
            self.record.began(now)
        self._request.write(data)

    def finish(self) -> None:
        """End a stream."""
        if not self.gone and not self._finished:
            self._finished = True
            self._request.unregisterProducer()
            self._request.finish()

    def whole(self, status: int, body: bytes, content_type: str = JSON) -> None:
        """Send a reply all at once."""
        if self.gone or self._finished:
            return
        self._measure(status, body, content_type)
        self._finished = True
        self.write(body)
        self._request.finish()

    def refuse(self, fault: ProxyError) -> None:
        """Send a fault as the whole reply, in the client's dialect."""
        self.whole(*self._refusal(fault))

    def refusal(self, fault: ProxyError) -> bytes:
        """The body of such a reply, its head prepared, for whoever writes and finishes it instead."""
        status, body = self._refusal(fault)
        self._measure(status, body, JSON)
        self.record.began(self._later.clock.seconds())
        return body

    def options(self, allowed: str) -> None:
        """Prepare the head of a reply without a body that tells the methods."""
        self.tell({"allow": allowed})
        self._head(204, "")

    def _refusal(self, fault: ProxyError) -> tuple[int, bytes]:
        self.blame(fault)
        self.tell(fault.headers)
        return self._faults.statuses.get(fault.status, fault.status), self._faults.error(fault, self.record.id)

    def _measure(self, status: int, body: bytes, content_type: str) -> None:
        self._head(status, content_type)
        self._request.setHeader(b"content-length", b"%d" % len(body))

    def blame(self, fault: ProxyError) -> None:
        """Note in the record that the reply failed, and how."""
        self.record.end = "failed"
        # ARGO's own may be anything.
        self.record.code = fault.code if fault.code and _WORD.fullmatch(fault.code) else type(fault).__name__

    def bug(self) -> OurFault:
        """The fault to show for a bug of ours."""
        return OurFault(self.record.id)

    def give_up(self) -> None:
        """Send the plainest of faults, or break the connection where something else has begun."""
        if self.begun:
            self._request.loseConnection()
        else:
            self.refuse(self.bug())

    async def cut(self) -> None:
        """
        Close the connection without the stream's end, so that the client sees that the reply isn't whole.

        Over when it is closed: Klein takes the end of a route for the end of the reply.
        """
        if not self.gone:
            self._request.loseConnection()
            await self._request.notifyFinish().addErrback(_as_meant)

    def draw_from(self, source: IReply) -> None:
        """Let the client's pace hold a source."""
        self._sources.append(source)
        if self._paused:
            source.pause()

    def leave(self, source: IReply) -> None:
        """The source is exhausted."""
        self._sources.remove(source)

    def pauseProducing(self) -> None:
        """The client reads slower than the sources give."""
        self._paused = True
        for source in self._sources:
            source.pause()

    def resumeProducing(self) -> None:
        """The client has caught up."""
        self._paused = False
        for source in self._sources:
            source.resume()

    def stopProducing(self) -> None:
        """The client is gone: the request's own notification ends the exchange."""

    def _head(self, status: int, content_type: str) -> None:
        self.begun = True
        self.record.status = status
        self._request.setResponseCode(status, PHRASES.get(status, b"Unknown"))
        if content_type:
            self._request.setHeader(b"content-type", content_type.encode("latin-1", "replace"))

    def _over(self, ignored: object) -> None:
        self.record.over()
        self._later.do(self.record.emit)

    def _left(self, ignored: object) -> None:
        self.gone = True
        if self.record.end == "done":
            self.record.end = "client left"
        if self.abandon is not None:
            self.abandon()
        self._over(None)


def _as_meant(failure: Failure) -> None:
    """The connection was lost, as it was to be."""
