"""A worker's process as its supervisor sees it: what it says, logs and cries, and how it ends."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.error import ProcessDone, ProcessExitedAlready, ProcessTerminated
from twisted.logger import capturedLogs, formatEvent
from twisted.python.failure import Failure

from argoproxy.net.peers import Condition, Requests
from argoproxy.workers.messages import Ready, Report, Stop, line
from argoproxy.workers.process import WorkerProcess, spawn


class Transport:
    """The other side of a process that isn't there."""

    pid = 77

    def __init__(self) -> None:
        self.written: list[tuple[int, bytes]] = []
        self.signals: list[str] = []
        self.gone = False
        self.pipes = {0}

    def writeToChild(self, number: int, data: bytes) -> None:
        if number not in self.pipes:
            raise KeyError(number)
        self.written.append((number, data))

    def signalProcess(self, name: str) -> None:
        if self.gone:
            raise ProcessExitedAlready
        self.signals.append(name)


class Watched:
    """A worker's process, and what it told."""

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.ended: list[str] = []
        self.log = ""
        self.transport = Transport()
        self.worker = WorkerProcess(
            3, lambda worker, told: self.heard.append(told), lambda worker, how: self.ended.append(how), self._write
        )
        connection: Any = self.transport
        self.worker.makeConnection(connection)

    def _write(self, text: str) -> None:
        self.log += text


def test_it_is_told_on_its_standard_input() -> None:
    watched = Watched()
    watched.worker.send(Stop())
    assert watched.worker.pid == 77
    assert watched.transport.written == [(0, line(Stop()))]


def test_one_whose_end_is_not_known_yet_is_told_in_vain() -> None:
    """Its pipes are lost before the process has ended."""
    watched = Watched()
    watched.transport.pipes.clear()
    watched.worker.send(Stop())
    assert watched.transport.written == []


def test_what_it_reports_is_heard_in_whatever_pieces() -> None:
    watched = Watched()
    told = [Ready(), Report(Condition(Requests(1, 2)))]
    for byte in line(Ready()) + line(Report(Condition(Requests(1, 2)))):
        watched.worker.childDataReceived(3, bytes([byte]))
    assert watched.heard == told


def test_what_means_nothing_is_logged_and_no_more() -> None:
    watched = Watched()
    with capturedLogs() as logs:
        watched.worker.childDataReceived(3, b"words\n" + line(Ready()))
    assert [formatEvent(event) for event in logs] == ["worker 3 (process 77) says what means nothing"]
    assert watched.heard == [Ready()]


def test_its_log_is_written_whole_event_by_event() -> None:
    watched = Watched()
    watched.worker.childDataReceived(1, "größer\n\tmore\n\0half".encode()[:5])
    assert watched.log == ""
    watched.worker.childDataReceived(1, "größer\n\tmore\n\0half".encode()[5:])
    assert watched.log == "größer\n\tmore\n"
    watched.worker.processEnded(Failure(ProcessDone(0)))
    assert watched.log == "größer\n\tmore\nhalf"


def test_what_it_cries_is_logged_under_its_name() -> None:
    watched = Watched()
    with capturedLogs() as logs:
        watched.worker.childDataReceived(2, b"one\ntwo\nth")
        watched.worker.processEnded(Failure(ProcessDone(0)))
    assert [formatEvent(event) for event in logs] == ["worker 3: one", "worker 3: two", "worker 3: th"]


def test_what_never_ends_is_not_kept() -> None:
    watched = Watched()
    watched.worker.childDataReceived(1, b"x" * 20_000_001)
    watched.worker.childDataReceived(1, b"line\n\0")
    assert watched.log == "line\n"


@pytest.mark.parametrize(
    ("error", "how"),
    [
        (ProcessDone(0), "ended with status 0"),
        (ProcessTerminated(1, None, 256), "ended with status 1"),
        (ProcessTerminated(None, 9, 9), "was ended by signal 9"),
    ],
)
def test_how_it_ended_is_told(error: Exception, how: str) -> None:
    watched = Watched()
    watched.worker.processEnded(Failure(error))
    assert watched.ended == [how]


def test_it_can_be_killed_once() -> None:
    watched = Watched()
    watched.worker.kill()
    watched.transport.gone = True
    watched.worker.kill()
    assert watched.transport.signals == ["KILL"]


def test_nothing_of_the_configuration_is_on_its_command_line() -> None:
    started: list[Any] = []

    class Reactor:
        def spawnProcess(self, *arguments: Any, **more: Any) -> None:
            started.append((arguments, more))

    watched = Watched()
    spawn(Reactor(), watched.worker, [8, 9])
    ((_, _, arguments), more) = started[0]
    assert arguments[-2:] == ["argoproxy", "worker-3"]
    assert more["childFDs"] == {0: "w", 1: "r", 2: "r", 3: "r", 4: 8, 5: 9}
