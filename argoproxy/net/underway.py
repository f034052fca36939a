"""Every exchange under way, by whichever configuration it began: how many there are, and how all are ended."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from argoproxy.errors import ProxyError

from .exchange import Exchange


@attrs.define(eq=False)
class Underway:
    """
    @ivar exchanges: those that run.
    @ivar served: how many have ended.
    @ivar repeated: how often a call of theirs was sent once more.
    @ivar waiting: tells how many of them wait until ARGO may be asked.
    @ivar draining: whether the last of them are to be these, since the proxy is about to stop.
    @ivar cause: why all have been ended, if they have.
    """

    exchanges: set[Exchange] = attrs.field(factory=set)
    served: int = 0
    repeated: int = 0
    # Nobody.
    waiting: Callable[[], int] = int
    draining: bool = False
    cause: ProxyError | None = None

    @property
    def open(self) -> int:
        """How many exchanges are under way."""
        return len(self.exchanges)

    def over(self, ignored: object, exchange: Exchange) -> None:
        """One has ended."""
        self.exchanges.discard(exchange)
        self.served += 1

    def cut(self, cause: ProxyError) -> None:
        """End all, also those that come from now on."""
        self.cause = cause
        for exchange in list(self.exchanges):
            exchange.cut(cause)
