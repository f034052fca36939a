"""Whether a program grows under load that goes on: its memory, and what a request costs."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import attrs

from . import loading, procfs
from .loading import Extent
from .running import Ground, Running
from .scenarios import COST, SCENARIOS

INTERVALS = 12
_SCENARIO = next(scenario for scenario in SCENARIOS if scenario.call == "chat" and scenario.clients == 64)


@attrs.frozen
class Interval:
    """
    @ivar requests: in this interval.
    @ivar cost: microseconds of CPU time for each.
    @ivar memory: bytes that are resident at its end.
    """

    requests: int
    cost: float
    memory: int


def soak(ground: Ground, running: Running, session: int, extent: Extent) -> list[Interval]:
    """
    Load a program again and again, and look at it each time.

    @param extent: of one time.

    @raise ProgramFault: it failed to answer.
    """
    loading.warm(ground, running)
    return [_interval(ground, running, session, extent) for _ in range(INTERVALS)]


def _interval(ground: Ground, running: Running, session: int, extent: Extent) -> Interval:
    sample = loading.run(ground, running, _SCENARIO, extent)
    return Interval(sample.measured.requests, COST.of(sample) or 0.0, procfs.resident(session))


def bytes_a_request(intervals: Sequence[Interval]) -> float | None:
    """What a request leaves behind: the growth over the second half, when what is reserved once has been reserved."""
    half = intervals[len(intervals) // 2 - 1 :]
    requests = sum(interval.requests for interval in half[1:])
    return (half[-1].memory - half[0].memory) / requests if requests else None


def dearer(intervals: Sequence[Interval]) -> float | None:
    """How many times what it cost in the first third of the time a request costs in the last."""
    third = len(intervals) // 3
    first, last = (statistics.median(one.cost for one in part) for part in (intervals[:third], intervals[-third:]))
    return last / first if first else None
