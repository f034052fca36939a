"""
Objects as models write them into text: JSON, Python literals, and what lies between. Nothing is ever evaluated.

An object is read three times at most, by ways that forgive more and more (L{_WAYS}). What is well-formed, in JSON or
in Python or mixed, is read exactly by the first. The others judge by what follows a quote whether it ends its string,
since quotes inside may be there without an escape; for the last a backslash guards no quote, since one at a string's
end may be there without its own escape.

The work on a text is bounded, whatever is in it: see L{Reader}.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final

import attrs

_STEPS = 40_000
_STEP_LENGTH = 256
_DEEPEST = 64

# By the quote that opened a string: what may end it, or guards what follows.
_GUARDED: Final = {quote: re.compile(rf"\\.|{quote}", re.DOTALL) for quote in "'\""}
_PLAIN: Final = {quote: re.compile(quote) for quote in "'\""}

_SPACE = re.compile(r"\s*")
# What may follow a string: bounded, since every quote in a text may have to be looked behind.
_COLON = re.compile(r"\s{0,256}:")
_CLOSERS = re.compile(r"(?:\s{0,256}[}\]]){0,64}")
_COMMA = r"\s{0,256},\s{0,256}"
_NEXT_KEY = re.compile(_COMMA + r"""(?:(["'])(?P<key>(?:(?!\1)[^\n\\]|\\.){0,200})\1\s{0,256}:|[}\]])""")
_NEXT_ITEM = re.compile(_COMMA + r"""(?:["'{}\[\]\d-]|[Tt]rue\b|[Ff]alse\b|[Nn]one\b|null\b)""")
_SCALAR = re.compile(r"-?\d{1,300}(?:\.\d{1,300})?(?:[eE][+-]?\d{1,4})?(?![\w.])|[A-Za-z]{4,5}\b")
_WORDS: Final[Mapping[str, bool | None]] = {
    "true": True,
    "True": True,
    "false": False,
    "False": False,
    "null": None,
    "None": None,
}
_ESCAPE = re.compile(r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
_HALF = re.compile("[\ud800-\udfff]")
_ESCAPES: Final = {
    "\n": "",
    '"': '"',
    "'": "'",
    "/": "/",
    "\\": "\\",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
}


class Unreadable(ValueError):
    """There is no object."""


@attrs.frozen
class _Way:
    """
    How strings are read.

    @ivar ends: by the quote that opened it, what may end a string or guards what follows.
    @ivar judged: whether a quote must also look like an end.
    """

    ends: Mapping[str, re.Pattern[str]]
    judged: bool


_WAYS: Final = (_Way(_GUARDED, judged=False), _Way(_GUARDED, judged=True), _Way(_PLAIN, judged=True))


@attrs.define
class Reader:
    """
    Reads objects in one text.

    @ivar needed: keys that an object of the outermost level has before it ends.
    @ivar known: the keys that a forgiven object may have anywhere; text in a string can look like a key.
    @ivar steps: the work that is left, for all objects together. A step is a mark, or 256 characters of a string.
    """

    text: str
    needed: frozenset[str]
    known: Collection[str]
    steps: int = _STEPS

    @property
    def exhausted(self) -> bool:
        """Whether no work is left."""
        return self.steps < 0

    def readings(self, start: int) -> Iterator[tuple[dict[str, Any], int]]:
        """
        What the object can be that begins at C{start} with its brace, the likeliest first, each with where it ends.
        Nothing, if there is none, or no work left to find it.
        """
        for way in _WAYS:
            if self.exhausted:
                return
            try:
                yield _Reading(self, way).outermost(start)
            except Unreadable:
                continue


@attrs.define
class _Reading:
    """
    One way through one object.

    @ivar _nest: the closing marks of what is open, the innermost last.
    @ivar _seen: the keys of the outermost level so far.
    """

    _reader: Reader
    _way: _Way
    _nest: list[str] = attrs.Factory(list)
    _seen: set[str] = attrs.Factory(set)

    def outermost(self, start: int) -> tuple[dict[str, Any], int]:
        """@raise Unreadable: it isn't one."""
        found, end = self._object(start)
        if not self._reader.needed <= found.keys():
            raise Unreadable
        return found, end

    def _value(self, place: int) -> tuple[Any, int]:
        mark = self._mark(place)
        if mark in ("'", '"'):
            return self._string(place, self._ends_value)
        if mark == "{":
            return self._object(place)
        if mark == "[":
            return self._list(place)
        return self._scalar(place)

    def _object(self, place: int) -> tuple[dict[str, Any], int]:
        self._open("}")
        fields: dict[str, Any] = {}
        place = self._skipped(place + 1)
        while self._mark(place) != "}":
            key, place = self._key(place)
            fields[key], place = self._value(place)
            place = self._behind(place)
        self._nest.pop()
        return fields, place + 1

    def _list(self, place: int) -> tuple[list[Any], int]:
        self._open("]")
        items: list[Any] = []
        place = self._skipped(place + 1)
        while self._mark(place) != "]":
            item, place = self._value(place)
            items.append(item)
            place = self._behind(place)
        self._nest.pop()
        return items, place + 1

    def _open(self, closer: str) -> None:
        self._nest.append(closer)
        if len(self._nest) > _DEEPEST:
            raise Unreadable

    def _behind(self, place: int) -> int:
        """The place of what comes behind a value: the next one, or the mark that closes."""
        place = self._skipped(place)
        if self._mark(place) == ",":
            return self._skipped(place + 1)
        if self._mark(place) != self._nest[-1]:
            raise Unreadable
        return place

    def _key(self, place: int) -> tuple[str, int]:
        """A key, and the place of its value."""
        if self._mark(place) not in ("'", '"'):
            raise Unreadable
        key, place = self._string(place, self._ends_key)
        place = self._skipped(place)
        if self._mark(place) != ":":
            raise Unreadable
        if len(self._nest) == 1:
            self._seen.add(key)
        return key, self._skipped(place + 1)

    def _scalar(self, place: int) -> tuple[Any, int]:
        found = _SCALAR.match(self._reader.text, place)
        if found is None:
            raise Unreadable
        word = found.group()
        if word in _WORDS:
            return _WORDS[word], found.end()
        if word[0].isalpha():
            raise Unreadable
        number = float(word) if any(mark in word for mark in ".eE") else int(word)
        if not math.isfinite(number):
            raise Unreadable
        return number, found.end()

    def _string(self, place: int, ends: Callable[[int], bool]) -> tuple[str, int]:
        """@param ends: tells whether a quote that ends at a place ends the string."""
        text, pattern = self._reader.text, self._way.ends[self._reader.text[place]]
        at = place + 1
        while True:
            found = pattern.search(text, at)
            self._spend((len(text) if found is None else found.end()) - at)
            if found is None:
                raise Unreadable
            at = found.end()
            if found.group()[0] != "\\" and (not self._way.judged or ends(at)):
                return _unescaped(text[place + 1 : at - 1]), at

    def _ends_key(self, place: int) -> bool:
        return _COLON.match(self._reader.text, place) is not None

    def _ends_value(self, place: int) -> bool:
        """Whether what comes behind this place fits a string's end: enough is closed, or another value follows."""
        text = self._reader.text
        closers = _CLOSERS.match(text, place)
        assert closers is not None  # it matches nothing, too
        self._spend(closers.end() - place)
        closing = [mark for mark in closers.group() if mark in "}]"][: len(self._nest)]
        if closing != self._nest[::-1][: len(closing)]:
            return False
        left = len(self._nest) - len(closing)
        if not left:
            return self._reader.needed <= self._seen
        if self._nest[left - 1] == "]":
            return _NEXT_ITEM.match(text, closers.end()) is not None
        found = _NEXT_KEY.match(text, closers.end())
        return found is not None and (found["key"] is None or found["key"] in self._reader.known)

    def _skipped(self, place: int) -> int:
        found = _SPACE.match(self._reader.text, place)
        assert found is not None  # it matches nothing, too
        self._spend(found.end() - place)
        return found.end()

    def _mark(self, place: int) -> str:
        """The character there; empty behind the text's end."""
        return self._reader.text[place : place + 1]

    def _spend(self, length: int) -> None:
        self._reader.steps -= 1 + length // _STEP_LENGTH
        if self._reader.exhausted:
            raise Unreadable


def _unescaped(text: str) -> str:
    """The text that a string's inside stands for. JSON writes some characters as two halves."""
    if "\\" not in text:
        return text
    text = _ESCAPE.sub(_character, text)
    if not _HALF.search(text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _character(found: re.Match[str]) -> str:
    """What an escape stands for. One that neither JSON nor Python knows stands for itself."""
    escape = found.group()
    if len(escape) == 2:
        return _ESCAPES.get(escape[1], escape)
    code = int(escape[2:], 16)
    return chr(code) if code <= sys.maxunicode else escape
