"""
The items of a long array in a JSON object, as its bytes come: neither of the two is ever there as a whole.

What the items are is the caller's business.
"""

from __future__ import annotations

import re
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")

# Fields of plain text may stand before the array. Nothing else does, where these are read.
_OPENING = rb'\s*\{(?:\s*"\w+"\s*:\s*"[^"\\]*"\s*,)*\s*"%b"\s*:\s*\['
_LONGEST_OPENING = 4096
_FIRST = re.compile(rb"\s*(\]|(?=\S))")
_LATER = re.compile(rb"\s*(\]|,\s*(?=\S))")


class Items(Generic[T]):
    """
    Takes one body apart. Where it isn't as expected, there are no items: if the array doesn't come first, or has what
    ends with another bracket inside. Then the array stays in what L{close} gives.
    """

    def __init__(self, name: bytes, end: bytes, decoder: msgspec.json.Decoder[T]) -> None:
        """
        @param name: the array's.
        @param end: the bracket with which an item ends.
        @param decoder: reads an item, of which it gets bytes that are its own.
        """
        self._opening = re.compile(_OPENING % name)
        self._end = end
        self._decoder = decoder
        self._mark: re.Pattern[bytes] | None = None
        self._before = b""
        self._held = bytearray()
        self._at_item = self._broken = False
        self._looked = 0

    def feed(self, data: bytes) -> list[T]:
        """The items that are complete now."""
        self._held += data
        if not self._before and len(self._held) - len(data) <= _LONGEST_OPENING:
            self._open()
        found: list[T] = []
        while not self._broken and self._reach_item() and self._take(found):
            pass
        return found

    def close(self) -> bytes:
        """
        The object without the items that were found. If the body broke off, or isn't JSON beside them, this isn't JSON.
        """
        # No JSON array begins with a comma.
        return self._before + (b"," if self._mark is _LATER else b"") + bytes(self._held)

    def _open(self) -> None:
        opening = self._opening.match(self._held)
        if opening is not None:
            self._before = bytes(opening[0])
            self._drop(opening.end())
            self._mark = _FIRST

    def _reach_item(self) -> bool:
        """Whether an item begins where the held bytes do."""
        if self._at_item:
            return True
        mark = None if self._mark is None else self._mark.match(self._held)
        if mark is None:
            return False
        if mark[1] == b"]":
            self._mark = None
            return False
        self._drop(mark.end())
        self._at_item = True
        return True

    def _take(self, found: list[T]) -> bool:
        """Take the item, if all of it is here. From one that can't be taken on, all is left as it is."""
        end = self._held.find(self._end, self._looked) + 1
        self._looked = len(self._held)
        if not end:
            return False
        try:
            found.append(self._decoder.decode(bytes(memoryview(self._held)[:end])))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self._broken = True
            return False
        self._at_item = False
        self._drop(end)
        self._mark = _LATER
        return True

    def _drop(self, length: int) -> None:
        del self._held[:length]
        self._looked = 0
