"""
A client that asks for something else each time, on asyncio: for many users most of whom are waiting.

It reads as much of HTTP/1.1 as the proxy and what stands in front of it write. Where each client asks for the same and
as fast as it can, the load generator in C does it.
"""

from __future__ import annotations

import asyncio
import re
import time

import attrs

_TAIL = 256
# Seconds that the SDKs keep a connection which they don't use.
_KEPT = 5.0
_LAST_CHUNK = b"\r\n0\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@attrs.frozen
class Reply:
    """
    @ivar status: 0 if there was none.
    @ivar head: as it came, and empty if it did not.
    @ivar begun: seconds from the request to the first byte of the body; L{None} if there was none.
    @ivar ended: seconds from the request to the end.
    @ivar complete: whether it came to its end, and what must stand there did.
    """

    status: int
    head: bytes
    begun: float | None
    ended: float
    complete: bool

    def header(self, name: str) -> str:
        """A header's value; empty if there is none."""
        found = re.search(rb"\r\n%b: *([^\r]*)" % name.encode(), self.head, re.IGNORECASE)
        return found[1].decode("latin-1") if found else ""


class Connection(asyncio.Protocol):
    """A connection, for one request after the other."""

    _transport: asyncio.Transport
    _reply: asyncio.Future[Reply] | None = None
    _used: float

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._used = time.monotonic()

    @property
    def usable(self) -> bool:
        """Whether it can carry a request."""
        fresh = time.monotonic() - self._used < _KEPT
        return fresh and self._reply is None and not self._transport.is_closing()

    def ask(self, request: bytes, ending: bytes) -> asyncio.Future[Reply]:
        """
        Send a request. What becomes of it is told by the reply, and never raised.

        @param ending: what must stand in a whole body.
        """
        self._ending = ending
        self._head = self._tail = b""
        self._whole = False
        self._left: int | None = None
        self._first: float | None = None
        self._reply = asyncio.get_running_loop().create_future()
        self._asked = time.monotonic()
        self._transport.write(request)
        return self._reply

    def leave(self) -> None:
        """Close it, whatever is under way."""
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """More of the reply."""
        if self._reply is None:
            self.leave()
        elif self._tail or b"\r\n\r\n" in self._head:
            self._body(data)
        else:
            self._headers(self._head + data)

    def connection_lost(self, error: Exception | None) -> None:
        """It is closed."""
        self._end(complete=False)

    def _headers(self, data: bytes) -> None:
        head, blank, body = data.partition(b"\r\n\r\n")
        self._head = head + blank
        if blank:
            length = _LENGTH.search(head)
            self._left = int(length[1]) if length else None
            if body or self._left == 0:
                self._body(body)

    def _body(self, data: bytes) -> None:
        if self._first is None:
            self._first = time.monotonic()
        seen = self._tail + data
        self._whole = self._whole or self._ending in seen
        self._tail = seen[-_TAIL:]
        if self._left is not None:
            self._left -= len(data)
        if self._left == 0 if self._left is not None else self._tail.endswith(_LAST_CHUNK):
            self._end(complete=self._whole)

    def _end(self, *, complete: bool) -> None:
        reply, self._reply = self._reply, None
        if reply is None or reply.done():
            return
        status = int(self._head[9:12]) if b"\r\n\r\n" in self._head else 0
        begun = None if self._first is None else self._first - self._asked
        self._used = time.monotonic()
        ended = self._used - self._asked
        reply.set_result(Reply(status, self._head, begun, ended, complete and status == 200))


@attrs.define
class Client:
    """
    A user's program: it keeps its connection, and opens another where that is gone.

    @ivar port: on loopback.
    @ivar fields: lines of a request's head, besides those that it must have.
    """

    port: int
    fields: str = ""
    _connection: Connection | None = attrs.field(default=None, init=False)

    async def ask(self, path: str, body: bytes, ending: bytes, leaves: float | None = None) -> Reply | None:
        """
        Ask by POST.

        @param ending: what must stand in a whole body.
        @param leaves: seconds after which the reply is waited for no longer.
        @return: L{None} if it was left.
        @raise OSError: no connection could be opened.
        """
        if self._connection is None or not self._connection.usable:
            self.close()
            loop = asyncio.get_running_loop()
            _, self._connection = await loop.create_connection(Connection, "127.0.0.1", self.port)
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n{self.fields}"
        reply = self._connection.ask(head.encode() + b"Content-Length: %d\r\n\r\n%b" % (len(body), body), ending)
        await asyncio.wait([reply], timeout=leaves)
        if reply.done():
            return reply.result()
        self.close()
        return None

    def close(self) -> None:
        """Leave."""
        if self._connection is not None:
            self._connection.leave()
            self._connection = None
