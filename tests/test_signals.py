"""Signals: which the process takes, what each does, and that all is put back."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from twisted.internet.interfaces import IReactorCore
from twisted.internet.testing import MemoryReactorClock
from twisted.python.logfile import LogFile

from argoproxy.signals import Signals, ignore_hang_ups

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)


class QueueingReactor(MemoryReactorClock):
    """Runs what signals leave to it when it is told to, like a real one."""

    def __init__(self) -> None:
        super().__init__()
        self.queued: list[object] = []

    def callWhenRunning(self, callable, *args, **kw):  # type: ignore[no-untyped-def]
        callable()

    def callFromThread(self, callable, *args, **kw):  # type: ignore[no-untyped-def]
        self.queued.append(callable)


@pytest.fixture(autouse=True)
def _kept_handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in NUMBERS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def stops() -> list[int]:
    """The signals that reach what was there before, as the reactor's handlers are."""
    stops: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: stops.append(number))
    return stops


def _installed(reactor: QueueingReactor, log_file: LogFile | None = None) -> Signals:
    signals = Signals(reactor, _cut, _reload, log_file)
    signals.install()
    return signals


def _reload() -> None:
    raise AssertionError("what a signal does must be left to the reactor")


def _cut() -> None:
    raise AssertionError("what a signal does must be left to the reactor")


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_the_first_stops_as_before_and_the_second_cuts(
    stops: list[int], first: signal.Signals, second: signal.Signals
) -> None:
    reactor = QueueingReactor()
    _installed(reactor)
    signal.raise_signal(first)
    assert stops == [], "what was there before logs, and the log may be locked by what the signal interrupted"
    [stop] = reactor.queued
    assert callable(stop)
    stop()
    assert stops == [first]
    signal.raise_signal(second)
    assert (stops, reactor.queued) == ([first], [stop, _cut])


def test_one_that_is_ignored_stays_so(stops: list[int]) -> None:
    """As a shell has it for what runs in the background: what was there before could not even be called."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    reactor = QueueingReactor()
    _installed(reactor)
    signal.raise_signal(signal.SIGINT)
    assert reactor.queued == []
    signal.raise_signal(signal.SIGTERM)
    assert len(reactor.queued) == 1


def test_nothing_stopping_is_taken_before_the_reactor_has_put_in_its_own() -> None:
    class NotYetRunning(QueueingReactor):
        def callWhenRunning(self, callable, *args, **kw):  # type: ignore[no-untyped-def]
            self.queued.append(callable)

    before = signal.getsignal(signal.SIGTERM)
    reactor = NotYetRunning()
    assert IReactorCore.providedBy(reactor)
    _installed(reactor)
    assert signal.getsignal(signal.SIGTERM) is before
    assert len(reactor.queued) == 1


def test_a_hang_up_before_all_is_made_does_nothing() -> None:
    ignore_hang_ups()
    os.kill(os.getpid(), signal.SIGHUP)


def test_a_hang_up_does_what_it_is_given() -> None:
    reactor = QueueingReactor()
    before = signal.getsignal(signal.SIGHUP)
    signals = Signals(reactor, _cut, _reload)
    signals.install()
    signal.raise_signal(signal.SIGHUP)
    assert reactor.queued == [_reload]
    signals.restore()
    assert signal.getsignal(signal.SIGHUP) == before


def test_usr1_begins_a_new_log_file(tmp_path: Path) -> None:
    reactor = QueueingReactor()
    log_file = LogFile("a.log", str(tmp_path))
    _installed(reactor, log_file)
    signal.raise_signal(signal.SIGUSR1)
    log_file.close()
    assert reactor.queued == [log_file.rotate]


def test_usr1_is_left_alone_without_a_log_file() -> None:
    before = signal.getsignal(signal.SIGUSR1)
    _installed(QueueingReactor())
    assert signal.getsignal(signal.SIGUSR1) == before


def test_all_is_put_back(tmp_path: Path) -> None:
    before = [signal.getsignal(number) for number in NUMBERS]
    log_file = LogFile("a.log", str(tmp_path))
    signals = _installed(QueueingReactor(), log_file)
    assert [signal.getsignal(number) for number in NUMBERS] != before
    signals.restore()
    log_file.close()
    assert [signal.getsignal(number) for number in NUMBERS] == before
