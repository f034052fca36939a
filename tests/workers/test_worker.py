"""A worker's own part, with a proxy and sockets that are played and a clock for the time."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock, StringTransport

from argoproxy import daemon
from argoproxy.net.peers import Condition, Fleet, News, Requests
from argoproxy.workers.messages import (
    Alive,
    Command,
    Cover,
    Cut,
    Drain,
    Joined,
    Learnt,
    Ready,
    Report,
    Retire,
    Stop,
    Told,
    Uncover,
    line,
)
from argoproxy.workers.worker import Control, Worker


class Stopping(MemoryReactorClock):
    """A reactor that can be stopped."""

    def __init__(self) -> None:
        super().__init__()
        self.stopped = False

    def stop(self) -> None:
        self.stopped = True


class Peers:
    """What the proxy knows of others."""

    def __init__(self) -> None:
        self.learnt: list[News] = []
        self.fleets: list[Fleet] = []
        self.requests = Requests()
        self.own = News()
        self.told: Any = None

    def learn(self, news: News) -> None:
        self.learnt.append(news)

    def join(self, fleet: Fleet) -> None:
        self.fleets.append(fleet)

    def watch_models(self, told: Any) -> None:
        self.told = told

    def condition(self) -> Condition:
        return Condition(self.requests)

    def news(self) -> News:
        return self.own


class Proxy:
    """Keeps what becomes of it, with the sockets' part in it."""

    def __init__(self, done: list[Any]) -> None:
        self.peers = Peers()
        self.done = done
        self.retired: Deferred[None] = Deferred(lambda deferred: self.done.append("not retired"))
        self.ended: Deferred[None] = Deferred()

    def start(self) -> None:
        self.done.append("start")

    def cut(self) -> None:
        self.done.append("cut")

    def drain(self) -> None:
        self.done.append("drain")

    async def retire(self) -> None:
        self.done.append("retire")
        await self.retired

    async def stop(self) -> None:
        self.done.append("stop")
        await self.ended


class Doors:
    """Sockets that are none."""

    def __init__(self, done: list[Any]) -> None:
        self.done = done
        self.beats = 0

    def open(self, slot: int) -> None:
        self.done.append(("open", slot))

    def close(self, slot: int) -> None:
        self.done.append(("close", slot))

    def beat(self) -> None:
        self.beats += 1

    def empty(self) -> None:
        self.done.append("empty")

    def leave(self) -> None:
        self.done.append("leave")


class Stage:
    """A worker, and all that it is given."""

    def __init__(self) -> None:
        self.done: list[Any] = []
        self.told: list[Told] = []
        self.reactor = Stopping()
        self.proxy = Proxy(self.done)
        self.doors = Doors(self.done)
        self.worker = Worker(self.reactor, self.proxy, self.doors, 1, News(models="[]"))
        self.worker.report = self.told.append
        self.worker.start()
        self.reactor.advance(0)

    def obey(self, *commands: Command) -> list[Any]:
        """What comes of some commands."""
        self.done.clear()
        for command in commands:
            self.worker.obey(command)
        self.turn()
        return list(self.done)

    def turn(self) -> None:
        for _ in range(3):
            self.reactor.advance(0)


@pytest.fixture(autouse=True)
def _untouched_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon, "settle", lambda: None)


def test_it_serves_its_slot_with_what_the_others_know_and_says_so() -> None:
    stage = Stage()
    assert stage.done == ["start", ("open", 1)]
    assert stage.proxy.peers.learnt == [News(models="[]")]
    assert stage.told == [Ready(), Report(Condition())]


def test_it_says_that_it_lives_where_nothing_has_changed() -> None:
    stage = Stage()
    stage.told.clear()
    stage.reactor.pump([0.5] * 9)
    assert stage.told == []
    stage.reactor.pump([0.5] * 11)
    assert stage.told == [Alive(), Alive()]
    stage.proxy.peers.requests = Requests(1, 2)
    stage.reactor.pump([0.5] * 9)
    assert stage.told[2:] == [Report(Condition(Requests(1, 2)))]


def test_the_other_workers_know_all_the_time_that_it_lives() -> None:
    stage = Stage()
    assert stage.doors.beats == 1
    stage.reactor.pump([0.5] * 4)
    assert stage.doors.beats == 5


def test_it_reports_what_has_changed() -> None:
    stage = Stage()
    stage.told.clear()
    stage.reactor.advance(5.0)
    stage.proxy.peers.requests = Requests(1, 2)
    stage.proxy.peers.own = News(native=True)
    assert stage.told == []
    stage.reactor.advance(0.5)
    stage.reactor.advance(0.5)
    assert stage.told == [Report(Condition(Requests(1, 2))), Learnt(News(native=True))]


def test_a_list_of_models_is_passed_on_at_once_and_not_twice() -> None:
    stage = Stage()
    stage.told.clear()
    stage.proxy.peers.told(News(models="[1]", learned_at=3.0))
    stage.reactor.advance(5.0)
    assert stage.told == [Learnt(News(models="[1]", learned_at=3.0))]


def test_what_others_have_learnt_is_not_passed_back() -> None:
    stage = Stage()
    stage.told.clear()
    stage.obey(Learnt(News(native=True)), Joined(Fleet()))
    stage.proxy.peers.own = News(native=True)
    stage.reactor.advance(0.5)
    assert (stage.proxy.peers.learnt[-1], stage.proxy.peers.fleets, stage.told) == (News(native=True), [Fleet()], [])


def test_it_covers_and_uncovers() -> None:
    assert Stage().obey(Cover(0), Uncover(0)) == [("open", 0), ("close", 0)]


def test_retired_it_ends_when_the_last_client_has_gone() -> None:
    stage = Stage()
    assert stage.obey(Retire(), Retire(), Cover(0)) == ["leave", "retire"]
    assert not stage.reactor.stopped
    stage.proxy.retired.callback(None)
    assert stage.reactor.stopped


def test_stopped_it_accepts_what_waits_and_reads_it_before_it_ends() -> None:
    stage = Stage()
    assert stage.obey(Stop()) == ["empty", "leave", "stop"]
    assert stage.obey(Stop(), Retire()) == []
    stage.proxy.ended.callback(None)
    assert stage.reactor.stopped


def test_a_stop_doesnt_wait_for_those_it_would_have_let_go_over() -> None:
    stage = Stage()
    stage.obey(Retire())
    assert stage.obey(Stop()) == ["not retired", "empty", "leave", "stop"]
    assert not stage.reactor.stopped
    stage.proxy.ended.callback(None)
    assert stage.reactor.stopped


def test_a_cut_and_a_drain_are_the_proxys() -> None:
    assert Stage().obey(Drain(), Cut()) == ["drain", "cut"]


def test_commands_come_in_whatever_pieces_and_their_end_is_a_stop() -> None:
    stage = Stage()
    stage.done.clear()
    sent = line(Cover(3)) + line(Cover(4))
    control = Control(stage.worker, sent[:5])
    transport = StringTransport()
    control.send(Ready())
    control.makeConnection(transport)
    for byte in sent[5:]:
        control.dataReceived(bytes([byte]))
    assert stage.done == [("open", 3), ("open", 4)]
    control.send(Ready())
    assert transport.value() == line(Ready())
    control.connectionLost()
    assert stage.done[2:] == ["empty", "leave"]
