"""
The way to ARGO, put together: from what carries a call to what gives it up in time. What nobody asked for isn't on it.
"""

from __future__ import annotations

from random import random
from typing import Any

import attrs
from twisted.web.client import BrowserLikePolicyForHTTPS
from twisted.web.iweb import IAgent

from .config import Config
from .conversation import Call
from .interfaces import IClient
from .net.attempts import Attempts
from .net.circuits import Circuit, Circuits, Guarded
from .net.client import Close, Overridden, make_agent, make_client
from .net.environments import Environments
from .net.patience import Patience
from .net.tunnel import ForwardProxy
from .net.underway import Underway
from .registry import addresses


@attrs.frozen
class Way:
    """
    @ivar client: makes calls.
    @ivar circuits: those that fail at once while ARGO can't be reached, and look for it meanwhile.
    @ivar close: closes the connections that are kept; L{None} if none are.
    """

    client: IClient
    circuits: Circuits
    close: Close | None


@attrs.frozen
class _Carriers:
    """
    @ivar kept: has connections that are kept.
    @ivar fresh: has a new connection for each call.
    """

    kept: IClient
    fresh: IClient
    close: Close | None


def way(config: Config, reactor: Any, agent: IAgent | None, underway: Underway) -> Way:
    """
    @param agent: in place of the network; then nobody waits between attempts.
    @param underway: where attempts are counted.
    """
    carriers = _carriers(config, reactor) if agent is None else _in_memory(agent, reactor)
    circuits = _circuits(config, reactor, carriers.fresh)
    attempts = Attempts(
        _guarded(carriers.kept, circuits),
        _guarded(carriers.fresh, circuits),
        reactor,
        underway,
        Environments([one.base_url for one in config.alone]).onward,
        random if agent is None else lambda: 0.0,
    )
    return Way(_patient(attempts, config, reactor), circuits, carriers.close)


def _carriers(config: Config, reactor: Any) -> _Carriers:
    seconds, url = config.connect_timeout, config.upstream_proxy
    proxy = None if url is None else ForwardProxy.at(url, reactor, seconds)
    endpoints = Overridden(reactor, config.resolve_overrides, seconds, trust(config), proxy)
    agent, close = make_agent(reactor, config.upstream_transport, endpoints)
    fresh, _ = make_agent(reactor, config.upstream_transport, endpoints, keeps=False)
    if proxy is not None:
        agent, fresh = proxy.leading(agent), proxy.leading(fresh)
    return _Carriers(make_client(agent, reactor), make_client(fresh, reactor), close)


def trust(config: Config) -> BrowserLikePolicyForHTTPS:
    """By whose word we know who others are: ARGO, and a store of limits."""
    if config.ca_file is None:
        return BrowserLikePolicyForHTTPS()
    # Few have one.
    from .net.trust import trusting

    return trusting(config.ca_file)


def _in_memory(agent: IAgent, reactor: Any) -> _Carriers:
    client = make_client(agent, reactor)
    return _Carriers(client, client, None)


def _circuits(config: Config, reactor: Any, client: IClient) -> Circuits:
    """One for each wire in each environment, if calls are to fail at once."""
    found: dict[str, Circuit] = {}
    if config.breaker or len(config.alone) > 1:
        for place in config.alone:
            for wire, urls in addresses(place).items():
                circuit = Circuit(f"{wire} at {place.base_url}", asking_for_models(urls[0]), client, reactor)
                found = dict.fromkeys(urls, circuit) | found
    return Circuits(found)


def _guarded(client: IClient, circuits: Circuits) -> IClient:
    return Guarded(client, circuits.by_address) if circuits.by_address else client


def _patient(client: IClient, config: Config, reactor: Any) -> IClient:
    if config.first_byte_timeout is None and config.idle_timeout is None:
        return client
    return Patience(client, reactor, config.first_byte_timeout, config.idle_timeout)


def asking_for_models(url: str) -> Call:
    """The call for a list of models."""
    return Call(url=url, body=b"", reply="models", method="GET")
