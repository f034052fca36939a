"""
The command line: C{python -m conformance}.

The exit status is 0 if everything could be installed, ran and passed.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import attrs

from tests.running import twistd

from .clients import CLIENTS, use
from .installing import Installed, InstallFault, Package, installed
from .results import Row, table
from .suites import PACKAGE, SUITES, comply

_WIRES = ("gateway", "native")

Check = Callable[[str, Path], Row]
"""From the proxy's URL and an empty folder to what was found."""


def main() -> int:
    """
    Run everything over both wires.

    @return: the exit status.
    """
    tools, rows = _tools()
    checks = list(_checks(tools))
    for wire in _WIRES:
        rows += _over(wire, checks)
    print(table(rows))
    return 0 if all(row.ok for row in rows) else 1


def _tools() -> tuple[Mapping[Package, Installed], list[Row]]:
    """What could be installed, and a row for each that couldn't."""
    tools: dict[Package, Installed] = {}
    rows: list[Row] = []
    for package in (PACKAGE, *[client.package for client in CLIENTS]):
        _say(f"installing {package.name}")
        try:
            tools[package] = installed(package)
        except InstallFault as fault:
            rows.append(Row(tool=package.name, remark=f"not installed: {fault}"))
    return tools, rows


def _checks(tools: Mapping[Package, Installed]) -> Iterator[Check]:
    if PACKAGE in tools:
        for suite, models in SUITES.items():
            for model in models:
                yield partial(comply, tools[PACKAGE], suite, model)
    for client in CLIENTS:
        if client.package in tools:
            yield partial(use, client, tools[client.package])


def _over(wire: str, checks: Sequence[Check]) -> list[Row]:
    """Run all checks against a proxy that uses one wire."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="argoproxy-conformance-") as name:
        folder = Path(name)
        with twistd(folder, "argoproxy", "--simulator", "--upstream", wire) as proxy:
            for number, check in enumerate(checks):
                home = folder / str(number)
                home.mkdir()
                row = attrs.evolve(check(proxy.url, home), wire=wire)
                _say(f"{row.tool} {row.asks} over {wire}: {'passed' if row.ok else 'failed'}")
                rows.append(row)
    return rows


def _say(line: str) -> None:
    print(f"conformance: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
