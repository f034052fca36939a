"""
A service that has the process to itself: what the plugin and the C{.tac} do beyond what an embedder gets.

It sends the log where C{twistd} was told to, in our form; it takes the signals; it tells the service manager; it has
the process tuned. What is served stays out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import ILogObserver, Logger
from twisted.python.components import Componentized
from twisted.python.failure import Failure

from .logs import Destination
from .signals import Signals
from .systemd import ServiceManager
from .tuning import settle

if TYPE_CHECKING:
    from .config import Config

_log = Logger()
_T = TypeVar("_T")


class Serving(Protocol):
    """The service that a process is for."""

    def setServiceParent(self, parent: Any) -> None:
        """As every service of Twisted's."""

    def when_ready(self) -> Deferred[None]:
        """Fires when it serves, or at once if it does."""

    def when_loaded(self) -> Deferred[None]:
        """Fires when all that it serves with is loaded."""

    def reload(self, config: Config) -> Deferred[None] | None:
        """
        Serve by another configuration.

        @return: fires when all that is served is served by it.
        @raise ConfigFault: it can't serve; nothing has changed.
        """

    def cut(self) -> None:
        """End at once what a stop waits for."""


class Daemon(MultiService):
    """
    The parent of the one service that this process is for.

    Setting its parent, which must be the application, gives the application its log observer.
    """

    def __init__(
        self, service: Serving, log: Destination, read: Callable[[], Config], manager: ServiceManager
    ) -> None:
        """
        @param read: Reads the configuration as it is by then.
        @param manager: Whoever has started this process.
        """
        super().__init__()
        service.setServiceParent(self)
        self._service = service
        self._log = log
        self._read = read
        self._manager = manager
        self._signals: Signals | None = None

    def setServiceParent(self, parent: Any) -> None:
        super().setServiceParent(parent)
        if self._log.observer is not None and isinstance(parent, Componentized):
            parent.setComponent(ILogObserver, self._log.observer)

    def startService(self) -> None:
        from twisted.internet import reactor

        super().startService()
        self._signals = Signals(reactor, self._service.cut, self.reload, self._log.file)
        self._signals.install()
        self._service.when_loaded().addCallback(lambda ignored: settle())
        reactor.callWhenRunning(self._manager.watch, reactor)
        self._service.when_ready().addCallback(self._tell_ready)

    def reload(self) -> None:
        """Read the configuration again. If it can't serve, that is logged, and the one in use stays."""
        if self.running:
            self._manager.reloading()
            reloaded = maybeDeferred(lambda: self._service.reload(self._read()))
            reloaded.addErrback(_refused).addCallback(self._tell_ready)

    def _tell_ready(self, ignored: object) -> None:
        if self.running:
            self._manager.ready()

    def stopService(self) -> Deferred[None]:
        """Stop; the signals stay ours until everything has."""
        self._manager.stopping()
        stopped: Deferred[None] = super().stopService()
        return stopped.addBoth(self._restore)

    def _restore(self, result: _T) -> _T:
        self._manager.leave()
        if self._signals is not None:
            self._signals.restore()
        return result


def _refused(failure: Failure) -> None:
    # Not before L{argoproxy.tuning.hold}.
    from .config import ConfigFault

    if failure.check(ConfigFault):
        _log.error("the configuration that was read can't serve, and the one in use stays: {why}", why=failure.value)
    else:
        _log.failure("the configuration could not be read, and the one in use stays", failure)
