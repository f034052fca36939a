"""
A simulated ARGO: its three wires with its strictness and its traps, for trying and testing without the laboratory's
network.

Its models and its rules are its own: nothing here is shared with the proxy, or the proxy would be tested with itself.
Importing this package installs no reactor.
"""

from argoproxy.simulator.faults import FAULTS, UnknownFault
from argoproxy.simulator.settings import SimulatorSettings
from argoproxy.simulator.simulator import Simulator

__all__ = ["FAULTS", "Simulator", "SimulatorSettings", "UnknownFault"]
