"""
What the process's signals do under C{twistd}: end gently, end at once, read the configuration again, or
begin a new log file.

Only the plugin and the C{.tac} use it; who embeds a proxy keeps their own signals.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

import attrs
from twisted.internet.interfaces import IReactorCore
from twisted.python.logfile import LogFile

_OnSignal = Callable[[int, "FrameType | None"], object]

_STOPPING = (signal.SIGINT, signal.SIGTERM)


def ignore_hang_ups() -> None:
    """
    Let SIGHUP do nothing, for the rest of the process.

    To be called before the first address is bound: from then on clients can connect, and the process is in use.
    """
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


@attrs.define(eq=False, repr=False)
class Signals:
    """
    The handlers of one process.

    SIGINT and SIGTERM do the first time what the reactor has set up for them, which is to stop; that waits for every
    service, and the proxy's waits for running requests. The second one cuts those.

    @ivar cut: Ends at once what the stop waits for.
    @ivar hang_up: What SIGHUP does.
    @ivar log_file: The log file, where there is one.
    """

    _reactor: Any
    _cut: Callable[[], None]
    _hang_up: Callable[[], None]
    _log_file: LogFile | None = None
    _before: dict[int, Any] = attrs.field(factory=dict, init=False)
    _stopping: bool = attrs.field(default=False, init=False)

    def install(self) -> None:
        """Take SIGHUP now, and SIGUSR1 if it does anything; the others once the reactor has put in its own."""
        if self._log_file is not None:
            self._take(signal.SIGUSR1, self._soon(self._log_file.rotate))
        self._take(signal.SIGHUP, self._soon(self._hang_up))
        IReactorCore(self._reactor).callWhenRunning(self._take_stopping)

    def restore(self) -> None:
        """Put back what was there."""
        while self._before:
            signal.signal(*self._before.popitem())

    def _take_stopping(self) -> None:
        for number in _STOPPING:
            # A shell has what it runs in the background ignore SIGINT, and so it is meant.
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._take(number, self._stop)

    def _take(self, number: signal.Signals, handler: _OnSignal) -> None:
        self._before[number] = signal.signal(number, handler)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        if self._stopping:
            self._reactor.callFromThread(self._cut)
            return
        self._stopping = True
        # Twisted's own logs, and what was interrupted here may hold the log's lock: that would be for ever.
        self._reactor.callFromThread(partial(self._before[number], number, None))

    def _soon(self, act: Callable[[], object]) -> _OnSignal:
        return lambda number, frame: self._reactor.callFromThread(act)
