"""How often calls may be repeated: so that an ARGO that is down is hardly asked more than it is anyway."""

from __future__ import annotations

_SECONDS = 10
_SHARE = 0.2
_FEW = 10


class Budget:
    """A fifth of the calls of the last ten seconds may be repeated, and ten besides, so that few calls may be, too."""

    def __init__(self) -> None:
        self._second = 0
        self._calls = [0] * _SECONDS
        self._repeats = [0] * _SECONDS

    def called(self, now: float) -> None:
        """
        A call is made for the first time.

        @param now: seconds; never less than before.
        """
        second = int(now)
        if second != self._second:
            self._turn(second)
        self._calls[second % _SECONDS] += 1

    def take(self, now: float) -> bool:
        """Whether a call may be repeated, which then counts."""
        second = int(now)
        if second != self._second:
            self._turn(second)
        if sum(self._repeats) >= _FEW + _SHARE * sum(self._calls):
            return False
        self._repeats[second % _SECONDS] += 1
        return True

    def _turn(self, second: int) -> None:
        """Forget what is ten seconds old."""
        for old in range(max(self._second + 1, second - _SECONDS + 1), second + 1):
            self._calls[old % _SECONDS] = self._repeats[old % _SECONDS] = 0
        self._second = second
