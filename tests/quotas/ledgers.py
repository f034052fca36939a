"""What the tests of ledgers need of each kind: one that is asked and answers, and whose time the tests pass."""

from __future__ import annotations

from typing import Any

import attrs
from pytest_twisted import blockon
from twisted.internet.task import Clock
from txredisapi import lazyConnection

from argoproxy.conversation import Allowance, Verdict
from argoproxy.quotas.memory import MemoryLedger
from argoproxy.quotas.shared import SharedLedger

# How much older everything is: what is past is gone.
_AGE = """
for _, key in ipairs(redis.call('KEYS', '*')) do
  local left = redis.call('PTTL', key) - ARGV[1] * 1000
  if redis.call('TYPE', key).ok == 'zset' then
    for _, member in ipairs(redis.call('ZRANGE', key, 0, -1)) do redis.call('ZINCRBY', key, -ARGV[1], member) end
  else
    redis.call('SET', key, string.format('%.6f', redis.call('GET', key) - ARGV[1]))
  end
  if left > 0 then redis.call('PEXPIRE', key, math.ceil(left)) else redis.call('DEL', key) end
end
return 0
"""

_STRIDE = 10.0


@attrs.define
class InMemory:
    """One process's."""

    clock: Clock = attrs.field(factory=Clock)
    ledger: MemoryLedger = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.clock.advance(1000.0)
        self.ledger = MemoryLedger(self.clock.seconds)

    async def enter(self, allowance: Allowance) -> Verdict:
        return await self.ledger.enter(allowance)

    def leave(self, verdict: Verdict, tokens: int = 0) -> None:
        self.ledger.leave(verdict, tokens)

    async def passes(self, seconds: float) -> None:
        self.clock.advance(seconds)


@attrs.define
class Shared:
    """One of those that share a server, whose clock runs by itself: so what it keeps is made older."""

    port: int
    clock: Clock = attrs.field(factory=Clock)
    connection: Any = attrs.field(init=False)
    ledger: SharedLedger = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.connection = lazyConnection("127.0.0.1", self.port, convertNumbers=False)
        self.ledger = SharedLedger(self.clock, lambda: self.connection, lenient=False)

    async def enter(self, allowance: Allowance) -> Verdict:
        return await self.ledger.enter(allowance)

    def leave(self, verdict: Verdict, tokens: int = 0) -> None:
        self.ledger.leave(verdict, tokens)

    async def passes(self, seconds: float) -> None:
        """Time passes for the server, and for this process if it lives."""
        while seconds > 0:
            step = min(seconds, _STRIDE)
            # What is under way must not take that long.
            await self.connection.ping()
            self.clock.advance(step)
            await self.connection.eval(_AGE, [], [step])
            seconds -= step

    def close(self) -> None:
        self.ledger.close()
        blockon(self.connection.disconnect())
