"""
The account that several proxies share, in Redis or Valkey.

What holds places is a lease that must be renewed, so that those of a proxy that has crashed become free. Keys begin
with C{{argoproxy}}, which keeps them together in a cluster.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import attrs
import msgspec
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from argoproxy.conversation import Allowance, Places, Rate, Standing, Verdict
from argoproxy.errors import ProxyError
from argoproxy.interfaces import ILedger

from .scripts import ENTER, LEAVE, LOOK, RENEW

_log = Logger()

# Seconds that a decision may take, and between two looks whether a store that was away is there.
_PATIENCE = 1.0
_LOOK = 1.0
# Seconds for which a lease holds, and after which it is renewed.
_LEASE = 60.0
_RENEWAL = 20.0
_AT_ONCE = 500
# How many requests that have ended while the store was away it is told of later. Places expire anyway.
_MOST_OWED = 1000

_NOBODY = Verdict(Allowance(), ())
# What of a failure's text may be told, since it is of nobody's making.
_TOLD = (
    "certificate verify failed",
    "DNSMismatch",
    "IPAddressMismatch",
    "WRONGPASS",
    "NOAUTH",
    "NOPERM",
    "READONLY",
    "LOADING",
    "OOM",
    "MISCONF",
)


class Away(ProxyError):
    """Nobody can say whether a request is within its limits."""

    def __init__(self) -> None:
        text = "The proxy can't see whether this request is within its limits."
        super().__init__(503, text, code="limits_unavailable", retry_after="1")


class _End(msgspec.Struct, frozen=True):
    """
    What the store is to hear of a request that has ended.

    @ivar rates: of tokens.
    """

    lease: str
    places: tuple[Places, ...]
    rates: tuple[Rate, ...] = ()
    tokens: int = 0


@implementer(ILedger)
@attrs.define(eq=False)
class SharedLedger:
    """
    @ivar _clock: the reactor, for what takes too long.
    @ivar _connect: gives a connection as txredisapi's: C{eval}, C{disconnect}; and C{trouble}, what has
        kept it from opening, or an empty text.
    @ivar _lenient: whether requests go on unlimited while the store is away.
    @ivar away: whether it is. Then it is asked again every second, and requests don't wait for it.
    @ivar _held: the places of requests under way, by their leases.
    @ivar _owed: what the store has not heard while it was away.
    @ivar _entering: how many requests wait for a decision.
    """

    _clock: Any
    _connect: Callable[[], Any]
    _lenient: bool
    away: bool = False
    _connection: Any = None
    _held: dict[str, tuple[Places, ...]] = attrs.field(factory=dict, init=False)
    _owed: list[_End] = attrs.field(factory=list, init=False)
    _entering: int = 0
    _retiring: bool = False
    _renewing: IDelayedCall | None = None
    _looking: IDelayedCall | None = None

    def enter(self, allowance: Allowance) -> Deferred[Verdict]:
        if not allowance.rates and not allowance.places:
            return succeed(_NOBODY)
        if self.away:
            return self._unknown()
        lease = secrets.token_hex(8)
        rates, places = allowance.rates, allowance.places
        costs = (cost for rate in rates for cost in (rate.step, rate.room, int(rate.unit == "requests")))
        arguments = [len(rates), lease, _LEASE, *costs, *(one.most for one in places)]
        self._entering += 1
        entering = self._eval(ENTER, _keys(rates, places), arguments)
        entering.addCallbacks(self._judged, self._failed, (allowance, lease), errbackArgs=(_End(lease, places),))
        return entering.addBoth(self._passed_on)

    def leave(self, verdict: Verdict, tokens: int) -> None:
        self._held.pop(verdict.lease, None)
        rates = tuple(rate for rate in verdict.allowance.rates if rate.unit == "tokens") if tokens else ()
        self._tell(_End(verdict.lease, verdict.allowance.places, rates, tokens))
        self._close_if_idle()

    def retire(self) -> None:
        self._retiring = True
        self._close_if_idle()

    def close(self) -> None:
        """Whatever is still held expires by itself."""
        self._retiring = True
        for call in (self._renewing, self._looking):
            if call is not None and call.active():
                call.cancel()
        self._drop()

    def _close_if_idle(self) -> None:
        if self._retiring and not self._held and not self._entering:
            self.close()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.disconnect().addErrback(_no_matter)
            self._connection = None

    def _eval(self, script: str, keys: Sequence[str], arguments: Sequence[object]) -> Deferred[Any]:
        """The script's result, in time."""
        if self._connection is None:
            self._connection = self._connect()
        return self._connection.eval(script, keys, arguments).addTimeout(_PATIENCE, self._clock)  # type: ignore[no-any-return]

    def _passed_on(self, outcome: Any) -> Any:
        self._entering -= 1
        self._close_if_idle()
        return outcome

    def _judged(self, told: Sequence[Any], allowance: Allowance, lease: str) -> Verdict:
        number, wait, *ahead = told
        rates, places = allowance.rates, allowance.places
        standings = tuple(Standing(rate, float(one)) for rate, one in zip(rates, ahead, strict=True))
        limits: tuple[Rate | Places, ...] = (*rates, *places)
        denied = limits[int(number) - 1] if int(number) else None
        if places and denied is None:
            self._hold(lease, places)
        return Verdict(allowance, standings, denied, float(wait), lease)

    def _failed(self, failure: Failure, end: _End) -> Deferred[Verdict]:
        """A store that was silent may have heard it all the same, or may yet."""
        self._lost(failure)
        self._owe(end)
        return self._unknown()

    def _tell(self, end: _End) -> None:
        ended = self._retiring and self._connection is None
        if ended or not (end.rates or end.places):
            return
        if self.away:
            self._owe(end)
            return
        arguments = [len(end.rates), end.lease, end.tokens, *(rate.step for rate in end.rates)]
        self._eval(LEAVE, _keys(end.rates, end.places), arguments).addErrback(self._untold, end)

    def _untold(self, failure: Failure, end: _End) -> None:
        """Its tokens may have been taken out; a place can be given back twice."""
        self._lost(failure)
        self._owe(_End(end.lease, end.places))

    def _owe(self, end: _End) -> None:
        if (end.rates or end.places) and len(self._owed) < _MOST_OWED:
            self._owed.append(end)

    def _unknown(self) -> Deferred[Verdict]:
        """@return: fails with L{Away} where requests must be limited or not be served."""
        return succeed(_NOBODY) if self._lenient else fail(Away())

    def _hold(self, lease: str, places: tuple[Places, ...]) -> None:
        self._held[lease] = places
        if self._renewing is None or not self._renewing.active():
            self._renewing = self._clock.callLater(_RENEWAL, self._renew)

    def _renew(self) -> None:
        """Hold on to what requests under way have, for as long as there are any."""
        if not self._held:
            return
        self._renewing = self._clock.callLater(_RENEWAL, self._renew)
        if not self.away:
            self._hold_on()

    def _hold_on(self) -> None:
        for some in _batches([(_key(one.name), lease) for lease, places in self._held.items() for one in places]):
            keys, leases = zip(*some, strict=True)
            self._eval(RENEW, keys, [_LEASE, *leases]).addErrback(self._lost)

    def _lost(self, failure: Failure) -> None:
        """The store doesn't answer: say so once, and look again until it does."""
        if self.away or self._connection is None:
            return
        self.away = True
        then = "are not limited" if self._lenient else "are refused"
        why = _why(failure, self._connection.trouble)
        _log.warn("limits: the store is away ({why}); requests {then}", why=why, then=then)
        self._looking = self._clock.callLater(_LOOK, self._look)

    def _look(self) -> None:
        """By another connection: this one would take its time to come back."""
        self._drop()
        self._connection = self._connect()
        self._eval(LOOK, [_key("there")], [int(_LEASE)]).addCallbacks(self._found, self._missed)

    def _found(self, ignored: object) -> None:
        self.away = False
        _log.warn("limits: the store is there again")
        owed, self._owed = self._owed, []
        for end in owed:
            self._tell(end)
        self._hold_on()

    def _missed(self, failure: Failure) -> None:
        if self._connection is not None:
            self._looking = self._clock.callLater(_LOOK, self._look)


def _key(name: str) -> str:
    return f"{{argoproxy}}:{name}"


def _keys(rates: Iterable[Rate], places: Iterable[Places]) -> list[str]:
    return [*(_key(rate.name) for rate in rates), *(_key(one.name) for one in places)]


def _batches(pairs: list[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    return (pairs[start : start + _AT_ONCE] for start in range(0, len(pairs), _AT_ONCE))


def _why(failure: Failure, trouble: str) -> str:
    """What is known of the reason, or else the kind of failure: texts may have what somebody sent."""
    text = f"{failure.value} {trouble}"
    return next((one for one in _TOLD if one in text), type(failure.value).__name__)


def _no_matter(failure: Failure) -> None:
    """It was given up."""
