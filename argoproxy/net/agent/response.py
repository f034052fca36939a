"""A reply whose head has come: what it says, and its body on the way to whoever reads it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from twisted.internet.interfaces import IProtocol, IPushProducer
from twisted.python.failure import Failure
from twisted.web.http_headers import Headers
from twisted.web.iweb import UNKNOWN_LENGTH, IClientRequest, IResponse
from zope.interface import implementer

from argoproxy.net.headers import PlainHeaders

if TYPE_CHECKING:
    from .connection import Connection
    from .reader import Reader

_BODILESS = frozenset({204, 304})


@implementer(IResponse, IPushProducer)
class Response:
    """
    It is also the transport of the protocol that reads the body: until the body's end, and for that body alone.

    @ivar is_read: whether somebody takes the body.
    @ivar receive: takes the next of the body's bytes.
    """

    __slots__ = (
        "_connection",
        "_decoded",
        "_early",
        "_ended",
        "_headers",
        "_lines",
        "_protocol",
        "_version",
        "code",
        "is_read",
        "phrase",
        "previousResponse",
        "receive",
        "request",
    )

    receive: Callable[[bytes], object]

    def __init__(self, connection: Connection, request: IClientRequest, reader: Reader) -> None:
        """
        @param reader: has the head.
        """
        self.request = request
        self.code = reader.code
        self.phrase = reader.phrase
        self.previousResponse: IResponse | None = None
        self._version = reader.version
        self._lines = reader.lines
        self._headers: Headers | None = None
        self._connection: Connection | None = connection
        self._protocol: IProtocol | None = None
        self.is_read = False
        self._ended: Failure | None = None
        self._early: list[bytes] = []
        self._decoded = False
        self.receive = self._early.append

    @property
    def version(self) -> tuple[bytes, int, int]:
        """The protocol's name and version."""
        major, _, minor = self._version.partition(".")
        return b"HTTP", int(major), int(minor)

    @property
    def headers(self) -> Headers:
        """All headers."""
        if self._headers is None:
            self._headers = PlainHeaders.read([(name, value.rstrip()) for name, value in self._lines])
        return self._headers

    @property
    def length(self) -> object:
        """The body's size in bytes, where the head tells it."""
        if self.is_bodiless:
            return 0
        if self._decoded:
            return UNKNOWN_LENGTH
        lengths = self._values(b"content-length")
        return int(lengths[0]) if lengths else UNKNOWN_LENGTH

    @length.setter
    def length(self, unknown: object) -> None:
        """Whatever decodes the body says by this that its size isn't known."""
        self._decoded = True

    @property
    def is_bodiless(self) -> bool:
        """Whether there is no body whatever the headers say."""
        return self.request.method == b"HEAD" or self.code in _BODILESS

    @property
    def ends_with_connection(self) -> bool:
        """Whether only the connection's end tells the body's."""
        codings = b",".join(self._values(b"transfer-encoding"))
        if codings:
            return codings.rpartition(b",")[2].strip().lower() != b"chunked"
        return not self._values(b"content-length")

    def setPreviousResponse(self, response: IResponse) -> None:
        self.previousResponse = response

    def deliverBody(self, protocol: IProtocol) -> None:
        if self.is_read:
            raise RuntimeError("a body is delivered once")
        self.is_read = True
        self._protocol = protocol
        self.receive = protocol.dataReceived
        if self._connection is not None:
            self._connection.resume()
        protocol.makeConnection(self)  # type: ignore[arg-type]
        early, self._early = self._early, []
        if early:
            protocol.dataReceived(b"".join(early))
        if self._ended is not None:
            self.end(self._ended)

    def end(self, reason: Failure) -> None:
        """The body is over: complete, or for another reason."""
        self._connection = None
        if self._protocol is None:
            self._ended = reason
            return
        protocol, self._protocol = self._protocol, None
        self.receive = _ignore
        protocol.connectionLost(reason)

    def pauseProducing(self) -> None:
        if self._connection is not None:
            self._connection.pause()

    def resumeProducing(self) -> None:
        if self._connection is not None:
            self._connection.resume()

    def stopProducing(self) -> None:
        self.abortConnection()

    def loseConnection(self) -> None:
        """Read no more of it: nothing is left to be sent, so this is the same."""
        self.abortConnection()

    def abortConnection(self) -> None:
        """Read no more of it."""
        if self._connection is not None:
            self._connection.abort()

    def _values(self, name: bytes) -> list[bytes]:
        return [value for key, value in self._lines if key.lower() == name]


def _ignore(data: bytes) -> None:
    """What comes behind the end of a body."""
