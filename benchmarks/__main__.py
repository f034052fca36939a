"""The command line: C{python -m benchmarks [--quick] [--programs NAME,NAME]}."""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import platform
import sys
import tempfile
from pathlib import Path

import msgspec

from .cores import Cores, available
from .programs import DEFAULT, OURS, PROGRAMS, Program, ProgramFault
from .results import Report, Results, table
from .rounds import QUICK, THOROUGH, Bench
from .running import Ground
from .toolchain import ToolchainFault, build

_RESULTS = Path("bench-results")


def main(arguments: list[str]) -> int:
    """
    Run the benchmark.

    @return: the exit status.
    """
    options = _options(arguments)
    cores = available()
    if cores.shared:
        _say("there is one core only: the load takes time from what it measures, and the figures mean little")
    results = Results(OURS)
    try:
        with tempfile.TemporaryDirectory(prefix="argoproxy-bench-") as folder:
            ground = Ground(build(Path(folder)), cores, Path(folder))
            Bench(ground, QUICK if options.quick else THOROUGH, results, _say).run(options.programs)
    except (ToolchainFault, ProgramFault) as fault:
        _say(str(fault))
        return 1
    print(table(results.rows()))
    _say(f"written to {_write(results, cores, options.output)}")
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less of everything: under three minutes")
    parser.add_argument(
        "--programs",
        type=_programs,
        default=_programs(",".join(DEFAULT)),
        help=f"which to compare, of: {', '.join(PROGRAMS)} (default: {','.join(DEFAULT)})",
    )
    parser.add_argument("--output", type=Path, default=_RESULTS, help="folder for the results (bench-results)")
    return parser.parse_args(arguments)


def _programs(names: str) -> list[Program]:
    unknown = [name for name in names.split(",") if name not in PROGRAMS]
    if unknown:
        raise argparse.ArgumentTypeError(f"no such program: {', '.join(unknown)}; there are {', '.join(PROGRAMS)}")
    return [PROGRAMS[name] for name in names.split(",")]


def _write(results: Results, cores: Cores, folder: Path) -> Path:
    """Keep the figures as JSON; returns where."""
    when = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    report = Report(when=when.isoformat(), machine=_machine(cores), rows=results.rows())
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{when:%Y%m%dT%H%M%SZ}.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1))
    return path


def _machine(cores: Cores) -> dict[str, str]:
    told = {
        "system": platform.platform(),
        "cores": f"program on {cores.program}, load and upstream on {cores.rest}",
        "python": platform.python_version(),
    }
    return told | {name: importlib.metadata.version(name) for name in ("twisted", "treq", "klein", "msgspec")}


def _say(line: str) -> None:
    print(f"benchmarks: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
