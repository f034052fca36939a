"""Whether ARGO is alive, as far as the calls that are made anyway tell."""

from __future__ import annotations

import attrs
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure
from zope.interface import implementer

from argoproxy.conversation import Call
from argoproxy.interfaces import IClient, IReply


@implementer(IClient)
@attrs.define
class Pulse:
    """
    A client that remembers how its last call went.

    @ivar answered_at: when ARGO last answered anything at all, by the reactor's clock, or L{None}.
    @ivar failed_at: when it last couldn't be reached, or L{None}.
    """

    _client: IClient
    _clock: IReactorTime
    answered_at: float | None = None
    failed_at: float | None = None

    def send(self, call: Call) -> Deferred[IReply]:
        return self._client.send(call).addCallbacks(self._answered, self._failed)

    @property
    def alive(self) -> bool:
        """Whether ARGO answered, and has not been out of reach since."""
        if self.answered_at is None:
            return False
        return self.failed_at is None or self.failed_at < self.answered_at

    def since(self, moment: float | None) -> float | None:
        """Seconds from a moment until now."""
        return None if moment is None else self._clock.seconds() - moment

    def _answered(self, reply: IReply) -> IReply:
        self.answered_at = self._clock.seconds()
        return reply

    def _failed(self, failure: Failure) -> Failure:
        if not failure.check(CancelledError):
            self.failed_at = self._clock.seconds()
        return failure
