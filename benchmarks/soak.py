"""
Whether a proxy stays as it is under mixed load that goes on: C{make soak MINUTES=60}.

A proxy and a simulated ARGO, each a process, share one core with the clients. In even intervals the proxy is looked at:
resident memory, descriptors, CPU time for each request. At the end each must be flat, nothing may be left under way,
and every request that should have been served must have been.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import tempfile
import time
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import attrs
import msgspec

from . import procfs, reports
from .cores import Cores, available, pinned
from .levels import Figure, Trend, trend
from .limits import raise_limit
from .mixture import Mixture
from .program import ProgramFault
from .programs import twistd
from .running import free_port, started, until_serving

MEMORY = Figure("memory, MB", 0.03, 2.0)
# Connections come and go with the crowds: a leak makes hundreds of it.
DESCRIPTORS = Figure("descriptors", 0.3, 30.0)
# As much as the machine's own speed changes while others use it.
COST = Figure("CPU µs/request", 0.2, 20.0)
_INTERVALS = 40
# Seconds; as long as it takes for each to have a crowd in it.
_SHORTEST = 10.0
_READINGS = 5
# Seconds in which everything must have ended once nobody asks any more.
_SETTLING = 5.0
_CALM = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Interval(msgspec.Struct, frozen=True):
    """
    Of memory and descriptors it is the least that was read: what is under way at the moment comes and goes.

    @ivar minute: since the beginning, at its end.
    @ivar requests: that ended in it.
    """

    minute: float
    requests: int
    failed: int
    cost: float
    memory: float
    descriptors: int


class SoakReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a soak found."""

    when: str
    machine: Mapping[str, str]
    minutes: float
    requests: dict[str, int]
    faults: tuple[str, ...]
    trends: tuple[Trend, ...]
    intervals: tuple[Interval, ...]


@attrs.frozen
class Pair:
    """
    The two processes.

    @ivar session: the proxy's.
    """

    proxy: int
    argo: int
    session: int


@attrs.define
class Soak:
    """One run."""

    pair: Pair
    seconds: float
    intervals: list[Interval] = attrs.field(factory=list, init=False)
    _mixture: Mixture = attrs.field(init=False)
    _begun: float = attrs.field(factory=time.monotonic, init=False)

    def __attrs_post_init__(self) -> None:
        self._mixture = Mixture(self.pair.proxy)

    async def run(self) -> None:
        """Load the proxy, and tell of each interval."""
        print(f"{'minute':>8}{'requests':>10}{'failed':>8}{COST.name:>16}{MEMORY.name:>12}{DESCRIPTORS.name:>13}")
        load = asyncio.ensure_future(self._mixture.run(self.seconds))
        length = min(self.seconds, max(_SHORTEST, self.seconds / _INTERVALS))
        for _ in range(int(self.seconds / length)):
            self.intervals.append(await self._interval(length))
            print(_line(self.intervals[-1]), flush=True)
        await load

    async def _interval(self, length: float) -> Interval:
        mixture, session = self._mixture, self.pair.session
        requests, failed, cpu = mixture.done.total(), mixture.failed.total(), _cpu(session)
        memory, descriptors = [], []
        for _ in range(_READINGS):
            await asyncio.sleep(length / _READINGS)
            memory.append(procfs.resident(session) / 1e6)
            descriptors.append(procfs.descriptors(session))
        ended = mixture.done.total() - requests
        return Interval(
            minute=(time.monotonic() - self._begun) / 60,
            requests=ended,
            failed=mixture.failed.total() - failed,
            cost=(_cpu(session) - cpu) * 1e6 / max(1, ended),
            memory=min(memory),
            descriptors=min(descriptors),
        )

    def trends(self) -> tuple[Trend, ...]:
        """How each figure went."""
        read = (
            (MEMORY, [one.memory for one in self.intervals]),
            (DESCRIPTORS, [float(one.descriptors) for one in self.intervals]),
            (COST, [one.cost for one in self.intervals]),
        )
        return tuple(trend(figure, values) for figure, values in read)

    def faults(self) -> tuple[str, ...]:
        """A line for each thing that should not have been."""
        failed = [f"{count} times {what}" for what, count in self._mixture.failed.most_common(20)]
        return (*failed, *_left(self.pair))

    def requests(self) -> dict[str, int]:
        """How many there were, by what they were."""
        return dict(self._mixture.done)


