"""A request: its bytes, and whoever waits for the reply."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IConsumer
from twisted.python.failure import Failure
from twisted.web.client import ResponseFailed
from twisted.web.http_headers import Headers
from twisted.web.iweb import IBodyProducer, IClientRequest, IResponse
from zope.interface import implementer

from .headers import CallHeaders

_SAYS_LENGTH = frozenset({b"POST", b"PUT", b"PATCH"})


class UnansweredAgain(ResponseFailed):
    """A kept connection was closed as it was used, and then a new one failed, too: C{reasons} has that failure."""

    @classmethod
    def over(cls, failure: Failure) -> Failure:
        """@param failure: the new connection's."""
        return Failure(cls([failure]))


@implementer(IBodyProducer)
class WholeBody:
    """A request's body that is there already."""

    __slots__ = ("data", "length")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.length = len(data)

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        consumer.write(self.data)
        return succeed(None)

    def pauseProducing(self) -> None:
        """It has all been written."""

    def resumeProducing(self) -> None:
        """It has all been written."""

    def stopProducing(self) -> None:
        """It has all been written."""


@implementer(IClientRequest)
class Request:
    """
    One request, until its reply begins.

    @ivar head: all that is sent before the body.
    @ivar answer: fires with the reply's head; L{None} once it has, or has been cancelled.
    @ivar end: ends whatever is done for the request right now.
    @ivar sent_anew: whether a kept connection was closed as the request was sent on it, and another has been opened.
    """

    __slots__ = ("absoluteURI", "answer", "body", "end", "head", "headers", "method", "sent_anew")

    def __init__(self, method: bytes, uri: bytes, headers: Headers, head: bytes, body: bytes) -> None:
        self.method = method
        self.absoluteURI = uri
        self.headers = headers
        self.head = head
        self.body = body
        self.answer: Deferred[IResponse] | None = Deferred(self._cancelled)
        self.end: Callable[[], object] | None = None
        self.sent_anew = False

    def answered(self, response: IResponse) -> None:
        """The reply has begun. What was sent isn't needed any more, and may be large."""
        self.head = self.body = b""
        answer = self._settle()
        if answer is not None:
            answer.callback(response)

    def fail(self, failure: Failure) -> None:
        """There is no reply."""
        answer = self._settle()
        if answer is not None:
            answer.errback(UnansweredAgain.over(failure) if self.sent_anew else failure)

    def _settle(self) -> Deferred[IResponse] | None:
        answer, self.answer, self.end = self.answer, None, None
        return answer

    def _cancelled(self, answer: Deferred[IResponse]) -> None:
        end = self.end
        self._settle()
        if end is not None:
            end()


def head_of(line: bytes, host: bytes, method: bytes, headers: Headers, body: bytes | None) -> bytes:
    """
    All that is sent before the body.

    @param line: the request's first line, with its end.
    @param host: the header that names the host, with its end.
    """
    length = b"" if body is None and method not in _SAYS_LENGTH else b"Content-Length: %d\r\n" % len(body or b"")
    if isinstance(headers, CallHeaders):
        return b"%b%b%b%b\r\n" % (line, host, length, headers.block)
    if headers.hasHeader(b"host"):
        host = b""
    block = [b"%b: %b\r\n" % (name, value) for name, values in headers.getAllRawHeaders() for value in values]
    return b"%b%b%b%b\r\n" % (line, host, length, b"".join(block))
