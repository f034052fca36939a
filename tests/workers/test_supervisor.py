"""The supervisor's decisions, with workers that are played and a clock for the time."""

from __future__ import annotations

import errno
from typing import Any

import attrs
import pytest
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent

from argoproxy.net.peers import Condition, Fleet, Heartbeat, News, Requests, Workers
from argoproxy.workers.messages import Command, Cover, Cut, Drain, Joined, Learnt, Ready, Report, Retire, Stop, Uncover
from argoproxy.workers.supervisor import Slot, Supervisor

GRACE = 30.0


@attrs.define(eq=False)
class Played:
    """A worker that keeps what it is told."""

    slot: int
    pid: int | None
    news: News
    told: list[Command] = attrs.field(factory=list)
    killed: bool = False

    def send(self, command: Command) -> None:
        self.told.append(command)

    def kill(self) -> None:
        self.killed = True

    def heard(self, kind: type) -> list[Any]:
        """What it was told of one kind."""
        return [command for command in self.told if isinstance(command, kind)]


class Troupe:
    """A supervisor, and the workers that it has started."""

    def __init__(self, slots: int = 2) -> None:
        self.clock = Clock()
        self.workers: list[Played] = []
        self.fault: OSError | None = None
        self.supervisor = Supervisor(self.clock, self._spawn, GRACE, [Slot(number) for number in range(slots)])
        self.supervisor.start()

    def _spawn(self, slot: int, news: News) -> Played:
        if self.fault is not None:
            raise self.fault
        self.workers.append(Played(slot, 100 + len(self.workers), news))
        return self.workers[-1]

    def ready(self, *workers: Played) -> None:
        for worker in workers:
            self.supervisor.heard(worker, Ready())

    def end(self, worker: Played, how: str = "was ended by signal 9") -> None:
        self.supervisor.ended(worker, how)

    def report(self, worker: Played, **requests: int) -> None:
        self.supervisor.heard(worker, Report(Condition(Requests(**requests))))

    @property
    def calls(self) -> list[float]:
        """When something is due, in seconds from now."""
        return [round(call.getTime() - self.clock.seconds(), 3) for call in self.clock.getDelayedCalls()]


def _serving(slots: int = 2) -> Troupe:
    troupe = Troupe(slots)
    troupe.ready(*troupe.workers)
    return troupe


def _fleet(worker: Played) -> Fleet:
    """What it was told last of all."""
    last: Joined = worker.heard(Joined)[-1]
    return last.fleet


def test_every_slot_gets_a_worker() -> None:
    troupe = _serving(3)
    assert [worker.slot for worker in troupe.workers] == [0, 1, 2]
    assert {_fleet(worker).workers for worker in troupe.workers} == {Workers(3, 3, 0)}
    assert troupe.calls == []


def test_one_that_never_gets_ready_is_killed() -> None:
    troupe = Troupe()
    troupe.ready(troupe.workers[0])
    troupe.clock.advance(60.0)
    assert [worker.killed for worker in troupe.workers] == [False, True]


def test_who_serves_first_covers_those_who_dont_yet() -> None:
    troupe = Troupe(3)
    first, second, third = troupe.workers
    troupe.ready(second)
    assert second.heard(Cover) == [Cover(0), Cover(2)]
    troupe.ready(first, third)
    assert second.heard(Uncover) == [Uncover(0), Uncover(2)]
    assert first.heard(Cover) == third.heard(Cover) == []


def test_a_dead_ones_sockets_are_served_until_its_successor_is_there() -> None:
    troupe = _serving()
    first, second = troupe.workers
    second.told.clear()
    troupe.end(first)
    assert second.heard(Cover) == [Cover(0)]
    assert _fleet(second).workers == Workers(2, 1, 0)
    troupe.clock.advance(0.1)
    successor = troupe.workers[2]
    assert (successor.slot, second.heard(Uncover)) == (0, [])
    troupe.ready(successor)
    assert second.heard(Uncover) == [Uncover(0)]
    assert _fleet(second).workers == Workers(2, 2, 0)


