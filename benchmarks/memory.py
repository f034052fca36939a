"""What a program takes of memory: started and warm, and for each stream that is open."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

import attrs

from . import procfs
from .loading import Count, Load, held, load
from .running import Ground, Running
from .scenarios import ENDED, chat

_SETTLING = 0.5
_FIRST = 50


@attrs.frozen
class Memory:
    """
    @ivar asked: how many streams were to be open.
    @ivar streams: how many of them were.
    @ivar idle: bytes, before the first streams.
    @ivar each: bytes for one of them; L{None} if there were none.
    """

    asked: int
    streams: int
    idle: int
    each: float | None


def memory(ground: Ground, running: Running, session: int, streams: Iterable[int]) -> Iterator[Memory]:
    """
    Measure with so many open streams, then with more.

    @raise ProgramFault: the load generator gave up.
    """
    # What the first streams make it load and reserve is not what a stream costs.
    body = chat(running.program, ENDED, stream=True)
    load(ground, running, Load("first streams", "stream", _FIRST, body), Count(0, 2 * _FIRST))
    time.sleep(_SETTLING)
    idle = procfs.resident(session)
    for asked in streams:
        with held(ground, running, asked) as count:
            time.sleep(_SETTLING)
            loaded = procfs.resident(session)
        time.sleep(_SETTLING)
        yield Memory(asked, count, idle, (loaded - idle) / count if count else None)
