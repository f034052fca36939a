"""
What llhttp finds in the bytes of replies, noted until somebody asks.

Nobody's code but this runs inside of the parser: others are told when it is done with all that came.
"""

from __future__ import annotations

from httptools import HttpParserError, HttpResponseParser

_MOST_HEADERS = 100
# Bytes that may come without any of a body among them: heads, trailers, the frames of chunks.
_MOST_FRAMING = 64 * 1024
_SWITCHING_PROTOCOLS = 101


class ReplyFault(Exception):
    """A reply that can't be taken."""


class Surplus(Exception):
    """More has come than the reply that was asked for."""


class Reader:
    """
    Reads one reply after the other.

    @ivar begun: whether the reply's head is there: C{code}, C{phrase}, C{version} (such as C{1.1}) and C{lines} (the
        headers' names and values) are of use from then on.
    @ivar complete: whether all of the reply is.
    @ivar lasting: whether another may follow it on the same connection.
    @ivar fault: why it can't be read to its end, or L{None}.
    """

    __slots__ = (
        "_feed",
        "_framing",
        "_head_only",
        "_lines",
        "_parser",
        "_pieces",
        "begun",
        "code",
        "complete",
        "fault",
        "lasting",
        "lines",
        "on_body",
        "phrase",
        "version",
    )

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        # The parser calls it as it is, with no function of ours in between.
        self.on_body = self._pieces.append
        self.expect(head_only=False)
        self._parser = HttpResponseParser(self)
        self._feed = self._parser.feed_data

    def expect(self, *, head_only: bool) -> None:
        """
        Make ready for the next reply.

        @param head_only: it has no body, whatever its head says.
        """
        self._head_only = head_only
        self._framing = 0
        self.begun = self.complete = self.lasting = False
        self.code, self.phrase, self.version = 0, b"", ""
        self.lines: list[tuple[bytes, bytes]] = []
        self._lines: list[tuple[bytes, bytes]] = []
        self.fault: ReplyFault | None = None

    def feed(self, data: bytes) -> bytes:
        """Read on; returns what that brings of the body."""
        try:
            self._feed(data)
        except HttpParserError as error:
            self.lasting = False
            self._blame(error)
        pieces = self._pieces
        if pieces:
            self._framing = 0
            body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
            pieces.clear()
            return body
        self._framing += len(data)
        if self._framing > _MOST_FRAMING:
            self._blame(ReplyFault("too much around its body"))
        return b""

    def end(self) -> None:
        """Nothing more is read. The parser and this know each other, and would wait for the garbage collector."""
        del self._parser, self._feed

    def on_message_begin(self) -> None:
        if self.complete:
            raise Surplus

    def on_status(self, phrase: bytes) -> None:
        self.phrase += phrase

    def on_header(self, name: bytes, value: bytes) -> None:
        self._lines.append((name, value))

    def on_headers_complete(self) -> None:
        code = self._parser.get_status_code()
        if code < 200:
            self._skip(code)
            return
        if len(self._lines) > _MOST_HEADERS:
            raise ReplyFault("too many headers")
        # Trailers come the same way, and are nobody's business.
        self.lines, self._lines = self._lines, []
        self.code, self.version, self.begun = code, self._parser.get_http_version(), True
        if self._head_only:
            self.complete = True
            raise Surplus
        self.lasting = self._parser.should_keep_alive()

    def on_message_complete(self) -> None:
        self.complete = self.begun

    def _skip(self, code: int) -> None:
        """Forget a head that only says that another will follow."""
        if code == _SWITCHING_PROTOCOLS:
            raise ReplyFault("a protocol that wasn't asked for")
        self.phrase, self._lines = b"", []

    def _blame(self, error: Exception) -> None:
        """Note what is wrong, unless the reply was complete before."""
        if not self.complete:
            self.fault = ReplyFault(str(error.__context__ or error))