def test_covers_are_shared_out_and_pass_on() -> None:
    troupe = _serving(4)
    first, second, third, fourth = troupe.workers
    for one in troupe.workers:
        one.told.clear()
    troupe.end(third)
    troupe.end(fourth)
    assert (first.heard(Cover), second.heard(Cover)) == ([Cover(2)], [Cover(3)])
    troupe.end(first)
    assert second.heard(Cover) == [Cover(3), Cover(0), Cover(2)]


def test_restarts_wait_longer_each_time_and_are_told() -> None:
    troupe = _serving()
    with capturedLogs() as logs:
        for delay in (0.1, 0.2, 0.4):
            troupe.end(troupe.workers[-1], "ended with status 1")
            assert troupe.calls == [delay]
            troupe.clock.advance(delay)
    told = [formatEvent(event) for event in logs if event["log_level"].name == "error"]
    assert told[0] == "worker 1 (process 101) ended with status 1: another one is started in 0.1 s"
    assert len(told) == 3
    # One that lived is started again at once.
    troupe.ready(troupe.workers[-1])
    troupe.clock.advance(60.0)
    troupe.end(troupe.workers[-1])
    assert troupe.calls == [0.1]


def test_a_start_that_fails_is_tried_again() -> None:
    troupe = _serving()
    first, second = troupe.workers
    troupe.fault = BlockingIOError(errno.EAGAIN, "no more processes")
    troupe.end(first)
    with capturedLogs() as logs:
        troupe.clock.advance(0.1)
        assert troupe.calls == [0.2]
        troupe.clock.advance(0.2)
    assert [formatEvent(event) for event in logs] == [
        "worker 0 can't be started (no more processes): tried again in 0.2 s",
        "worker 0 can't be started (no more processes): tried again in 0.4 s",
    ]
    assert second.heard(Cover) == [Cover(0)]
    troupe.fault = None
    troupe.clock.advance(0.4)
    troupe.ready(troupe.workers[2])
    assert (troupe.workers[2].slot, second.heard(Uncover)) == (0, [Uncover(0)])


def test_no_slot_waits_for_another_that_cant_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    spawn = Troupe._spawn

    def first_fails(self: Troupe, slot: int, news: News) -> Played:
        self.fault = OSError(errno.EMFILE, "too many files") if slot == 0 and not self.workers else None
        return spawn(self, slot, news)

    monkeypatch.setattr(Troupe, "_spawn", first_fails)
    troupe = Troupe(3)
    assert [worker.slot for worker in troupe.workers] == [1, 2]
    troupe.clock.advance(0.1)
    assert [worker.slot for worker in troupe.workers] == [1, 2, 0]


def test_a_stop_ends_the_attempts_to_start_one() -> None:
    troupe = _serving(1)
    troupe.fault = OSError(errno.ENOMEM, "no memory")
    troupe.end(troupe.workers[0])
    troupe.clock.advance(0.1)
    assert troupe.supervisor.stop().called
    assert troupe.calls == []


def test_a_replacement_serves_before_its_predecessor_ends_one_slot_at_a_time() -> None:
    troupe = _serving()
    first, second = troupe.workers
    troupe.supervisor.replace(GRACE)
    assert len(troupe.workers) == 3
    assert first.heard(Retire) == []
    troupe.ready(troupe.workers[2])
    assert (first.heard(Retire), second.heard(Retire)) == ([Retire()], [])
    assert [worker.slot for worker in troupe.workers] == [0, 1, 0, 1]
    assert _fleet(second).workers == Workers(2, 2, 1)
    troupe.ready(troupe.workers[3])
    assert second.heard(Retire) == [Retire()]
    troupe.end(first, "ended with status 0")
    troupe.end(second, "ended with status 0")
    assert _fleet(troupe.workers[2]).workers == Workers(2, 2, 0)
    assert (len(troupe.workers), troupe.calls) == (4, [])


def test_asking_for_it_meanwhile_does_it_once_more() -> None:
    troupe = _serving()
    for _ in range(3):
        troupe.supervisor.replace(GRACE)
    for number in (2, 3, 4, 5):
        troupe.ready(troupe.workers[number])
    assert [worker.slot for worker in troupe.workers] == [0, 1] * 3
    assert all(worker.heard(Retire) for worker in troupe.workers[:4])


