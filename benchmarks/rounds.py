"""The order of a whole run: the programs side by side, round by round, then what each is asked alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial

import attrs

from . import loading
from .manners import Manners, manners
from .memory import memory
from .programs import Program, ProgramFault
from .results import Key, Results
from .running import Ground, Running
from .scenarios import SCENARIOS, Scenario

_MEMORY = "memory"
_MANNERS = "a client that leaves, a reader that stalls"


@attrs.frozen
class Effort:
    """
    How much is measured.

    @ivar seconds: of each run, behind the warm-up.
    @ivar streams: how many are held open for their memory.
    """

    rounds: int
    warmup: float
    seconds: float
    streams: int


QUICK = Effort(rounds=3, warmup=0.3, seconds=1.0, streams=1000)
THOROUGH = Effort(rounds=5, warmup=0.5, seconds=2.0, streams=1000)


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

        @raise ProgramFault: a program can't be had, or ours fails.
        """
        for program in programs:
            program.install()
        self._alone(programs)
        with ExitStack() as stack:
            upstream = stack.enter_context(self._ground.upstream())
            running = [stack.enter_context(self._ground.serving(program, upstream)) for program in programs]
            for number in range(self._effort.rounds):
                self._say(f"round {number + 1} of {self._effort.rounds}")
                for scenario in SCENARIOS:
                    self._round(scenario, running)

    def _round(self, scenario: Scenario, running: Sequence[Running]) -> None:
        for one in running:
            if not (scenario.paced and one.program.simulated):
                self._try(one.program, partial(self._sample, scenario, one))

    def _sample(self, scenario: Scenario, running: Running) -> None:
        sample = loading.run(self._ground, running, scenario, self._effort.warmup, self._effort.seconds)
        for figure in scenario.figures:
            key = Key(scenario.name, figure.name, figure.more_is_better)
            self._results.add(key, running.program.name, figure.of(sample))

    def _try(self, program: Program, measure: Callable[[], None]) -> None:
        """Measure something; a peer that fails in it has no figure there."""
        try:
            measure()
        except ProgramFault as fault:
            if program.name == self._results.ours:
                raise
            self._say(f"left out: {fault}")

    def _alone(self, programs: Sequence[Program]) -> None:
        """What is measured on an instance that has seen nothing else."""
        for program in programs:
            if program.command is not None and not program.simulated:
                self._say(f"memory and manners of {program.name}")
                self._try(program, partial(self._memory, program))
                self._try(program, partial(self._manners, program))

    def _memory(self, program: Program) -> None:
        with self._ground.upstream() as upstream, self._ground.serving(program, upstream) as running:
            assert running.session is not None
            found = memory(self._ground, running, running.session, self._effort.streams)
        for figure, value in (
            ("idle, MB", found.idle / 1e6),
            (f"streams open of {self._effort.streams}", found.streams),
            ("each open stream, kB", None if found.each is None else found.each / 1e3),
        ):
            self._results.add(Key(_MEMORY, figure, figure.startswith("streams")), program.name, value)

    def _manners(self, program: Program) -> None:
        with ExitStack() as stack:
            found = manners(lambda port: stack.enter_context(self._ground.serving(program, port)))
        for figure, value in _told(found):
            self._results.add(Key(_MANNERS, figure), program.name, value)


def _told(found: Manners) -> tuple[tuple[str, float | None], ...]:
    return (
        ("left before the first byte, ms at worst", found.left_silent),
        ("left behind the first byte, ms at worst", found.left_talking),
        ("200 MB reply, stalled: memory, MB", found.stalled / 1e6),
        ("200 MB reply, stalled: taken, MB", found.taken / 1e6),
        ("200 MB reply, read at last: memory, MB", found.drained / 1e6),
        ("200 MB reply, read at last: broken off", float(not found.complete)),
    )
