"""
The composition root: what serves, put together from a L{Config}.

What nobody has configured isn't put in.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
from twisted.web.client import Agent

from . import __version__
from .assembly import Assembly
from .catalogue import Catalogue
from .config import Config
from .entrance import account_of, make_entrance, make_ledger
from .interfaces import IDialect, ILedger
from .lasting import Lasting
from .net.addresses import Outward
from .net.discovery import Discovery
from .net.exchange import Exchange, Parties, Terms
from .net.fetching import Fetcher
from .net.images import Images
from .net.peers import Peers
from .net.planning import Planner
from .net.pulse import Pulse
from .net.queued import QueuedExchange, by_key, by_user
from .net.refresh import Refresher
from .net.release import Release
from .net.reply import Reply
from .net.routes import Routes
from .net.status import Status
from .net.traffic import Traffic
from .reach import asking_for_models, way
from .registry import APIS, DIALECTS, upstreams
from .routing import Router

_SIMULATED_USER = "someone"


def assembled(lasting: Lasting, config: Config, before: Assembly | None = None) -> Assembly:
    """
    Put together what serves.

    @param config: one that has been checked.
    @param before: what has served so far, whose account is gone on with, unless that is to be kept elsewhere.
    @raise ConfigFault: it can't serve all the same.
    """
    reactor = lasting.reactor
    there = way(config, reactor, lasting.agent, lasting.underway)
    client = Pulse(there.client, reactor)
    catalogue = _catalogue(config)
    router = Router(upstreams(config), config.upstream, config.routes)
    planner = _planner(config, catalogue, router, lasting)
    traffic = _traffic(config, Parties(reactor, client, planner, _terms(config), lasting.later), lasting)
    discovery = Discovery(reactor, client, router, asking_for_models(f"{config.native_base}/models"))
    hours = config.model_refresh_interval_hours
    refresher = Refresher(
        reactor, client, catalogue, asking_for_models(config.models_url), discovery, interval=hours * 3600
    )
    release = Release(reactor, config.update_package, __version__)
    peers = Peers(lasting.underway, client, refresher, router, release)
    ledger = _ledger(lasting, config, before)
    store = ledger if config.limits_store else None
    status = Status(client, refresher, release, router, peers, config.use_simulator, store, _description)
    entrance = make_entrance(config, traffic, ledger, reactor)
    lookout = release if config.update_check and not config.use_simulator else None
    background = (there.circuits, refresher, lookout, entrance.watch)
    routes = Routes(entrance.traffic, DIALECTS, APIS, refresher, status)
    return Assembly(
        config=_telling_unknown(config, catalogue),
        resource=routes.resource,
        traffic=traffic,
        stranger=entrance.stranger,
        foresee=routes.foresee,
        peers=peers,
        ledger=ledger,
        background=[one for one in background if one is not None],
        close_connections=there.close,
        wires=router.in_use,
    )


def _ledger(lasting: Lasting, config: Config, before: Assembly | None) -> ILedger:
    if before is not None and account_of(before.config) == account_of(config):
        return before.ledger
    return make_ledger(config, lasting.reactor, lasting.seconds)


def _planner(config: Config, catalogue: Catalogue, router: Router, lasting: Lasting) -> Planner:
    images, strict = _images(config, lasting.reactor), config.strict_params
    return Planner(catalogue, router, lasting.counter, images, strict, time.time, config.fallbacks)


def _terms(config: Config) -> Terms:
    return Terms(config.keepalive_interval, config.request_timeout, config.verbose)


def _traffic(config: Config, parties: Parties, lasting: Lasting) -> Traffic:
    return Traffic(
        parties,
        config.most_bytes,
        None if config.username_passthrough else config.user or _SIMULATED_USER,
        config.honour_client_timeouts,
        lasting.underway,
        _beginning(lasting, config),
    )


def _beginning(lasting: Lasting, config: Config) -> Callable[[Parties, IDialect, Reply], Exchange]:
    if not config.max_upstream:
        return Exchange
    asker_of = by_user if config.username_passthrough else by_key
    return partial(QueuedExchange, queues=lasting.queues, asker_of=asker_of)


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
    return msgspec.structs.replace(config, notices=(*config.notices, notice))


def _images(config: Config, reactor: Any) -> Images:
    largest = None if config.max_image_mb is None else _bytes(config.max_image_mb)
    if config.image_fetch == "off":
        return Images(None, largest)
    outward = Outward(reactor, public=config.image_fetch == "public", timeout=config.connect_timeout)
    return Images(Fetcher(reactor, Agent.usingEndpointFactory(reactor, outward)), largest)


def _bytes(megabytes: float) -> int:
    return int(megabytes * 1_000_000)
