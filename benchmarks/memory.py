"""What a program takes of memory: started and warm, and for each stream that is open."""

from __future__ import annotations

import time

import attrs

from . import procfs
from .loading import held
from .running import Ground, Running

_SETTLING = 0.5


@attrs.frozen
class Memory:
    """
    @ivar idle: bytes, before the streams.
    @ivar streams: how many were open of those that were asked for.
    @ivar each: bytes for one of them; L{None} if there were none.
    """

    idle: int
    streams: int
    each: float | None


def memory(ground: Ground, running: Running, session: int, streams: int) -> Memory:
    """
    Measure with so many open streams.

    @raise ProgramFault: the load generator gave up.
    """
    with held(ground, running, max(streams // 20, 1)):
        # What the first streams make it load and reserve is not what a stream costs.
        time.sleep(_SETTLING)
    time.sleep(_SETTLING)
    idle = procfs.resident(session)
    with held(ground, running, streams) as count:
        time.sleep(_SETTLING)
        loaded = procfs.resident(session)
    return Memory(idle, count, (loaded - idle) / count if count else None)
