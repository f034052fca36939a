"""
A call that is sent once more, where nothing of a reply was seen and it may well go better.

That is after a connection that was refused or lost, after a page of the web server before ARGO, and where ARGO itself
says that it will be back in a moment. All else is the client's to decide. Of several environments, one that can't be
reached gives way to the next.
"""

from __future__ import annotations

from collections.abc import Callable
from random import random
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.python.failure import Failure
from zope.interface import implementer

from argoproxy.conversation import Call, Head
from argoproxy.errors import Unreachable, UpstreamFault
from argoproxy.interfaces import IClient, IReply

from .budget import Budget
from .client import give_up
from .underway import Underway

_MOST = 3
# Seconds. What ARGO wants longer is the client's to wait for.
_LONGEST_WISH = 2.0
# Seconds that the second attempt waits at most; the third twice as many.
_FIRST_PAUSE = 0.25
_OVERLOADED = frozenset({429, 503})
_BEFORE_ARGO = frozenset({502, 504})
_TEMPORARY = _OVERLOADED | _BEFORE_ARGO


@attrs.define(eq=False)
class Errand:
    """
    A call until its reply begins.

    @ivar until: when, by the reactor's clock, nobody waits for it any more.
    @ivar at: the same call, at the environment where it is tried.
    @ivar made: how many attempts have failed.
    """

    call: Call
    until: float | None
    repeated: Callable[[], object] | None
    at: Call
    made: int = 0


def _nowhere(call: Call) -> Call | None:
    return None


@implementer(IClient)
@attrs.frozen(eq=False)
class Attempts:
    """
    Makes at most three attempts in all for a call.

    @ivar _fresh: makes the later attempts. It keeps no connections, so that none can have been closed meanwhile.
    @ivar _underway: where they are counted.
    @ivar _onward: the same call in the next environment; L{None} if there is no other.
    @ivar _chance: gives a number from 0 to 1, for each pause.
    """

    _client: IClient
    _fresh: IClient
    _clock: Any
    _underway: Underway
    _onward: Callable[[Call], Call | None] = _nowhere
    _chance: Callable[[], float] = random
    _budget: Budget = attrs.field(factory=Budget, init=False)

    def send(
        self, call: Call, until: float | None = None, repeated: Callable[[], object] | None = None
    ) -> Deferred[IReply]:
        self._budget.calls += 1
        return self._attempt(self._client, Errand(call, until, repeated, call))

    def _attempt(self, client: IClient, errand: Errand) -> Deferred[IReply]:
        who = (errand,)
        sent = client.send(errand.at)
        return sent.addCallbacks(self._answered, self._failed, callbackArgs=who, errbackArgs=who)

    def _answered(self, reply: IReply, errand: Errand) -> IReply | Deferred[IReply]:
        if reply.attempts > 1:
            self._note(errand)
        if reply.head.status not in _TEMPORARY:
            return reply
        errand.made += reply.attempts
        pause = self._pause_behind(reply.head, errand)
        if pause is None or not self._may(errand, pause):
            return reply
        give_up(reply)
        return self._again(errand, pause)

    def _failed(self, failure: Failure, errand: Errand) -> Failure | Deferred[IReply]:
        fault = failure.value
        if not isinstance(fault, UpstreamFault):
            return failure
        if fault.attempts > 1:
            self._note(errand)
        errand.made += fault.attempts
        if isinstance(fault, Unreachable) and (elsewhere := self._elsewhere(errand)) is not None:
            return elsewhere
        pause = self._pause(errand)
        return self._again(errand, pause) if fault.repeatable and self._may(errand, pause) else failure

    def _elsewhere(self, errand: Errand) -> Deferred[IReply] | None:
        """At once where nobody has been asked yet."""
        onward = self._onward(errand.at)
        if onward is None or errand.made >= _MOST:
            return None
        errand.at = onward
        if not errand.made:
            return self._attempt(self._client, errand)
        self._note(errand)
        return self._attempt(self._fresh, errand)

    def _pause_behind(self, head: Head, errand: Errand) -> float | None:
        """Seconds to wait after such a reply; L{None} if it is for the client."""
        if head.status in _OVERLOADED:
            return _wished(head.retry_after)
        return None if head.media_type.endswith("json") else self._pause(errand)

    def _pause(self, errand: Errand) -> float:
        """Any time up to a bound that doubles with each attempt, so that many don't come again together."""
        return self._chance() * _FIRST_PAUSE * 2.0 ** (errand.made - 1)

    def _may(self, errand: Errand, pause: float) -> bool:
        now = self._clock.seconds()
        in_time = errand.until is None or now + pause < errand.until
        return errand.made < _MOST and in_time and self._budget.take(now)

    def _again(self, errand: Errand, pause: float) -> Deferred[IReply]:
        self._note(errand)
        errand.at = errand.call
        paused: Deferred[None] = deferLater(self._clock, pause)
        return paused.addCallback(lambda ignored: self._attempt(self._fresh, errand))

    def _note(self, errand: Errand) -> None:
        """There is one attempt more."""
        self._underway.repeated += 1
        if errand.repeated is not None:
            errand.repeated()


def _wished(retry_after: str | None) -> float | None:
    """Seconds that ARGO wants to be left alone, if that is short."""
    try:
        seconds = float(retry_after or "")
    except ValueError:
        return None
    return seconds if 0 <= seconds <= _LONGEST_WISH else None
