"""The soak: how it tells what grows from what stays, and a run of seconds to see that it works."""

from __future__ import annotations

from random import Random

import pytest

from benchmarks.levels import Figure, trend
from benchmarks.soak import soak

MEMORY = Figure("memory", 0.03, 2.0)
_CHANCE = Random(1)
_NOISE = [_CHANCE.uniform(-1, 1) for _ in range(30)]


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([100.0] * 30, "flat"),
        ([100.0 + noise for noise in _NOISE], "flat"),
        ([100.0 + place + noise for place, noise in enumerate(_NOISE)], "growing"),
        ([100.0 - place for place in range(30)], "flat"),
        # What is reserved at the beginning, and what is only there for a moment.
        ([50.0 + 5 * min(place, 9) for place in range(30)], "flat"),
        ([100.0] * 28 + [500.0] * 2, "flat"),
        ([100.0, 200.0, 300.0], "too few"),
        ([100.0], "too few"),
    ],
)
def test_a_figure_is_judged_by_its_trend(values: list[float], verdict: str) -> None:
    assert trend(MEMORY, values).verdict == verdict


def test_a_trend_tells_by_how_much() -> None:
    found = trend(MEMORY, [100.0 + 2 * place for place in range(30)])
    assert (found.level, found.growth) == (139.0, 38.0)


def test_a_little_is_nothing_however_small_the_figure() -> None:
    assert trend(MEMORY, [1.0 + place / 15 for place in range(30)]).verdict == "flat"
    assert trend(MEMORY, [1.0 + place / 5 for place in range(30)]).verdict == "growing"


def test_a_run_of_seconds_fails_nobody() -> None:
    report = soak(0.05)
    assert report.faults == ()
    [interval] = report.intervals
    assert interval.requests > 0
    assert interval.memory > 0
    assert interval.descriptors > 0
    assert report.requests["served"] > 0
    assert {one.figure for one in report.trends} == {"memory, MB", "descriptors", "CPU µs/request"}
