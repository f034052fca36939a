"""
What makes a whole process fast, and is therefore only for one that we have to ourselves: the plugin's, the C{.tac}'s
and their workers'. An embedder's is left alone.

Each measure takes away work of Twisted's or treq's that nothing of ours, and nothing that they do for us, makes use of.
"""

from __future__ import annotations

import gc
import sys
from functools import lru_cache
from typing import Any

# Collections are rare: what a request leaves behind is freed by counting references, but for failures.
_THRESHOLDS = (5_000, 20, 10)
_ADDRESSES = 64


def hold() -> None:
    """Collect no garbage until L{settle}: of what is made while a program is loaded nearly everything stays."""
    gc.disable()


def settle() -> None:
    """
    Make the process ready to serve.

    What there is by now is out of the garbage collector's sight. The garbage among it stays, a megabyte or two: to look
    for it would take a tenth of the whole start.
    """
    from twisted.internet import reactor

    from .polling import poll_by

    _remember_addresses()
    poll_by(reactor)
    _call_plainly()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    gc.enable()


def _remember_addresses() -> None:
    """Have Twisted take each of the few addresses that calls go to apart once, not in every call."""
    client: Any = sys.modules.get("twisted.web.client")
    if client is not None:
        client.URI.fromBytes = lru_cache(_ADDRESSES)(client.URI.fromBytes)


def _call_plainly() -> None:
    """Have treq put no agents around ours for each call: what they are for is no business of our calls."""
    treq_client: Any = sys.modules.get("treq.client")
    if treq_client is not None:
        treq_client.CookieAgent = treq_client.ContentDecoderAgent = _as_it_is


def _as_it_is(agent: object, ignored: object) -> object:
    return agent
