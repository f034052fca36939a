"""
A service that has the process to itself: what the plugin and the C{.tac} do beyond what an embedder gets.

It sends the log where C{twistd} was told to, in our form; it takes the signals; it takes what has been imported by now
out of the garbage collector's sight. What is served stays out.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

from twisted.application.service import IService, MultiService
from twisted.internet.defer import Deferred
from twisted.logger import ILogObserver
from twisted.python.components import Componentized

from .logs import Destination
from .signals import Signals

_T = TypeVar("_T")

# Collections are rare: what a request leaves behind is freed by counting references, but for failures.
_THRESHOLDS = (5_000, 20, 50)
_ADDRESSES = 64


class Daemon(MultiService):
    """
    The parent of the one service that this process is for.

    Setting its parent, which must be the application, gives the application its log observer.
    """

    def __init__(
        self, service: IService, log: Destination, cut: Callable[[], None], hang_up: Callable[[], None] | None = None
    ) -> None:
        """
        @param cut: Ends at once what a stop waits for.
        @param hang_up: What SIGHUP does; without it, nothing.
        """
        super().__init__()
        service.setServiceParent(self)
        self._log = log
        self._cut = cut
        self._hang_up = hang_up
        self._signals: Signals | None = None

    def setServiceParent(self, parent: Any) -> None:
        super().setServiceParent(parent)
        if self._log.observer is not None and isinstance(parent, Componentized):
            parent.setComponent(ILogObserver, self._log.observer)

    def startService(self) -> None:
        from twisted.internet import reactor

        super().startService()
        self._signals = Signals(reactor, self._cut, self._log.file, self._hang_up)
        self._signals.install()
        reactor.callWhenRunning(settle)

    def stopService(self) -> Deferred[None]:
        """Stop; the signals stay ours until everything has."""
        stopped: Deferred[None] = super().stopService()
        return stopped.addBoth(self._restore)

    def _restore(self, result: _T) -> _T:
        if self._signals is not None:
            self._signals.restore()
        return result


def hold() -> None:
    """Collect no garbage until L{settle}: of what is made while a program is loaded nearly everything stays."""
    gc.disable()


def settle() -> None:
    """
    Set up the whole process for serving.

    What there is by now is out of the garbage collector's sight. The garbage among it stays, a megabyte or two: to look
    for it would take a tenth of the whole start.
    """
    _remember_addresses()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    gc.enable()


def _remember_addresses() -> None:
    """Have Twisted take each of the few addresses that calls go to apart once, not in every call."""
    from twisted.web.client import URI

    URI.fromBytes = lru_cache(_ADDRESSES)(URI.fromBytes)  # type: ignore[method-assign]
