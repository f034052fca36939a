"""Who serves a connection: whoever has the fewest, and nobody who has left, or can't be told."""

from __future__ import annotations

import os
import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest

from argoproxy.workers.balance import Balance, fewest
from tests.workers.fleet import Fleet

PEER = ("192.0.2.1", 5)


@pytest.mark.parametrize(
    ("own", "others", "waiting", "chosen"),
    [
        (0, {}, {}, None),
        (0, {1: 0}, {}, None),
        (1, {1: 1}, {}, None),
        (1, {1: 0}, {}, 1),
        (1, {1: 0}, {1: 1}, None),
        (9, {0: 9, 2: 8, 3: 7, 4: 7, 5: 8}, {}, 3),
        (9, {0: 9, 2: 8, 3: 7, 4: 7, 5: 8}, {3: 1}, 4),
        (9, {0: 9, 2: 7, 3: 6}, {2: 1, 3: 9}, 2),
        (9, {0: 10, 2: 11}, {}, None),
    ],
)
def test_one_more_is_for_whoever_has_the_fewest(
    own: int, others: dict[int, int], waiting: dict[int, int], chosen: int | None
) -> None:
    assert fewest(own, others.items(), lambda slot: waiting.get(slot, 0)) == chosen


def test_what_waits_is_not_asked_for_where_it_doesnt_matter() -> None:
    asked: list[int] = []

    def waiting(slot: int) -> int:
        asked.append(slot)
        return 0

    assert fewest(3, [(1, 3), (2, 1), (4, 2)], waiting) == 2
    assert asked == [2]


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


class Pair:
    """The two workers of a fleet, and connections that are none."""

    def __init__(self, stack: ExitStack, ahead: int = 0, most: int | None = None) -> None:
        self._stack = stack
        fleet = Fleet(stack)
        self.board = fleet.commons.board
        self.one, self.other = (self._balance(fleet, slot, ahead * slot, most) for slot in range(2))

    def _balance(self, fleet: Fleet, slot: int, ahead: int, most: int | None) -> Balance:
        balance = fleet.balance(slot, 100 + slot, ahead, most)
        balance.enter()
        return balance

    def place(self, balance: Balance) -> bool:
        """Whether a worker serves a connection that has come to it."""
        client, far = socket.socketpair()
        self._stack.enter_context(closing(far))
        return self._served(balance, balance.place(0, client, PEER))

    def take(self, balance: Balance) -> bool:
        """Whether a worker serves one that was passed on to it."""
        return self._served(balance, balance.take(balance.slot, 0))

    def _served(self, balance: Balance, arrival: tuple[socket.socket, object] | None) -> bool:
        if arrival is None:
            return False
        assert arrival[1] == PEER
        self._stack.enter_context(closing(arrival[0]))
        balance.came()
        return True


def test_every_other_one_is_passed_on_where_all_come_to_one(stack: ExitStack) -> None:
    """What is on its way counts already: the other hasn't taken any of them."""
    pair = Pair(stack)
    assert [pair.place(pair.one) for _ in range(6)] == [True, False] * 3
    assert [pair.take(pair.other) for _ in range(4)] == [True, True, True, False]
    assert [pair.place(pair.other) for _ in range(2)] == [True, False]


def test_those_that_end_count_no_more(stack: ExitStack) -> None:
    pair = Pair(stack)
    assert [pair.place(pair.one) for _ in range(4)] == [True, False, True, False]
    for _ in range(2):
        pair.one.went(lived=60.0)
    assert [pair.place(pair.one) for _ in range(2)] == [True, True]


def test_one_that_comes_counts_before_it_is_served(stack: ExitStack) -> None:
    pair = Pair(stack)
    client, _ = (stack.enter_context(closing(one)) for one in socket.socketpair())
    assert pair.one.place(0, client, PEER) == (client, PEER)
    assert pair.place(pair.other)
    pair.one.came()
    assert pair.place(pair.one)


