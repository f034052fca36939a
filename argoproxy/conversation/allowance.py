"""
What somebody may use: requests and tokens within a time, and requests at once; and how much of that there is.

The rates are those of the generic cell rate algorithm. A rate is full when nobody has used it for its whole period,
and then allows all of it at once; what is used comes back evenly. So all that is kept of it is a time: when it will be
full.
"""

from __future__ import annotations

import math
from typing import Literal

import msgspec

Unit = Literal["requests", "tokens"]

UNITS: tuple[Unit, ...] = ("requests", "tokens")

_MINUTE, _DAY = 60, 86_400
_NAMES = {_MINUTE: "minute", _DAY: "day"}
# Sums of fractions of seconds may be a little above what they should be.
_NEARLY = 0.999


class Rate(msgspec.Struct, frozen=True):
    """
    So many requests, or tokens, within a time.

    @ivar name: what it is kept under; no two have the same.
    @ivar whose: what is limited: C{key}, C{user} or C{address}.
    @ivar period: in seconds.
    """

    name: str
    whose: str
    unit: Unit
    limit: int
    period: int

    @property
    def step(self) -> float:
        """Seconds in which one comes back."""
        return self.period / self.limit

    @property
    def room(self) -> float:
        """Seconds until it is full, at most, where it has one left."""
        return self.period - _NEARLY * self.step

    def told(self) -> str:
        """What it is, in words."""
        return f"{_counted(self.limit, self.unit)} per {_NAMES[self.period]} for this {self.whose}"


class Places(msgspec.Struct, frozen=True):
    """So many requests at once."""

    name: str
    whose: str
    most: int

    def told(self) -> str:
        """What they are, in words."""
        return f"{_counted(self.most, 'requests')} at once for this {self.whose}"


class Allowance(msgspec.Struct, frozen=True):
    """All that limits a request."""

    rates: tuple[Rate, ...] = ()
    places: tuple[Places, ...] = ()

    def __add__(self, other: Allowance) -> Allowance:
        return Allowance(self.rates + other.rates, self.places + other.places)

    def without_tokens(self) -> Allowance:
        """The same for what has none."""
        return Allowance(tuple(rate for rate in self.rates if rate.unit != "tokens"), self.places)


class Limits(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What an operator lays down for somebody; C{None} for no limit."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    tokens_per_day: int | None = None
    concurrency: int | None = None

    def of(self, whose: str, name: str) -> Allowance:
        """
        The allowance of somebody who has these limits.

        @param whose: C{key}, C{user} or C{address}.
        """
        rates = tuple(
            Rate(f"{whose}:{name}:{unit}/{period}", whose, unit, limit, period)
            for unit, period, limit in self._rates()
            if limit is not None
        )
        most = self.concurrency
        return Allowance(rates, () if most is None else (Places(f"{whose}:{name}:places", whose, most),))

    def _rates(self) -> tuple[tuple[Unit, int, int | None], ...]:
        return (
            ("requests", _MINUTE, self.requests_per_minute),
            ("tokens", _MINUTE, self.tokens_per_minute),
            ("tokens", _DAY, self.tokens_per_day),
        )


class Standing(msgspec.Struct, frozen=True):
    """
    How much of a rate there is.

    @ivar ahead: seconds until it is full.
    """

    rate: Rate
    ahead: float

    @property
    def remaining(self) -> int:
        """How many there are; 0 for debt, too."""
        rate = self.rate
        return max(0, math.floor((rate.period - self.ahead) / rate.step + 1 - _NEARLY))


class Verdict(msgspec.Struct, frozen=True):
    """
    Whether a request may go on.

    @ivar standings: of all its rates, with it taken out if it may.
    @ivar denied: what is used up, if it may not.
    @ivar wait: seconds until it may, as far as that is known.
    @ivar lease: what its places are held by.
    """

    allowance: Allowance
    standings: tuple[Standing, ...]
    denied: Rate | Places | None = None
    wait: float = 0.0
    lease: str = ""

    def least(self, unit: Unit) -> Standing | None:
        """Of the rates of a unit, that of which there is the least, for clients are told of one."""
        return min((one for one in self.standings if one.rate.unit == unit), key=_remaining, default=None)


def _remaining(standing: Standing) -> int:
    return standing.remaining


def _counted(count: int, unit: Unit) -> str:
    return f"1 {unit[:-1]}" if count == 1 else f"{count} {unit}"
