"""
What clients come to first: the Site, and whom the configuration lets in there.

It stays when another configuration serves. What serves must stay out of here, since a front is there before that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import attrs

from .net.hosts import Hosts
from .net.origins import Origins

if TYPE_CHECKING:
    from .config import Config
    from .endpoints import Claim
    from .net.crowd import Crowd
    from .net.site import BoundedSite


@attrs.define(eq=False, repr=False)
class Front:
    """
    @ivar site: the web in a Site of ours.
    @ivar local: whether it is known to listen where this machine alone reaches it.
    @ivar bare: whether others reach it without TLS.
    """

    site: BoundedSite
    _reactor: Any
    local: bool = False
    bare: bool = False

    def listen_at(self, claims: Sequence[Claim], config: Config) -> None:
        """Know where clients find it, on which it depends by what names they may call it."""
        beyond = [one for one in claims if one.beyond]
        self.local, self.bare = not beyond, any(one.tls is None for one in beyond)
        self.heed(config)

    def heed(self, config: Config) -> None:
        """Let in whom the configuration means to, and at most so many at once."""
        self.site.hosts = Hosts(config.allowed_hosts if self.local else config.allowed_hosts or None)
        self.site.origins = Origins(config.cors_origins)
        self.site.let_in(_crowd(config, self._reactor))
        self.site.longest_stall = config.send_timeout


def _crowd(config: Config, reactor: Any) -> Crowd | None:
    if config.max_connections is None and config.max_connections_per_address is None:
        return None
    from .net.crowd import Crowd

    return Crowd(config.max_connections, config.max_connections_per_address, reactor.seconds)
