"""A passage: a connection that is put in is the same one when it is taken out, wherever its far end is."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
from twisted.logger import capturedLogs, formatEvent

from argoproxy.workers.passage import Passage, make_ends

PEERS = [
    (socket.AF_INET, ("203.0.113.254", 65535)),
    (socket.AF_INET6, ("::1", 1, 0, 0)),
    (socket.AF_INET6, ("fe80:1111:2222:3333:4444:5555:6666:7777", 65535, 4294967295, 3)),
    (socket.AF_INET6, ("::ffff:255.255.255.255", 80, 0, 0)),
]


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def _passage(stack: ExitStack, family: int = socket.AF_INET) -> Passage:
    return stack.enter_context(closing(Passage(family, *make_ends())))


def _connected(stack: ExitStack) -> tuple[socket.socket, socket.socket]:
    near, far = socket.socketpair()
    for one in (near, far):
        stack.enter_context(closing(one))
    return near, far


@pytest.mark.parametrize(("family", "peer"), PEERS)
def test_what_is_put_in_is_taken_out(stack: ExitStack, family: int, peer: tuple[Any, ...]) -> None:
    passage = _passage(stack, family)
    near, far = _connected(stack)
    assert passage.put(near, peer)
    near.close()
    taken = passage.take()
    assert taken is not None
    client = stack.enter_context(closing(taken[0]))
    assert (taken[1], client.family) == (peer, family)
    assert not os.get_inheritable(client.fileno())
    client.sendall(b"words")
    assert far.recv(5) == b"words"


def test_how_many_wait_is_known_to_whoever_has_a_part_in_it(stack: ExitStack) -> None:
    entry, exit_ = make_ends()
    one = stack.enter_context(closing(Passage(socket.AF_INET, entry, exit_)))
    other = stack.enter_context(closing(Passage(socket.AF_INET, entry.dup(), exit_.dup())))
    near, _ = _connected(stack)
    for number in range(3):
        assert other.waiting() == number
        assert one.put(near, ("192.0.2.1", number))
    for number in range(3):
        taken = other.take()
        assert taken is not None
        taken[0].close()
        assert (taken[1][1], one.waiting()) == (number, 2 - number)
    assert one.take() is other.take() is None


def test_a_full_one_takes_no_more_and_keeps_what_it_has(stack: ExitStack) -> None:
    passage = _passage(stack)
    near, _ = _connected(stack)
    count = 0
    while passage.put(near, ("192.0.2.1", 1)):
        count += 1
    assert passage.waiting() == count
    for _ in range(count):
        taken = passage.take()
        assert taken is not None
        taken[0].close()
    assert passage.put(near, ("192.0.2.1", 1))


def test_one_for_which_there_is_no_descriptor_is_told_and_the_next_taken(stack: ExitStack) -> None:
    """The system closes it, and hands on what came with it."""
    entry, exit_ = make_ends()
    passage = stack.enter_context(closing(Passage(socket.AF_INET, entry, exit_)))
    near, _ = _connected(stack)
    passage.put(near, ("192.0.2.1", 1))
    entry.send(exit_.recv(1000))
    passage.put(near, ("192.0.2.2", 2))
    with capturedLogs() as logs:
        taken = passage.take()
    assert taken is not None
    taken[0].close()
    assert taken[1] == ("192.0.2.2", 2)
    told = ["a connection from 192.0.2.1 is lost: there was no descriptor left for it"]
    assert [formatEvent(event) for event in logs] == told