def test_a_replacement_that_fails_leaves_all_as_they_are() -> None:
    troupe = _serving()
    troupe.supervisor.replace(GRACE)
    with capturedLogs() as logs:
        troupe.end(troupe.workers[2], "ended with status 1")
    assert "those that have not been replaced stay" in formatEvent(logs[0])
    assert not any(worker.heard(Retire) for worker in troupe.workers)
    assert (len(troupe.workers), troupe.calls) == (3, [])
    # Another attempt is another story.
    troupe.supervisor.replace(GRACE)
    assert len(troupe.workers) == 4


def test_a_replacement_that_cant_be_started_leaves_all_as_they_are() -> None:
    troupe = _serving()
    troupe.fault = OSError(errno.ENOMEM, "no memory")
    with capturedLogs() as logs:
        troupe.supervisor.replace(GRACE)
    assert formatEvent(logs[1]) == "worker 0 can't be started (no memory): those that have not been replaced stay"
    assert not any(worker.heard(Retire) for worker in troupe.workers)
    assert (len(troupe.workers), troupe.calls) == (2, [])
    troupe.fault = None
    troupe.supervisor.replace(GRACE)
    assert len(troupe.workers) == 3


def test_one_that_dies_while_its_successor_is_on_its_way_is_covered() -> None:
    troupe = _serving()
    first, second = troupe.workers
    troupe.supervisor.replace(GRACE)
    troupe.end(first)
    assert second.heard(Cover) == [Cover(0), ]
    assert len(troupe.workers) == 3
    troupe.ready(troupe.workers[2])
    assert second.heard(Uncover)[-1] == Uncover(0)


def test_one_that_waits_to_be_started_again_is_its_own_replacement() -> None:
    troupe = _serving()
    troupe.end(troupe.workers[0])
    troupe.supervisor.replace(GRACE)
    troupe.clock.advance(1.0)
    assert [worker.slot for worker in troupe.workers] == [0, 1, 0]


def test_one_that_was_on_its_way_before_is_replaced_as_well() -> None:
    """It has been told what was to be done before."""
    troupe = Troupe()
    replaced = troupe.supervisor.replace(GRACE)
    first, second = troupe.workers
    troupe.ready(first, second)
    assert [worker.slot for worker in troupe.workers] == [0, 1, 0]
    troupe.ready(troupe.workers[2])
    assert (first.heard(Retire), second.heard(Retire), replaced.called) == ([Retire()], [], False)
    troupe.ready(troupe.workers[3])
    assert (second.heard(Retire), replaced.called, len(troupe.workers)) == ([Retire()], True, 4)


def test_it_is_told_when_all_serve_for_the_first_time() -> None:
    troupe = Troupe()
    troupe.ready(troupe.workers[1])
    assert not troupe.supervisor.ready.called
    troupe.ready(troupe.workers[0])
    assert troupe.supervisor.ready.called


@pytest.mark.parametrize("give_up", ["a failure", "a stop"])
def test_who_waits_for_a_replacement_is_told_that_it_is_given_up(give_up: str) -> None:
    troupe = _serving()
    replaced = [troupe.supervisor.replace(GRACE), troupe.supervisor.replace(GRACE)]
    assert not any(one.called for one in replaced)
    if give_up == "a stop":
        troupe.supervisor.stop()
    else:
        troupe.end(troupe.workers[2], "ended with status 1")
    assert all(one.called for one in replaced)


def test_a_replacement_brings_its_own_grace() -> None:
    troupe = _serving()
    troupe.supervisor.replace(5.0)
    troupe.supervisor.stop()
    assert troupe.calls == [10.0]


def test_a_stop_waits_for_everybody() -> None:
    troupe = _serving()
    troupe.supervisor.replace(GRACE)
    troupe.ready(troupe.workers[2])
    stopped: list[None] = []
    troupe.supervisor.stop().addCallback(stopped.append)
    assert all(worker.heard(Stop) for worker in troupe.workers)
    for worker in troupe.workers:
        assert not stopped
        troupe.end(worker, "ended with status 0")
    assert stopped == [None]
    assert (len(troupe.workers), troupe.calls) == (4, [])


