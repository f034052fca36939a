"""
Where a connection that a worker has accepted is served: there, or where there are fewer.

The kernel shares out connections by chance, and of a few that is uneven. So whoever has more than another passes the
next one on. It looks at each as it comes, since many may come within a millisecond.

Connections for one request each come and go: chance evens out many of them by itself, and to pass on every other one
would cost more than it gains. The more of them there are, the less a small difference matters.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import attrs

from .board import Board
from .passage import Arrival, Passage

# Seconds that a connection lives if it was for one request.
_SHORT = 1.0
# How many such in a beat allow for a difference of one, and the largest that is allowed for.
_FOR_ONE = 64
_MOST = 16


def fewest(own: int, others: Iterable[tuple[int, int]], waiting: Callable[[int], int]) -> int | None:
    """
    Who should have one more.

    @param own: how many connections the worker that asks has.
    @param others: the slots of others, and how many each has.
    @param waiting: how many more are on the way to a slot. Only asked where that may matter.
    @return: a slot, the first of those with the fewest; L{None} if nobody has fewer than who asks.
    """
    chosen = None
    for slot, count in others:
        if count < own:
            count += waiting(slot)
            if count < own:
                chosen, own = slot, count
    return chosen


@attrs.define(eq=False)
class Balance:
    """
    A worker's part in sharing out the connections.

    @ivar _passages: for each slot those of all addresses.
    @ivar slot: the own one.
    @ivar _ahead: connections that it is reckoned to have besides its own, since it may have so many fewer than others.
    @ivar _most: connections that it may have; L{None} for any number.
    """

    _board: Board
    _passages: Sequence[Sequence[Passage]]
    slot: int
    _ahead: int
    _most: int | None = None
    _holder: int = attrs.field(factory=os.getpid)
    _open: int = 0
    _coming: bool = False
    _brief: int = 0
    _slack: int = 0
    _left: bool = False

    def enter(self) -> None:
        """Let others pass on connections from now on."""
        self._board.enter(self.slot, self._holder, self._load)

    def leave(self) -> None:
        """Let nobody pass on any, nor do so. Whoever is about to finds that out, and takes it back."""
        self._left = True
        self._board.leave(self.slot, self._holder)

    def came(self) -> None:
        """There is the one that was expected."""
        self._open += 1
        self._coming = False

    def went(self, lived: float) -> None:
        """
        There is one fewer.

        @param lived: seconds for which it was there.
        """
        self._open -= 1
        self._brief += lived < _SHORT
        self._tell()

    def beat(self) -> None:
        """Called twice a second: let others know that this worker lives, and see how many connections don't stay."""
        self._slack, self._brief = min(self._brief // _FOR_ONE, _MOST), 0
        if self._may_return():
            self.enter()
        else:
            self._tell()

    def place(self, address: int, client: socket.socket, peer: tuple[Any, ...]) -> Arrival | None:
        """
        Pass a connection on if another worker has fewer.

        @param address: the number of the address that it came to.
        @return: what is to be served here: that one, as a rule; L{None} if nothing is.
        """
        slot = None if self._left else self._slot_for_one_more()
        arrival = (client, peer) if slot is None else self._pass_on(slot, address, client, peer)
        if arrival is not None:
            self._expect_one()
        return arrival

    def passage(self, slot: int, address: int) -> Passage:
        """Where connections come from that others pass on to a slot."""
        return self._passages[slot][address]

    def take(self, slot: int, address: int) -> Arrival | None:
        """The next of those, if one waits."""
        passage = self._passages[slot][address]
        lost = passage.lost
        arrival = passage.take()
        if passage.lost > lost:
            # Others would go on: who can't have more stays the one with the fewest.
            self._board.leave(self.slot, self._holder)
        if arrival is not None:
            self._expect_one()
        return arrival

    def close(self) -> None:
        """Give up the passages."""
        for passages in self._passages:
            for one in passages:
                one.close()

    @property
    def _load(self) -> int:
        return self._open + self._coming + self._ahead

    def _expect_one(self) -> None:
        """There is about to be one more, which counts before it is served. One that fails does until the next comes."""
        self._coming = True
        self._tell()

    def _pass_on(self, slot: int, address: int, client: socket.socket, peer: tuple[Any, ...]) -> Arrival | None:
        holder, passage = self._board.holder(slot), self._passages[slot][address]
        if not holder or not passage.put(client, peer):
            return client, peer
        client.close()
        # Who has left meanwhile may have looked for the last time before it was there.
        return None if self._board.holder(slot) == holder else passage.take()

    def _tell(self) -> None:
        self._board.tell(self.slot, self._holder, self._load)

    def _may_return(self) -> bool:
        """Whether the slot is nobody's: there was no descriptor, and is one now, or a successor has ended too soon."""
        if self._left or self._board.holder(self.slot):
            return False
        try:
            os.close(os.dup(self._passages[self.slot][0].fileno()))
        except OSError:
            return False
        return True

    def _slot_for_one_more(self) -> int | None:
        # Who has no room for it itself leaves nothing to chance.
        slack = 0 if self._most is not None and self._open >= self._most else self._slack
        own = self._open + self._ahead - slack
        # Where they come and go by the hundred, it isn't worth the while to ask.
        if slack < _MOST:
            own += self._waiting(self.slot)
        return fewest(own, self._board.others(self._holder), self._waiting) if own > 0 else None

    def _waiting(self, slot: int) -> int:
        return sum(passage.waiting() for passage in self._passages[slot])
