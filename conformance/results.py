"""What was found, and how it is shown."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

_HEAD = ("tool", "asks for", "wire", "passed", "failed", "skipped", "")


@attrs.frozen(kw_only=True)
class Row:
    """
    What a tool found over one wire.

    @ivar tool: its name and version, and which part of it.
    @ivar asks: the model that it asks for, where it is told one.
    @ivar remark: what failed, or why it didn't run at all.
    """

    tool: str
    asks: str = ""
    wire: str = ""
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    remark: str = ""

    @property
    def ok(self) -> bool:
        """Whether it ran, and all of it passed. What a suite skips for a model isn't held against it."""
        return self.passed > 0 and self.failed == 0

    def cells(self) -> tuple[str, ...]:
        """As the table shows it."""
        counts = (str(self.passed), str(self.failed), str(self.skipped))
        return (self.tool, self.asks, self.wire, *counts, self.remark)


def table(rows: Sequence[Row]) -> str:
    """The rows below each other, in columns."""
    lines = [_HEAD, *[row.cells() for row in rows]]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD) - 1)]
    return "\n".join(_line(line, widths) for line in lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    *columns, remark = cells
    padded = [cell.ljust(width) for cell, width in zip(columns, widths, strict=True)]
    return "  ".join([*padded, remark]).rstrip()
