"""
Who may ask ARGO now, and who is next: so many places, and a line for each asker, who take turns.

An asker with a hundred requests so holds up another's single one by one request, not by a hundred. What a place is for
isn't known, nor how somebody waits.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable

import attrs

from .errors import Busy

_SHORTEST, _LONGEST = 1, 60


@attrs.define(eq=False)
class Waiter:
    """
    A request that waits.

    @ivar admit: called when it has got a place.
    @ivar refuse: called when it has to give way to another.
    @ivar since: when it came.
    """

    asker: str
    admit: Callable[[], object]
    refuse: Callable[[Busy], object]
    since: float = 0.0


class Lengths:
    """
    Askers by how many of theirs are in line, so that who has the most is known without a look at all of them.

    @ivar longest: how many that asker has.
    """

    def __init__(self) -> None:
        self.longest = 0
        self._askers: dict[int, OrderedDict[str, None]] = {}

    def changed(self, asker: str, before: int, after: int) -> None:
        """An asker has one more in line, or one fewer."""
        if before:
            alike = self._askers[before]
            del alike[asker]
            if not alike:
                del self._askers[before]
        if after:
            self._askers.setdefault(after, OrderedDict())[asker] = None
        if after > self.longest or self.longest not in self._askers:
            self.longest = after

    def asker(self) -> str:
        """Who has the longest line; of several, who has had it for the shortest time."""
        return next(reversed(self._askers[self.longest]))


class Queue:
    """
    Places, and who waits for one.

    @ivar waiting: how many wait.
    """

    def __init__(self, seconds: Callable[[], float]) -> None:
        """@param seconds: the time."""
        self._seconds = seconds
        self._places = self._free = self.waiting = 0
        self._most_waiting: int | None = None
        self._lines: OrderedDict[str, OrderedDict[Waiter, None]] = OrderedDict()
        self._lengths = Lengths()
        self._admitting = False

    def bound(self, places: int, most_waiting: int | None) -> None:
        """
        Have so many places, also if there were more or fewer.

        @param most_waiting: how many may wait; L{None} for any number.
        """
        self._most_waiting = most_waiting
        self._free += places - self._places
        self._places = places
        self._admit()

    def take(self) -> bool:
        """Take a place at once, if that keeps nobody waiting."""
        if self._free <= 0 or self.waiting:
            return False
        self._free -= 1
        return True

    def take_more(self, most: int) -> int:
        """Take up to so many places more, if that keeps nobody waiting, and return how many."""
        taken = 0 if self.waiting else min(max(self._free, 0), most)
        self._free -= taken
        return taken

    def give_back(self, count: int) -> None:
        """Places are free again."""
        self._free += count
        self._admit()

    def wait(self, waiter: Waiter) -> None:
        """
        Get in line.

        @raise Busy: all who may wait do, and none of them should rather give way.
        """
        if self._most_waiting is not None and self.waiting >= self._most_waiting:
            self._make_room(waiter.asker)
        waiter.since = self._seconds()
        line = self._lines.setdefault(waiter.asker, OrderedDict())
        line[waiter] = None
        self._lengths.changed(waiter.asker, len(line) - 1, len(line))
        self.waiting += 1

    def leave(self, waiter: Waiter) -> None:
        """Wait no longer."""
        line = self._lines[waiter.asker]
        del line[waiter]
        self._lengths.changed(waiter.asker, len(line) + 1, len(line))
        self.waiting -= 1
        if not line:
            del self._lines[waiter.asker]

    def _admit(self) -> None:
        """Give free places to whose turn it is. Who is admitted may give back a place at once, without an end to it."""
        if self._admitting:
            return
        self._admitting = True
        while self._free > 0 and self.waiting:
            self._free -= 1
            self._next().admit()
        self._admitting = False

    def _next(self) -> Waiter:
        asker, line = next(iter(self._lines.items()))
        waiter = next(iter(line))
        self._lines.move_to_end(asker)
        self.leave(waiter)
        return waiter

    def _make_room(self, asker: str) -> None:
        """
        Refuse the last of the longest line, if that is longer than the asker's would be.

        @raise Busy: it isn't, and so the asker is refused.
        """
        own = len(self._lines.get(asker, ()))
        if self._lengths.longest <= own + 1:
            raise self._busy(429 if own == self.waiting > 0 or own * len(self._lines) > self.waiting else 503)
        last = next(reversed(self._lines[self._lengths.asker()]))
        busy = self._busy(429)
        self.leave(last)
        last.refuse(busy)

    def _busy(self, status: int) -> Busy:
        """@param status: 429 for who has more in line than an even share, else 503."""
        if status == 429:
            return Busy(429, "Too many of your requests are waiting already.", "too_many_waiting", self.soon())
        return Busy(503, "Too many requests are waiting already.", "queue_full", self.soon())

    def soon(self) -> int:
        """Seconds in which it may be worth while to ask again: as many as whoever is next has waited."""
        if not self.waiting:
            return _SHORTEST
        waiter = next(iter(next(iter(self._lines.values()))))
        return min(max(math.ceil(self._seconds() - waiter.since), _SHORTEST), _LONGEST)
