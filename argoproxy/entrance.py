"""
Who may come in by a configuration, put together: keys, limits, and who keeps account of them.

Where neither keys nor limits are configured, nothing of this is on a request's way.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import attrs
from twisted.logger import Logger
from twisted.web.server import Request

from .catalogue.permitted import Permitted
from .config import Config
from .config.keys import ApiKey
from .errors import ProxyError
from .interfaces import ILedger
from .keys import file
from .keys.ring import Ring
from .keys.watch import Watch
from .net.admission import Gate, Holder, by_key, by_nothing, of_address, of_user
from .net.site import anybody
from .net.traffic import Guest, Traffic
from .quotas.memory import MemoryLedger
from .soundness import COUNTED_APART, countable, sound_keys

_log = Logger()

_OF_ALL = {"per_user": of_user, "per_address": of_address}


@attrs.frozen
class Entrance:
    """
    @ivar traffic: what requests go to first.
    @ivar stranger: why nobody listens to somebody who begins to send, if nobody does.
    @ivar watch: what looks after the file with keys, if there is one.
    """

    traffic: Traffic | Gate
    stranger: Callable[[Request, bytes], ProxyError | None] = anybody
    watch: Watch | None = None


def account_of(config: Config) -> tuple[object, ...]:
    """What configurations have in common by which one ledger can keep account."""
    if config.limits_store is None:
        return ()
    return config.limits_store, config.limits_store_password, config.limits_when_away, config.ca_file


def make_ledger(config: Config, reactor: Any, seconds: Callable[[], float]) -> ILedger:
    """
    Who keeps account of what is used. Nothing is connected to before there is something to account for.

    @param seconds: a clock that nobody sets.
    """
    if config.limits_store is None:
        return MemoryLedger(seconds)
    from .quotas.shared import SharedLedger
    from .store import connector

    return SharedLedger(reactor, connector(config, reactor), config.limits_when_away == "open")


def make_entrance(config: Config, traffic: Traffic, ledger: ILedger, reactor: Any) -> Entrance:
    """@raise ConfigFault: the file with keys can't be used."""
    keyed = bool(config.keys or config.keys_file)
    if not keyed and not config.limits:
        return Entrance(traffic)
    others = [_OF_ALL[name](limits) for name, limits in config.limits.items()]
    if not keyed:
        return Entrance(Gate(traffic, by_nothing(traffic), others, ledger, time.time))
    ring: Ring[Holder] = Ring(partial(_holder, traffic), time.time)
    seen = None if config.keys_file is None else file.mark(config.keys_file)
    ring.replace(sound_keys(config))
    gate = Gate(traffic, by_key(ring.owner), others, ledger, time.time)
    return Entrance(gate, gate.stranger, _watch(config, ring, seen, reactor))


def _watch(config: Config, ring: Ring[Holder], seen: object, reactor: Any) -> Watch | None:
    if config.keys_file is None:
        return None
    return Watch(reactor, config.keys_file, partial(file.all_keys, config), partial(_let_in, config, ring), seen)


def _let_in(config: Config, ring: Ring[Holder], keys: tuple[ApiKey, ...]) -> int:
    """
    Have those of the keys that there are now, without those that would ask for another start: who is gone must be.

    @return: how many.
    """
    good = countable(config, keys)
    if left_out := ", ".join(key.name for key in keys if key not in good):
        _log.error("keys: not let in: {names}: {why}", names=left_out, why=COUNTED_APART)
    ring.replace(good)
    return len(good)


def _holder(traffic: Traffic, key: ApiKey) -> Holder:
    parties = traffic.parties
    if key.models:
        permitted = Permitted(parties.planner.catalogue, key.models)
        parties = attrs.evolve(parties, planner=attrs.evolve(parties.planner, catalogue=permitted))
    return Holder(Guest(key.user or traffic.user or "", parties), key.of("key", key.name), key.name)
