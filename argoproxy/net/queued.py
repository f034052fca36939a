"""
Exchanges that wait until ARGO may be asked: with C{max_upstream} so many calls run at once on each wire.

An exchange holds its place from before its first call until its end, with all that is tried again in between.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall

from argoproxy.errors import Busy
from argoproxy.interfaces import ITranslation
from argoproxy.queue import Queue, Waiter

from .admission import network_of
from .exchange import Asked, Exchange
from .reply import Reply

_ANY = 1_000_000_000


class Queues:
    """The queues of all wires. They outlive a configuration, since requests hold places by the one before."""

    def __init__(self, clock: Any) -> None:
        self._clock = clock
        self._queues: dict[str, Queue] = {}
        self._longest_wait: float | None = None

    def bound(self, places: Mapping[str, int], most_waiting: int | None, longest_wait: float | None) -> None:
        """
        Have other bounds from now on.

        @param places: how many requests may have calls at once, by wire.
        @param most_waiting: how many may wait on each.
        @param longest_wait: seconds that one may wait.
        """
        self._longest_wait = longest_wait
        for wire in self._queues.keys() - places.keys():
            self._queues.pop(wire).bound(_ANY, None)
        for wire, count in places.items():
            self._queues.setdefault(wire, Queue(self._clock.seconds)).bound(count, most_waiting)

    def close(self) -> None:
        """Admit nobody any more: all are about to be ended, and a place that becomes free by that is nobody's."""
        for queue in self._queues.values():
            queue.bound(0, 0)

    def waiting(self) -> int:
        """How many wait."""
        return sum(queue.waiting for queue in self._queues.values())

    def of(self, wire: str) -> Queue | None:
        """A wire's queue, if it is bounded."""
        return self._queues.get(wire)

    def place(self, queue: Queue, asker: str) -> Deferred[None]:
        """
        Take a place in turn.

        @return: fires when it is there, and fails with L{Busy} if it can't be had. Cancelling it gives up the turn.
        @raise Busy: there is no room to wait.
        """
        if queue.take():
            return succeed(None)
        waiting: Deferred[None] = Deferred(lambda ignored: queue.leave(waiter))
        waiter = Waiter(asker, lambda: waiting.callback(None), waiting.errback)
        queue.wait(waiter)
        if self._longest_wait is not None:
            expiry = self._clock.callLater(self._longest_wait, self._give_up, queue, waiter)
            waiting.addBoth(_in_time, expiry)
        return waiting

    def _give_up(self, queue: Queue, waiter: Waiter) -> None:
        text = f"No place became free within {self._longest_wait:g} s."
        fault = Busy(503, text, "queue_timeout", queue.soon())
        queue.leave(waiter)
        waiter.refuse(fault)


@attrs.define(eq=False)
class QueuedExchange(Exchange):
    """
    An exchange that asks ARGO when it is its turn.

    @ivar _asker_of: who asks, by what they ask and where it came from: askers take turns.
    """

    _queues: Queues = attrs.field(kw_only=True)
    _asker_of: Callable[[Asked, Reply], str] = attrs.field(kw_only=True)
    _asker: str = attrs.field(default="", init=False)
    _at_once: int = attrs.field(default=Exchange._at_once, init=False)
    _queue: Queue | None = attrs.field(default=None, init=False)

    def run(self, asked: Asked) -> Deferred[None]:
        self._asker = self._asker_of(asked, self._reply)
        return super().run(asked)

    async def _converse(self, translation: ITranslation) -> None:
        queue = self._queues.of(self._reply.record.upstream) if self._calls else None
        # Another model, which serves instead, may be asked on another wire.
        if queue is not self._queue:
            self._give_back()
            if queue is not None:
                await self._take_place(queue)
        await super()._converse(translation)

    async def _take_place(self, queue: Queue) -> None:
        """Who makes several calls waits for one place, and takes of the others what is there."""
        await self._queues.place(queue, self._asker)
        self._queue, self._at_once = queue, 1 + queue.take_more(min(Exchange._at_once, len(self._calls)) - 1)

    def _give_back(self) -> None:
        if self._queue is not None:
            self._queue.give_back(self._at_once)
            self._queue, self._at_once = None, Exchange._at_once

    def _stop_clocks(self) -> None:
        super()._stop_clocks()
        self._give_back()


def by_user(asked: Asked, reply: Reply) -> str:
    """The asker where each client gives a user's name, however they write it."""
    return asked.user.lower()


def by_key(asked: Asked, reply: Reply) -> str:
    """The asker where keys are given out, or else nobody says who they are: of those each address is one."""
    return reply.record.key or network_of(reply.address)


def _in_time(outcome: Any, expiry: IDelayedCall) -> Any:
    """The wait is over, one way or another."""
    if expiry.active():
        expiry.cancel()
    return outcome
