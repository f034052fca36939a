"""Workers that say nothing any more: their processes are there, but nobody is served by them."""

from __future__ import annotations

from typing import Any, Protocol

import attrs
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

_log = Logger()

# Seconds in which a worker says something, if only that it lives.
BEAT = 5.0
_SILENCE = 30.0


class Sleeper(Protocol):
    """A worker, as far as it matters here."""

    slot: int
    pid: int | None

    def kill(self) -> None:
        """End it at once."""


@attrs.define(eq=False)
class Vigil:
    """Ends workers that have been silent for too long, from their first word on; whoever starts others sees to that."""

    _clock: Any
    _heard: dict[Sleeper, float] = attrs.field(factory=dict)
    _looked_at: float = 0.0
    _looking: IDelayedCall | None = None

    def start(self) -> None:
        """Look after them."""
        self._looked_at = self._clock.seconds()
        self._looking = self._clock.callLater(BEAT, self._look)

    def stop(self) -> None:
        """Look no more."""
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None

    def heard(self, worker: Sleeper) -> None:
        """One has said something."""
        self._heard[worker] = self._clock.seconds()

    def ended(self, worker: Sleeper) -> None:
        """One is no more."""
        self._heard.pop(worker, None)

    def _look(self) -> None:
        now = self._clock.seconds()
        held_up, self._looked_at = now - self._looked_at > 2 * BEAT, now
        if held_up:
            # What they have said meanwhile is still to be read.
            self._heard = dict.fromkeys(self._heard, now)
        for worker, at in list(self._heard.items()):
            if now - at > _SILENCE:
                _log.error(
                    "worker {slot} (process {pid}) has not been heard of for {seconds:.0f} s: killed",
                    slot=worker.slot,
                    pid=worker.pid,
                    seconds=now - at,
                )
                worker.kill()
        self._looking = self._clock.callLater(BEAT, self._look)
