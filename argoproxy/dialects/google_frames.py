"""
The two ways in which Google's streams frame their chunks: as events (C{alt=sse}), or as elements of one JSON array.

The SDKs take no comments between events: the Python one reads them as JSON, and the older JavaScript one finds no event
behind them. So a silent stream of events gets a chunk that says nothing.
"""

from __future__ import annotations

from typing import Protocol

import attrs


class Frame(Protocol):
    """What stands around chunks."""

    @property
    def content_type(self) -> str:
        """The stream's media type."""

    def opening(self) -> bytes:
        """What stands before all chunks."""

    def chunk(self, data: bytes) -> bytes:
        """One chunk."""

    def failure(self, data: bytes) -> bytes:
        """An error, and the end of the stream."""

    def silence(self, data: bytes) -> bytes:
        """What to send in silence, made of a chunk that says nothing."""

    def closing(self) -> bytes:
        """What stands behind all chunks."""


@attrs.frozen
class Events:
    """Each chunk is an event. Lines end as Google ends them."""

    content_type = "text/event-stream"

    def opening(self) -> bytes:
        return b""

    def chunk(self, data: bytes) -> bytes:
        return b"data: %b\r\n\r\n" % data

    def failure(self, data: bytes) -> bytes:
        """
        The error twice: as an event, which most clients look for, and bare behind it, where Google's own JavaScript SDK
        does. To readers of events the latter is a line that means nothing.
        """
        return self.chunk(data) + data

    def silence(self, data: bytes) -> bytes:
        return self.chunk(data)

    def closing(self) -> bytes:
        return b""


@attrs.define
class Array:
    """Each chunk is an element. The array opens at once, since some readers take nothing else for its first byte."""

    content_type = "application/json"
    _before: bytes = b"["

    def opening(self) -> bytes:
        self._before = b""
        return b"["

    def chunk(self, data: bytes) -> bytes:
        before, self._before = self._before, b",\n"
        return before + data

    def failure(self, data: bytes) -> bytes:
        return self.chunk(data) + self.closing()

    def silence(self, data: bytes) -> bytes:
        return b"\n"

    def closing(self) -> bytes:
        return b"]"
