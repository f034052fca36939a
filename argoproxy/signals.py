"""
What the process's signals do under C{twistd}: end gently, end at once, go on, or begin a new log file.

Only the plugin and the C{.tac} use it; who embeds a proxy keeps their own signals.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

import attrs
from twisted.internet.interfaces import IReactorCore
from twisted.logger import Logger
from twisted.python.logfile import LogFile

_STOPPING = (signal.SIGINT, signal.SIGTERM)
_log = Logger()


@attrs.define
class Signals:
    """
    The handlers of one process.

    SIGINT and SIGTERM do the first time what the reactor has set up for them, which is to stop; that waits for every
    service, and the proxy's waits for running requests. The second one cuts those.

    @ivar cut: Ends at once what the stop waits for.
    @ivar log_file: The log file, where there is one.
    """

    _reactor: Any
    _cut: Callable[[], None]
    _log_file: LogFile | None = None
    _before: dict[int, Any] = attrs.field(factory=dict, init=False)
    _stopping: bool = attrs.field(default=False, init=False)

    def install(self) -> None:
        """Take SIGHUP, and SIGUSR1 if there is a log file, now; the others once the reactor has put in its own."""
        self._take(signal.SIGHUP, self._hang_up)
        if self._log_file is not None:
            self._take(signal.SIGUSR1, self._begin_file)
        IReactorCore(self._reactor).callWhenRunning(self._take_stopping)

    def restore(self) -> None:
        """Put back what was there."""
        while self._before:
            signal.signal(*self._before.popitem())

    def _take_stopping(self) -> None:
        for number in _STOPPING:
            self._take(number, self._stop)

    def _take(self, number: signal.Signals, handler: Callable[[int, FrameType | None], None]) -> None:
        self._before[number] = signal.signal(number, handler)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        if self._stopping:
            self._reactor.callFromThread(self._cut)
            return
        self._stopping = True
        self._before[number](number, frame)

    def _hang_up(self, number: int, frame: FrameType | None) -> None:
        self._reactor.callFromThread(_log.info, "SIGHUP changes nothing: restart to read the configuration again.")

    def _begin_file(self, number: int, frame: FrameType | None) -> None:
        if self._log_file is not None:
            self._reactor.callFromThread(self._log_file.rotate)
