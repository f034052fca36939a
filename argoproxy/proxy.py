"""
One proxy: its web, and its life from the first request to the last, over any number of configurations.

It touches nothing of the process; several can live in one.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from threading import Thread
from typing import Any

import attrs
from twisted.application.service import IService
from twisted.internet.defer import CancelledError, Deferred, maybeDeferred
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.web.resource import IResource

from .assembly import Assembly
from .composition import assembled
from .config import Config, successor
from .endpoints import Claim
from .errors import UpstreamFault
from .front import Front
from .lasting import Lasting
from .net.peers import Peers
from .net.site import BoundedSite
from .net.underway import Underway
from .soundness import check

_log = Logger()

_OPEN_TO_ALL = (
    "other machines can reach this proxy, and whoever does asks ARGO in its name: nothing asks for a key, nothing is "
    "encrypted. Listen on a Unix socket or on 127.0.0.1, or let only friends through a firewall"
)
# Seconds in which a client can still read why its request was cut.
_LAST_WORDS = 1.0
# Seconds in which a client may still use a connection of a process that has been replaced. Most clients themselves give
# up one that has been idle for less.
_LULL = 6.0
# Seconds in which whoever waits for the start is answered, before a thread takes a share of the processor.
_BREATH = 0.1


@attrs.define(eq=False)
class Proxy:
    """
    One proxy: its web, and what it keeps doing in the background between C{start} and C{stop}.

    @ivar front: where clients come to it. It takes that over.
    """

    front: Front
    _lasting: Lasting
    _serving: Assembly
    _simulator: IService | None
    _over: IDelayedCall | None = None
    _cut: bool = False
    _warming: IDelayedCall | None = None
    _stopped: bool = False
    _delaying: Deferred[None] | None = None

    def __attrs_post_init__(self) -> None:
        self._take_over()

    @property
    def site(self) -> BoundedSite:
        """The web in a Site of ours."""
        return self.front.site

    @property
    def resource(self) -> IResource:
        """The whole web, for any Site. After L{reload} it is another one."""
        return self._serving.resource

    @property
    def peers(self) -> Peers:
        """What the processes of one proxy know of each other."""
        return self._serving.peers

    @property
    def underway(self) -> Underway:
        """Every exchange that runs."""
        return self._lasting.underway

    @property
    def _reactor(self) -> Any:
        return self._lasting.reactor

    def start(self) -> None:
        """Begin to learn ARGO's models and to look for newer versions."""
        if self._simulator is not None:
            self._simulator.startService()
        self._begin_serving()
        self._warming = self._reactor.callLater(_BREATH, Thread(target=self._lasting.counter.warm, daemon=True).start)

    def _begin_serving(self) -> None:
        """Begin what the configuration in use has going on in the background, and warn if it lets everybody in."""
        config = self._serving.config
        self._serving.start()
        if self.front.bare and not (config.keys or config.keys_file):
            _log.warn(_OPEN_TO_ALL)

    def listen_at(self, claims: Sequence[Claim]) -> None:
        """Know where clients find it: see L{Front.listen_at}."""
        self.front.listen_at(claims, self._serving.config)

    def _take_over(self) -> None:
        """Serve by the configuration in use from the next request on."""
        serving = self._serving
        self.site.serve(serving.resource, serving.traffic.most_bytes)
        self.site.stranger, self.site.foresee = serving.stranger, serving.foresee
        config = serving.config
        self.front.heed(config)
        self._lasting.queues.bound(config.max_upstream, config.max_queue, config.max_queue_wait)

    def reload(self, config: Config) -> None:
        """
        Serve by another configuration from the next request on; L{LASTING} stays as it is. Requests that run end by
        the one that they began by, and no connection of a client's is closed.

        @raise ConfigFault: it can't serve; nothing has changed.
        """
        if self._stopped:
            return
        before = self._serving
        wanted = successor(before.config, config)
        check(wanted)
        after = assembled(self._lasting, wanted, before)
        after.follow(before)
        if after.ledger is not before.ledger:
            before.ledger.retire()
        self._serving = after
        self._take_over()
        if self._warming is not None:
            before.stop()
            self._begin_serving()
        Deferred.fromCoroutine(before.close())

    def drain(self) -> None:
        """Tell whoever asks for readiness that the proxy is about to stop; it serves on."""
        self.underway.draining = True

    async def linger(self) -> None:
        """Drain, and serve on for as long as whoever shares out requests takes to learn of it. A cut ends that."""
        self.drain()
        delay = self._serving.config.drain_delay
        if delay and not self._cut:
            self._delaying = deferLater(self._reactor, delay)
            with suppress(CancelledError):
                await self._delaying

    async def stop(self) -> None:
        """Let running requests end, cut them when the grace is over, and leave nothing behind."""
        self.drain()
        self._stop_background()
        self._over = self._reactor.callLater(self._serving.config.shutdown_grace, self.cut)
        await self.site.drain()
        if self._over.active():
            self._over.cancel()
        await self._end()

    async def retire(self) -> None:
        """Let clients go over to another process, however long their requests take, and leave nothing behind."""
        self._stop_background()
        self.site.retire()
        await deferLater(self._reactor, _LULL)
        await self.site.drain_retired()
        await self._end()

    def _stop_background(self) -> None:
        self._stopped = True
        if self._warming is not None and self._warming.active():
            self._warming.cancel()
        self._serving.stop()

    async def _end(self) -> None:
        self._lasting.later.end()
        await self._serving.close()
        self._serving.ledger.close()
        if self._simulator is not None:
            await maybeDeferred(self._simulator.stopService)

    def cut(self) -> None:
        """End every running request now. Their clients are told why, if they read it in a moment."""
        if self._delaying is not None:
            self._delaying.cancel()
        self._lasting.queues.close()
        self.underway.cut(UpstreamFault(503, "The proxy is shutting down.", code="shutting_down"))
        if self._over is not None and self._over.active():
            self._over.cancel()
        again, self._cut = self._cut, True
        self._over = self._reactor.callLater(0.0 if again else _LAST_WORDS, self.site.abort)
