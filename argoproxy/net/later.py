"""
What can wait until the reactor has been to every socket that is ready: it is done behind them, one thing after the
other. Under load that takes half of the time, since what is alike finds its code and data at hand.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from .record import log_bug


@attrs.define(eq=False, repr=False)
class Later:
    """
    Does what it is given behind the reactor's turn, in this order.

    @ivar clock: the reactor's.
    @ivar _over: whether no turn may come any more.
    """

    clock: IReactorTime
    _waiting: list[Callable[[], object]] = attrs.field(factory=list)
    _over: bool = False

    def do(self, act: Callable[[], object]) -> None:
        """Have something done."""
        self._waiting.append(act)
        if self._over:
            self.catch_up()
        elif len(self._waiting) == 1:
            self.clock.callLater(0, self.catch_up)

    def end(self) -> None:
        """Do now all that waits, and at once what comes from now on."""
        self._over = True
        self.catch_up()

    def catch_up(self) -> None:
        """Do now all that waits."""
        waiting, self._waiting = self._waiting, []
        for act in waiting:
            try:
                act()
            except Exception:  # noqa: BLE001 - a bug of ours in one of them must not keep the others from being done
                log_bug("something put off has failed: {id}", "unknown", Failure())
