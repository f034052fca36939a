"""The figures as pictures: bars for the programs, lines for how cost grows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from .curves import Line
from .results import Row, number

_COLUMNS = 3
_WIDE, _HIGH = 5.2, 3.2
_OURS, _OTHERS = "#1f6feb", "#9aa4b2"
# What is drawn of all that is measured: scenarios and figures.
_DRAWN = (
    ("chat, 64 at once", "requests/s"),
    ("chat, 64 at once", "CPU µs/request"),
    ("chat, 1 at once", "p50 µs over direct"),
    ("chat, 256 at once", "p99 µs"),
    ("streams paced at 100/s, 64 at once", "CPU µs/event"),
    ("streams in a burst, 16 at once", "events/s"),
    ("stream's first byte, 1 at once", "first byte p50 µs"),
    ("memory", "each of 1,000 open streams, kB"),
    ("start", "until it serves, ms"),
)


def bars(rows: Sequence[Row], ours: str, path: Path) -> None:
    """A field of bars for each of the figures that say most, on logarithmic scales."""
    found = {place: [row for row in rows if (row.scenario, row.figure) == place] for place in _DRAWN}
    fields = {place: rows for place, rows in found.items() if rows}
    figure, axes = _sheet(len(fields))
    for field, ((scenario, name), rows) in zip(axes, fields.items(), strict=False):
        field.set_title(f"{name}\n{scenario}", fontsize=9)
        values = [max(row.median, 0.0) for row in rows]
        colours = [_OURS if row.program.startswith(ours) else _OTHERS for row in rows]
        drawn = field.barh([row.program for row in rows], values, color=colours)
        field.bar_label(drawn, [number(value) for value in values], padding=2, fontsize=7)
        field.set_xscale("log")
        field.margins(x=0.25)
        field.invert_yaxis()
        field.tick_params(which="both", labelsize=7)
    figure.savefig(path, dpi=120)


def curves(lines: Sequence[Line], path: Path) -> None:
    """A field for each curve, with a line for each program, on logarithmic scales."""
    ordered: Mapping[str, list[Line]] = {
        name: list(group) for name, group in groupby(sorted(lines, key=_curve), key=_curve)
    }
    figure, axes = _sheet(len(ordered))
    for field, (name, group) in zip(axes, ordered.items(), strict=False):
        for line in group:
            field.loglog(line.sizes, line.costs, marker="o", label=f"{line.program}: {line.verdict}")
        field.set_title(f"CPU µs/{group[0].of} by {name}", fontsize=9)
        costs = [cost for line in group for cost in line.costs]
        field.set_ylim(min(costs) / 3, max(costs) * 3)
        field.tick_params(which="both", labelsize=7)
        field.legend(fontsize=7)
    figure.savefig(path, dpi=120)


def _curve(line: Line) -> str:
    return line.curve


def _sheet(fields: int) -> tuple[Any, list[Any]]:
    """A figure, and the axes of its fields; those that are too many are empty."""
    # Only needed by who measures, and large.
    from matplotlib.figure import Figure

    columns = max(1, min(_COLUMNS, fields))
    lines = max(1, -(-fields // columns))
    figure = Figure(figsize=(_WIDE * columns, _HIGH * lines), layout="constrained")
    axes = list(figure.subplots(lines, columns, squeeze=False).flat)
    for empty in axes[fields:]:
        empty.set_axis_off()
    return figure, axes
