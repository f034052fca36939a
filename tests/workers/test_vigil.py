"""Who has been silent for too long is ended, and nobody else."""

from __future__ import annotations

import attrs
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent

from argoproxy.workers.vigil import Vigil


@attrs.define(eq=False)
class Played:
    slot: int
    pid: int | None = 7
    killed: bool = False

    def kill(self) -> None:
        self.killed = True


def _pass(clock: Clock, seconds: float) -> None:
    """Let time pass as it does for a process that isn't held up."""
    clock.pump([1.0] * int(seconds))


def test_one_that_is_silent_for_half_a_minute_is_killed() -> None:
    clock, silent, talking = Clock(), Played(0), Played(1)
    vigil = Vigil(clock)
    vigil.start()
    vigil.heard(silent)
    for _ in range(6):
        _pass(clock, 5.0)
        vigil.heard(talking)
    assert not silent.killed
    with capturedLogs() as logs:
        _pass(clock, 5.0)
    assert (silent.killed, talking.killed) == (True, False)
    assert formatEvent(logs[0]) == "worker 0 (process 7) has not been heard of for 35 s: killed"
    vigil.stop()
    assert clock.getDelayedCalls() == []


def test_one_that_has_ended_or_has_said_nothing_yet_is_left_alone() -> None:
    """Whoever starts them gives them their time."""
    clock, ended = Clock(), Played(0)
    vigil = Vigil(clock)
    vigil.start()
    vigil.heard(ended)
    vigil.ended(ended)
    vigil.ended(Played(1))
    _pass(clock, 100.0)
    assert not ended.killed


def test_a_supervisor_that_was_held_up_blames_nobody_else() -> None:
    """What the workers said meanwhile waits to be read when it looks first."""
    clock, worker = Clock(), Played(0)
    vigil = Vigil(clock)
    vigil.start()
    vigil.heard(worker)
    clock.advance(3600.0)
    assert not worker.killed
    _pass(clock, 30.0)
    assert not worker.killed
    _pass(clock, 5.0)
    assert worker.killed
