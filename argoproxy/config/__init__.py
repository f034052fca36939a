"""
The configuration: a file, the environment and options become one frozen L{Config}, or one L{ConfigFault}.

It knows nothing of what is done with the values.
"""

from argoproxy.config.faults import ConfigFault
from argoproxy.config.layers import load, load_only, search_paths
from argoproxy.config.model import ENDPOINTS, KEYS, SIMULATOR_KEYS, Config, Key, SimulatorOptions
from argoproxy.config.succession import LASTING, successor

__all__ = [
    "ENDPOINTS",
    "KEYS",
    "LASTING",
    "SIMULATOR_KEYS",
    "Config",
    "ConfigFault",
    "Key",
    "SimulatorOptions",
    "load",
    "load_only",
    "search_paths",
    "successor",
]
