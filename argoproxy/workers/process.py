"""
A worker's process, as its supervisor sees it: what goes to it, what comes from it, and how it ended.

It has the supervisor's import path, so that it runs the same code, and all sockets of the proxy, so that it can serve
in another's place.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.interfaces import IProcessTransport
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure

from argoproxy.logs import EVENT_END

from .messages import FIRST_SOCKET, REPORTS, UNHEARD, Command, Frames, Told, line, reports

_log = Logger()

_PROGRAM = (
    "import sys; sys.path[:] = {path!r}; from argoproxy.tuning import hold; hold(); "
    "from argoproxy.workers.worker import main; main()"
)
_STDIN, _STDOUT, _STDERR = range(3)
# Bytes of a message, or of a line that nobody formatted, beyond which it isn't one.
_LONGEST = 20_000_000


class WorkerProcess(ProcessProtocol):
    """
    One worker.

    @ivar slot: its place among the workers.
    @ivar pid: its process id, or L{None} when it has none any more.
    """

    transport: IProcessTransport | None

    def __init__(
        self,
        slot: int,
        heard: Callable[[WorkerProcess, Told], None],
        ended: Callable[[WorkerProcess, str], None],
        write: Callable[[str], None],
    ) -> None:
        """
        @param heard: takes what it reports.
        @param ended: takes how it ended.
        @param write: takes lines of its log, complete and in form.
        """
        self.slot = slot
        self.pid: int | None = None
        self._heard = heard
        self._ended = ended
        self._write = write
        self._frames = {REPORTS: Frames(), _STDOUT: Frames(EVENT_END), _STDERR: Frames()}
        self._takers = {REPORTS: self._reported, _STDOUT: self._logged, _STDERR: self._cried}

    def makeConnection(self, process: IProcessTransport) -> None:
        self.pid = process.pid
        super().makeConnection(process)

    def send(self, command: Command) -> None:
        """Tell it something; one that has ended is told in vain."""
        if self.transport is not None:
            # Its pipes are given up one by one, before the transport is.
            with contextlib.suppress(KeyError):
                self.transport.writeToChild(_STDIN, line(command))

    def kill(self) -> None:
        """End it at once."""
        if self.transport is not None:
            with contextlib.suppress(ProcessExitedAlready):
                self.transport.signalProcess("KILL")

    def childDataReceived(self, childFD: int, data: bytes) -> None:
        frames = self._frames[childFD]
        if whole := frames.feed(data):
            self._takers[childFD](whole)
        if len(frames.rest) > _LONGEST:
            frames.rest = b""

    def processEnded(self, reason: Failure) -> None:
        for number, frames in self._frames.items():
            if frames.rest:
                self._takers[number]([frames.rest])
        self._ended(self, _how(reason.value))

    def _reported(self, messages: list[bytes]) -> None:
        for message in messages:
            try:
                told = reports.decode(message)
            except msgspec.DecodeError:
                _log.error("worker {slot} (process {pid}) says what means nothing", slot=self.slot, pid=self.pid)
            else:
                self._heard(self, told)

    def _logged(self, events: list[bytes]) -> None:
        self._write(b"".join(events).decode("utf-8", "replace"))

    def _cried(self, lines: list[bytes]) -> None:
        """What it writes to standard error: the interpreter's last words, as a rule."""
        for words in lines:
            _log.warn("worker {slot}: {words}", slot=self.slot, words=words.decode("utf-8", "replace"))


def spawn(reactor: Any, worker: WorkerProcess, commons: Sequence[int]) -> None:
    """
    Start the process of a worker.

    @param commons: the descriptors that all workers have, the sockets of every address first.
    """
    program = _PROGRAM.format(path=sys.path)
    arguments = [sys.executable, "-c", program, "argoproxy", f"worker-{worker.slot}"]
    pipes: dict[int, Any] = {_STDIN: "w", _STDOUT: "r", _STDERR: "r", REPORTS: "r"}
    descriptors = {**pipes, **dict(enumerate(commons, FIRST_SOCKET))}
    # They wait until it ignores them by itself, which it can't before the interpreter has started.
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, UNHEARD)
    try:
        reactor.spawnProcess(worker, sys.executable, arguments, env=dict(os.environ), childFDs=descriptors)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


def _how(error: Any) -> str:
    if error.signal is not None:
        return f"was ended by signal {error.signal}"
    return f"ended with status {error.exitCode}"
