"""
One exchange without I/O: bytes of the upstream in, bytes for the client out.

Each upstream reply is a leg; the legs of one exchange share a renderer. The network part drives both and knows
neither dialects nor wires; counting is done in slices, so that it never holds the reactor.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from zope.interface import implementer

from .conversation import (
    Call,
    ChatRequest,
    DirectRequest,
    EmbeddingRequest,
    Event,
    Failed,
    Finished,
    FinishReason,
    Head,
    Model,
    ReasoningDelta,
    Request,
    Stamp,
    Started,
    TextDelta,
    ToolCallArguments,
    ToolCallBegun,
    Usage,
    Used,
)
from .errors import ProxyError
from .interfaces import (
    ICounter,
    IDecoder,
    IDialect,
    ILeg,
    IRenderer,
    IRenderingDialect,
    ITally,
    ITranslation,
    IUpstream,
)


@implementer(ITranslation)
class Translation:
    """From the events that an upstream's decoder finds to the bytes that a dialect's renderer makes."""

    status = 200

    def __init__(
        self,
        request: ChatRequest | EmbeddingRequest,
        model: Model,
        upstream: IUpstream,
        renderer: IRenderer,
        counter: ICounter,
    ) -> None:
        self._request = request
        self._model = model
        self._upstream = upstream
        self._renderer = renderer
        self._counter = counter
        self._prompt = counter.prompt(request, model)
        self._tallies: list[ITally] = []
        self._opened = False

    @property
    def content_type(self) -> str:
        """The renderer's."""
        return self._renderer.content_type

    @property
    def keepalive(self) -> bytes:
        """The renderer's."""
        return self._renderer.keepalive

    def leg(self, call: Call, head: Head, choice: int) -> ILeg:
        tally = self._counter.completion(self._model)
        self._tallies.append(tally)
        limit = self._request.token_limit if isinstance(self._request, ChatRequest) else None
        return Leg(self._upstream.decoder(call, head, choice), self._render, tally, limit)

    def settle(self) -> bool:
        return self._prompt.step()

    def usage(self) -> Usage:
        return Usage(prompt=self._prompt.total(), completion=sum(tally.total() for tally in self._tallies))

    def open(self) -> bytes:
        self._opened = True
        return self._renderer.render(Started())

    def close(self) -> bytes:
        return self._render(Used(self.usage())) + self._renderer.close()

    def fail(self, fault: ProxyError) -> bytes:
        return self._renderer.render(Failed(fault))

    def _render(self, event: Event) -> bytes:
        if self._opened:
            return self._renderer.render(event)
        return self.open() + self._renderer.render(event)


@implementer(ILeg)
class Leg:
    """One upstream reply: its events counted and shown as they come."""

    fault: ProxyError | None = None

    def __init__(self, decoder: IDecoder, render: Callable[[Event], bytes], tally: ITally, limit: int | None) -> None:
        self._decoder = decoder
        self._render = render
        self._tally = tally
        self._limit = limit
        self._calls = False
        self._unexplained: Finished | None = None

    def feed(self, data: bytes) -> bytes:
        return self._shown(self._decoder.feed(data))

    def ended(self) -> bytes:
        return self._shown(self._decoder.close())

    def settle(self) -> bool:
        return self._tally.step()

    def close(self) -> bytes:
        if self._unexplained is None:
            return b""
        return self._render(msgspec.structs.replace(self._unexplained, reason=self._reason()))

    def _shown(self, events: list[Event]) -> bytes:
        return b"".join([self._show(event) for event in events])

    def _show(self, event: Event) -> bytes:
        if isinstance(event, TextDelta | ReasoningDelta):
            self._tally.add(event.text)
        elif isinstance(event, ToolCallArguments):
            self._tally.add(event.fragment)
        elif isinstance(event, ToolCallBegun):
            self._calls = True
            self._tally.add(event.name)
        elif isinstance(event, Failed):
            self.fault = event.fault
            return b""
        elif isinstance(event, Finished) and event.reason is None:
            self._unexplained = event
            return b""
        return self._render(event)

    def _reason(self) -> FinishReason:
        """Why it ended, where the wire doesn't tell: calls, or the limit that the count has reached."""
        if self._calls:
            return "tool_calls"
        return "length" if self._limit is not None and self._tally.total() >= self._limit else "stop"


@implementer(ITranslation, ILeg)
class Verbatim:
    """ARGO's own reply, byte for byte: both sides speak the same. It has one leg, itself."""

    status = 200
    content_type = ""
    keepalive = b""
    fault: ProxyError | None = None

    def leg(self, call: Call, head: Head, choice: int) -> ILeg:
        self.status = head.status
        self.content_type = head.content_type
        return self

    def feed(self, data: bytes) -> bytes:
        return data

    def ended(self) -> bytes:
        return b""

    def settle(self) -> bool:
        return False

    def usage(self) -> Usage | None:
        return None

    def open(self) -> bytes:
        return b""

    def close(self) -> bytes:
        return b""

    def fail(self, fault: ProxyError) -> bytes:
        return b""


def between(
    dialect: IDialect, upstream: IUpstream, request: Request, model: Model, stamp: Stamp, counter: ICounter
) -> ITranslation:
    """The translation for a request that the dialect parsed and the upstream will serve."""
    if isinstance(request, DirectRequest):
        return Verbatim()
    return Translation(request, model, upstream, IRenderingDialect(dialect).renderer(request, stamp), counter)
