"""The comparison with a baseline: what the machine did is divided out, what we did is told."""

from __future__ import annotations

from benchmarks.comparison import Baseline, compared
from benchmarks.programs import DIRECT, NGINX, OURS
from benchmarks.reports import Report
from benchmarks.results import Key, Results, Row

RATE = Key("chat", "requests/s", more_is_better=True)
COST = Key("chat", "CPU")
SIZE = Key("memory", "idle", drifts=False)


def _rows(*figures: tuple[Key, str, float]) -> tuple[Row, ...]:
    results = Results(OURS)
    for key, program, value in figures:
        results.add(key, program, value)
    return results.rows()


def _baseline(*figures: tuple[Key, str, float]) -> Baseline:
    return Baseline(Report(when="then", machine={}, versions={}, faults=(), rows=_rows(*figures)))


def _compared(baseline: Baseline, *figures: tuple[Key, str, float]) -> list[list[str]]:
    return [line.split() for line in compared(baseline, _rows(*figures)).splitlines() if line][2:]


def test_a_figure_is_as_good_as_it_was_where_the_references_changed_as_much() -> None:
    baseline = _baseline((RATE, OURS, 100.0), (RATE, DIRECT, 1000.0), (COST, OURS, 10.0), (COST, NGINX, 1.0))
    assert _compared(baseline, (RATE, OURS, 50.0), (RATE, DIRECT, 500.0), (COST, OURS, 20.0), (COST, NGINX, 2.0)) == [
        [f"{OURS}:", "chat"],
        ["requests/s", "100", "50.0", "x", "0.50", "x", "1.00"],
        ["CPU", "10.0", "20.0", "x", "2.00", "x", "1.00"],
    ]


def test_what_changed_beyond_the_machine_is_told_as_better_whichever_way_is_good() -> None:
    baseline = _baseline((RATE, OURS, 100.0), (RATE, DIRECT, 1000.0), (COST, OURS, 10.0), (COST, NGINX, 1.0))
    lines = _compared(baseline, (RATE, OURS, 150.0), (RATE, DIRECT, 1000.0), (COST, OURS, 5.0), (COST, NGINX, 1.0))
    assert [line[-1] for line in lines[1:]] == ["1.50", "2.00"]


def test_the_machine_is_not_in_a_size() -> None:
    baseline = _baseline((SIZE, OURS, 100.0), (SIZE, NGINX, 10.0))
    assert _compared(baseline, (SIZE, OURS, 50.0), (SIZE, NGINX, 20.0))[1][-3:] == ["1.00", "x", "2.00"]


def test_the_references_drift_is_the_median_over_the_scenarios() -> None:
    keys = [Key(name, "CPU") for name in ("one", "two", "three")]
    baseline = _baseline(*((key, NGINX, 1.0) for key in keys))
    rows = _rows(*((key, NGINX, value) for key, value in zip(keys, (1.0, 9.0, 1.5), strict=True)))
    assert baseline.drift(rows) == {"CPU": 1.5}


def test_what_the_baseline_has_not_is_not_compared() -> None:
    assert _compared(_baseline((RATE, OURS, 1.0)), (COST, OURS, 1.0)) == []
