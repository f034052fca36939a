"""Every path and what serves it, a line each. The paths' bodies mean nothing here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

import msgspec
from klein import Klein
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.web.http import parse_qs
from twisted.web.server import Request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from argoproxy.conversation import Model
from argoproxy.errors import ClientFault, ProxyError
from argoproxy.interfaces import ICatalogue, IDialect
from argoproxy.limits import time_allowed

from .admission import Gate
from .apis import Api, Apis
from .dispatch import Dispatch
from .health import PATH
from .refresh import Counts, Refresher, Waiting
from .reply import Reply
from .status import Status
from .traffic import Traffic, fields, query_of

# What may stand behind a model's name in Google's paths, and the dialect in which it is asked.
_GOOGLES_METHODS = {
    "generateContent": "google_genai",
    "streamGenerateContent": "google_genai",
    "countTokens": "google_count",
    "embedContent": "google_embeddings",
    "batchEmbedContents": "google_embeddings",
}


class Routes:
    """
    The web of the proxy.

    @ivar app: the Klein application.
    @ivar resource: what serves it.
    """

    def __init__(
        self,
        traffic: Traffic | Gate,
        dialects: Mapping[str, IDialect],
        apis: Apis,
        refresher: Refresher,
        status: Status,
    ) -> None:
        """
        @param dialects: by name.
        """
        self._traffic = traffic
        self._dialects = dialects
        self._apis = apis
        self._refresher = refresher
        self._status = status
        self.app = Klein()
        self.app.url_map.strict_slashes = False
        self._asking: set[str] = set()
        self._route()
        self._paths = self.app.url_map.bind("")
        self.app.handle_errors(HTTPException)(self._lost)  # type: ignore[arg-type]
        self.resource = Dispatch(self.app)

    def _route(self) -> None:
        self._ask("/v1/chat/completions", "openai_chat")
        self._ask("/v1/completions", "openai_completions")
        self._ask("/v1/responses", "openai_responses")
        self._ask("/v1/embeddings", "openai_embeddings")
        self._ask("/v1/messages", "anthropic_messages")
        self._ask("/v1/messages/count_tokens", "anthropic_count")
        self._ask("/v1/chat", "argo_direct", resource="chat")
        self._ask("/v1/embed", "argo_direct", resource="embed")
        self._serve("/v1/models/<path:name>", "POST", self._ask_google, asks=True)
        self._serve("/v1beta/models/<path:name>", "POST", self._ask_google, asks=True)
        self._serve("/v1/models", "GET", self._models)
        self._serve("/v1/models/<path:name>", "GET", self._one_model)
        self._serve("/v1beta/models", "GET", self._models)
        self._serve("/v1beta/models/<path:name>", "GET", self._one_model)
        self._serve("/refresh", "POST", self._refresh)
        self._tell(PATH, lambda: (200, self._status.health()))
        self._tell("/health/ready", self._status.ready)
        self._tell("/version", lambda: (200, self._status.version()))
        self._tell("/openapi.json", lambda: (200, self._status.describe()))
        self._tell("/", lambda: (200, self._status.welcome()))

    def _ask(self, path: str, dialect: str, **variables: str) -> None:
        """A path that ARGO is asked for."""

        def answer(request: Request) -> Deferred[None]:
            return self._traffic.exchange(request, self._dialects[dialect], variables)

        self._serve(path, "POST", answer, asks=True)

    def _tell(self, path: str, answer: Callable[[], tuple[int, bytes]]) -> None:
        """A path that the proxy answers itself, from memory."""

        def tell(request: Request) -> None:
            answered = answer()
            self._reply(request).whole(*answered)

        self._serve(path, "GET", tell)

    def _serve(self, path: str, method: str, answer: Callable[..., Any], asks: bool = False) -> None:
        """@param asks: whether ARGO is asked there."""
        endpoint = f"{method} {path}"
        self.app.route(path, methods=[method], endpoint=endpoint)(answer)
        if asks:
            self._asking.add(endpoint)

    def foresee(self, request: Request, method: bytes, target: bytes) -> ProxyError | None:
        """What keeps a request from being served as far as its head tells, if anything does."""
        path, _, query = target.partition(b"?")
        try:
            endpoint, variables = self._paths.match(unquote(path.decode("latin-1")), method.decode("ascii"))
        except HTTPException as error:
            return None if method == b"OPTIONS" else _fault_of(error)
        if endpoint not in self._asking:
            return None
        if "name" in variables and _googles(variables["name"]) is None:
            return _no_such_method()
        return self._traffic.objection(request, fields(parse_qs(query)))

    def _reply(self, request: Request) -> Reply:
        return self._traffic.reply(request, self._apis.of_path(request.path).faults)

    def _ask_google(self, request: Request, name: str) -> Deferred[None] | None:
        dialect = _googles(name)
        if dialect is None:
            self._reply(request).refuse(_no_such_method())
            return None
        model, _, method = name.rpartition(":")
        return self._traffic.exchange(request, self._dialects[dialect], {"model": model, "method": method})

    def _lister(self, request: Request) -> Api:
        """The API whose list of models is asked for."""
        own_path = request.path.startswith(b"/v1beta")
        return self._apis.of_path(request.path) if own_path else self._apis.asking(request)

    def _models(self, request: Request) -> Deferred[None]:
        api, query = self._lister(request), query_of(request)
        return self._traffic.answer(request, api.faults, lambda models: api.models.listing(models.models(), query))

    def _one_model(self, request: Request, name: str) -> Deferred[None] | None:
        if _googles(name) is not None:
            self._reply(request).refuse(_only("POST"))
            return None
        api = self._lister(request)
        return self._traffic.answer(request, api.faults, lambda models: api.models.one(_known(models, name), name))

    def _refresh(self, request: Request) -> Deferred[None]:
        faults = self._apis.of_path(request.path).faults
        return self._traffic.answer(request, faults, lambda models: self._refreshed(request))

    def _refreshed(self, request: Request) -> Deferred[bytes]:
        """@raise ClientFault: the time that it may take is none."""
        seconds = time_allowed(_patience(request), query_of(request), None)
        refreshed = self._refresher.refresh() if seconds is None else self._refresher.refresh(seconds)
        return refreshed.addCallback(lambda counts: msgspec.json.encode(Counts(*counts)))

    def _lost(self, request: Request, failure: Failure) -> bytes:
        """A path or a method that there isn't. Klein finishes the request itself: it saw no route begin it."""
        reply, error = self._reply(request), failure.value
        if isinstance(error, MethodNotAllowed) and request.method == b"OPTIONS":
            reply.options(f"{_allowed(error)}, OPTIONS")
            return b""
        return reply.refusal(_fault_of(error))


