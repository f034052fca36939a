"""Flat, linear or worse: told from curves whose law is known."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from benchmarks.curves import CURVES, Curve, Line, shown
from benchmarks.growth import slope, verdict

SIZES = (1.0, 10.0, 100.0, 1000.0, 10000.0)


@pytest.mark.parametrize(
    ("law", "said"),
    [
        (lambda n: 300.0, "flat"),
        (lambda n: 300.0 + 0.001 * n, "flat"),
        (lambda n: 300.0 + n, "linear"),
        (lambda n: 2.0 * n, "linear"),
        (lambda n: n**0.5, "linear"),
        (lambda n: 300.0 + n**1.5, "worse"),
        (lambda n: n * n, "worse"),
    ],
)
def test_a_law_is_known_by_its_points(law: Callable[[float], float], said: str) -> None:
    assert verdict(SIZES, [law(size) for size in SIZES]) == said


def test_a_constant_share_does_not_hide_what_comes_at_the_end() -> None:
    assert verdict(SIZES, (1000.0, 1000.0, 1000.0, 1010.0, 90000.0)) == "worse"


def test_three_points_are_enough() -> None:
    assert verdict(SIZES[:3], (1.0, 10.0, 100.0)) == "linear"


def test_the_slope_is_the_exponent() -> None:
    assert slope(SIZES, [7 * size**1.5 for size in SIZES]) == pytest.approx(1.5)


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: str(curve.name))
def test_every_curve_has_rising_sizes_enough_for_a_verdict(curve: Curve) -> None:
    assert len(curve.sizes) >= 3
    assert list(curve.sizes) == sorted(set(curve.sizes))


def test_a_curve_is_shown_with_its_verdict_and_points() -> None:
    line = Line(
        curve="tools", of="request", program="ours", sizes=(1.0, 500.0), costs=(300.0, 4000.0), verdict="linear"
    )
    head, *points = shown([line]).splitlines()
    assert head == "tools, ours, CPU µs/request: linear"
    assert [point.split() for point in points] == [["1", "300"], ["500", "4,000"]]
