"""
Where a worker's log goes: down a pipe to its supervisor, who writes the log of all.

Lines go in batches, a few times a second: what each would cost, a call here, and a wake-up and two calls over there,
is more than the line itself does.
"""

from __future__ import annotations

import os
from typing import Any

from twisted.internet.interfaces import IDelayedCall
from twisted.python.threadable import isInIOThread

# Seconds that a line may wait, and bytes that are too many to.
_PACE = 0.1
_MOST = 65536


class Outlet:
    """A stream of text for a log observer, whose own flushing means nothing."""

    def __init__(self, reactor: Any, number: int) -> None:
        """@param number: the pipe's descriptor."""
        self._reactor = reactor
        self._number = number
        self._waiting = bytearray()
        self._due: IDelayedCall | None = None

    def write(self, text: str) -> None:
        """Take a text; from other threads, too."""
        if not isInIOThread():
            self._reactor.callFromThread(self.write, text)
            return
        self._waiting += text.encode("utf-8", "replace")
        if len(self._waiting) >= _MOST:
            self.empty()
        elif self._due is None:
            self._due = self._reactor.callLater(_PACE, self.empty)

    def flush(self) -> None:
        """Nothing: see L{empty}."""

    def empty(self) -> None:
        """Write what waits. Where nobody reads any more, nobody needs it."""
        if self._due is not None and self._due.active():
            self._due.cancel()
        self._due = None
        try:
            while self._waiting:
                del self._waiting[: os.write(self._number, self._waiting)]
        except BrokenPipeError:
            self._waiting.clear()
