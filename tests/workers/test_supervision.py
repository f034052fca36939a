"""The supervisor as a service: the sockets that it claims, and what its workers are told first."""

from __future__ import annotations

import errno
import io
import os
import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import msgspec
import pytest
from twisted.internet.error import ProcessTerminated
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import FileLogObserver, capturedLogs, formatEvent
from twisted.python.failure import Failure

from argoproxy.config import Config, ConfigFault
from argoproxy.logs import Destination
from argoproxy.net.peers import News
from argoproxy.workers import commons as commons_module
from argoproxy.workers.commons import Commons
from argoproxy.workers.messages import Alive, Begin, Ready, fields, line
from argoproxy.workers.process import WorkerProcess
from argoproxy.workers.supervision import SupervisorService, claim_for_workers, make_supervisor


class Running(MemoryReactorClock):
    """A reactor that starts processes, and keeps them for the test to play."""

    def __init__(self) -> None:
        super().__init__()
        self.started: list[tuple[WorkerProcess, dict[int, Any]]] = []

    def callWhenRunning(self, callable, *args, **kw):  # type: ignore[no-untyped-def]
        callable(*args, **kw)

    def spawnProcess(self, worker: WorkerProcess, *command: Any, env: Any, childFDs: dict[int, Any]) -> None:
        worker.makeConnection(Pipe())  # type: ignore[arg-type]
        self.started.append((worker, childFDs))


class Pipe:
    """Keeps what is written to a process."""

    pid = 1

    def __init__(self) -> None:
        self.written = b""
        self.signals: list[str] = []

    def signalProcess(self, name: str) -> None:
        self.signals.append(name)

    def writeToChild(self, number: int, data: bytes) -> None:
        self.written += data


@pytest.fixture
def commons(sockets: list[socket.socket]) -> Iterator[Commons]:
    with closing(Commons(sockets, 3)) as commons:
        yield commons


@pytest.fixture
def sockets() -> Iterator[list[socket.socket]]:
    listen = ("tcp:0:interface=127.0.0.1", "tcp:0:interface=127.0.0.1")
    claimed = claim_for_workers(Config(user="someone", listen=listen, workers=3))
    yield claimed
    for one in claimed:
        one.close()


def test_each_address_is_bound_for_each_worker(sockets: list[socket.socket]) -> None:
    ports = [one.getsockname()[1] for one in sockets]
    assert (len(set(ports[:3])), len(set(ports[3:])), len(set(ports))) == (1, 1, 2)


@pytest.mark.parametrize("endpoint", ["unix:socket", "systemd:domain=INET:index=0"])
def test_what_there_is_but_one_socket_of_is_refused(endpoint: str) -> None:
    with pytest.raises(ConfigFault, match=rf"^workers: must be 1 to listen on {endpoint}: "):
        claim_for_workers(Config(user="someone", listen=("tcp:0", endpoint), workers=2))


