"""What outlives a configuration: each that a proxy serves by, one after another, stands on the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
from twisted.web.iweb import IAgent

from .net.later import Later
from .net.queued import Queues
from .net.underway import Underway
from .tokens import Counter


@attrs.frozen
class Lasting:
    """
    What outlives a configuration.

    @ivar agent: in place of the network, for tests.
    @ivar underway: the exchanges of every configuration.
    @ivar queues: the places that they hold at ARGO.
    @ivar later: does what can wait.
    @ivar seconds: a clock that nobody sets, unlike the reactor's.
    """

    reactor: Any
    agent: IAgent | None
    seconds: Callable[[], float]
    later: Later
    counter: Counter = attrs.field(factory=Counter, init=False)
    queues: Queues = attrs.field(init=False)
    underway: Underway = attrs.field(init=False)

    @queues.default
    def _unbounded(self) -> Queues:
        return Queues(self.reactor)

    @underway.default
    def _none(self) -> Underway:
        return Underway(waiting=self.queues.waiting)
