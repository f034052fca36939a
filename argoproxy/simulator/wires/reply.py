"""A reply as data: its head, the pieces of its body, and how it ends. Faults turn one reply into another."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Any

import attrs
import msgspec

JSON = "application/json"
SSE = "text/event-stream; charset=utf-8"
PLAIN = "text/plain; charset=utf-8"


class Ending(Enum):
    """How a reply ends."""

    FINISH = "as HTTP wants it"
    HANG = "never: the connection stays open"
    RESET = "by a reset"
    CLOSE = "by closing the connection, which cuts a body short that isn't whole"


@attrs.frozen
class Reply:
    """
    One HTTP reply.

    @ivar pieces: The body; each piece is written for itself. Iterated over once.
    @ivar length: Content-Length, or None for a chunked body.
    @ivar ending: What comes behind the last piece.
    @ivar wait: Seconds before the first byte, beside the settings'.
    @ivar pause: Seconds between two pieces, or None for what the settings say.
    @ivar streamed: Whether the settings' pace and cuts apply.
    @ivar headless: Whether the pieces go to the socket as they are, without status and headers.
    """

    status: int
    content_type: str
    pieces: Iterable[bytes]
    length: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    ending: Ending = Ending.FINISH
    wait: float = 0.0
    pause: float | None = None
    streamed: bool = False
    headless: bool = False


def whole(status: int, body: bytes, content_type: str = JSON, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    """@return: A reply of known length."""
    return Reply(status, content_type, (body,) if body else (), len(body), headers)


def document(status: int, value: Any, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    """@return: A JSON reply."""
    return whole(status, msgspec.json.encode(value), JSON, headers)


def stream(content_type: str, pieces: Iterable[bytes], cut: bool) -> Reply:
    """
    @param cut: Whether to cut inside of characters.
    @return: A streamed reply, paced as the settings want it.
    """
    return Reply(200, content_type, cut_inside(pieces) if cut else pieces, streamed=True)


def gzipped(reply: Reply) -> Reply:
    """@return: The reply in gzip, flushed at each piece."""
    headers = (*reply.headers, ("Content-Encoding", "gzip"))
    return attrs.evolve(reply, pieces=_gzip(reply.pieces), length=None, headers=headers)


def _gzip(pieces: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(wbits=31)
    for piece in pieces:
        yield packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH)
    yield packer.flush()


def event(value: Any, name: str | None = None) -> bytes:
    """@return: A server-sent event whose data is JSON."""
    head = f"event: {name}\n".encode() if name else b""
    return head + b"data: " + msgspec.json.encode(value) + b"\n\n"


def deltas(texts: Iterable[str], size: int) -> Iterator[str]:
    """@return: Texts in pieces of at most C{size} characters."""
    for text in texts:
        for place in range(0, len(text), size):
            yield text[place : place + size]


def byte_chunks(texts: Iterable[str], size: int) -> Iterator[bytes]:
    """@return: Texts in chunks of at most C{size} bytes (of one character, where that has more)."""
    for text in texts:
        data = text.encode()
        place = 0
        while place < len(data):
            end = _border(data, place, place + size)
            yield data[place:end]
            place = end


def _border(data: bytes, start: int, end: int) -> int:
    """@return: The last end of a character behind C{start} that isn't behind C{end}, or the first one."""
    if end >= len(data):
        return len(data)
    border = end
    while border > start and data[border] & 0xC0 == 0x80:
        border -= 1
    if border > start:
        return border
    while end < len(data) and data[end] & 0xC0 == 0x80:
        end += 1
    return end


def cut_inside(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """@return: The same bytes in pieces that end inside of a multi-byte character wherever there is one."""
    carry = b""
    for piece in pieces:
        data = carry + piece
        cut = next((place for place in range(len(data) - 1, 0, -1) if data[place] & 0xC0 == 0x80), len(data))
        yield data[:cut]
        carry = data[cut:]
    if carry:
        yield carry