def test_where_they_can_have_nothing_in_common_the_start_says_so(
    sockets: list[socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    def nowhere(slots: int) -> int:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(commons_module, "make_memory", nowhere)
    log = Destination(FileLogObserver(io.StringIO(), str))
    with pytest.raises(ConfigFault, match=r"^workers: must be 1: what they have in common can't be made \(Read-only"):
        make_supervisor(Config(user="someone", workers=3), sockets, log, {})


def test_workers_get_all_sockets_and_their_own_number(commons: Commons) -> None:
    config = Config(user="someone", workers=3, notices=("a notice",))
    begin = Begin(slot=0, slots=3, config=fields(config), reactor="r", syslog=None, news=News())
    reactor = Running()
    log: list[str] = []
    service = SupervisorService(reactor, config, begin, commons, log.append, None)
    with capturedLogs() as logs:
        service.startService()
    assert [formatEvent(event) for event in logs if event["log_level"].name == "warn"] == ["a notice"]
    for slot, (worker, descriptors) in enumerate(reactor.started):
        assert [descriptors[number] for number in range(4, max(descriptors) + 1)] == commons.descriptors
        pipe: Any = worker.transport
        assert msgspec.json.decode(pipe.written)["slot"] == slot
        worker.childDataReceived(1, b"line\n\0")
    assert log == ["line\n"] * 3
    stopped = service.stopService()
    assert set(commons.descriptors) == {-1}
    for worker, _ in reactor.started:
        service._supervisor.ended(worker, "ended with status 0")
    assert stopped.called


def test_a_stop_before_the_reactor_runs_starts_nothing(commons: Commons) -> None:
    class NotYet(Running):
        def callWhenRunning(self, callable, *args, **kw):  # type: ignore[no-untyped-def]
            self.later = callable

    reactor = NotYet()
    begin = Begin(slot=0, slots=3, config={}, reactor="r", syslog=None, news=News())
    service = SupervisorService(reactor, Config(user="someone"), begin, commons, print, None)
    service.startService()
    assert service.stopService().called
    reactor.later()
    assert reactor.started == []


@pytest.mark.parametrize("cut", [False, True])
def test_a_stop_is_delayed_for_whoever_shares_out_requests(commons: Commons, cut: bool) -> None:
    reactor = Running()
    begin = Begin(slot=0, slots=3, config={}, reactor="r", syslog=None, news=News())
    service = SupervisorService(reactor, Config(user="someone", drain_delay=5.0), begin, commons, print, None)
    service.startService()
    stopped = service.stopService()
    pipes: list[Any] = [worker.transport for worker, _ in reactor.started]
    assert all(pipe.written.endswith(b'{"type":"drain"}\n') for pipe in pipes)
    reactor.advance(4.9)
    assert -1 not in commons.descriptors
    if cut:
        service.cut()
    else:
        reactor.advance(0.1)
    assert all(b'{"type":"stop"}\n' in pipe.written for pipe in pipes)
    assert set(commons.descriptors) == {-1}
    for worker, _ in reactor.started:
        service._supervisor.ended(worker, "ended with status 0")
    assert stopped.called
    assert reactor.getDelayedCalls() == []


def test_one_that_hangs_is_killed_and_succeeded(commons: Commons) -> None:
    reactor = Running()
    begin = Begin(slot=0, slots=3, config={}, reactor="r", syslog=None, news=News())
    service = SupervisorService(reactor, Config(user="someone"), begin, commons, print, None)
    service.startService()
    workers = [worker for worker, _ in reactor.started]
    for worker in workers:
        worker.childDataReceived(3, line(Ready()))
    for _ in range(7):
        for worker in workers[1:]:
            worker.childDataReceived(3, line(Alive()))
        reactor.pump([1.0] * 5)
    pipes: list[Any] = [worker.transport for worker in workers]
    assert [pipe.signals for pipe in pipes] == [["KILL"], [], []]
    workers[0].processEnded(Failure(ProcessTerminated(signal=9)))
    reactor.pump([0.1, 0.1])
    assert [worker.slot for worker, _ in reactor.started] == [0, 1, 2, 0]
    reactor.pump([1.0] * 5)
    assert pipes[0].signals == ["KILL"]
    service.stopService()
    for worker, _ in reactor.started:
        service._ended(worker, "ended with status 0")
    assert reactor.getDelayedCalls() == []


def test_nobody_passes_connections_on_to_one_that_has_ended(commons: Commons) -> None:
    """Its successor is in its place already, if there is one."""
    reactor = Running()
    begin = Begin(slot=0, slots=3, config={}, reactor="r", syslog=None, news=News())
    service = SupervisorService(reactor, Config(user="someone"), begin, commons, print, None)
    service.startService()
    (first, _), (second, _), _ = reactor.started
    assert first.pid is not None
    commons.board.enter(0, first.pid, 7)
    commons.board.enter(1, 12345, 7)
    for worker in (first, second):
        worker.processEnded(Failure(ProcessTerminated(signal=9)))
    assert [commons.board.holder(slot) for slot in range(3)] == [0, 12345, 0]
    service.stopService()
