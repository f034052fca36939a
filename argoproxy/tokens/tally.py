"""
Counts text as it comes, slice by slice, in bounded memory. What a request or reply says is not known here.

Counting holds the interpreter, so a slice is what may be counted in one turn of the reactor: 64 KB take about a
millisecond, ten at worst.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import msgspec
from zope.interface import implementer

from argoproxy.interfaces import ITally

from . import borders
from .encoding import WORTH_IT, Encoding

SLICE = 64 * 1024
_WIDEST = 4  # bytes of a character in UTF-8
_HELD = 2048  # characters of a growing text that are worth counting
_TRIFLE = 64  # what fetching one more text costs, in bytes counted
_SHORT = 4096  # characters that are counted at once


class Sum(msgspec.Struct, frozen=True, gc=False):
    """
    Bytes that say several texts, whose tokens are remembered together. The texts come behind it unless they are known
    already (L{Encoding.remembered_sum}), and behind them C{None} in its place.
    """

    said: bytes | None


Said = str | int | Sum


def _weight(text: str) -> int:
    """The bytes of a text, or a little more: exact where it costs nothing to know."""
    return len(text) if text.isascii() else len(text) * _WIDEST


@implementer(ITally)
@attrs.define(eq=False)
class Tally:
    """
    The tokens of some texts that are known, and of one that grows.

    Cuts are made where they don't change the count (L{borders}). A text without any such place for 64 KB is cut
    anywhere, which costs a token or two.

    @ivar _known: whole texts, each counted on its own, numbers of tokens that come on top, and what sums are to be
        remembered. Drawn from as the counting goes, so what makes them is part of the counting.
    @ivar _queue: texts to count before any more of C{_known}; C{_offset} is where in the first of them it stands.
    @ivar _whole: the one of C{_known} that is being counted; C{_before} is the total when that began.
    @ivar _sum: the sum that is being counted; C{_before_sum} is the total when that began.
    @ivar _pieces: the end of the growing text, which may continue: C{_held} characters, looked at from C{_due} on.
    """

    _encoding: Encoding
    _known: Iterator[Said] = attrs.field(factory=lambda: iter(()))
    _total: int = attrs.field(default=0, init=False)
    _queue: list[str] = attrs.field(factory=list, init=False)
    _whole: str | None = attrs.field(default=None, init=False)
    _before: int = attrs.field(default=0, init=False)
    _sum: bytes | None = attrs.field(default=None, init=False)
    _before_sum: int = attrs.field(default=0, init=False)
    _offset: int = attrs.field(default=0, init=False)
    _pieces: list[str] = attrs.field(factory=list, init=False)
    _held: int = attrs.field(default=0, init=False)
    _due: int = attrs.field(default=_HELD, init=False)

    def add(self, text: str) -> None:
        """More of the growing text. Counts at most one slice now; what more there is waits for L{step}."""
        self._pieces.append(text)
        self._held += len(text)
        if self._held >= self._due:
            self._take_whole_words()

    def step(self) -> bool:
        """Count a slice. The growing text comes last, as if it were complete."""
        room = SLICE
        while room > 0:
            cost = self._slice(room) if self._queue else self._next()
            if not cost:
                return False
            room -= cost
        return True

    def total(self) -> int:
        """The tokens counted so far: all of them once L{step} has returned L{False}."""
        return self._total

    def _slice(self, room: int) -> int:
        """Count of the text queued first what the room allows, and return how much that was: the room, if too small."""
        text, start = self._queue[0], self._offset
        rest = text[start:] if len(text) - start <= SLICE else text[start : start + SLICE]
        if _weight(rest) > room < SLICE:
            return room
        end = start + min(len(rest), SLICE if rest.isascii() else SLICE // _WIDEST)
        if end < len(text):
            end = borders.last(text, start, end) or end
            self._offset = end
        else:
            del self._queue[0]
            self._offset = 0
        piece = text[start:end]
        self._total += self._encoding.count(piece)
        return _weight(piece)

    def _next(self) -> int:
        """Take what is to be counted next, and count it if it is short. Returns what that cost; 0: there is nothing."""
        if self._whole is not None:
            self._learn(self._whole)
        said = next(self._known, None)
        if isinstance(said, str):
            if len(said) >= WORTH_IT:
                return self._count_known(said)
            self._total += self._encoding.count(said)
        elif isinstance(said, int):
            self._total += said
        elif said is not None:
            self._sum_up(said.said)
        elif self._pieces:
            return self._count_rest()
        else:
            return 0
        return _TRIFLE

    def _count_known(self, text: str) -> int:
        """Count a whole text, or queue it if it is long. Conversations come again and again, each time a bit longer."""
        remembered = self._encoding.remembered(text)
        if remembered is not None:
            self._total += remembered
        elif len(text) <= _SHORT:
            tokens = self._encoding.count(text)
            self._encoding.remember(text, tokens)
            self._total += tokens
            return _TRIFLE + _weight(text)
        else:
            self._whole, self._before = text, self._total
            self._queue.append(text)
        return _TRIFLE

    def _count_rest(self) -> int:
        """Count the end of the growing text, or queue it if it is long."""
        rest = "".join(self._pieces)
        self._keep("")
        if len(rest) > _SHORT:
            self._queue.append(rest)
            return _TRIFLE
        self._total += self._encoding.count(rest)
        return _TRIFLE + _weight(rest)

    def _learn(self, whole: str) -> None:
        """Remember what the last long text came to."""
        self._encoding.remember(whole, self._total - self._before)
        self._whole = None

    def _sum_up(self, said: bytes | None) -> None:
        """Begin a sum, or end the one that has begun."""
        if self._sum is not None:
            self._encoding.remember_sum(self._sum, self._total - self._before_sum)
        self._sum, self._before_sum = said, self._total

    def _take_whole_words(self) -> None:
        """Queue the growing text up to its last border, and count a slice of what is queued."""
        # What is counted from now on isn't that text's alone.
        self._whole = None
        text = "".join(self._pieces)
        end = borders.last(text, 0, len(text))
        if not end and len(text) >= SLICE:
            end = len(text)
        self._keep(text[end:])
        if end:
            self._queue.append(text[:end])
            self._slice(SLICE)

    def _keep(self, tail: str) -> None:
        self._pieces = [tail] if tail else []
        self._held = len(tail)
        self._due = max(_HELD, 2 * len(tail))
