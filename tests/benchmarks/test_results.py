"""The benchmark's arithmetic: medians, ratios and the table. Nothing is measured."""

from __future__ import annotations

import pytest

from benchmarks.results import Key, Results, Row, number, ratio, table

RATE = Key("chat", "requests/s", more_is_better=True)
COST = Key("chat", "CPU")


def _results() -> Results:
    results = Results("ours")
    for ours, other in ((100.0, 50.0), (300.0, 70.0), (200.0, 20.0)):
        results.add(RATE, "ours", ours)
        results.add(RATE, "other", other)
    results.add(COST, "ours", 2.0)
    results.add(COST, "other", 5.0)
    results.add(COST, "mute", None)
    return results


def _row(figure: str, program: str) -> Row:
    return next(row for row in _results().rows() if (row.figure, row.program) == (figure, program))


def test_a_figure_is_the_median_of_its_rounds_and_the_rounds_are_kept() -> None:
    row = _row("requests/s", "ours")
    assert (row.median, row.rounds) == (200.0, (100.0, 300.0, 200.0))


def test_the_ratio_says_how_many_times_better_ours_is_whichever_way_is_good() -> None:
    assert _row("requests/s", "other").ratio == pytest.approx(4.0)
    assert _row("CPU", "other").ratio == pytest.approx(2.5)


def test_ours_is_compared_with_nothing() -> None:
    assert _row("CPU", "ours").ratio is None


def test_without_ours_there_are_figures_but_no_ratios() -> None:
    results = Results("ours")
    results.add(COST, "other", 5.0)
    assert [(row.median, row.ratio) for row in results.rows()] == [(5.0, None)]


def test_what_a_program_cannot_tell_is_no_figure() -> None:
    assert "mute" not in {row.program for row in _results().rows()}


@pytest.mark.parametrize(("ours", "other"), [(0.0, 1.0), (1.0, 0.0), (-1.0, 1.0)])
def test_there_is_no_ratio_to_what_is_not_above_zero(ours: float, other: float) -> None:
    assert ratio(ours, other, True) is None


def test_the_table_has_a_column_for_each_program_and_a_dash_where_a_figure_lacks() -> None:
    results = _results()
    results.add(Key("memory", "idle"), "ours", 1234.0)
    head, *lines = table(results.rows()).splitlines()
    assert head.split() == ["ours", "other"]
    assert [line.split() for line in lines if line] == [
        ["chat"],
        ["requests/s", "200", "50.0", "(x", "4.00)"],
        ["CPU", "2.00", "5.00", "(x", "2.50)"],
        ["memory"],
        ["idle", "1,234", "-"],
    ]


@pytest.mark.parametrize(
    ("value", "shown"), [(12345.6, "12,346"), (100.0, "100"), (12.34, "12.3"), (1.234, "1.23"), (-0.5, "-0.50")]
)
def test_numbers_have_the_digits_that_mean_something(value: float, shown: str) -> None:
    assert number(value) == shown
