"""Headers that cost little: of both sides, where llhttp has seen to it already that they are in order."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from twisted.web.http_headers import Headers

# Clients choose what names there are.
_MOST_NAMES = 1024


class PlainHeaders(Headers):
    """Twisted's, which needn't look at what is known to be sound."""

    __slots__ = ()

    @classmethod
    def read(cls, fields: Iterable[tuple[bytes, bytes]]) -> PlainHeaders:
        """
        Those that a parser has read.

        @param fields: names and values; no value has a line's end in it.
        """
        headers = cls()
        raw = headers._rawHeaders
        for name, value in fields:
            key = _canonical(name)
            if key in raw:
                raw[key].append(value)
            else:
                raw[key] = [value]
        return headers

    def getRawHeaders(self, name: Any, default: Any = None) -> Any:
        """The values of one of them; the default if it isn't there."""
        if isinstance(name, bytes):
            return self._rawHeaders.get(_canonical(name), default)
        return super().getRawHeaders(name, default)

    def hasHeader(self, name: Any) -> bool:
        """Whether it is there."""
        return _canonical(name) in self._rawHeaders if isinstance(name, bytes) else super().hasHeader(name)

    def lines(self) -> list[bytes]:
        """All of them as they are sent, without their ends."""
        return [b"%b: %b" % (name, value) for name, values in self._rawHeaders.items() for value in values]

    def put(self, name: bytes | str, value: bytes | str) -> None:
        """Have this one, with this value alone."""
        # To look with "in" takes bytes for a number first, and that fails inside at length.
        if isinstance(name, bytes) and isinstance(value, bytes) and value.find(b"\n") < 0 and value.find(b"\r") < 0:
            self._rawHeaders[_canonical(name)] = [value]
        else:
            self.setRawHeaders(name, [value])


def changeable(headers: Headers | None) -> Headers:
    """Twisted's own with the same in them, which can be added to."""
    return Headers(dict((headers or Headers()).getAllRawHeaders()))


@lru_cache(_MOST_NAMES)
def _canonical(name: bytes) -> bytes:
    """A name as Twisted spells it."""
    headers = Headers()
    headers.addRawHeader(name, b"")
    return next(headers.getAllRawHeaders())[0]
