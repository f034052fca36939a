"""
What serves by one configuration, as a whole: a proxy has one of them at a time, and can take another for it.

How it is put together must stay out of here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import attrs
from twisted.logger import Logger
from twisted.web.resource import IResource
from twisted.web.server import Request

from . import __version__
from .config import Config
from .errors import ProxyError
from .interfaces import ILedger
from .net.client import Close
from .net.peers import Peers
from .net.traffic import Traffic

_log = Logger()


class Background(Protocol):
    """What goes on beside the requests."""

    def start(self) -> object:
        """Begin."""

    def stop(self) -> object:
        """End."""


@attrs.frozen(eq=False)
class Assembly:
    """
    What serves by one configuration. Requests that run keep what they need of it, also when another one serves.

    @ivar resource: the whole web, for any Site.
    @ivar stranger: as in L{Entrance}.
    @ivar foresee: as in L{BoundedSite}.
    @ivar ledger: who keeps account of what is used of limits.
    """

    config: Config
    resource: IResource
    traffic: Traffic
    stranger: Callable[[Request, bytes], ProxyError | None]
    foresee: Callable[[Request, bytes, bytes], ProxyError | None]
    peers: Peers
    ledger: ILedger
    _background: Sequence[Background]
    _close_connections: Close | None
    _wires: Callable[[], Mapping[str, str]]

    def start(self) -> None:
        """Begin to learn ARGO's models and to look for newer versions."""
        config = self.config
        _log.info("argoproxy {version}, configured by {source}", version=__version__, source=config.source or "no file")
        for notice in config.notices:
            _log.warn("{notice}", notice=notice)
        _log.info("wires in use: {wires}", wires=", ".join(f"{kind} {wire}" for kind, wire in self._wires().items()))
        for one in self._background:
            one.start()

    def follow(self, before: Assembly) -> None:
        """Take over what another one has learnt, unless that was of another ARGO."""
        if (self.config.models_url, self.config.base_url) == (before.config.models_url, before.config.base_url):
            self.peers.follow(before.peers)

    def stop(self) -> None:
        """Learn no more."""
        for one in self._background:
            one.stop()

    async def close(self) -> None:
        """Close the idle connections to ARGO; those in use end with their calls."""
        if self._close_connections is not None:
            await self._close_connections()
