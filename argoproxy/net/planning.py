"""
What is to be done for a request that has been understood: which model and wire, which calls, which translation, and
what the client is told of it beforehand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

import attrs
from twisted.logger import Logger

from argoproxy.conversation import Call, ChatRequest, DirectRequest, EmbeddingRequest, Model, Request, Stamp
from argoproxy.errors import ClientFault
from argoproxy.interfaces import ICatalogue, ICounter, IDialect, IRouter, ITranslation, IUpstream
from argoproxy.translation import between

from .fallbacks import Fallbacks
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
    @ivar fallbacks: what may serve instead, if anything.
    """

    calls: tuple[Call, ...]
    translation: ITranslation
    headers: Mapping[str, str]
    fallbacks: Fallbacks | None = None


@attrs.frozen
class Planner:
    """
    @ivar strict: whether a parameter that can't be honoured is an error.
    @ivar wall_clock: seconds since the epoch.
    @ivar fallbacks: the models that may serve in a model's place, by names of that one.
    """

    catalogue: ICatalogue
    router: IRouter
    counter: ICounter
    images: Images
    strict: bool
    wall_clock: Callable[[], float]
    fallbacks: Mapping[str, Sequence[str]] = {}

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
        calls, translation = self._translated(dialect, upstream, request, model, name, user)
        fallbacks = self._fallbacks(dialect, request, model, user, record) if self.fallbacks else None
        return Plan(calls, translation, headers | self._changes(calls, record), fallbacks)

    def _translated(
        self, dialect: IDialect, upstream: IUpstream, request: Request, model: Model, name: str, user: str
    ) -> tuple[tuple[Call, ...], ITranslation]:
        """@param name: the model's for the client."""
        stamp = Stamp(new_token(), int(self.wall_clock()), name)
        translation = between(dialect, upstream, request, model, stamp, self.counter)
        return tuple(translation.calls(user)), translation

    def _fallbacks(
        self, dialect: IDialect, request: Request, model: Model, user: str, record: Record
    ) -> Fallbacks | None:
        """Vectors of another model can't be compared with any that there are: there nothing serves instead."""
        if self._embeds(request):
            return None
        for name, others in self.fallbacks.items():
            if self._is(name, model):
                instead = [other for other in others if not self._is(other, model)]
                return Fallbacks(instead, partial(self._instead, dialect, request, user, record))
        return None

    def _is(self, name: str, model: Model) -> bool:
        try:
            return self.catalogue.is_known(name) and self.catalogue.resolve(name, "chat") == model
        except ClientFault:
            # It is one of those that whoever asks may not use.
            return False

    def _instead(self, dialect: IDialect, request: Request, user: str, record: Record, name: str) -> Plan:
        """@raise ClientFault: this model can't serve."""
        if not self.catalogue.is_known(name):
            raise ClientFault(f"There is no model called {name}.", status=404, code="model_not_found")
        model = self.catalogue.resolve(name, "chat")
        upstream = self.router.route(request, model)
        request = self._spelled_out(request, model, upstream)
        calls, translation = self._translated(dialect, upstream, request, model, model.name, user)
        headers = {"x-argoproxy-model": model.name} | self._changes(calls, record)
        record.model, record.upstream = model.name, upstream.name
        return Plan(calls, translation, headers)

    def _model(self, request: Request) -> Model:
        return self.catalogue.resolve(request.model, "embedding" if self._embeds(request) else "chat")

    def _embeds(self, request: Request) -> bool:
        return isinstance(request, EmbeddingRequest) or getattr(request, "resource", "") == "embed"

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
            # Not their names, which a client may make up.
            _log.debug("request {id}: {count} parameters left out", id=record.id, count=len(call.dropped))
        if call.adjusted:
            told["x-argoproxy-adjusted"] = _listed(call.adjusted)
        return told


def _listed(names: Iterable[str]) -> str:
    """Names as a header's value; what a client wrote that is no name is not repeated."""
    return ",".join(name if _NAME.fullmatch(name) else "?" for name in names)[:1000]
