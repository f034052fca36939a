"""How often calls may be repeated: so that an ARGO that is down is hardly asked more than it is anyway."""

from __future__ import annotations

_SECONDS = 10.0
_SHARE = 0.2
_FEW = 10


class Budget:
    """
    About a fifth of the calls of the last ten seconds may be repeated, and ten besides, so that few calls may be, too.

    Nearly all calls need no repeat: those only count. How many there were lately is made out when one does.

    @ivar calls: those that were made since somebody asked. Whoever makes one adds it.
    """

    def __init__(self) -> None:
        self.calls = 0
        self._lately = self._repeats = self._asked_at = 0.0

    def take(self, now: float) -> bool:
        """
        Whether a call may be repeated, which then counts.

        @param now: seconds; never less than before.
        """
        self._age(now - self._asked_at)
        self._asked_at = now
        if self._repeats + 1 > _FEW + _SHARE * self._lately:
            return False
        self._repeats += 1
        return True

    def _age(self, seconds: float) -> None:
        """What was before fades; of the calls since then, those of the last ten seconds count."""
        left = max(0.0, 1.0 - seconds / _SECONDS)
        self._repeats *= left
        self._lately = self._lately * left + self.calls * min(1.0, _SECONDS / max(seconds, _SECONDS))
        self.calls = 0
