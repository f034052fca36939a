"""
What ARGO would refuse, put right beforehand: a rule is a name and a pure function of a request and a model's abilities.

A rule whose function gives back another request has adjusted it, and its name is told to the client. Wires choose the
rules that apply to them; what a wire's words are is not known here.
"""

from .freeform import freeform_names, unwrapped, unwrapping, wrapped
from .history import HISTORY, SEALED
from .rules import Rule, mended
from .sampling import DEFAULT_LIMIT, LIMITS, SAMPLING, needs_stream
from .thinking import BESIDE_THINKING, EFFORT, THINKING
from .tools import DESCRIPTIONS, SCHEMAS

__all__ = [
    "BESIDE_THINKING",
    "DEFAULT_LIMIT",
    "DESCRIPTIONS",
    "EFFORT",
    "HISTORY",
    "LIMITS",
    "SAMPLING",
    "SCHEMAS",
    "SEALED",
    "THINKING",
    "Rule",
    "freeform_names",
    "mended",
    "needs_stream",
    "unwrapped",
    "unwrapping",
    "wrapped",
]
