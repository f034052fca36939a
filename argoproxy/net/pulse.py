"""Whether ARGO is alive, as far as the calls that are made anyway tell."""

from __future__ import annotations

from collections.abc import Callable

import attrs
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure
from zope.interface import implementer

from argoproxy.conversation import Call
from argoproxy.interfaces import IClient, IReply

_ABSENT = frozenset({502, 503, 504})


@implementer(IClient)
@attrs.define
class Pulse:
    """
    A client that remembers how its last call went.

    @ivar alive: whether ARGO answered the last call that went its way; what a web server before it says of its
        absence is no answer.
    @ivar answered_at: when it last did, by the reactor's clock, or L{None}.
    @ivar ended_at: when it last did or failed to.
    """

    _client: IClient
    _clock: IReactorTime
    alive: bool = False
    answered_at: float | None = None
    ended_at: float | None = None

    def send(
        self, call: Call, until: float | None = None, repeated: Callable[[], object] | None = None
    ) -> Deferred[IReply]:
        return self._client.send(call, until, repeated).addCallbacks(self._answered, self._failed)

    def since(self, moment: float | None) -> float | None:
        """Seconds from a moment until now."""
        return None if moment is None else self._clock.seconds() - moment

    def follow(self, before: Pulse) -> None:
        """Know what another one knows of the same ARGO."""
        self.alive, self.answered_at, self.ended_at = before.alive, before.answered_at, before.ended_at

    def _answered(self, reply: IReply) -> IReply:
        self.alive = reply.head.status not in _ABSENT
        self.ended_at = self._clock.seconds()
        if self.alive:
            self.answered_at = self.ended_at
        return reply

    def _failed(self, failure: Failure) -> Failure:
        if not failure.check(CancelledError):
            self.alive = False
            self.ended_at = self._clock.seconds()
        return failure