def _known(catalogue: ICatalogue, name: str) -> Model:
    model = catalogue.resolve(name)
    if not catalogue.is_known(name):
        raise ClientFault("There is no such model.", status=404, code="model_not_found", param="model")
    return model


def _googles(name: str) -> str | None:
    """The dialect of the method behind a model's name, if Google has it."""
    return _GOOGLES_METHODS.get(name.rpartition(":")[2])


def _no_such_method() -> ClientFault:
    return ClientFault("There is no such method.", status=404, code="not_found")


def _allowed(error: MethodNotAllowed) -> str:
    return ", ".join(sorted(error.valid_methods or ()))


def _fault_of(error: BaseException | None) -> ClientFault:
    """The fault for a path or a method that there isn't."""
    if isinstance(error, MethodNotAllowed):
        return _only(_allowed(error))
    return ClientFault("There is nothing at this path.", status=404, code="not_found")


def _only(allowed: str) -> ClientFault:
    """The fault for another method."""
    text, told = f"Only {allowed} can be used here.", {"allow": f"{allowed}, OPTIONS"}
    return ClientFault(text, status=405, code="method_not_allowed", taken=told)


def _patience(request: Request) -> float | None:
    """@raise ClientFault: the body is there and is none."""
    body = request.content.read() if request.content is not None else b""
    try:
        # What isn't looked at must be JSON as well.
        return msgspec.convert(msgspec.json.decode(body or b"{}"), Waiting).timeout
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ClientFault(
            "Invalid 'timeout': expected seconds above 0.", code="invalid_value", param="timeout"
        ) from None
