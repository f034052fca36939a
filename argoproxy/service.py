"""
From a L{Config} to something that serves.

There are three ways in for whoever embeds a proxy: a service that listens by itself, a L{Site} to listen with, a
resource to hang into a Site of one's own. None of them touches signals, the garbage collector, or anything of the
process; several can live in one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from twisted.application.service import IService, MultiService
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IReactorCore
from twisted.web.resource import IResource, Resource

from .config import Config, ConfigFault
from .endpoints import Claim, claim
from .front import Front
from .net.site import BoundedSite
from .soundness import check

if TYPE_CHECKING:
    from twisted.web.iweb import IAgent
    from twisted.web.server import Site

    from .interfaces import IFaults
    from .proxy import Proxy


class ProxyService(MultiService):
    """Listens, and stops without losing a request."""

    def __init__(self, front: Front, claims: Sequence[Claim], make: Callable[[], Proxy]) -> None:
        """
        @param make: puts together what serves behind the front.
        """
        super().__init__()
        self._make = make
        self._made: Proxy | None = None
        self._claims = claims
        for one in claims:
            one.service(front.site).setServiceParent(self)

    @property
    def proxy(self) -> Proxy:
        """What it serves."""
        return self.load()

    def load(self) -> Proxy:
        """Have what it serves put together, if that isn't yet."""
        if self._made is None:
            self._made = self._make()
        return self._made

    def startService(self) -> None:
        super().startService()
        self._begin()

    def _begin(self) -> None:
        self.proxy.start()

    def reload(self, config: Config) -> None:
        """
        Serve by another configuration from the next request on: see L{Proxy.reload}. New connections are served with
        the certificates that are there by now.

        @raise ConfigFault: it can't serve; nothing has changed.
        """
        self.proxy.reload(config)
        for one in self._claims:
            if one.tls is not None:
                one.tls.renew()

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

    check_alone(config)
    if claims is None:
        claims = claim(config.listen, config.host, config.port)
    proxy = make_proxy(config, reactor)
    proxy.listen_at(claims)
    return ProxyService(proxy.front, claims, lambda: proxy)


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
    check_alone(config)
    proxy = make_proxy(config, reactor)
    reactor.callWhenRunning(proxy.start)
    reactor.addSystemEventTrigger("before", "shutdown", lambda: Deferred.fromCoroutine(_end(proxy)))
    return proxy


async def _end(proxy: Proxy) -> None:
    await proxy.linger()
    await proxy.stop()


def check_alone(config: Config) -> None:
    """@raise ConfigFault: it asks for several processes."""
    if config.workers > 1:
        raise ConfigFault("workers: must be 1 here: only twistd and the .tac start processes")


def make_proxy(config: Config, reactor: Any, agent: IAgent | None = None) -> Proxy:
    """
    Put a proxy together.

    @param agent: in place of the network, for tests.
    @raise ConfigFault: the configuration can't serve.
    """
    config, simulator = played(config, reactor)
    check(config)
    return connected(config, make_front(config, reactor), reactor, agent, simulator)


def make_worker_proxy(config: Config, reactor: Any) -> Proxy:
    """
    Put together a proxy that is one process of several.

    @param config: goes to the simulator, if there is one: all processes share it.
    @raise ConfigFault: the configuration can't serve.
    """
    check(config)
    return connected(config, make_front(config, reactor), reactor)


def played(config: Config, reactor: Any) -> tuple[Config, IService | None]:
    """
    The configuration that goes to a simulator, and that, if there is to be one.

    @raise ConfigFault: there is no such simulator.
    """
    if not config.use_simulator:
        return config, None
    # Who doesn't play ARGO needs nothing of it.
    from .simulation import simulated

    return simulated(config, reactor)


def make_front(config: Config, reactor: Any) -> Front:
    """Where clients come to a proxy, without what serves them."""
    front = Front(BoundedSite(Resource(), config.most_bytes, _faults_of, reactor), reactor)
    front.heed(config)
    return front


def _faults_of(path: bytes) -> IFaults:
    from .registry import APIS

    return APIS.of_path(path).faults


def connected(
    config: Config, front: Front, reactor: Any, agent: IAgent | None = None, simulator: IService | None = None
) -> Proxy:
    """
    What serves behind a front. It is loaded now.

    @param config: one that has been checked.
    """
    from .composition import assembled
    from .lasting import Lasting
    from .proxy import Proxy

    # In memory time is the test's.
    seconds = time.monotonic if agent is None else reactor.seconds
    lasting = Lasting(reactor, agent, seconds, front.site.later)
    return Proxy(front, lasting, assembled(lasting, config), simulator)
