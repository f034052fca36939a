"""Which translation a request gets."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from argoproxy.conversation import ChatRequest, DirectRequest, Model, Opaque, Request, Stamp, ToolResult
from argoproxy.errors import ClientFault
from argoproxy.interfaces import (
    ICountDialect,
    ICounter,
    IDialect,
    IRelay,
    IRenderingDialect,
    IRewordingRelay,
    ITranslation,
    IUpstream,
)

from .counted import Counted
from .relayed import Relay
from .shaped import Reworded, Shaped
from .translated import Translation
from .verbatim import Verbatim

_LONGEST_KIND = 64
_MOST_DIALECTS = 64


def between(
    dialect: IDialect, upstream: IUpstream, request: Request, model: Model, stamp: Stamp, counter: ICounter
) -> ITranslation:
    """
    The translation for a request that the dialect parsed and the upstream will serve.

    @raise ClientFault: it holds what can only go on in the client's own language, and this wire has another.
    """
    if isinstance(request, DirectRequest):
        return Verbatim(request, model, upstream)
    if ICountDialect.providedBy(dialect):
        return Counted(ICountDialect(dialect), counter.prompt(request, model))
    renderer = _rendering(dialect).renderer(request, stamp)
    relay = _relay(dialect, upstream, request, model)
    shaped = _shaped(upstream, request, model)
    if shaped is not None and IRewordingRelay.providedBy(relay):
        return Reworded(shaped, model, IRewordingRelay(relay), renderer, counter)
    if relay is not None:
        return Relay(request, model, relay, renderer, stamp)
    _require_words(request)
    if shaped is not None:
        return Shaped(shaped, model, upstream, renderer, counter)
    return Translation(request, model, upstream, renderer, counter)


@lru_cache(_MOST_DIALECTS)
def _rendering(dialect: IDialect) -> IRenderingDialect:
    """It is asked for with each request, and adapting takes its time."""
    return IRenderingDialect(dialect)


def _relay(dialect: IDialect, upstream: IUpstream, request: Request, model: Model) -> IRelay | None:
    """The wire, where the request may go through it as it is."""
    if not IRelay.providedBy(upstream):
        return None
    relay = IRelay(upstream)
    return relay if relay.language == dialect.language and relay.relays(request, model) else None


def _shaped(upstream: IUpstream, request: Request, model: Model) -> ChatRequest | None:
    """The request, if the reply must have a shape that nobody but us sees to."""
    if not isinstance(request, ChatRequest) or request.shape is None or upstream.shapes(model):
        return None
    return request


def _require_words(request: Request) -> None:
    """@raise ClientFault: something in the conversation can't be said in another language."""
    if not isinstance(request, ChatRequest):
        return
    for found in _opaque(request):
        text = f"Invalid value for '{found.path}': content of type '{found.kind[:_LONGEST_KIND]}' can't be given to "
        text += "this model here."
        raise ClientFault(text, code="unsupported_content", param=found.path)


def _opaque(request: ChatRequest) -> Iterator[Opaque]:
    for prompt in request.prompts:
        for message in prompt:
            for part in message.parts:
                if isinstance(part, Opaque):
                    yield part
                elif isinstance(part, ToolResult):
                    yield from (one for one in part.parts if isinstance(one, Opaque))
