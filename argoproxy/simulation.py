"""ARGO, played in our own process: a configuration whose calls go to a simulator, and what that listens with."""

from __future__ import annotations

from typing import Any

import msgspec
from twisted.application.service import IService
from twisted.logger import Logger

from .config import Config, ConfigFault
from .listening import AdoptedSocketService, bind_tcp
from .simulator import Simulator, SimulatorSettings, UnknownFault

_log = Logger()


def simulated(config: Config, reactor: Any) -> tuple[Config, IService]:
    """
    A simulator on a free port of its own, and the configuration that calls it in ARGO's place.

    @raise ConfigFault: there is no such simulator.
    """
    try:
        simulator = Simulator(SimulatorSettings(**msgspec.structs.asdict(config.simulator)), clock=reactor)
    except UnknownFault as fault:
        raise ConfigFault(f"simulator.fault: {fault}") from None
    listener = bind_tcp("127.0.0.1", 0)
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    _log.warn("SIMULATOR: nothing reaches ARGO; {base} plays it, and every reply is made up", base=base)
    return config.at(base), AdoptedSocketService(listener, simulator.site())
