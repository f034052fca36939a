"""The account of one process, in memory and by a monotonic clock."""

from __future__ import annotations

from collections.abc import Callable
from heapq import nlargest

import attrs
from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from argoproxy.conversation import Allowance, Places, Rate, Standing, Verdict
from argoproxy.interfaces import ILedger

_FEWEST = 1024
# Beyond this, those who have used the least are forgotten.
_MOST = 100_000


@implementer(ILedger)
@attrs.define(eq=False)
class MemoryLedger:
    """
    @ivar _clock: seconds; never goes back.
    @ivar _full: when each rate will be full. Those that are, are left out sooner or later.
    @ivar _taken: how many places are taken.
    @ivar _sweep: at how many rates those that are full are looked for.
    """

    _clock: Callable[[], float]
    away: bool = False
    _full: dict[str, float] = attrs.field(factory=dict, init=False)
    _taken: dict[str, int] = attrs.field(factory=dict, init=False)
    _sweep: int = attrs.field(default=_FEWEST, init=False)

    def enter(self, allowance: Allowance) -> Deferred[Verdict]:
        now = self._clock()
        full, standings = self._full, []
        denied: Rate | Places | None = None
        wait = 0.0
        for rate in allowance.rates:
            ahead = max(full.get(rate.name, 0.0) - now, 0.0)
            standings.append(Standing(rate, ahead))
            if (until := ahead - rate.room) > wait:
                denied, wait = rate, until
        if denied is None:
            denied = next((one for one in allowance.places if self._taken.get(one.name, 0) >= one.most), None)
        if denied is None:
            standings = [self._take(one, now) for one in standings]
            for places in allowance.places:
                self._taken[places.name] = self._taken.get(places.name, 0) + 1
        return succeed(Verdict(allowance, tuple(standings), denied, wait))

    def leave(self, verdict: Verdict, tokens: int) -> None:
        now = self._clock()
        for rate in verdict.allowance.rates:
            if rate.unit == "tokens" and tokens:
                self._full[rate.name] = max(self._full.get(rate.name, 0.0), now) + tokens * rate.step
        for places in verdict.allowance.places:
            left = self._taken[places.name] - 1
            if left:
                self._taken[places.name] = left
            else:
                del self._taken[places.name]
        self._forget(now)

    def retire(self) -> None:
        """Nothing is left over."""

    def close(self) -> None:
        """Nothing is left over."""

    def _take(self, standing: Standing, now: float) -> Standing:
        rate = standing.rate
        if rate.unit == "tokens":
            return standing
        ahead = standing.ahead + rate.step
        self._full[rate.name] = now + ahead
        return Standing(rate, ahead)

    def _forget(self, now: float) -> None:
        """Once there are many rates, leave out those that are full; who comes back finds the same."""
        if len(self._full) < self._sweep:
            return
        used = {name: when for name, when in self._full.items() if when > now}
        if len(used) > _MOST:
            used = dict(nlargest(_MOST // 2, used.items(), key=_when))
        self._full = used
        self._sweep = max(_FEWEST, 2 * len(used))


def _when(item: tuple[str, float]) -> float:
    return item[1]
