"""What a service manager hears of us, on a socket of its own."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent

from argoproxy.config import Config, ConfigFault
from argoproxy.daemon import Daemon
from argoproxy.logs import Destination
from argoproxy.systemd import ServiceManager
from tests.conftest import LoggedErrors


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[socket.socket]:
    """Where a service manager would listen."""
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as ear:
        ear.bind(str(tmp_path / "notify"))
        ear.setblocking(False)
        yield ear


def _heard(ear: socket.socket) -> list[dict[str, str]]:
    """What it has been told since, a mapping for each time."""
    told: list[dict[str, str]] = []
    while True:
        try:
            data = ear.recv(4096)
        except BlockingIOError:
            return told
        told.append(dict(line.split("=", 1) for line in data.decode().split("\n")))


def _manager(ear: socket.socket, **more: str) -> ServiceManager:
    return ServiceManager.named_by({"NOTIFY_SOCKET": ear.getsockname(), **more})


def test_it_is_told_how_we_are(ear: socket.socket) -> None:
    manager = _manager(ear)
    before = time.clock_gettime(time.CLOCK_MONOTONIC)
    manager.ready()
    manager.reloading()
    manager.stopping()
    ready, reloading, stopping = _heard(ear)
    assert (ready["READY"], reloading["RELOADING"], stopping["STOPPING"]) == ("1", "1", "1")
    assert int(reloading["MONOTONIC_USEC"]) >= int(before * 1e6)


def test_its_address_may_have_no_file() -> None:
    name = f"argoproxy-{os.getpid()}"
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as ear:
        ear.bind(f"\0{name}")
        ear.setblocking(False)
        ServiceManager.named_by({"NOTIFY_SOCKET": f"@{name}"}).ready()
        assert _heard(ear)[0]["READY"] == "1"


@pytest.mark.parametrize("address", [None, "", "vsock:2:1234", "relative"])
def test_where_there_is_none_nothing_is_told(address: str | None) -> None:
    clock = Clock()
    variables = {} if address is None else {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1000000"}
    manager = ServiceManager.named_by(variables)
    with capturedLogs() as logs:
        manager.ready()
        manager.watch(clock)
    assert (logs, clock.getDelayedCalls(), variables) == ([], [], {})


def test_processes_of_ours_dont_speak_for_us(ear: socket.socket) -> None:
    variables = {"NOTIFY_SOCKET": ear.getsockname(), "WATCHDOG_USEC": "5", "WATCHDOG_PID": "5", "PATH": "/bin"}
    ServiceManager.named_by(variables)
    assert variables == {"PATH": "/bin"}


def test_one_that_has_gone_is_no_trouble(tmp_path: Path) -> None:
    with capturedLogs() as logs:
        ServiceManager.named_by({"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready()
    assert [formatEvent(event) for event in logs] == [
        "the service manager can't be told READY=1: No such file or directory"
    ]


def test_signs_of_life_come_twice_as_often_as_they_must(ear: socket.socket) -> None:
    clock = Clock()
    manager = _manager(ear, WATCHDOG_USEC="20000000", WATCHDOG_PID=str(os.getpid()))
    manager.watch(clock)
    clock.pump([10.0, 9.0, 1.0])
    assert _heard(ear) == [{"WATCHDOG": "1"}] * 3
    manager.leave()
    clock.advance(100.0)
    assert (_heard(ear), clock.getDelayedCalls()) == ([], [])


@pytest.mark.parametrize("more", [{}, {"WATCHDOG_USEC": "soon"}, {"WATCHDOG_USEC": "9", "WATCHDOG_PID": "1"}])
def test_who_isnt_watched_gives_none(ear: socket.socket, more: dict[str, str]) -> None:
    clock = Clock()
    _manager(ear, **more).watch(clock)
    assert (_heard(ear), clock.getDelayedCalls()) == ([], [])


class Served(Service):
    """A service that keeps what it is to serve by."""

    def __init__(self) -> None:
        self.ready: Deferred[None] = Deferred()
        self.reloads: list[Config] = []
        self.fault: Exception | None = None

    def when_ready(self) -> Deferred[None]:
        return self.ready

    def when_loaded(self) -> Deferred[None]:
        return Deferred()

    def reload(self, config: Config) -> Deferred[None]:
        if self.fault is not None:
            raise self.fault
        self.reloads.append(config)
        return succeed(None)

    def cut(self) -> None:
        raise AssertionError("nobody asked for it")


class Process:
    """A daemon whose service manager is at our end."""

    def __init__(self, ear: socket.socket) -> None:
        self.served = Served()
        self.config = Config(user="someone")
        self.daemon = Daemon(self.served, Destination(None), lambda: self.config, _manager(ear))
        # Without its signals and garbage collector.
        self.daemon.running = True


def _keys(ear: socket.socket) -> list[str]:
    return [next(iter(told)) for told in _heard(ear)]


def test_a_reload_is_told_before_and_behind_it(ear: socket.socket) -> None:
    process = Process(ear)
    process.daemon.reload()
    assert process.served.reloads == [process.config]
    assert _keys(ear) == ["RELOADING", "READY"]


def test_one_that_is_refused_is_logged_and_told_as_over(ear: socket.socket) -> None:
    process = Process(ear)
    process.served.fault = ConfigFault("user: not set")
    with capturedLogs() as logs:
        process.daemon.reload()
    assert [formatEvent(event) for event in logs] == [
        "the configuration that was read can't serve, and the one in use stays: user: not set"
    ]
    assert _keys(ear) == ["RELOADING", "READY"]


def test_one_that_goes_wrong_in_any_other_way_is_no_end_either(
    ear: socket.socket, logged_errors: LoggedErrors
) -> None:
    process = Process(ear)
    process.served.fault = MemoryError()
    process.daemon.reload()
    assert _keys(ear) == ["RELOADING", "READY"]
    [event] = logged_errors.take()
    assert event["log_failure"].check(MemoryError)


def test_a_stop_is_told_and_nothing_else_from_then_on(ear: socket.socket) -> None:
    process = Process(ear)
    daemon: Any = process.daemon
    daemon.stopService()
    daemon.reload()
    process.served.ready.callback(None)
    assert _keys(ear) == ["STOPPING"]
    assert process.served.reloads == []
