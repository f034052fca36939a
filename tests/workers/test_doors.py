"""A worker's sockets: closing one here loses nothing of what waits there for another."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol, ServerFactory
from twisted.internet.task import deferLater

from argoproxy.listening import bind_group
from argoproxy.workers.doors import Doors

PATIENCE = 30.0


class Counted(Protocol):
    """Says at once that it is there, and counts."""

    def connectionMade(self) -> None:
        assert self.transport is not None
        assert isinstance(self.factory, Counting)
        self.factory.accepted += 1
        self.transport.loseConnection()


class Counting(ServerFactory):
    """Counts the connections that were accepted."""

    protocol = Counted
    noisy = False
    accepted = 0


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def _doors(stack: ExitStack) -> tuple[list[socket.socket], Callable[[Counting], Doors]]:
    """The sockets of two slots, and what makes a worker's doors of them."""
    group = [stack.enter_context(closing(one)) for one in bind_group("127.0.0.1", 0, 2)]
    return group, lambda factory: Doors(reactor, [([one.dup() for one in group], factory)])


async def _turns(condition: Callable[[], bool]) -> None:
    waited: Deferred[None] = Deferred()

    def look() -> None:
        if condition():
            waited.callback(None)
        else:
            reactor.callLater(0.001, look)

    look()
    await waited.addTimeout(PATIENCE, reactor)


def _clients(stack: ExitStack, group: list[socket.socket], count: int = 40) -> None:
    for _ in range(count):
        stack.enter_context(closing(socket.create_connection(group[0].getsockname())))


@pytest_twisted.ensureDeferred
async def test_only_what_is_open_is_served(stack: ExitStack) -> None:
    group, make = _doors(stack)
    one, other = Counting(), Counting()
    first, second = make(one), make(other)
    first.open(0)
    second.open(1)
    _clients(stack, group)
    await _turns(lambda: one.accepted + other.accepted == 40)
    assert one.accepted
    assert other.accepted
    for doors in (first, second):
        doors.leave()
    await deferLater(reactor, 0)


@pytest_twisted.ensureDeferred
async def test_what_waits_where_somebody_left_is_the_next_ones(stack: ExitStack) -> None:
    group, make = _doors(stack)
    one, other = Counting(), Counting()
    first, second = make(one), make(other)
    first.open(0)
    first.open(0)
    first.leave()
    await deferLater(reactor, 0)
    _clients(stack, group)
    second.open(0)
    second.open(1)
    await _turns(lambda: other.accepted == 40)
    assert one.accepted == 0
    second.close(0)
    second.leave()
    await deferLater(reactor, 0)


@pytest_twisted.ensureDeferred
async def test_the_last_to_leave_accepts_what_waits(stack: ExitStack) -> None:
    group, make = _doors(stack)
    one = Counting()
    doors = make(one)
    doors.open(0)
    doors.open(1)
    _clients(stack, group, 150)
    doors.empty()
    assert one.accepted == 150
    late = stack.enter_context(closing(socket.socket()))
    late.setblocking(False)
    assert late.connect_ex(group[0].getsockname()) == errno.EINPROGRESS
    doors.leave()
    await deferLater(reactor, 0.01)


@pytest_twisted.ensureDeferred
async def test_who_has_left_has_nothing_to_accept_and_takes_nothing_from_the_others(stack: ExitStack) -> None:
    """One that was replaced is told to stop, too."""
    group, make = _doors(stack)
    one, other = Counting(), Counting()
    gone, serving = make(one), make(other)
    gone.open(0)
    gone.leave()
    gone.empty()
    gone.leave()
    serving.open(0)
    serving.open(1)
    _clients(stack, group)
    await _turns(lambda: other.accepted == 40)
    serving.leave()
    await deferLater(reactor, 0)
