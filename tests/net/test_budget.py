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


def _after(calls: int) -> Budget:
    """One that has not been asked since the time 0, where so many calls were made, or since."""
    budget = Budget()
    budget.calls = calls
    return budget


@pytest.mark.parametrize(("calls", "repeats"), [(0, 10), (4, 10), (5, 11), (100, 30), (1000, 210)])
def test_a_fifth_of_the_calls_may_be_repeated_and_ten_besides(calls: int, repeats: int) -> None:
    assert _taken(_after(calls), 0.0) == repeats


@pytest.mark.parametrize(("later", "repeats"), [(9.9, 30), (10.0, 30), (20.0, 20), (1e6, 10)])
def test_of_the_calls_of_a_long_time_those_of_ten_seconds_count(later: float, repeats: int) -> None:
    assert _taken(_after(100), later) == repeats


def test_what_was_repeated_is_forgotten_with_the_calls() -> None:
    budget = _after(100)
    assert _taken(budget, 5.0) == 30
    assert _taken(budget, 5.0) == 0
    assert _taken(budget, 6.0) == 1
    assert _taken(budget, 16.0) == 10


@pytest.mark.parametrize("rate", [1, 20, 1000])
def test_what_goes_on_is_a_fifth_and_one_a_second(rate: int) -> None:
    budget = Budget()
    given = 0
    for tick in range(60 * rate):
        budget.calls += 1
        given += budget.take(tick / rate)
    assert given == pytest.approx(60 * (min(rate, 0.2 * rate + 1)), rel=0.1, abs=10)
