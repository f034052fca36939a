"""Waiting in the reactor's own process, for tests over real sockets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet import reactor as _reactor
from twisted.internet.task import deferLater

reactor: Any = _reactor
_TURNS, _SECONDS = 2000, 0.005


async def until(true: Callable[[], object]) -> None:
    """Let the reactor turn until something is so."""
    for _ in range(_TURNS):
        if true():
            return
        await deferLater(reactor, _SECONDS)
    pytest.fail("it did not come to be")
