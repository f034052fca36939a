"""
Where a worker's log goes: down a pipe to its supervisor, who writes the log of all.

Lines go in batches, a few times a second: what each would cost, a call here, and a wake-up and two calls over there,
is more than the line itself does. A supervisor that doesn't read, since its disk is slow, say, keeps nobody from
serving: lines wait up to a bound, and beyond it they are lost.
"""

from __future__ import annotations

import os
import select
from typing import Any

from twisted.internet.interfaces import IDelayedCall, IWriteDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.python.threadable import isInIOThread
from zope.interface import implementer

_log = Logger()

# Seconds that a line may wait, and bytes that are too many to, while the pipe takes them.
_PACE = 0.1
_MOST = 65536
# Bytes that wait for a pipe that is full.
_LONGEST = 1_000_000
# Seconds in which, at the end, the pipe has to take something.
_PATIENCE = 1.0


@implementer(IWriteDescriptor)
class Outlet:
    """A stream of text for a log observer, some events at a time, whose own flushing means nothing."""

    def __init__(self, reactor: Any, number: int) -> None:
        """@param number: the pipe's descriptor."""
        os.set_blocking(number, False)
        self._reactor = reactor
        self._number = number
        self._waiting = bytearray()
        self._due: IDelayedCall | None = None
        self._full = False
        self._lost = 0

    def write(self, text: str) -> None:
        """Take the lines of some events; from other threads, too."""
        if not isInIOThread():
            self._reactor.callFromThread(self.write, text)
            return
        data = text.encode("utf-8", "replace")
        if self._lost or (self._waiting and len(self._waiting) + len(data) > _LONGEST):
            self._lost += text.count("\n")
            return
        self._waiting += data
        if not self._full:
            self._empty_soon()

    def flush(self) -> None:
        """Nothing: see L{empty}."""

    def empty(self) -> None:
        """Write what waits, as far as the pipe takes it. Where nobody reads any more, nobody needs it."""
        if self._due is not None and self._due.active():
            self._due.cancel()
        self._due = None
        try:
            while self._waiting:
                del self._waiting[: os.write(self._number, self._waiting)]
        except BlockingIOError:
            self._await_room()
        except BrokenPipeError:
            self._waiting.clear()
        if self._full and not self._waiting:
            self._full = False
            self._reactor.removeWriter(self)
        if self._lost and len(self._waiting) <= _LONGEST // 2:
            self._own_up()

    def end(self) -> None:
        """Write what still waits, behind the reactor's end, as long as somebody reads."""
        while self._waiting and select.select([], [self._number], [], _PATIENCE)[1]:
            self.empty()

    def fileno(self) -> int:
        return self._number

    def doWrite(self) -> None:
        self.empty()

    def connectionLost(self, reason: Failure) -> None:
        """The reactor stops, or nobody reads any more, which the next attempt to write finds out."""
        self._full = False

    def logPrefix(self) -> str:
        return "-"

    def _empty_soon(self) -> None:
        if len(self._waiting) >= _MOST:
            self.empty()
        elif self._due is None:
            self._due = self._reactor.callLater(_PACE, self.empty)

    def _await_room(self) -> None:
        if not self._full:
            self._full = True
            self._reactor.addWriter(self)

    def _own_up(self) -> None:
        """Tell, in the place of those that are lost, how many are."""
        lost, self._lost = self._lost, 0
        _log.warn("{lost} lines of this worker's log are lost: nobody took them in time", lost=lost)
