"""
From a L{Config} to something that serves.

There are three ways in for whoever embeds a proxy: a service that listens by itself, a L{Site} to listen with, a
resource to hang into a Site of one's own. None of them touches signals, the garbage collector, or anything of the
process; several can live in one.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from twisted.application.service import IService, MultiService
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IReactorCore
from twisted.web.iweb import IAgent
from twisted.web.resource import IResource
from twisted.web.server import Site

from .composition import assembled
from .config import Config, ConfigFault
from .endpoints import Claim, claim
from .lasting import Lasting
from .net.site import BoundedSite
from .proxy import Proxy
from .registry import APIS
from .soundness import check


class ProxyService(MultiService):
    """
    Listens, and stops without losing a request.

    @ivar proxy: what it serves.
    """

    def __init__(self, proxy: Proxy, claims: Sequence[Claim]) -> None:
        super().__init__()
        self.proxy = proxy
        self._claims = claims
        proxy.listen_at(claims)
        for one in claims:
            one.service(proxy.site).setServiceParent(self)

    def startService(self) -> None:
        super().startService()
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
    lasting = Lasting(reactor, agent, seconds)
    serving = assembled(lasting, config)
    site = BoundedSite(
        serving.resource, serving.traffic.most_bytes, lambda path: APIS.of_path(path).faults, reactor
    )
    return Proxy(site, lasting, serving, simulator)
