"""
How many connections each worker has open, in memory that all of them and the supervisor share.

A slot has one holder, which alone says how many it has. Who comes into a slot becomes its holder, and what the one
before says no longer counts. A number in the table is written and read at once, so there is no lock that somebody who
ends could leave behind.
"""

from __future__ import annotations

import mmap
import os
import tempfile
import time
from collections.abc import Callable, Iterator

# What there is of a slot, each a whole number: its holder's process id, its connections, when it said so.
_HOLDER, _OPEN, _AT = range(3)
_NUMBERS = 3
_BYTES = 8
# Where Linux has files that are memory.
_MEMORY = "/dev/shm"
# Nanoseconds after which a holder that says nothing is passed over. A worker that lives says something twice a second.
_SILENCE = 2_000_000_000


def make_memory(slots: int) -> int:
    """
    The descriptor of new memory for so many slots.

    @raise OSError: there is none.
    """
    # Not all interpreters that run on Linux know of memfd_create.
    with tempfile.TemporaryFile(dir=_MEMORY if os.path.isdir(_MEMORY) else None) as file:
        # Of a file that is only said to be so long, memory that is lacking would end whoever writes to it.
        file.write(bytes(slots * _NUMBERS * _BYTES))
        file.flush()
        return os.dup(file.fileno())


class Board:
    """The table, as one of those who share it sees it."""

    def __init__(self, number: int, slots: int, now: Callable[[], int] = time.monotonic_ns) -> None:
        """
        @param number: a descriptor as L{make_memory} gives it; it can be closed then.
        @param now: nanoseconds, by a clock that all processes have in common.
        """
        self._numbers = memoryview(mmap.mmap(number, slots * _NUMBERS * _BYTES)).cast("q")
        self._slots = range(slots)
        self._now = now

    def enter(self, slot: int, holder: int, count: int) -> None:
        """Hold a slot, with so many connections."""
        self._numbers[slot * _NUMBERS + _HOLDER] = 0
        self._write(slot, count)
        self._numbers[slot * _NUMBERS + _HOLDER] = holder

    def tell(self, slot: int, holder: int, count: int) -> None:
        """Say how many there are, or that they are as many as ever; who doesn't hold the slot says it in vain."""
        if self.holder(slot) == holder:
            self._write(slot, count)

    def leave(self, slot: int, holder: int) -> None:
        """Hold a slot no longer, if that is so."""
        if self.holder(slot) == holder:
            self._numbers[slot * _NUMBERS + _HOLDER] = 0

    def holder(self, slot: int) -> int:
        """Whose slot it is; 0 is nobody's."""
        return self._numbers[slot * _NUMBERS + _HOLDER]

    def others(self, holder: int) -> Iterator[tuple[int, int]]:
        """The slots of others who live, and how many connections each has."""
        latest = self._now() - _SILENCE
        for slot in self._slots:
            start = slot * _NUMBERS
            if self._numbers[start] not in (0, holder) and self._numbers[start + _AT] >= latest:
                yield slot, self._numbers[start + _OPEN]

    def _write(self, slot: int, count: int) -> None:
        self._numbers[slot * _NUMBERS + _OPEN] = count
        self._numbers[slot * _NUMBERS + _AT] = self._now()
