"""
The composition root: from a L{Config} to something that serves.

Three ways in, for whoever embeds a proxy: a service that listens by itself, a L{Site} to listen with, a resource to
hang into a Site of one's own. None of them touches signals, the garbage collector, or anything of the process; several
can live in one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from threading import Thread
from typing import Any

import attrs
from twisted.application.service import IService, MultiService
from twisted.internet.defer import CancelledError, Deferred, maybeDeferred
from twisted.internet.interfaces import IDelayedCall, IReactorCore
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.web.client import Agent
from twisted.web.iweb import IAgent
from twisted.web.resource import IResource
from twisted.web.server import Request, Site

from . import __version__
from .catalogue import Catalogue
from .config import Config, ConfigFault, successor
from .endpoints import Claim, claim
from .entrance import make_entrance, make_ledger
from .errors import ProxyError, UpstreamFault
from .interfaces import IDialect, ILedger
from .keys.watch import Watch
from .net.addresses import Outward
from .net.circuits import Circuits
from .net.client import Close
from .net.crowd import Crowd
from .net.discovery import Discovery
from .net.exchange import Exchange, Parties, Terms
from .net.fetching import Fetcher
from .net.hosts import Hosts
from .net.images import Images
from .net.origins import Origins
from .net.peers import Peers
from .net.planning import Planner
from .net.pulse import Pulse
from .net.queued import QueuedExchange, Queues, by_key, by_user
from .net.refresh import Refresher
from .net.release import Release
from .net.reply import Reply
from .net.routes import Routes
from .net.site import BoundedSite
from .net.status import Status
from .net.traffic import Traffic
from .net.underway import Underway
from .reach import asking_for_models, way
from .registry import APIS, DIALECTS, upstreams
from .routing import Router
from .soundness import check
from .tokens import Counter

_log = Logger()


_OPEN_TO_ALL = (
    "other machines can reach this proxy, and whoever does asks ARGO in its name: nothing asks for a key, nothing is "
    "encrypted. Listen on a Unix socket or on 127.0.0.1, or let only friends through a firewall"
)
_SIMULATED_USER = "someone"
# Seconds in which a client can still read why its request was cut.
_LAST_WORDS = 1.0
# Seconds in which a client may still use a connection of a process that has been replaced. Most clients themselves give
# up one that has been idle for less.
_LULL = 6.0
# Seconds in which whoever waits for the start is answered, before a thread takes a share of the processor.
_BREATH = 0.1


@attrs.frozen
class Lasting:
    """
    What outlives a configuration.

    @ivar agent: in place of the network, for tests.
    @ivar underway: the exchanges of every configuration.
    @ivar queues: the places that they hold at ARGO.
    @ivar ledger: who keeps account of what is used of limits.
    """

    reactor: Any
    agent: IAgent | None
    ledger: ILedger
    counter: Counter = attrs.field(factory=Counter, init=False)
    queues: Queues = attrs.field(init=False)
    underway: Underway = attrs.field(init=False)

    @queues.default
    def _unbounded(self) -> Queues:
        return Queues(self.reactor)

    @underway.default
    def _none(self) -> Underway:
        return Underway(waiting=self.queues.waiting)


@attrs.frozen(eq=False)
class Assembly:
    """
    What serves by one configuration. Requests that run keep what they need of it, also when another one serves.

    @ivar resource: the whole web, for any Site.
    @ivar stranger: as in L{Entrance}.
    """

    config: Config
    resource: IResource
    traffic: Traffic
    stranger: Callable[[Request, bytes], ProxyError | None]
    peers: Peers
    _background: Sequence[Circuits | Refresher | Release | Watch]
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


@attrs.define(eq=False)
class Proxy:
    """
    One proxy: its web, and what it keeps doing in the background between C{start} and C{stop}.

    @ivar site: the web in a Site of ours.
    @ivar _local: whether it is known to listen where this machine alone reaches it.
    @ivar _bare: whether others reach it without TLS.
    """

    site: BoundedSite
    _lasting: Lasting
    _serving: Assembly
    _simulator: IService | None
    _over: IDelayedCall | None = None
    _cut: bool = False
    _warming: IDelayedCall | None = None
    _stopped: bool = False
    _delaying: Deferred[None] | None = None
    _local: bool = False
    _bare: bool = False

    def __attrs_post_init__(self) -> None:
        self._heed()

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
        if self._bare and not (config.keys or config.keys_file):
            _log.warn(_OPEN_TO_ALL)

    def listen_at(self, claims: Sequence[Claim]) -> None:
        """Know where clients find it, on which it depends by what names they may call it."""
        beyond = [one for one in claims if one.beyond]
        self._local, self._bare = not beyond, any(one.tls is None for one in beyond)
        self._heed()

    def _heed(self) -> None:
        """Let in whom the configuration means to, and at most so many at once."""
        config = self._serving.config
        self.site.hosts = Hosts(config.allowed_hosts if self._local else config.allowed_hosts or None)
        self.site.origins = Origins(config.cors_origins)
        self.site.stranger = self._serving.stranger
        self.site.let_in(_crowd(config, self._reactor))
        self.site.longest_stall = config.send_timeout
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
        after = _assembled(self._lasting, wanted)
        after.follow(before)
        self._serving = after
        self.site.serve(after.resource, after.traffic.most_bytes)
        self._heed()
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
        if delay := self._serving.config.drain_delay:
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
        await self._serving.close()
        self._lasting.ledger.close()
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


class ProxyService(MultiService):
    """
    Listens, and stops without losing a request.

    @ivar proxy: what it serves.
    """

    def __init__(self, proxy: Proxy, claims: Sequence[Claim]) -> None:
        super().__init__()
        self.proxy = proxy
        proxy.listen_at(claims)
        for one in claims:
            one.service(proxy.site).setServiceParent(self)

    def startService(self) -> None:
        super().startService()
        self.proxy.start()

    def reload(self, config: Config) -> None:
        """
        Serve by another configuration from the next request on: see L{Proxy.reload}.

        @raise ConfigFault: it can't serve; nothing has changed.
        """
        self.proxy.reload(config)

    def when_ready(self) -> Deferred[None]:
        """Fires when the reactor runs, and with it what listens."""
        from twisted.internet import reactor

        ready: Deferred[None] = Deferred()
        IReactorCore(reactor).callWhenRunning(ready.callback, None)
        return ready

    def cut(self) -> None:
        """End every running request now."""
        self.proxy.cut()

    def stopService(self) -> Deferred[None]:
        """Stop listening, behind the delay that is configured; fires when the last request has ended."""
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        await self.proxy.linger()
        await maybeDeferred(super().stopService)
        await self.proxy.stop()


def make_service(config: Config, claims: Sequence[Claim] | None = None) -> ProxyService:
    """
    A service that listens where the configuration says.

    @param claims: the addresses, if they are claimed already.
    @raise ConfigFault: the configuration can't serve.
    @raise ListenFault: an address can't be had.
    """
    from twisted.internet import reactor

    _check_alone(config)
    if claims is None:
        claims = claim(config.listen, config.host, config.port)
    return ProxyService(make_proxy(config, reactor), claims)


def make_site(config: Config, reactor: Any) -> Site:
    """
    Our Site, for whoever listens by themselves. Its background work begins and ends with the reactor.

    @raise ConfigFault: the configuration can't serve.
    """
    return _embedded(config, reactor).site


def make_resource(config: Config, reactor: Any) -> IResource:
    """
    The web alone, for a Site that isn't ours. Such a Site reads a body whatever its size before we see it, keeps large
    ones in files, and ends requests in its own way when it stops.

    @raise ConfigFault: the configuration can't serve.
    """
    return _embedded(config, reactor).resource


def _embedded(config: Config, reactor: Any) -> Proxy:
    _check_alone(config)
    proxy = make_proxy(config, reactor)
    reactor.callWhenRunning(proxy.start)
    reactor.addSystemEventTrigger("before", "shutdown", lambda: Deferred.fromCoroutine(_end(proxy)))
    return proxy


async def _end(proxy: Proxy) -> None:
    await proxy.linger()
    await proxy.stop()


def _check_alone(config: Config) -> None:
    if config.workers > 1:
        raise ConfigFault("workers: must be 1 here: only twistd and the .tac start processes")


def make_proxy(config: Config, reactor: Any, agent: IAgent | None = None) -> Proxy:
    """
    Put a proxy together.

    @param agent: in place of the network, for tests.
    @raise ConfigFault: the configuration can't serve.
    """
    if config.use_simulator:
        # Who doesn't play ARGO needs nothing of it.
        from .simulation import simulated

        config, simulator = simulated(config, reactor)
        return _connected(config, reactor, agent, simulator)
    return _connected(config, reactor, agent)


def make_worker_proxy(config: Config, reactor: Any) -> Proxy:
    """
    Put together a proxy that is one process of several.

    @param config: goes to the simulator, if there is one: all processes share it.
    @raise ConfigFault: the configuration can't serve.
    """
    return _connected(config, reactor)


def _connected(
    config: Config, reactor: Any, agent: IAgent | None = None, simulator: IService | None = None
) -> Proxy:
    check(config)
    # In memory time is the test's.
    seconds = time.monotonic if agent is None else reactor.seconds
    lasting = Lasting(reactor, agent, ledger=make_ledger(config, reactor, seconds))
    serving = _assembled(lasting, config)
    site = BoundedSite(
        serving.resource, serving.traffic.most_bytes, lambda path: APIS.of_path(path).faults, reactor
    )
    return Proxy(site, lasting, serving, simulator)


def _assembled(lasting: Lasting, config: Config) -> Assembly:
    """
    Put together what serves.

    @param config: one that has been checked.
    @raise ConfigFault: it can't serve all the same.
    """
    reactor, counter = lasting.reactor, lasting.counter
    there = way(config, reactor, lasting.agent, lasting.underway)
    client = Pulse(there.client, reactor)
    catalogue = _catalogue(config)
    router = Router(upstreams(config), config.upstream, config.routes)
    images, strict = _images(config, reactor), config.strict_params
    planner = Planner(catalogue, router, counter, images, strict, time.time, config.fallbacks)
    terms = Terms(config.keepalive_interval, config.request_timeout, config.verbose)
    traffic = Traffic(
        Parties(reactor, client, planner, terms),
        _bytes(config.max_body_mb),
        None if config.username_passthrough else config.user or _SIMULATED_USER,
        config.honour_client_timeouts,
        lasting.underway,
        _beginning(lasting, config),
    )
    discovery = Discovery(reactor, client, router, asking_for_models(f"{config.native_base}/models"))
    hours = config.model_refresh_interval_hours
    refresher = Refresher(
        reactor, client, catalogue, asking_for_models(config.models_url), discovery, interval=hours * 3600
    )
    release = Release(reactor, config.update_package, __version__)
    peers = Peers(lasting.underway, client, refresher, router, release)
    store = lasting.ledger if config.limits_store else None
    status = Status(client, refresher, release, router, peers, config.use_simulator, store, _description)
    entrance = make_entrance(config, traffic, lasting.ledger, reactor)
    lookout = release if config.update_check and not config.use_simulator else None
    background = (there.circuits, refresher, lookout, entrance.watch)
    return Assembly(
        config=_telling_unknown(config, catalogue),
        resource=Routes(entrance.traffic, DIALECTS, APIS, entrance.catalogue, refresher, status).resource,
        traffic=traffic,
        stranger=entrance.stranger,
        peers=peers,
        background=[one for one in background if one is not None],
        close_connections=there.close,
        wires=router.in_use,
    )


def _beginning(lasting: Lasting, config: Config) -> Callable[[Parties, IDialect, Reply], Exchange]:
    if not config.max_upstream:
        return Exchange
    asker_of = by_user if config.username_passthrough else by_key
    return partial(QueuedExchange, queues=lasting.queues, asker_of=asker_of)


def _crowd(config: Config, reactor: Any) -> Crowd | None:
    if config.max_connections is None and config.max_connections_per_address is None:
        return None
    return Crowd(config.max_connections, config.max_connections_per_address, reactor.seconds)


def _description() -> bytes:
    # Only who asks for it has its schemas made, and what they are made with imported.
    from .description import document

    return document()


def _catalogue(config: Config) -> Catalogue:
    return Catalogue(
        aliases=config.model_aliases,
        default_chat_model=config.default_chat_model,
        default_embedding_model=config.default_embedding_model,
        fallback=config.unknown_model_fallback,
        overrides=config.abilities,
    )


def _telling_unknown(config: Config, catalogue: Catalogue) -> Config:
    """The same with a notice of fallbacks that nobody knows, at least before ARGO's own list is there."""
    named = (name for model, others in config.fallbacks.items() for name in (model, *others))
    unknown = [name for name in dict.fromkeys(named) if not catalogue.is_known(name)]
    if not unknown:
        return config
    notice = f"fallbacks: so far there is no model called {', '.join(unknown)}"
    return attrs.evolve(config, notices=(*config.notices, notice))


def _images(config: Config, reactor: Any) -> Images:
    largest = None if config.max_image_mb is None else _bytes(config.max_image_mb)
    if config.image_fetch == "off":
        return Images(None, largest)
    outward = Outward(reactor, public=config.image_fetch == "public", timeout=config.connect_timeout)
    return Images(Fetcher(reactor, Agent.usingEndpointFactory(reactor, outward)), largest)


def _bytes(megabytes: float) -> int:
    return int(megabytes * 1_000_000)
