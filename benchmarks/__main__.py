"""The command line: C{python -m benchmarks [OPTIONS] [run | compare | curves | flames | agents]}."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import attrs

from . import charts, flames, loading, procfs, reports
from .comparison import Baseline, compared
from .cores import Cores, available
from .crowd import Crowd, faults
from .crowd import shown as shown_crowd
from .curves import CURVES, Curves, shown
from .limits import raise_limit
from .program import Program, ProgramFault
from .programs import COMPARED, DEFAULT, OURS, OURS_NATIVE, PROGRAMS, with_workers
from .results import Results, table
from .rounds import QUICK, THOROUGH, Bench, Effort
from .running import Ground, Running
from .scenarios import SCENARIOS
from .toolchain import ToolchainFault, build

_RESULTS = Path("bench-results")
# Seconds until all users of agents are there.
_RAMP = 60.0
_BASELINE = Path(__file__).parent / "baseline.json"


def main(arguments: list[str]) -> int:
    """
    Measure what is asked for.

    @return: the exit status.
    """
    options = _options(arguments)
    cores = available()
    if cores.shared:
        _say("there is one core only: the load takes time from what it measures, and the figures mean little")
    # So that what runs is ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    raise_limit()
    os.sched_setaffinity(0, {cores.rest})
    try:
        with tempfile.TemporaryDirectory(prefix="argoproxy-bench-") as folder:
            _TASKS[options.task].run(Ground(build(Path(folder)), cores, Path(folder)), options)
    except (ToolchainFault, ProgramFault) as fault:
        _say(str(fault))
        return 1
    return 0


@attrs.frozen
class Task:
    """
    @ivar programs: the names of those that take part where none are named.
    """

    run: Callable[[Ground, argparse.Namespace], None]
    programs: Sequence[str]


def _run(ground: Ground, options: argparse.Namespace) -> None:
    results = _measured(ground, options, _programs_of(options))
    print(table(results.rows()))
    _keep(results, ground.cores, options.output)


def _compare(ground: Ground, options: argparse.Namespace) -> None:
    baseline = Baseline(reports.read(options.against))
    results = _measured(ground, options, _programs_of(options))
    print(compared(baseline, results.rows()))
    _keep(results, ground.cores, options.output)


def _curves(ground: Ground, options: argparse.Namespace) -> None:
    curves = Curves(ground, 1 if options.quick else 3, _say)
    for curve in CURVES:
        curves.draw(curve, _programs_of(options))
    print(shown(curves.lines))
    report = reports.CurvesReport(**reports.heading(ground.cores), lines=tuple(curves.lines))
    path = reports.write(report, options.output, "curves")
    charts.curves(report.lines, path.with_suffix(".png"))
    _say(f"written to {path}, and a picture beside it")


def _flames(ground: Ground, options: argparse.Namespace) -> None:
    options.output.mkdir(parents=True, exist_ok=True)
    for program in _programs_of(options):
        with ground.upstream() as upstream, ground.serving(program, upstream) as running:
            loading.warm(ground, running)
            for scenario in (one for one in SCENARIOS if one.name in _PICTURED):
                _say(f"{program.name}: {scenario.name}")
                frames = flames.tree(flames.sampled(ground, running, scenario, 5.0 if options.quick else 15.0))
                path = options.output / f"flames-{program.name}-{_PICTURED[scenario.name]}.svg"
                path.write_text(flames.drawn(frames, f"{program.name}: {scenario.name}"))
                _say(f"written to {path}")


def _agents(ground: Ground, options: argparse.Namespace) -> None:
    for program in _programs_of(options):
        _say(f"{options.users} users on {program.name}: {_RAMP / 60 + options.minutes:g} minutes")
        with (
            ground.upstream() as upstream,
            ground.serving(with_workers(program, options.workers), upstream) as running,
        ):
            loading.warm(ground, running)
            _watch(running, options)


def _watch(running: Running, options: argparse.Namespace) -> None:
    idle = procfs.resident(running.session or 0)
    moments, calls = asyncio.run(Crowd(running, options.users).watch(_RAMP, options.minutes * 60))
    print(shown_crowd(options.users, idle, moments, calls))
    for line in faults(calls):
        _say(f"failed: {line}")


# The scenarios whose time is shown, and how their pictures are called.
_PICTURED = {"chat, 64 at once": "chat", "streams paced at 100/s, 64 at once": "stream"}
_TASKS: Mapping[str, Task] = {
    "run": Task(_run, DEFAULT),
    "compare": Task(_compare, COMPARED),
    "curves": Task(_curves, (OURS, OURS_NATIVE)),
    "flames": Task(_flames, (OURS,)),
    "agents": Task(_agents, (OURS_NATIVE,)),
}


def _measured(ground: Ground, options: argparse.Namespace, programs: Sequence[Program]) -> Results:
    results = Results(OURS)
    Bench(ground, _effort(options), results, _say).run(programs)
    return results


def _effort(options: argparse.Namespace) -> Effort:
    effort = QUICK if options.quick else THOROUGH
    return effort if options.soak is None else effort.soaked(options.soak * 60)


def _keep(results: Results, cores: Cores, folder: Path) -> None:
    report = reports.Report(
        **reports.heading(cores),
        versions=results.versions,
        faults=tuple(results.faults),
        rows=results.rows(),
    )
    path = reports.write(report, folder, "bench")
    charts.bars(report.rows, OURS, path.with_suffix(".png"))
    for fault in results.faults:
        _say(f"left out: {fault}")
    _say(f"written to {path}, and a picture beside it")


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "task",
        nargs="?",
        choices=tuple(_TASKS),
        default="run",
        help="run: the programs side by side (default); compare: ours with the baseline; curves: how cost grows; "
        "flames: where the time goes; agents: many users of coding agents",
    )
    parser.add_argument("--quick", action="store_true", help="less of everything: under fifteen minutes")
    parser.add_argument("--programs", type=_programs, help=f"which take part, of: {', '.join(PROGRAMS)}")
    parser.add_argument("--soak", type=float, metavar="MINUTES", help="of load on each program to see it grow")
    parser.add_argument("--users", type=int, default=1000, help="of agents (1000)")
    parser.add_argument("--minutes", type=float, default=3.0, help="for which agents are looked on (3)")
    parser.add_argument("--workers", type=int, default=1, help="of the proxy that agents use (1)")
    parser.add_argument("--against", type=Path, default=_BASELINE, help="results to compare with (the baseline)")
    parser.add_argument("--output", type=Path, default=_RESULTS, help="folder for the results (bench-results)")
    return parser.parse_args(arguments)


def _programs(names: str) -> list[Program]:
    wanted = names.split(",")
    unknown = [name for name in wanted if name not in PROGRAMS]
    if unknown:
        raise argparse.ArgumentTypeError(f"no such program: {', '.join(unknown)}; there are {', '.join(PROGRAMS)}")
    return [program for name, program in PROGRAMS.items() if name in wanted]


def _programs_of(options: argparse.Namespace) -> list[Program]:
    return options.programs or [PROGRAMS[name] for name in _TASKS[options.task].programs]


def _say(line: str) -> None:
    print(f"benchmarks: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
