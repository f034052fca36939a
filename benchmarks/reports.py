"""What a run leaves behind: its figures as JSON, with the machine that they are from."""

from __future__ import annotations

import datetime
import importlib.metadata
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, TypedDict

import msgspec

from .cores import Cores
from .curves import Line
from .results import Row


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """
    A run of the benchmark.

    @ivar when: UTC, ISO 8601.
    @ivar machine: what it ran on and with, by name.
    @ivar versions: of the programs.
    @ivar faults: a line for each measurement that a program failed in, or for what it can't be had for.
    """

    when: str
    machine: Mapping[str, str]
    versions: Mapping[str, str]
    faults: tuple[str, ...]
    rows: tuple[Row, ...]


class CurvesReport(msgspec.Struct, frozen=True, kw_only=True):
    """How cost grows: the same heading, and the lines."""

    when: str
    machine: Mapping[str, str]
    lines: tuple[Line, ...]


class Heading(TypedDict):
    """What every report begins with."""

    when: str
    machine: Mapping[str, str]


def heading(cores: Cores) -> Heading:
    """Of a report that is made now."""
    when = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    return {"when": when.isoformat(), "machine": _machine(cores)}


class Dated(Protocol):
    """Any report."""

    @property
    def when(self) -> str:
        """When it was made, as in the heading."""


def write(report: Dated, folder: Path, kind: str) -> Path:
    """Keep a report; returns where."""
    folder.mkdir(parents=True, exist_ok=True)
    stamp = report.when.translate(str.maketrans("", "", "-:")).partition("+")[0]
    path = folder / f"{kind}-{stamp}.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1))
    return path


def read(path: Path) -> Report:
    """A report that was kept."""
    return msgspec.json.decode(path.read_bytes(), type=Report)


def _machine(cores: Cores) -> dict[str, str]:
    told = {
        "system": platform.platform(),
        "cores": f"program on {cores.program}, load and upstream on {cores.rest}",
        "python": platform.python_version(),
    }
    return told | {name: importlib.metadata.version(name) for name in ("twisted", "treq", "klein", "msgspec")}
