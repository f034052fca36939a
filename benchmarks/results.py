"""The figures as they come in, their medians and ratios, and how they are shown."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping

import attrs
import msgspec

_LABEL = 46
_COLUMN = 28


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """
    One figure of one program.

    @ivar rounds: the figure in each round, in order.
    @ivar ratio: how many times better ours is than this program; L{None} for ours itself, and where there is none.
    @ivar more_is_better: which way is good.
    @ivar drifts: whether the machine's speed of the moment is in it.
    """

    scenario: str
    figure: str
    program: str
    median: float
    rounds: tuple[float, ...]
    ratio: float | None
    more_is_better: bool
    drifts: bool


@attrs.frozen
class Key:
    """Which figure it is, which way is good, and whether the machine's speed of the moment is in it."""

    scenario: str
    figure: str
    more_is_better: bool = False
    drifts: bool = True


@attrs.define
class Results:
    """
    Figures by scenario and program, in the order in which they first came.

    @ivar ours: the program that the others are compared with.
    @ivar versions: of the programs.
    @ivar faults: a line for what could not be measured.
    """

    ours: str
    versions: dict[str, str] = attrs.field(factory=dict, init=False)
    faults: list[str] = attrs.field(factory=list, init=False)
    _figures: dict[Key, dict[str, list[float]]] = attrs.field(factory=dict)

    def add(self, key: Key, program: str, value: float | None) -> None:
        """A figure of one more round. L{None}, which a program can't tell, is left out."""
        if value is not None:
            self._figures.setdefault(key, {}).setdefault(program, []).append(value)

    def rows(self) -> tuple[Row, ...]:
        """All figures with their medians."""
        return tuple(row for key, programs in self._figures.items() for row in self._of(key, programs))

    def _of(self, key: Key, programs: Mapping[str, list[float]]) -> Iterable[Row]:
        ours = statistics.median(programs[self.ours]) if self.ours in programs else None
        for program, rounds in programs.items():
            median = statistics.median(rounds)
            yield Row(
                scenario=key.scenario,
                figure=key.figure,
                program=program,
                median=median,
                rounds=tuple(rounds),
                ratio=None if program == self.ours or ours is None else ratio(ours, median, key.more_is_better),
                more_is_better=key.more_is_better,
                drifts=key.drifts,
            )


def ratio(ours: float, other: float, more_is_better: bool) -> float | None:
    """How many times better ours is: below 1 where it is worse. L{None} where one of them is not above zero."""
    if ours <= 0 or other <= 0:
        return None
    return ours / other if more_is_better else other / ours


def table(rows: Iterable[Row]) -> str:
    """The figures for people: a line each, a column for each program, in it our advantage over it."""
    rows = list(rows)
    programs = list(dict.fromkeys(row.program for row in rows))
    lines = [" " * _LABEL + "".join(f"{name:>{_COLUMN}}" for name in programs)]
    scenario = None
    for key, found in _by_figure(rows).items():
        if key[0] != scenario:
            scenario = key[0]
            lines += ["", scenario]
        cells = "".join(f"{_cell(found.get(name)):>{_COLUMN}}" for name in programs)
        lines.append(f"  {key[1]:<{_LABEL - 2}}{cells}".rstrip())
    return "\n".join(lines)


def _by_figure(rows: Iterable[Row]) -> dict[tuple[str, str], dict[str, Row]]:
    figures: dict[tuple[str, str], dict[str, Row]] = {}
    for row in rows:
        figures.setdefault((row.scenario, row.figure), {})[row.program] = row
    return figures


def _cell(row: Row | None) -> str:
    if row is None:
        return "-"
    return number(row.median) + ("" if row.ratio is None else f" (x {row.ratio:.2f})")


def number(value: float) -> str:
    """A number with as many digits as mean something."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
