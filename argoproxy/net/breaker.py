"""Whether ARGO is worth an attempt: no more, once enough connections have failed."""

from __future__ import annotations

from collections import deque

_FAILURES = 20
_SECONDS = 10.0


class Breaker:
    """
    Opens at the twentieth failure within ten seconds with no success between, and stays so until it is closed.

    @ivar open: whether nothing is worth an attempt.
    """

    def __init__(self) -> None:
        self.open = False
        self._failures: deque[float] = deque(maxlen=_FAILURES)

    def failed(self, now: float) -> bool:
        """
        A connection failed. Returns whether that opened it.

        @param now: seconds.
        """
        self._failures.append(now)
        enough = len(self._failures) == _FAILURES and now - self._failures[0] <= _SECONDS
        opened, self.open = enough and not self.open, self.open or enough
        return opened

    def succeeded(self) -> None:
        """There was a connection. What failed before it counts no more; if it is open, that alone doesn't close it."""
        self._failures.clear()

    def close(self) -> None:
        """ARGO is there again."""
        self.open = False
        self._failures.clear()
