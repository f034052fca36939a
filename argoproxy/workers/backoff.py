"""How long to wait before a worker that has ended is started again."""

from __future__ import annotations

import attrs

_FIRST = 0.1
_LONGEST = 30.0
# Seconds of life after which a worker's end is a new story.
_SETTLED = 60.0


@attrs.define
class Backoff:
    """Waits twice as long each time, up to a bound, and begins anew behind a worker that has lived for a while."""

    _next: float = _FIRST

    def delay(self, lived: float) -> float:
        """
        Seconds until the next start.

        @param lived: seconds that the one before served.
        """
        if lived >= _SETTLED:
            self._next = _FIRST
        delay, self._next = self._next, min(2 * self._next, _LONGEST)
        return delay