def test_nobody_is_started_during_a_stop() -> None:
    troupe = _serving()
    troupe.end(troupe.workers[0])
    troupe.supervisor.stop()
    troupe.supervisor.replace(GRACE)
    troupe.clock.advance(10.0)
    troupe.ready(troupe.workers[1])
    assert len(troupe.workers) == 2


def test_a_stop_without_workers_is_over() -> None:
    troupe = Troupe(1)
    troupe.end(troupe.workers[0])
    assert troupe.supervisor.stop().called
    assert troupe.calls == []


@pytest.mark.parametrize(("cut", "patience"), [(False, GRACE + 5.0), (True, 5.0)])
def test_who_doesnt_end_is_killed(cut: bool, patience: float) -> None:
    troupe = _serving()
    troupe.supervisor.stop()
    if cut:
        troupe.supervisor.cut()
        assert all(worker.heard(Cut) for worker in troupe.workers)
    troupe.clock.advance(patience - 0.1)
    assert not any(worker.killed for worker in troupe.workers)
    troupe.clock.advance(0.1)
    assert all(worker.killed for worker in troupe.workers)


def test_all_are_told_the_sum_of_all_and_not_too_often() -> None:
    troupe = _serving()
    first, second = troupe.workers
    first.told.clear()
    troupe.report(first, open=1, served=10)
    troupe.report(second, open=2, served=20)
    assert first.told == []
    troupe.clock.advance(0.5)
    assert [_fleet(worker).condition.requests for worker in troupe.workers] == [Requests(3, 30)] * 2
    assert len(first.told) == 1
    troupe.clock.advance(100.0)
    assert len(first.told) == 1


def test_what_a_worker_served_and_repeated_counts_when_it_has_gone() -> None:
    troupe = _serving()
    first, second = troupe.workers
    troupe.report(first, open=1, served=10, repeated=3, waiting=1)
    troupe.end(first)
    assert _fleet(second).condition.requests == Requests(served=10, repeated=3)


def test_argo_is_there_if_the_last_call_of_anybody_says_so() -> None:
    troupe = _serving()
    beats = [Heartbeat(True, 5.0, 5.0), Heartbeat(False, 7.0, 3.0)]
    for worker, beat in zip(troupe.workers, beats, strict=True):
        troupe.supervisor.heard(worker, Report(Condition(heartbeat=beat)))
    troupe.clock.advance(0.5)
    assert _fleet(troupe.workers[0]).condition.heartbeat == Heartbeat(False, 7.0, 5.0)


def test_what_one_learns_all_know_and_those_who_come_later() -> None:
    troupe = _serving()
    first, second = troupe.workers
    troupe.supervisor.heard(first, Learnt(News(models="[]", learned_at=4.0)))
    troupe.supervisor.heard(second, Learnt(News(native=True)))
    troupe.supervisor.heard(second, Learnt(News(native=True)))
    assert second.heard(Learnt) == [Learnt(News(models="[]", learned_at=4.0))]
    assert first.heard(Learnt) == [Learnt(News(native=True))]
    troupe.end(first)
    troupe.clock.advance(0.1)
    assert troupe.workers[2].news == News(models="[]", learned_at=4.0, native=True)


def test_before_a_stop_all_tell_that_it_comes_and_dead_ones_are_started_again() -> None:
    troupe = _serving()
    replaced = troupe.supervisor.replace(GRACE)
    troupe.supervisor.drain()
    assert replaced.called
    assert all(worker.heard(Drain) for worker in troupe.workers)
    troupe.end(troupe.workers[1])
    troupe.clock.advance(0.1)
    successor = troupe.workers[-1]
    troupe.ready(successor)
    assert (successor.slot, successor.heard(Drain)) == (1, [Drain()])
    assert troupe.supervisor.replace(GRACE).called
    assert len(troupe.workers) == 4
