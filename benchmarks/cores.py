"""Which core runs what: the measured program has one to itself, where the machine has two."""

from __future__ import annotations

import os
from collections.abc import Callable

import attrs


@attrs.frozen
class Cores:
    """
    @ivar program: the core of what is measured.
    @ivar rest: the core of the upstream, the load and ourselves; the same where there is only one.
    """

    program: int
    rest: int

    @property
    def shared(self) -> bool:
        """Whether the measured program competes with its load, so that figures mean little."""
        return self.program == self.rest


def available() -> Cores:
    """The first and the last of the cores that we may use."""
    allowed = sorted(os.sched_getaffinity(0))
    return Cores(allowed[0], allowed[-1])


def pinned(core: int) -> Callable[[], None]:
    """What a child process does between fork and exec to stay on a core."""
    return lambda: os.sched_setaffinity(0, {core})
