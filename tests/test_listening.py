"""Binding TCP sockets: alone, and several that share one address and nobody else's."""

from __future__ import annotations

import fcntl
import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from argoproxy.listening import ListenFault, accept_waiting, bind_group, bind_tcp

CLIENTS = 200
# A descriptor that select() knows nothing of.
HIGH = 1500


class Port:
    """A reactor's, which takes one connection in a turn."""

    def __init__(self, listener: socket.socket) -> None:
        self.fileno = listener.fileno
        self.accepted = 0
        self._listener = listener

    def doRead(self) -> None:
        self._listener.accept()[0].close()
        self.accepted += 1


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    """Closes what a test has opened."""
    with ExitStack() as stack:
        yield stack


def _group(opened: ExitStack, count: int, port: int = 0) -> list[socket.socket]:
    return [opened.enter_context(closing(one)) for one in bind_group("127.0.0.1", port, count)]


def _port(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


def _waiting(listener: socket.socket) -> int:
    """How many connections were waiting there."""
    for count in range(CLIENTS + 1):
        try:
            listener.accept()[0].close()
        except BlockingIOError:
            return count
    raise AssertionError("more than there were")


def test_the_connections_of_a_group_are_shared_out(opened: ExitStack) -> None:
    group = _group(opened, 3)
    assert len({_port(one) for one in group}) == 1
    for _ in range(CLIENTS):
        opened.enter_context(closing(socket.create_connection(group[0].getsockname())))
    counts = [_waiting(one) for one in group]
    assert sum(counts) == CLIENTS
    assert all(counts)


@pytest.mark.parametrize("others", [1, 2])
def test_nobody_else_can_share_its_address(opened: ExitStack, others: int) -> None:
    (first, *_) = _group(opened, 2)
    with pytest.raises(ListenFault, match=r"the port is taken \(another argoproxy\?\)$"):
        bind_group("127.0.0.1", _port(first), others)


def test_a_port_that_becomes_free_in_a_moment_is_had(opened: ExitStack) -> None:
    alone = opened.enter_context(closing(bind_tcp("127.0.0.1", 0)))
    port, waited = _port(alone), list[float]()

    def pause(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 2:
            alone.close()

    with pytest.raises(ListenFault, match="the port is taken"):
        bind_group("127.0.0.1", port, 2, 2, pause)
    assert len(waited) == 1
    for one in bind_group("127.0.0.1", port, 2, 3, pause):
        opened.enter_context(closing(one))
    assert len(waited) == 2


def test_a_group_takes_no_port_that_is_taken(opened: ExitStack) -> None:
    alone = opened.enter_context(closing(bind_tcp("127.0.0.1", 0)))
    with pytest.raises(ListenFault, match="the port is taken"):
        bind_group("127.0.0.1", _port(alone), 2)


def test_a_socket_that_is_alone_can_be_shared_with_nobody(opened: ExitStack) -> None:
    alone = opened.enter_context(closing(bind_tcp("127.0.0.1", 0)))
    assert alone.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT) == 0


def test_an_address_is_free_again_while_its_connections_are_open(opened: ExitStack) -> None:
    """Workers that still end their requests must not keep the port."""
    group = _group(opened, 2)
    port = _port(group[0])
    opened.enter_context(closing(socket.create_connection(("127.0.0.1", port))))
    for one in group:
        try:
            opened.enter_context(closing(one.accept()[0]))
        except BlockingIOError:
            continue
    for one in group:
        one.close()
    assert len(_group(opened, 2, port)) == 2


@pytest.fixture
def _many_descriptors() -> Iterator[None]:
    """There may be as many as that takes."""
    soft, hard = before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, HIGH + 100), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.usefixtures("_many_descriptors")
def test_what_waits_is_accepted_however_many_connections_there_are(opened: ExitStack) -> None:
    listener = opened.enter_context(closing(bind_tcp("127.0.0.1", 0)))
    high = fcntl.fcntl(listener.fileno(), fcntl.F_DUPFD_CLOEXEC, HIGH)
    port = Port(opened.enter_context(closing(socket.socket(fileno=high))))
    for _ in range(3):
        opened.enter_context(closing(socket.create_connection(listener.getsockname())))
    accept_waiting(port)
    assert port.accepted == 3
