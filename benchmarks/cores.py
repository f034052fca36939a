"""Which core runs what: the measured program has one to itself, where the machine has two."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

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

    def of(self, workers: int) -> tuple[int, ...]:
        """The cores of a program with so many workers: more than one share theirs with the load."""
        return (self.program,) if workers == 1 else (self.program, self.rest)


def available() -> Cores:
    """The first and the last of the cores that we may use."""
    allowed = sorted(os.sched_getaffinity(0))
    return Cores(allowed[0], allowed[-1])


@contextmanager
def pinned(*cores: int) -> Iterator[None]:
    """A child that is started meanwhile stays on these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
