"""Whose turn it is: askers take turns, whoever fills the line gives way first, and no place is lost."""

from __future__ import annotations

from functools import partial

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from argoproxy.errors import Busy
from argoproxy.queue import Queue, Waiter


@attrs.define
class Room:
    """A queue, and what becomes of who waits in it."""

    time: float = 0.0
    admitted: list[str] = attrs.field(factory=list)
    refused: list[tuple[str, int, str | None, str | None]] = attrs.field(factory=list)
    waiters: dict[str, Waiter] = attrs.field(factory=dict)
    queue: Queue = attrs.field(init=False)

    @queue.default
    def _queue(self) -> Queue:
        return Queue(lambda: self.time)

    def wait(self, *names: str) -> None:
        """Names are an asker's letter and a number."""
        for name in names:
            waiter = Waiter(name[0], partial(self.admitted.append, name), partial(self._told, name))
            self.waiters[name] = waiter
            try:
                self.queue.wait(waiter)
            except Busy as busy:
                self._told(name, busy)

    def _told(self, name: str, busy: Busy) -> None:
        self.refused.append((name, busy.status, busy.code, busy.retry_after))


def _full(*names: str, most: int | None = None) -> Room:
    """One place, which is taken, and who waits for it."""
    room = Room()
    room.queue.bound(1, most)
    assert room.queue.take()
    room.wait(*names)
    return room


TURNS = {
    ("a1", "a2", "a3"): ["a1", "a2", "a3"],
    ("a1", "b1", "c1"): ["a1", "b1", "c1"],
    ("a1", "a2", "a3", "b1"): ["a1", "b1", "a2", "a3"],
    ("a1", "a2", "a3", "b1", "b2", "c1"): ["a1", "b1", "c1", "a2", "b2", "a3"],
    ("b1", "a1", "a2", "b2", "b3"): ["b1", "a1", "b2", "a2", "b3"],
}


@pytest.mark.parametrize(("waiting", "order"), TURNS.items())
def test_askers_take_turns(waiting: tuple[str, ...], order: list[str]) -> None:
    room = _full(*waiting)
    assert room.queue.waiting == len(waiting)
    for count in range(len(order)):
        assert room.admitted == order[:count]
        room.queue.give_back(1)
    assert room.admitted == order
    assert not room.queue.take()
    room.queue.give_back(1)
    assert room.queue.take()


def test_who_comes_later_is_behind_those_who_had_no_turn_yet() -> None:
    room = _full("a1", "a2", "b1")
    room.queue.give_back(1)
    room.wait("c1", "a3")
    for _ in range(4):
        room.queue.give_back(1)
    assert room.admitted == ["a1", "b1", "a2", "c1", "a3"]


@pytest.mark.parametrize(
    ("leaving", "order"), [("a1", ["a2", "b1"]), ("a2", ["a1", "b1"]), ("b1", ["a1", "a2"])]
)
def test_who_leaves_gives_up_the_turn(leaving: str, order: list[str]) -> None:
    room = _full("a1", "a2", "b1")
    room.queue.leave(room.waiters[leaving])
    for _ in range(3):
        room.queue.give_back(1)
    assert room.admitted == order
    assert room.queue.waiting == 0


FULL = {
    # Who waits, who comes, who is refused, and how.
    (): ("a1", ("a1", 503, "queue_full")),
    ("a1", "a2"): ("a3", ("a3", 429, "too_many_waiting")),
    ("a1", "a2", "a3"): ("b1", ("a3", 429, "too_many_waiting")),
    ("a1", "b1"): ("c1", ("c1", 503, "queue_full")),
    ("a1", "a2", "b1"): ("b2", ("b2", 503, "queue_full")),
    ("a1", "a2", "a3", "b1"): ("a4", ("a4", 429, "too_many_waiting")),
    ("a1", "a2", "a3", "a4", "b1"): ("b2", ("a4", 429, "too_many_waiting")),
}


