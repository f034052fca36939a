"""
What is to be done for a request that has been understood: which model and wire, which calls, which translation, and
what the client is told of it beforehand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

import attrs
from twisted.logger import Logger

from argoproxy.conversation import Call, ChatRequest, DirectRequest, EmbeddingRequest, Model, Request, Stamp
from argoproxy.errors import ClientFault
from argoproxy.interfaces import ICatalogue, ICounter, IDialect, IRouter, ITranslation, IUpstream
from argoproxy.translation import between

from .images import Images
from .record import Record, new_token

_log = Logger()

# What changes no reply is told, and refused by nobody.
_HINTS = frozenset({"cache_control"})
_NAME = re.compile(r"[A-Za-z0-9_.\[\]-]{1,64}")


@attrs.frozen
class Plan:
    """
    @ivar headers: for the client.
    """

    calls: tuple[Call, ...]
    translation: ITranslation
    headers: Mapping[str, str]


@attrs.frozen
class Planner:
    """
    @ivar strict: whether a parameter that can't be honoured is an error.
    @ivar wall_clock: seconds since the epoch.
    """

    catalogue: ICatalogue
    router: IRouter
    counter: ICounter
    images: Images
    strict: bool
    wall_clock: Callable[[], float]

    async def plan(self, dialect: IDialect, request: Request, user: str, record: Record) -> Plan:
        """
        @param user: in whose name ARGO is asked.
        @param record: gets the model and the wire.
        @raise ClientFault: it can't be done.
        """
        model = self._model(request)
        upstream = self.router.route(request, model)
        record.model, record.upstream = model.name, upstream.name
        request = self._spelled_out(request, model, upstream)
        if isinstance(request, ChatRequest) and (wanted := self.images.wanted(request)):
            request = await self.images.put(request, wanted)
        name, headers = self._served(request, model)
        stamp = Stamp(new_token(), int(self.wall_clock()), name)
        translation = between(dialect, upstream, request, model, stamp, self.counter)
        calls = tuple(translation.calls(user))
        return Plan(calls, translation, headers | self._changes(calls, record))

    def _model(self, request: Request) -> Model:
        embeds = isinstance(request, EmbeddingRequest) or getattr(request, "resource", "") == "embed"
        return self.catalogue.resolve(request.model, "embedding" if embeds else "chat")

    def _spelled_out(self, request: Request, model: Model, upstream: IUpstream) -> Request:
        """The request with text for token ids, where the wire doesn't take them."""
        if isinstance(request, DirectRequest) or (isinstance(request, EmbeddingRequest) and upstream.takes_tokens):
            return request
        return self.counter.spelled_out(request, model)

    def _served(self, request: Request, model: Model) -> tuple[str, dict[str, str]]:
        """The model's name for the reply: the client's own, unless that isn't the one that serves."""
        if self.catalogue.is_known(request.model):
            return request.model, {}
        return model.name, {"x-argoproxy-model": model.name} if request.model else {}

    def _changes(self, calls: Sequence[Call], record: Record) -> dict[str, str]:
        """What of the request was left out or changed: the same for all its calls."""
        if not calls:
            return {}
        call, told = calls[0], {}
        if call.dropped:
            name = next((name for name in call.dropped if name not in _HINTS), None)
            if self.strict and name is not None:
                raise ClientFault(f"'{name}' can't be honoured here.", code="unsupported_parameter", param=name)
            told["x-argoproxy-dropped"] = _listed(call.dropped)
            _log.debug("request {id}: dropped {names}", id=record.id, names=told["x-argoproxy-dropped"])
        if call.adjusted:
            told["x-argoproxy-adjusted"] = _listed(call.adjusted)
        return told


def _listed(names: Iterable[str]) -> str:
    """Names as a header's value; what a client wrote that is no name is not repeated."""
    return ",".join(name if _NAME.fullmatch(name) else "?" for name in names)[:1000]
