"""
What a change did: the figures of now beside those of a baseline.

The machine's speed drifts, and the baseline may be from another machine. nginx and the bare upstream never change, so
what their figures do from the one run to the other is the machine's doing, and is divided out of ours.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping

import attrs

from .programs import REFERENCES
from .reports import Report
from .results import Row, number, ratio

_LABEL = 46
_COLUMN = 15


@attrs.frozen
class Baseline:
    """What is compared with."""

    report: Report

    def drift(self, rows: Iterable[Row]) -> Mapping[str, float]:
        """How many times larger each figure of the references is now, by the figure's name."""
        found: dict[str, list[float]] = {}
        for row in rows:
            before = self.of(row)
            if row.program in REFERENCES and row.drifts and before is not None and before.median > 0 < row.median:
                found.setdefault(row.figure, []).append(row.median / before.median)
        return {figure: statistics.median(ratios) for figure, ratios in found.items()}

    def of(self, row: Row) -> Row | None:
        """The same figure of the same program, then."""
        wanted = (row.scenario, row.figure, row.program)
        found = (other for other in self.report.rows if (other.scenario, other.figure, other.program) == wanted)
        return next(found, None)


def compared(baseline: Baseline, rows: Iterable[Row]) -> str:
    """A line for each figure of ours: then, now, and how many times better it is on the machine as it was then."""
    rows = list(rows)
    drift = baseline.drift(rows)
    heads = ("baseline", "now", "machine", "times better")
    lines = [f"compared with {baseline.report.when}", " " * _LABEL + "".join(f"{head:>{_COLUMN}}" for head in heads)]
    place = None
    for row in rows:
        before = baseline.of(row)
        if row.program in REFERENCES or before is None:
            continue
        if (row.program, row.scenario) != place:
            place = (row.program, row.scenario)
            lines += ["", f"{row.program}: {row.scenario}"]
        lines.append(_line(row, before, drift.get(row.figure, 1.0) if row.drifts else 1.0))
    return "\n".join(lines)


def _line(now: Row, before: Row, drift: float) -> str:
    better = ratio(now.median / drift, before.median, now.more_is_better)
    cells = (number(before.median), number(now.median), f"x {drift:.2f}", "-" if better is None else f"x {better:.2f}")
    return f"  {now.figure:<{_LABEL - 2}}" + "".join(f"{cell:>{_COLUMN}}" for cell in cells)
