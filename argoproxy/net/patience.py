"""
How long ARGO may be silent: until its reply begins, and in the middle of it.

Only where the operator sets a limit. Then a call has one timer, which looks again when the time could be over, rather
than one for each piece. What waits because the client reads slowly is no silence.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Literal, TypeVar

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure
from zope.interface import implementer

from argoproxy.conversation import Call, Head
from argoproxy.errors import TimedOut
from argoproxy.interfaces import IClient, IReply

Kind = Literal["first_byte", "idle"]
T = TypeVar("T")


@implementer(IClient)
@attrs.frozen
class Patience:
    """
    A client that gives up calls that are silent for too long.

    @ivar _first_byte: seconds until the first byte of a reply's body; L{None} for any time.
    @ivar _idle: seconds from one piece of the body to the next, or to its end; L{None} for any time.
    """

    _client: IClient
    _clock: Any
    _first_byte: float | None
    _idle: float | None

    def send(
        self, call: Call, until: float | None = None, repeated: Callable[[], object] | None = None
    ) -> Deferred[IReply]:
        sent = self._client.send(call, self._until(until), repeated)
        watch = Watch(self._clock, sent.cancel)
        watch.allow(self._first_byte, "first_byte")
        return sent.addCallbacks(partial(Watched, watch, self._idle), watch.ended)

    def _until(self, until: float | None) -> float | None:
        """When nobody waits for the reply's beginning any longer."""
        if self._first_byte is None:
            return until
        end: float = self._clock.seconds() + self._first_byte
        return end if until is None else min(until, end)


@attrs.define(eq=False)
class Watch:
    """
    The silence of one call.

    @ivar give_up: ends what is under way.
    @ivar held: whether nothing can come, because nobody reads.
    """

    _clock: Any
    give_up: Callable[[], None]
    held: bool = False
    _seconds: float = 0.0
    _kind: Kind = "first_byte"
    _since: float = 0.0
    _timer: IDelayedCall | None = None
    _fault: TimedOut | None = None

    def allow(self, seconds: float | None, kind: Kind) -> None:
        """From now on it may last so long."""
        self._stop()
        self.heard()
        if seconds is not None:
            self._seconds, self._kind = seconds, kind
            self._timer = self._clock.callLater(seconds, self._look)

    def heard(self) -> None:
        """It begins anew."""
        self._since = self._clock.seconds()

    def ended(self, result: T) -> T | Failure:
        """What was under way has ended; it failed for us if it was given up."""
        self._stop()
        return result if self._fault is None else Failure(self._fault)

    def _stop(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    def _look(self) -> None:
        left = self._seconds if self.held else self._since + self._seconds - self._clock.seconds()
        if left > 0:
            self._timer = self._clock.callLater(left, self._look)
            return
        self._fault = TimedOut(self._seconds, self._kind)
        self.give_up()


@implementer(IReply)
class Watched:
    """A reply whose pieces end a silence."""

    def __init__(self, watch: Watch, idle: float | None, reply: IReply) -> None:
        self.head: Head = reply.head
        self.attempts: int = reply.attempts
        self._watch = watch
        self._idle = idle
        self._reply = reply
        self._begun = False

    def deliver(self, sink: Callable[[bytes], None]) -> Deferred[None]:
        done = self._reply.deliver(partial(self._heard, sink))
        self._watch.give_up = done.cancel
        return done.addBoth(self._watch.ended)

    def pause(self) -> None:
        self._watch.held = True
        self._reply.pause()

    def resume(self) -> None:
        self._watch.held = False
        self._watch.heard()
        self._reply.resume()

    def _heard(self, sink: Callable[[bytes], None], data: bytes) -> None:
        if self._begun:
            self._watch.heard()
        else:
            self._begun = True
            self._watch.allow(self._idle, "idle")
        sink(data)
