"""Which translation a request gets."""

from __future__ import annotations

from argoproxy.conversation import ChatRequest, DirectRequest, Model, Request, Stamp
from argoproxy.interfaces import (
    ICountDialect,
    ICounter,
    IDialect,
    IRelay,
    IRenderingDialect,
    ITranslation,
    IUpstream,
)

from .counted import Counted
from .relayed import Relay
from .shaped import Shaped
from .translated import Translation
from .verbatim import Verbatim


def between(
    dialect: IDialect, upstream: IUpstream, request: Request, model: Model, stamp: Stamp, counter: ICounter
) -> ITranslation:
    """The translation for a request that the dialect parsed and the upstream will serve."""
    if isinstance(request, DirectRequest):
        return Verbatim(request, model, upstream)
    if ICountDialect.providedBy(dialect):
        return Counted(ICountDialect(dialect), counter.prompt(request, model))
    renderer = IRenderingDialect(dialect).renderer(request, stamp)
    relay: IRelay | None = IRelay(upstream, None)
    if relay is not None and relay.language == dialect.language and relay.relays(request, model):
        return Relay(request, model, relay, renderer, stamp)
    if isinstance(request, ChatRequest) and request.shape is not None and not upstream.shapes(model):
        return Shaped(request, model, upstream, renderer, counter)
    return Translation(request, model, upstream, renderer, counter)