@pytest.mark.parametrize(("waiting", "comes"), FULL.items())
def test_a_full_line_refuses_whoever_has_the_most_in_it(
    waiting: tuple[str, ...], comes: tuple[str, tuple[str, int, str]]
) -> None:
    room = _full(*waiting, most=len(waiting))
    room.time = 0.5
    room.wait(comes[0])
    assert room.refused == [(*comes[1], "1")]
    assert room.queue.waiting == len(waiting)
    for _ in waiting:
        room.queue.give_back(1)
    assert sorted(room.admitted) == sorted({*waiting, comes[0]} - {comes[1][0]})


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["come", "come", "end", "leave"])), max_size=80))
def test_who_gives_way_is_always_the_last_of_a_longest_line(steps: list[tuple[str, str]]) -> None:
    room, came = _full(most=6), 0
    lines: dict[str, list[str]] = {asker: [] for asker in "abcd"}
    for asker, step in steps:
        admitted, refused = len(room.admitted), len(room.refused)
        if step == "come":
            came += 1
            lines[asker].append(f"{asker}{came}")
            room.wait(f"{asker}{came}")
        elif step == "end" and room.queue.waiting:
            room.queue.give_back(1)
        elif step == "leave" and lines[asker]:
            room.queue.leave(room.waiters[lines[asker].pop(0)])
        for name, *_ in room.refused[refused:]:
            assert name == lines[name[0]].pop()
            # Whoever came had fewer, or was refused.
            assert len(lines[name[0]]) + 1 >= max(map(len, lines.values()))
        for name in room.admitted[admitted:]:
            assert name == lines[name[0]].pop(0)
    assert room.queue.waiting == sum(map(len, lines.values())) <= 6


@pytest.mark.parametrize(("seconds", "told"), [(0.0, "1"), (2.1, "3"), (300.0, "60")])
def test_who_is_refused_is_told_to_wait_as_long_as_whoever_is_next_has(seconds: float, told: str) -> None:
    room = _full("a1", most=1)
    room.time = seconds
    room.wait("b1")
    assert room.refused == [("b1", 503, "queue_full", told)]


def test_more_places_are_taken_only_if_nobody_waits() -> None:
    queue = Queue(lambda: 0.0)
    queue.bound(5, None)
    assert queue.take()
    assert queue.take_more(2) == 2
    assert queue.take_more(9) == 2
    assert queue.take_more(9) == 0
    queue.wait(Waiter("a", lambda: None, lambda busy: None))
    queue.bound(6, None)
    assert queue.waiting == 0
    assert not queue.take()


def test_other_bounds_hold_from_then_on() -> None:
    room = _full("a1", "a2", "a3")
    room.queue.bound(3, None)
    assert room.admitted == ["a1", "a2"]
    room.queue.bound(1, None)
    room.queue.give_back(1)
    room.queue.give_back(1)
    assert room.admitted == ["a1", "a2"]
    room.queue.give_back(1)
    assert room.admitted == ["a1", "a2", "a3"]


def test_ten_thousand_who_fail_at_once_are_no_deep_recursion() -> None:
    queue = Queue(lambda: 0.0)
    queue.bound(1, None)
    assert queue.take()
    for number in range(10_000):
        queue.wait(Waiter(str(number % 7), lambda: queue.give_back(1), lambda busy: None))
    queue.give_back(1)
    assert queue.waiting == 0
    assert queue.take()


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["come", "end", "leave"])), max_size=60))
def test_no_place_is_lost_or_given_twice(steps: list[tuple[str, str]]) -> None:
    room = Room()
    room.queue.bound(2, 4)
    running, came = 0, 0
    for asker, step in steps:
        before = len(room.admitted)
        if step == "come":
            came += 1
            if room.queue.take():
                running += 1
            else:
                room.wait(f"{asker}{came}")
        elif step == "end" and running:
            running -= 1
            room.queue.give_back(1)
        gone = {*room.admitted, *(name for name, *_ in room.refused)}
        waiting = [name for name in room.waiters if name not in gone and name[0] == asker]
        if step == "leave" and waiting:
            room.queue.leave(room.waiters.pop(waiting[0]))
        running += len(room.admitted) - before
        assert running <= 2
        assert room.queue.waiting <= 4
        assert running == 2 or not room.queue.waiting
