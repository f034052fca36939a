"""The reactor's wait for sockets does what Twisted's own does, whatever else there is to do."""

from __future__ import annotations

import importlib
import select
import socket
from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import pytest
from twisted.internet.epollreactor import EPollReactor
from twisted.internet.error import ConnectionDone
from twisted.internet.main import CONNECTION_DONE
from twisted.internet.pollreactor import PollReactor
from twisted.internet.selectreactor import SelectReactor
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure

from argoproxy import polling

from .conftest import LoggedErrors

# Seconds after which a test would have hung.
_AT_MOST = 30.0


class Socket:
    """One end of a pair, as a reactor sees it: notes what is asked of it."""

    def __init__(self, one: socket.socket, read: Callable[[], object]) -> None:
        self.fileno = one.fileno
        self.doRead = read
        self.ended: list[Failure] = []

    def connectionLost(self, reason: Failure) -> None:
        """Called when it is disconnected."""
        self.ended.append(reason)

    def logPrefix(self) -> str:
        """Called by whoever logs of it."""
        return "socket"


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two sockets that are connected."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        yield ours, theirs


@pytest.fixture
def reactor() -> Iterator[Any]:
    """One of its own, which polls in our way."""
    reactor: Any = EPollReactor()
    polling.poll_by(reactor)
    reactor.callLater(_AT_MOST, reactor.stop)
    yield reactor
    _close(reactor)
    reactor._poller.close()


def _close(reactor: Any) -> None:
    for reader in getattr(reactor, "_internalReaders", ()):
        reader.connectionLost(Failure(ConnectionDone()))


def _run(reactor: Any) -> bool:
    """Run it until it is stopped, and tell whether that was by whoever was to do so."""
    reactor.run(installSignalHandlers=False)
    return all(call.active() for call in reactor.getDelayedCalls())


def test_what_comes_is_read_as_often_as_it_comes(reactor: Any, pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    come: list[bytes] = []

    def read() -> None:
        come.append(ours.recv(100))
        if len(come) < 3:
            theirs.send(b"more")
        else:
            reactor.stop()

    reactor.addReader(Socket(ours, read))
    theirs.send(b"first")
    assert _run(reactor)
    assert come == [b"first", b"more", b"more"]


def test_a_socket_that_has_ended_is_told(reactor: Any, pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    one = Socket(ours, lambda: CONNECTION_DONE)
    reactor.addReader(one)
    theirs.send(b"x")
    reactor.callLater(0, reactor.callLater, 0, reactor.callLater, 0, reactor.stop)
    assert _run(reactor)
    assert [reason.type for reason in one.ended] == [ConnectionDone]
    assert one not in reactor.getReaders()


def test_a_bug_ends_its_own_socket_and_is_logged(
    reactor: Any, pair: tuple[socket.socket, socket.socket], logged_errors: LoggedErrors
) -> None:
    (ours, theirs), (others, far) = pair, socket.socketpair()
    with others, far:
        broken = Socket(ours, lambda: 1 // 0)
        sound = Socket(others, reactor.stop)
        for one in (broken, sound):
            reactor.addReader(one)
        theirs.send(b"x")
        reactor.callLater(0.01, far.send, b"x")
        assert _run(reactor)
    assert [reason.type for reason in broken.ended] == [ZeroDivisionError]
    [event] = logged_errors.take()
    assert event["failure"].type is ZeroDivisionError


def test_a_socket_can_be_written_to(reactor: Any, pair: tuple[socket.socket, socket.socket]) -> None:
    one: Any = Socket(pair[0], lambda: None)
    one.doWrite = reactor.stop
    reactor.addWriter(one)
    assert _run(reactor)


def test_the_far_end_of_a_socket_that_only_writes_leaves(
    reactor: Any, pair: tuple[socket.socket, socket.socket]
) -> None:
    ours, theirs = pair
    one: Any = Socket(ours, lambda: None)
    one.doWrite = lambda: None
    one.connectionLost = lambda reason: reactor.stop()
    reactor.addWriter(one)
    reactor.callWhenRunning(theirs.close)
    assert _run(reactor)


def test_one_that_is_taken_out_in_the_same_turn_is_left_alone(
    reactor: Any, pair: tuple[socket.socket, socket.socket]
) -> None:
    (ours, theirs), (others, far) = pair, socket.socketpair()
    with others, far:
        readers: list[Socket] = []
        read: list[Socket] = []

        def read_first(which: int) -> None:
            read.append(readers[which])
            for one in readers:
                reactor.removeReader(one)
            reactor.callLater(0, reactor.stop)

        readers += [Socket(ours, lambda: read_first(0)), Socket(others, lambda: read_first(1))]
        theirs.send(b"x")
        far.send(b"x")
        for one in readers:
            reactor.addReader(one)
        assert _run(reactor)
        assert len(read) == 1


@pytest.mark.parametrize("seconds", [0, 0.01])
def test_calls_come_when_they_are_due(reactor: Any, seconds: float) -> None:
    calls: list[int] = []
    reactor.callLater(seconds, calls.append, 1)
    reactor.callLater(seconds, reactor.callLater, seconds, reactor.stop)
    assert _run(reactor)
    assert calls == [1]


def test_a_call_that_a_socket_asks_for_comes(reactor: Any, pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair

    def read() -> None:
        ours.recv(1)
        reactor.callLater(0, reactor.stop)

    reactor.addReader(Socket(ours, read))
    reactor.callWhenRunning(theirs.send, b"x")
    assert _run(reactor)


def test_a_call_put_off_comes_only_then(reactor: Any) -> None:
    calls: list[str] = []
    late = reactor.callLater(0.005, calls.append, "late")
    late.delay(0.02)
    reactor.callLater(0.015, calls.append, "soon")
    reactor.callLater(0.05, reactor.stop)
    assert _run(reactor)
    assert calls == ["soon", "late"]


def test_threads_are_heard(reactor: Any) -> None:
    thread = Thread(target=reactor.callFromThread, args=(reactor.stop,))
    reactor.callLater(0, thread.start)
    assert _run(reactor)
    thread.join()


@pytest.fixture(params=[PollReactor, SelectReactor, MemoryReactorClock])
def other(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A reactor that waits in another way than by epoll."""
    reactor = request.param()
    yield reactor
    _close(reactor)


def test_a_reactor_of_another_kind_keeps_its_way(other: Any) -> None:
    polling.poll_by(other)
    assert "doIteration" not in vars(other)


def test_where_there_is_no_epoll_every_reactor_keeps_its_way(monkeypatch: pytest.MonkeyPatch, reactor: Any) -> None:
    del reactor.doIteration
    with monkeypatch.context() as elsewhere:
        for name in ("epoll", "EPOLLIN"):
            elsewhere.delattr(select, name)
        importlib.reload(polling).poll_by(reactor)
    importlib.reload(polling)
    assert "doIteration" not in vars(reactor)
