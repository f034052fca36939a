"""
That the process lives: what C{/health} says of it, and what says so before the rest of the proxy is loaded.

Whoever waits for a start asks for nothing else. All that serves requests must stay out of here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import msgspec
from twisted.web.resource import IResource, Resource
from twisted.web.server import NOT_DONE_YET, Request

from argoproxy.interfaces import IFaults, ILedger

from .later import Later
from .reply import Reply

PATH = "/health"
_ASKED = (b"GET", PATH.encode("ascii"))


class Health(msgspec.Struct, frozen=True):
    """
    It lives.

    @ivar limits_store: whether the store that keeps account of limits answers; L{msgspec.UNSET} where there is none.
    """

    status: Literal["ok"] = "ok"
    limits_store: Literal["there", "away"] | msgspec.UnsetType = msgspec.UNSET


def health(store: ILedger | None) -> bytes:
    """
    What is said.

    @param store: who keeps account of limits, where that is shared with others.
    """
    if store is None:
        return msgspec.json.encode(Health())
    return msgspec.json.encode(Health(limits_store="away" if store.away else "there"))


class Opening(Resource):
    """The web of a proxy that isn't loaded yet. It says that it lives; whatever else is asked for has it loaded."""

    isLeaf = True

    def __init__(self, load: Callable[[], IResource], faults: IFaults, later: Later) -> None:
        """
        @param load: gives the whole web.
        @param faults: how faults are told where health is asked for.
        """
        super().__init__()
        self._load = load
        self._faults = faults
        self._later = later

    def render(self, request: Request) -> Any:
        """Serve a request."""
        if (request.method, request.path) != _ASKED:
            return self._load().render(request)
        Reply(request, self._faults, self._later).whole(200, health(None))
        return NOT_DONE_YET