def _cpu(session: int) -> float:
    return sum(procfs.cpu_seconds(session).values())


def _left(pair: Pair) -> list[str]:
    """What is still under way although nobody asks any more."""
    until = time.monotonic() + _SETTLING
    while True:
        calls = _told(pair.argo, "/sim/state")["open_requests"]
        if not calls or time.monotonic() > until:
            return [f"{calls} calls of ARGO have not ended"] if calls else []
        time.sleep(0.1)


def _told(port: int, path: str) -> Any:
    with _CALM.open(f"http://127.0.0.1:{port}{path}", timeout=10) as reply:
        return msgspec.json.decode(reply.read())


def _line(one: Interval) -> str:
    figures = f"{one.cost:>16,.0f}{one.memory:>12.1f}{one.descriptors:>13,}"
    return f"{one.minute:>8.1f}{one.requests:>10,}{one.failed:>8,}{figures}"


def _pair(stack: ExitStack, folder: Path, core: int) -> Pair:
    """
    Start both.

    @raise ProgramFault: one doesn't come up.
    """
    argo, proxy = free_port(), free_port()
    config = folder / "config.yaml"
    config.write_text(
        f"user: someone\nport: {proxy}\nargo_base_url: http://127.0.0.1:{argo}\nupstream: native\n"
        "routes: {gpt-4o: gateway, text-embedding-3-small: gateway}\nupdate_check: false\n"
    )
    log = ("--nodaemon", "--pidfile=", "--logfile=program.log")
    pace = ("--chunk-size", "64", "--chunk-delay", "0.005")
    first = started("argosim", [twistd(), *log, "argosim", "--port", str(argo), *pace], (core,), _below(folder, "argo"))
    until_serving(stack.enter_context(first), "argosim", argo, "/v1/models")
    command = [twistd(), *log, "argoproxy", "--config", str(config)]
    process = stack.enter_context(started("argoproxy", command, (core,), _below(folder, "proxy")))
    until_serving(process, "argoproxy", proxy, "/health")
    return Pair(proxy, argo, process.pid)


def _below(folder: Path, name: str) -> Path:
    inner = folder / name
    inner.mkdir()
    return inner


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="how long; default: %(default)s")
    parser.add_argument("--output", type=Path, default=Path("bench-results"), help="folder for the report")
    return parser.parse_args(arguments)


def soak(minutes: float) -> SoakReport:
    """
    Run one.

    @raise ProgramFault: the proxy or the simulator doesn't come up.
    """
    core = available().rest
    with pinned(core), tempfile.TemporaryDirectory(prefix="argoproxy-soak-") as folder, ExitStack() as stack:
        running = Soak(_pair(stack, Path(folder), core), minutes * 60)
        asyncio.run(running.run())
        return SoakReport(
            **reports.heading(Cores(core, core)),
            minutes=minutes,
            requests=running.requests(),
            faults=running.faults(),
            trends=running.trends(),
            intervals=tuple(running.intervals),
        )


def main(arguments: Sequence[str]) -> int:
    """
    Run one and tell.

    @return: the exit status: 0 if nothing grows and nothing failed.
    """
    options = _options(arguments)
    # So that what runs is ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    raise_limit()
    try:
        report = soak(options.minutes)
    except ProgramFault as fault:
        print(fault)
        return 1
    for one in report.trends:
        print(f"{one.figure}: {one.verdict}: {one.level:,.1f}, and {one.growth:+,.2f} in the last two thirds")
    print("requests: " + ", ".join(f"{count:,} {what}" for what, count in sorted(report.requests.items())))
    for line in report.faults:
        print(f"FAILED: {line}")
    print(f"written to {reports.write(report, options.output, 'soak')}")
    return int(bool(report.faults) or any(one.verdict == "growing" for one in report.trends))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
