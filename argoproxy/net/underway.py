"""Every exchange under way, by whichever configuration it began: how many there are, and how all are ended."""

from __future__ import annotations

import attrs

from argoproxy.errors import ProxyError

from .exchange import Exchange


@attrs.define(eq=False)
class Underway:
    """
    @ivar exchanges: those that run.
    @ivar served: how many have ended.
    """

    exchanges: set[Exchange] = attrs.field(factory=set)
    served: int = 0

    @property
    def open(self) -> int:
        """How many exchanges are under way."""
        return len(self.exchanges)

    def over(self, ignored: object, exchange: Exchange) -> None:
        """One has ended."""
        self.exchanges.discard(exchange)
        self.served += 1

    def cut(self, cause: ProxyError) -> None:
        """End all."""
        for exchange in list(self.exchanges):
            exchange.cut(cause)