def test_one_that_failed_doesnt_count_for_ever(stack: ExitStack) -> None:
    pair = Pair(stack)
    client, _ = (stack.enter_context(closing(one)) for one in socket.socketpair())
    assert pair.one.place(0, client, PEER) is not None
    assert pair.place(pair.one)
    assert not pair.place(pair.one)


def test_who_may_have_fewer_has_one_fewer(stack: ExitStack) -> None:
    """So that a bound is reached everywhere at once."""
    pair = Pair(stack, ahead=1)
    assert [pair.place(pair.one) for _ in range(4)] == [True, True, False, True]


def test_where_connections_come_and_go_a_small_difference_is_left(stack: ExitStack) -> None:
    pair = Pair(stack)
    for _ in range(2):
        pair.one.came()
    for lived in [0.1] * 129 + [1.0] * 64:
        pair.one.came()
        pair.one.went(lived)
    pair.one.beat()
    assert [pair.place(pair.one) for _ in range(2)] == [True, False]
    pair.one.beat()
    assert [pair.place(pair.one) for _ in range(2)] == [False, False]


def test_who_has_no_room_passes_on_whatever_the_difference(stack: ExitStack) -> None:
    pair = Pair(stack, most=3)
    for _ in range(3):
        for _ in range(80):
            pair.one.came()
            pair.one.went(0.1)
        pair.one.beat()
        pair.one.came()
    assert [pair.place(pair.one) for _ in range(3)] == [False] * 3


def test_a_large_difference_never_is(stack: ExitStack) -> None:
    pair = Pair(stack)
    for _ in range(10_000):
        pair.one.came()
        pair.one.went(0.1)
    pair.one.beat()
    for _ in range(16):
        pair.one.came()
    assert [pair.place(pair.one) for _ in range(2)] == [True, False]


def test_who_has_left_gets_none_and_passes_on_none(stack: ExitStack) -> None:
    pair = Pair(stack)
    pair.other.leave()
    assert all(pair.place(pair.one) for _ in range(4))
    assert all(pair.place(pair.other) for _ in range(8))


def test_what_was_put_in_as_somebody_left_is_taken_back(stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = Pair(stack)
    passage = pair.one.passage(1, 0)
    put = passage.put

    def put_behind_the_end(client: socket.socket, peer: tuple[object, ...]) -> bool:
        pair.other.leave()
        return put(client, peer)

    monkeypatch.setattr(passage, "put", put_behind_the_end)
    assert [pair.place(pair.one) for _ in range(2)] == [True, True]
    assert not pair.take(pair.other)


def test_where_a_passage_is_full_connections_stay(stack: ExitStack) -> None:
    pair = Pair(stack)
    filler, _ = (stack.enter_context(closing(one)) for one in socket.socketpair())
    pair.other.leave()
    while pair.one.passage(1, 0).put(filler, PEER):
        pass
    filled = pair.one.passage(1, 0).waiting()
    pair.other.enter()
    for _ in range(filled):
        pair.one.came()
    assert [pair.place(pair.one) for _ in range(3)] == [True, True, True]


@contextmanager
def _no_descriptor_left() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.dup(0)
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_who_has_no_descriptor_left_gets_no_more_until_there_is_one(stack: ExitStack) -> None:
    """It has fewer than others, and can't have more: whatever was passed on to it would be lost."""
    pair = Pair(stack)
    assert [pair.place(pair.one) for _ in range(3)] == [True, False, True]
    with _no_descriptor_left():
        assert not pair.take(pair.other)
        pair.other.beat()
    assert pair.place(pair.one)
    pair.other.beat()
    assert not pair.place(pair.one)
    assert pair.take(pair.other)


def test_a_slot_that_a_successor_has_left_is_held_by_who_still_serves_there(stack: ExitStack) -> None:
    pair = Pair(stack)
    pair.board.enter(1, 102, 0)
    pair.board.leave(1, 102)
    pair.other.beat()
    assert pair.board.holder(1) == 101


def test_who_has_left_does_not_come_back(stack: ExitStack) -> None:
    pair = Pair(stack)
    pair.other.leave()
    pair.other.beat()
    assert pair.board.holder(1) == 0
