"""What a process keeps of limits stays small, however many have come."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from argoproxy.conversation import Limits, Verdict
from argoproxy.quotas import memory
from argoproxy.quotas.memory import MemoryLedger

LIMITS = Limits(requests_per_minute=2, tokens_per_minute=60, concurrency=5)


class BoundTests(SynchronousTestCase):
    """With a clock for the time."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1000.0)
        self.ledger = MemoryLedger(self.clock.seconds)

    def enter(self, name: str) -> Verdict:
        return self.successResultOf(self.ledger.enter(LIMITS.of("address", name)))

    def test_places_leave_nothing_behind(self) -> None:
        verdicts = [self.enter(str(number)) for number in range(100)]
        assert len(self.ledger._taken) == 100
        for verdict in verdicts:
            self.ledger.leave(verdict, 0)
        assert self.ledger._taken == {}

    def test_those_who_have_not_asked_for_long_are_forgotten(self) -> None:
        for number in range(20_000):
            self.ledger.leave(self.enter(str(number)), 1)
            self.clock.advance(1.0)
        assert len(self.ledger._full) < 2 * 1024

    def test_those_who_have_used_the_least_are_forgotten_before_memory_is_full(self) -> None:
        self.patch(memory, "_MOST", 3000)
        self.ledger.leave(self.enter("greedy"), 10_000)
        for number in range(5000):
            self.ledger.leave(self.enter(str(number)), 1)
        assert len(self.ledger._full) < 2 * 3000
        assert self.enter("greedy").denied is not None
