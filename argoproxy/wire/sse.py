"""Server-sent events, as the WHATWG's HTML standard frames them. What is in C{data} is the caller's business."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

COMMENT = b": keepalive\n\n"
DONE = b"data: [DONE]\n\n"

_ERROR = b"error"
_FIELDS = frozenset({b"", b"data", b"event", b"id", b"retry"})
_END = re.compile(rb"\n\r?\n")
_LONGEST_END = 2


def frame(data: bytes, event: bytes = b"") -> bytes:
    """
    One event.

    @param data: without line breaks, as JSON is encoded here.
    @param event: its type; empty for none.
    """
    if event:
        return b"event: " + event + b"\ndata: " + data + b"\n\n"
    return b"data: " + data + b"\n\n"


class SseEvent(NamedTuple):
    """
    What stands between two blank lines.

    @ivar data: its data lines, joined by line feeds; empty if it has none (a comment).
    @ivar event: its type; empty if it tells none. What is no event at all counts as an C{error}, and as its data: a
        server that fails in the middle of a stream may write a page or a plain line there.
    @ivar raw: all of its bytes, the blank line that ends it included.
    """

    data: bytes
    event: bytes
    raw: bytes


class SseReader:
    """
    Cuts a stream into events. Lines end with LF or CRLF; a byte is searched for an end only once.

    What has come of an event that isn't complete yet is kept, and nothing else.
    """

    __slots__ = ("_kept", "_searched")

    def __init__(self) -> None:
        self._kept = bytearray()
        self._searched = 0

    def feed(self, data: bytes) -> list[SseEvent]:
        """The events that are complete now, comments among them."""
        if not self._kept:
            return self._cut(data, 0)
        self._kept += data
        if not _END.search(self._kept, self._searched):
            self._searched = max(0, len(self._kept) - _LONGEST_END)
            return []
        whole, start = bytes(self._kept), self._searched
        self._kept.clear()
        return self._cut(whole, start)

    def close(self) -> SseEvent | None:
        """What is left of an event whose end never came, as far as it came."""
        left = bytes(self._kept)
        self._kept.clear()
        return _event(left) if left else None

    def _cut(self, data: bytes, search: int) -> list[SseEvent]:
        """@param search: where to begin to look for an end."""
        events: list[SseEvent] = []
        begin = 0
        for end in _ends(data, search):
            events.append(_event(data[begin:end]))
            begin = end
        if begin < len(data):
            self._kept += data[begin:] if begin else data
            self._searched = max(0, len(self._kept) - _LONGEST_END)
        return events


def _ends(data: bytes, search: int) -> Iterator[int]:
    """Where events end: behind each blank line."""
    if b"\r" in data:
        for found in _END.finditer(data, search):
            yield found.end()
        return
    at = data.find(b"\n\n", search)
    while at >= 0:
        yield at + 2
        at = data.find(b"\n\n", at + 2)


def _event(raw: bytes) -> SseEvent:
    if raw.startswith(b"data: ") and raw.find(b"\n") == len(raw) - 2 and raw[-3:-2] != b"\r":
        return SseEvent(raw[6:-2], b"", raw)
    event = b""
    data: list[bytes] = []
    strange = False
    for line in raw.split(b"\n"):
        name, _, value = line.removesuffix(b"\r").partition(b":")
        if name == b"data":
            data.append(value.removeprefix(b" "))
        elif name == b"event":
            event = value.removeprefix(b" ")
        elif name not in _FIELDS:
            strange = True
    if strange and not data:
        return SseEvent(raw.strip(), _ERROR, raw)
    return SseEvent(b"\n".join(data), event, raw)
