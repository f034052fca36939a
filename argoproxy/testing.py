"""
For tests of what is built on the proxy: ARGO in memory, without a network and without waiting.

The fake is the simulator behind the real client: C{make_proxy(config, clock, argo.agent)}.
"""

from __future__ import annotations

import attrs
from treq.testing import RequestTraversalAgent
from twisted.internet.interfaces import IReactorTime

from .simulator import Simulator, SimulatorSettings


@attrs.frozen
class MemoryArgo:
    """
    @ivar simulator: what plays ARGO; it tells what it was asked, and takes faults.
    @ivar agent: for the proxy, in place of the network.
    """

    simulator: Simulator
    agent: RequestTraversalAgent

    @classmethod
    def on(cls, clock: IReactorTime, settings: SimulatorSettings | None = None) -> MemoryArgo:
        """@param clock: the tests' clock, by which delays pass."""
        simulator = Simulator(settings or SimulatorSettings(), clock=clock)
        return cls(simulator, RequestTraversalAgent(simulator.resource()))

    def flush(self) -> None:
        """Carry what was written since, both ways."""
        self.agent.flush()
