"""The workers' counts: each slot's holder alone says them, and who is silent isn't asked."""

from __future__ import annotations

import os

import pytest

from argoproxy.workers.board import Board, make_memory

FIRST, SECOND, THIRD = 11, 12, 13
SECOND_OF_TIME = 1_000_000_000


class Boards:
    """One memory as two processes see it, and the time."""

    def __init__(self) -> None:
        number = make_memory(3)
        self.now = 5 * SECOND_OF_TIME
        self.one, self.other = (Board(number, 3, lambda: self.now) for _ in range(2))
        os.close(number)


@pytest.fixture
def boards() -> Boards:
    return Boards()


def test_its_memory_is_there_before_anybody_writes_to_it() -> None:
    """Where the system has none left that shows as it is made: whoever wrote to it would be ended without a word."""
    number = make_memory(256)
    there = os.stat(number)
    os.close(number)
    assert there.st_blocks * 512 >= there.st_size == 256 * 3 * 8


def test_what_one_says_all_see(boards: Boards) -> None:
    boards.one.enter(0, FIRST, 3)
    boards.other.enter(2, THIRD, 0)
    boards.one.tell(0, FIRST, 4)
    assert list(boards.other.others(THIRD)) == [(0, 4)]
    assert list(boards.one.others(FIRST)) == [(2, 0)]
    assert list(boards.one.others(SECOND)) == [(0, 4), (2, 0)]


def test_a_successor_takes_the_place_and_the_count_over(boards: Boards) -> None:
    boards.one.enter(0, FIRST, 3)
    boards.other.enter(0, SECOND, 1)
    boards.one.tell(0, FIRST, 2)
    boards.one.leave(0, FIRST)
    assert boards.one.holder(0) == SECOND
    assert list(boards.one.others(FIRST)) == [(0, 1)]


def test_a_slot_that_was_left_is_nobodys(boards: Boards) -> None:
    boards.one.enter(1, SECOND, 0)
    boards.one.leave(1, SECOND)
    assert boards.other.holder(1) == 0
    assert list(boards.other.others(FIRST)) == []


def test_who_says_nothing_for_two_seconds_is_passed_over_until_the_next_word(boards: Boards) -> None:
    boards.one.enter(0, FIRST, 3)
    boards.now += 2 * SECOND_OF_TIME
    assert list(boards.other.others(SECOND)) == [(0, 3)]
    boards.now += 1
    assert list(boards.other.others(SECOND)) == []
    boards.one.tell(0, FIRST, 3)
    assert list(boards.other.others(SECOND)) == [(0, 3)]
