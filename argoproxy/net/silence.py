"""Signs of life on a stream while the model says nothing."""

from __future__ import annotations

from collections.abc import Callable

import attrs
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from .reply import Reply


@attrs.define(eq=False)
class Silence:
    """
    Calls for a sign of life each time that nothing was written for a while.

    @ivar interval: seconds.
    """

    _clock: IReactorTime
    _reply: Reply
    _interval: float
    _show_life: Callable[[], None]
    _call: IDelayedCall | None = None

    def watch(self) -> None:
        """Begin."""
        self._reply.last_write = self._clock.seconds()
        self._call = self._clock.callLater(self._interval, self._look)

    def end(self) -> None:
        """Stop watching."""
        if self._call is not None and self._call.active():
            self._call.cancel()

    def _look(self) -> None:
        quiet = self._clock.seconds() - self._reply.last_write
        if quiet >= self._interval:
            self._show_life()
            quiet = 0.0
        self._call = self._clock.callLater(self._interval - quiet, self._look)
