"""The order of a whole run: what each program is asked alone, then the programs side by side, round by round."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial

import attrs

from . import loading, soaking
from .limits import most_streams
from .loading import Extent, Span
from .manners import Manners, manners
from .memory import Memory, memory
from .program import Program, ProgramFault
from .programs import DIRECT, OURS
from .results import Key, Results
from .running import Ground, Running
from .scenarios import SCENARIOS, Sample, Scenario, unhurried
from .soaking import INTERVALS, Interval
from .workers import gain

_MEMORY = "memory"
_MANNERS = "a client that leaves, a reader that stalls"
_SOAK = "growth under load"
_SETTLING = 0.2
# Clients for each worker, so that there is work to share.
_BUSY = 8
_START = Key("start", "until it serves, ms", drifts=False)
_ADDED = Key("chat, 1 at once", "p50 µs over direct")


@attrs.frozen
class Effort:
    """
    How much is measured.

    @ivar scenarios: what is asked in each round.
    @ivar extent: of each run.
    @ivar streams: how many are held open for their memory.
    @ivar starts: how often each program is started.
    @ivar soak: of the load in each interval of a soak.
    """

    rounds: int
    scenarios: tuple[Scenario, ...]
    extent: Extent
    streams: tuple[int, ...]
    starts: int
    soak: Extent

    def soaked(self, seconds: float) -> Effort:
        """The same with a soak of so long."""
        return attrs.evolve(self, soak=Span(_SETTLING, seconds / INTERVALS))


QUICK = Effort(3, SCENARIOS, Span(0.3, 1.0), streams=(1000, 5000), starts=3, soak=Span(_SETTLING, 1.0))
THOROUGH = Effort(5, SCENARIOS, Span(0.5, 2.0), (1000, 5000, most_streams()), starts=9, soak=Span(_SETTLING, 5.0))


@attrs.frozen
class Bench:
    """
    A run of the benchmark.

    @ivar say: takes a line on what is being done.
    """

    _ground: Ground
    _effort: Effort
    _results: Results
    _say: Callable[[str], None]

    def run(self, programs: Sequence[Program]) -> None:
        """
        Measure all of it. Programs wait for their turn without costing anything.

        @raise ProgramFault: ours can't be had, or fails.
        """
        ready = [program for program in programs if self._try(program, partial(self._install, program))]
        able = [program for program in ready if self._try(program, partial(self._starts, program))]
        self._alone(able)
        with ExitStack() as stack:
            upstream = stack.enter_context(self._ground.upstream())
            running = [stack.enter_context(self._ground.serving(program, upstream)) for program in able]
            for one in running:
                self._try(one.program, partial(loading.warm, self._ground, one))
            for number in range(self._effort.rounds):
                self._say(f"round {number + 1} of {self._effort.rounds}")
                for scenario in self._effort.scenarios:
                    self._round(scenario, running)

    def _install(self, program: Program) -> None:
        self._results.versions[program.name] = program.install()

    def _starts(self, program: Program) -> None:
        if program.command is None:
            return
        self._say(f"starts of {program.name}")
        with self._ground.upstream() as upstream:
            for _ in range(self._effort.starts):
                with self._ground.serving(program, upstream) as running:
                    self._results.add(_START, program.name, running.starting * 1000)

    def _round(self, scenario: Scenario, running: Sequence[Running]) -> None:
        samples: dict[str, Sample] = {}
        for one in running:
            if scenario.suits(one.program):
                self._try(one.program, partial(self._sample, scenario, one, samples))
            busy = scenario.clients >= _BUSY * one.program.workers > _BUSY
            if busy and {one.program.name, OURS} <= samples.keys():
                self._try(one.program, partial(self._gained, scenario, one, samples))
        if scenario.name == _ADDED.scenario:
            self._added(samples)

    def _sample(self, scenario: Scenario, running: Running, samples: dict[str, Sample]) -> None:
        sample = loading.run(self._ground, running, scenario, self._effort.extent)
        samples[running.program.name] = sample
        for figure in scenario.figures:
            key = Key(scenario.name, figure.name, figure.more_is_better)
            self._results.add(key, running.program.name, figure.of(sample))

    def _gained(self, scenario: Scenario, running: Running, samples: dict[str, Sample]) -> None:
        program, calm = running.program, unhurried(scenario.clients)
        shared = loading.run(self._ground, running, calm, self._effort.extent)
        key = Key(scenario.name, "times the work of one core", more_is_better=True, drifts=False)
        self._results.add(key, program.name, gain(samples[OURS], samples[program.name], shared, program.workers))

    def _added(self, samples: dict[str, Sample]) -> None:
        """What each program adds to the delay of the upstream itself."""
        for name, sample in samples.items():
            if name != DIRECT and DIRECT in samples:
                added = sample.measured.whole_p50 - samples[DIRECT].measured.whole_p50
                self._results.add(_ADDED, name, added)

    def _try(self, program: Program, measure: Callable[[], None]) -> bool:
        """Measure something; a peer that fails in it has no figure there."""
        try:
            measure()
        except ProgramFault as fault:
            if program.name == self._results.ours:
                raise
            self._results.faults.append(str(fault))
            self._say(f"left out: {fault}")
            return False
        return True

    def _alone(self, programs: Sequence[Program]) -> None:
        """What is measured on an instance that has seen nothing else."""
        for program in programs:
            if program.command is not None and not program.simulated:
                self._say(f"memory, manners and growth of {program.name}")
                for measure in (self._memory, self._manners, self._soak):
                    self._try(program, partial(measure, program))

    def _memory(self, program: Program) -> None:
        with self._ground.upstream() as upstream, self._ground.serving(program, upstream) as running:
            assert running.session is not None
            for found in memory(self._ground, running, running.session, self._effort.streams):
                self._add_all(_MEMORY, program, _told_of_memory(found))

    def _manners(self, program: Program) -> None:
        with ExitStack() as stack:
            found = manners(lambda port: stack.enter_context(self._ground.serving(program, port)))
        self._add_all(_MANNERS, program, _told_of_manners(found))

    def _soak(self, program: Program) -> None:
        with self._ground.upstream() as upstream, self._ground.serving(program, upstream) as running:
            assert running.session is not None
            intervals = soaking.soak(self._ground, running, running.session, self._effort.soak)
        self._add_all(_SOAK, program, _told_of_growth(intervals))

    def _add_all(self, scenario: str, program: Program, told: Sequence[tuple[str, float | None]]) -> None:
        for figure, value in told:
            key = Key(scenario, figure, more_is_better=figure.startswith("streams"), drifts=False)
            self._results.add(key, program.name, value)


def _told_of_memory(found: Memory) -> tuple[tuple[str, float | None], ...]:
    return (
        ("idle, MB", found.idle / 1e6),
        (f"streams open of {found.asked:,}", found.streams),
        (f"each of {found.asked:,} open streams, kB", None if found.each is None else found.each / 1e3),
    )


def _told_of_growth(intervals: Sequence[Interval]) -> tuple[tuple[str, float | None], ...]:
    return (
        *(("CPU µs/request", interval.cost) for interval in intervals),
        *(("memory, MB", interval.memory / 1e6) for interval in intervals),
        ("CPU µs/request, last third ÷ first", soaking.dearer(intervals)),
        ("memory, bytes kept of each request", soaking.bytes_a_request(intervals)),
    )


def _told_of_manners(found: Manners) -> tuple[tuple[str, float | None], ...]:
    return (
        ("left before the first byte, ms at worst", found.left_silent),
        ("left behind the first byte, ms at worst", found.left_talking),
        ("200 MB reply, stalled: memory, MB", found.stalled / 1e6),
        ("200 MB reply, stalled: taken, MB", found.taken / 1e6),
        ("200 MB reply, read at last: memory, MB", found.drained / 1e6),
        ("200 MB reply, read at last: broken off", float(not found.complete)),
    )
