"""
Whether ARGO has the native wires: asked at start and whenever its models are, and never waited for.

Until it has answered, the gateway serves; once it has, the native wires do, for good.
"""

from __future__ import annotations

from typing import Any

import attrs
import msgspec
from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.logger import Logger
from twisted.python.failure import Failure

from argoproxy.conversation import Call
from argoproxy.errors import ProxyError
from argoproxy.interfaces import IClient, IRouter

from .client import whole_list

_log = Logger()

_PATIENCE = 5.0


class Listing(msgspec.Struct, frozen=True):
    """What a native list of models looks like."""

    data: list[dict[str, Any]]


@attrs.define(eq=False)
class Discovery:
    """
    @ivar models: the call for the native list of models.
    """

    _clock: Any
    _client: IClient
    _router: IRouter
    _models: Call
    _asking: Deferred[None] | None = None

    def look(self) -> None:
        """Ask, if it matters."""
        if self._router.undecided and not self._router.native and self._asking is None:
            self._asking = Deferred.fromCoroutine(self._ask()).addTimeout(_PATIENCE, self._clock)
            self._asking.addErrback(_gateway_serves).addBoth(self._asked)

    def stop(self) -> None:
        """Ask no more."""
        if self._asking is not None:
            self._asking.cancel()

    async def _ask(self) -> None:
        reply = await self._client.send(self._models)
        body = await whole_list(reply)
        if reply.head.status == 200 and _lists_models(body):
            self._router.native = True
            wires = ", ".join(f"{kind} {wire}" for kind, wire in self._router.in_use().items())
            _log.info("ARGO has its native wires; in use from now on: {wires}", wires=wires)

    def _asked(self, ignored: object) -> None:
        self._asking = None


def _gateway_serves(failure: Failure) -> None:
    """No answer is an answer: what serves now goes on to."""
    failure.trap(ProxyError, TimeoutError, CancelledError)


def _lists_models(body: bytes) -> bool:
    try:
        return bool(msgspec.json.decode(body, type=Listing).data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
