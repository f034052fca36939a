"""
A proxy that has its process to itself starts promptly: it listens, says that it lives, and loads what serves a moment
later. A start is imports for the most part, and whoever waits for one asks for nothing else.

Whatever can be wrong with a configuration is found out before; and what is configured to be asked of every request is
there from the beginning.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from .dialects.openai_errors import OpenAIFaults
from .net.health import Opening
from .service import ProxyService, check_alone, connected, make_front, played
from .soundness import check

if TYPE_CHECKING:
    from .config import Config
    from .endpoints import Claim
    from .front import Front
    from .proxy import Proxy

_log = Logger()

# Seconds in which whoever waits for the start is answered.
_BREATH = 0.1
# What loads the most, in parts of 10 to 35 ms each: in between, others have their turn.
_PARTS = (
    "klein",
    "argoproxy.net.client",
    "argoproxy.upstreams.anthropic_native",
    "argoproxy.registry",
    "argoproxy.net.routes",
    "argoproxy.composition",
)


class PromptService(ProxyService):
    """
    Listens at once, and loads what it serves when there is time, or when somebody asks for it.

    @ivar _loading: the turn in which that goes on, while it is running and not all is there.
    @ivar _lacking: whether that can't be done.
    """

    def __init__(self, front: Front, claims: Sequence[Claim], make: Callable[[], Proxy], reactor: Any) -> None:
        super().__init__(front, claims, make)
        self._reactor = reactor
        self._loading: IDelayedCall | None = None
        self._lacking = False
        self._there: Deferred[None] = Deferred()
        front.site.resource = Opening(lambda: self.load().resource, OpenAIFaults(), front.site.later)

    def when_loaded(self) -> Deferred[None]:
        """Fires when all that serves is loaded."""
        return self._there

    def load(self) -> Proxy:
        """Have it put together, and begin, if that isn't so yet."""
        if self._made is not None:
            return self._made
        proxy = super().load()
        self._there.callback(None)
        if self._stop_loading():
            proxy.start()
        return proxy

    def stopService(self) -> Deferred[None]:
        self._stop_loading()
        # Where nothing serves, no request is lost.
        return maybeDeferred(MultiService.stopService, self) if self._lacking else super().stopService()

    def _begin(self) -> None:
        if self._made is not None:
            self._made.start()
        else:
            self._later(_BREATH, _PARTS)

    def _stop_loading(self) -> bool:
        """Whether it was to be loaded and begun."""
        loading, self._loading = self._loading, None
        if loading is not None and loading.active():
            loading.cancel()
        return loading is not None

    def _later(self, seconds: float, parts: Sequence[str]) -> None:
        self._loading = self._reactor.callLater(
            seconds, lambda: maybeDeferred(self._go_on, parts).addErrback(self._broken)
        )

    def _go_on(self, parts: Sequence[str]) -> None:
        if not parts:
            self.load()
            return
        import_module(parts[0])
        self._later(0, parts[1:])

    def _broken(self, failure: Failure) -> None:
        """A bug, or an installation that lacks something. Who says that it lives must serve."""
        _log.failure("what serves can't be loaded", failure)
        self._lacking = True
        # twistd gives no other status than 0 by itself. By then its own work is done, and the log is written.
        atexit.register(os._exit, 1)
        self._reactor.stop()


def make_prompt_service(config: Config, claims: Sequence[Claim], reactor: Any) -> PromptService:
    """
    What a process of its own runs.

    @param claims: where it listens.
    @raise ConfigFault: the configuration can't serve.
    """
    check_alone(config)
    config, simulator = played(config, reactor)
    check(config)
    front = make_front(config, reactor)
    front.listen_at(claims, config)
    service = PromptService(front, claims, lambda: connected(config, front, reactor, simulator=simulator), reactor)
    if config.keys or config.keys_file or config.limits_store:
        # Who may be listened to, and what health is, are known there alone.
        service.load()
    return service
