"""
A worker's doors: closing one loses nothing of what waits there for another, and who comes in is shared out.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol, ServerFactory, connectionDone
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from tests.workers.fleet import Fleet

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


class Kept(Protocol):
    """Stays until the client goes, and tells of whom it is."""

    def connectionMade(self) -> None:
        assert isinstance(self.factory, Keeping)
        self.factory.open.append(self)

    def dataReceived(self, data: bytes) -> None:
        assert self.transport is not None
        host: Any = self.transport.getHost()
        peer: Any = self.transport.getPeer()
        self.transport.write(f"{host.host} {host.port} {peer.host} {peer.port}\n".encode())

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        assert isinstance(self.factory, Keeping)
        self.factory.open.remove(self)


class Keeping(ServerFactory):
    """Keeps the connections."""

    protocol = Kept
    noisy = False

    def __init__(self) -> None:
        self.open: list[Kept] = []


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


async def _turns(condition: Callable[[], bool]) -> None:
    waited: Deferred[None] = Deferred()

    def look() -> None:
        if condition():
            waited.callback(None)
        else:
            reactor.callLater(0.001, look)

    look()
    await waited.addTimeout(PATIENCE, reactor)


def _clients(stack: ExitStack, group: list[socket.socket], count: int = 40) -> list[socket.socket]:
    address = group[0].getsockname()[:2]
    return [stack.enter_context(closing(socket.create_connection(address))) for _ in range(count)]


@pytest_twisted.ensureDeferred
async def test_only_what_is_open_is_served(stack: ExitStack) -> None:
    fleet = Fleet(stack)
    one, other = Counting(), Counting()
    first, second = fleet.doors(0, 100, one), fleet.doors(1, 101, other)
    first.open(0)
    second.open(1)
    _clients(stack, fleet.groups[0])
    await _turns(lambda: one.accepted + other.accepted == 40)
    assert one.accepted
    assert other.accepted
    for doors in (first, second):
        doors.leave()
    await deferLater(reactor, 0)


@pytest_twisted.ensureDeferred
async def test_what_waits_where_somebody_left_is_the_next_ones(stack: ExitStack) -> None:
    fleet = Fleet(stack)
    one, other = Counting(), Counting()
    first, second = fleet.doors(0, 100, one), fleet.doors(1, 101, other)
    first.open(0)
    first.open(0)
    first.leave()
    await deferLater(reactor, 0)
    _clients(stack, fleet.groups[0])
    second.open(0)
    second.open(1)
    await _turns(lambda: other.accepted == 40)
    assert one.accepted == 0
    second.close(0)
    second.leave()
    await deferLater(reactor, 0)


@pytest_twisted.ensureDeferred
async def test_the_last_to_leave_accepts_what_waits(stack: ExitStack) -> None:
    fleet = Fleet(stack)
    one = Counting()
    doors = fleet.doors(0, 100, one)
    doors.open(0)
    doors.open(1)
    _clients(stack, fleet.groups[0], 150)
    doors.empty()
    assert one.accepted == 150
    late = stack.enter_context(closing(socket.socket()))
    late.setblocking(False)
    assert late.connect_ex(fleet.groups[0][0].getsockname()) == errno.EINPROGRESS
    doors.leave()
    await deferLater(reactor, 0.01)


@pytest_twisted.ensureDeferred
async def test_who_has_left_has_nothing_to_accept_and_takes_nothing_from_the_others(stack: ExitStack) -> None:
    """One that was replaced is told to stop, too."""
    fleet = Fleet(stack)
    one, other = Counting(), Counting()
    gone, serving = fleet.doors(0, 100, one), fleet.doors(1, 101, other)
    gone.open(0)
    gone.leave()
    gone.empty()
    gone.leave()
    serving.open(0)
    serving.open(1)
    _clients(stack, fleet.groups[0])
    await _turns(lambda: other.accepted == 40)
    serving.leave()
    await deferLater(reactor, 0)


@pytest_twisted.ensureDeferred
async def test_those_who_come_together_are_shared_out(stack: ExitStack) -> None:
    """By chance they would be, one time in five; those who go make room."""
    fleet = Fleet(stack)
    one, other = Keeping(), Keeping()
    first, second = fleet.doors(0, 100, one), fleet.doors(1, 101, other)
    first.open(0)
    second.open(1)
    for _ in range(4):
        clients = _clients(stack, fleet.groups[0], 16)
        await _turns(lambda: len(one.open) + len(other.open) == 16)
        assert (len(one.open), len(other.open)) == (8, 8)
        for client in clients:
            client.close()
        await _turns(lambda: not one.open and not other.open)
    for doors in (first, second):
        doors.leave()
    await deferLater(reactor, 0)


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("hosts", [("127.0.0.1", "::1"), ("::1", "127.0.0.1")])
async def test_all_addresses_count_together_and_each_has_its_own(stack: ExitStack, hosts: tuple[str, str]) -> None:
    """Who was passed on has the same addresses at both ends as who was not."""
    fleet = Fleet(stack, hosts=hosts)
    served = [[Keeping(), Keeping()] for _ in range(2)]
    all_doors = [fleet.doors(slot, 100 + slot, *factories) for slot, factories in enumerate(served)]
    for slot, doors in enumerate(all_doors):
        doors.open(slot)
    clients = [_clients(stack, group, 12) for group in fleet.groups]
    await _turns(lambda: [sum(len(each[number].open) for each in served) for number in range(2)] == [12, 12])
    assert [sum(len(factory.open) for factory in factories) for factories in served] == [12, 12]
    for client in (*clients[0], *clients[1]):
        client.sendall(b"who?")
        client.setblocking(False)
        heard = await _heard(client)
        (host, port), (near, own) = client.getpeername()[:2], client.getsockname()[:2]
        assert heard == f"{host} {port} {near} {own}\n"
        client.close()
    await _turns(lambda: not any(factory.open for factories in served for factory in factories))
    for doors in all_doors:
        doors.leave()
    await deferLater(reactor, 0)


async def _heard(client: socket.socket) -> str:
    said: list[bytes] = []

    def anything() -> bool:
        with suppress(BlockingIOError):
            said.append(client.recv(1000))
        return bool(said)

    await _turns(anything)
    return said[0].decode()


@pytest_twisted.ensureDeferred
async def test_what_was_passed_on_to_one_who_died_is_whoever_s_who_covers(stack: ExitStack) -> None:
    fleet = Fleet(stack)
    serving = Keeping()
    dead = fleet.balance(1, 101)
    dead.enter()
    doors = fleet.doors(0, 100, serving)
    doors.open(0)
    clients = _clients(stack, fleet.groups[0], 16)
    await _turns(lambda: dead.passage(1, 0).waiting() > 0)
    fleet.commons.board.leave(1, 101)
    doors.open(1)
    await _turns(lambda: len(serving.open) == 16)
    for client in clients:
        client.close()
    await _turns(lambda: not serving.open)
    doors.leave()
    await deferLater(reactor, 0)


@pytest_twisted.ensureDeferred
async def test_the_last_to_leave_accepts_what_was_passed_on(stack: ExitStack) -> None:
    fleet = Fleet(stack)
    one = Counting()
    doors = fleet.doors(0, 100, one)
    doors.open(0)
    other = fleet.balance(1, 101)
    other.came()
    near, far = socket.socketpair()
    stack.enter_context(closing(far))
    assert other.place(0, near, ("192.0.2.1", 5)) is None
    assert one.accepted == 0
    doors.empty()
    assert one.accepted == 1
    doors.leave()
    await deferLater(reactor, 0.01)
    assert far.recv(1) == b""
