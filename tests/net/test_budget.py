"""How many calls may be repeated, by the calls of the last ten seconds."""

from __future__ import annotations

import pytest

from argoproxy.net.budget import Budget


def _taken(budget: Budget, now: float) -> int:
    """How often it gives before it refuses."""
    count = 0
    while budget.take(now) and count < 10_000:
        count += 1
    return count


def _after(calls: int, now: float = 0.0) -> Budget:
    budget = Budget()
    for _ in range(calls):
        budget.called(now)
    return budget


@pytest.mark.parametrize(("calls", "repeats"), [(0, 10), (1, 11), (5, 11), (100, 30), (1000, 210)])
def test_a_fifth_of_the_calls_may_be_repeated_and_ten_besides(calls: int, repeats: int) -> None:
    assert _taken(_after(calls), 0.0) == repeats


@pytest.mark.parametrize(("later", "repeats"), [(9.9, 30), (10.0, 10), (1e6, 10)])
def test_only_calls_of_the_last_ten_seconds_count(later: float, repeats: int) -> None:
    assert _taken(_after(100), later) == repeats


def test_what_was_repeated_is_forgotten_with_the_calls() -> None:
    budget = _after(100)
    assert _taken(budget, 5.0) == 30
    assert _taken(budget, 9.9) == 0
    assert _taken(budget, 14.9) == 0
    assert _taken(budget, 15.0) == 10


def test_what_goes_on_is_always_a_fifth() -> None:
    budget = Budget()
    given = 0
    for tick in range(60_000):
        now = tick / 1000
        budget.called(now)
        given += budget.take(now)
    assert given / 60_000 == pytest.approx(0.2, abs=0.02)
