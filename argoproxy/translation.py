"""
One exchange without I/O: bytes of the upstream in, bytes for the client out.

Each upstream reply is a leg; the legs of one exchange share a renderer. The network part drives both and knows
neither dialects nor wires; counting is done in slices, so that it never holds the reactor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

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
    ICountDialect,
    ICounter,
    IDecoder,
    IDialect,
    ILeg,
    IRelay,
    IRenderer,
    IRenderingDialect,
    ISplice,
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
        self._legs: dict[int, Leg] = {}
        self._opened = False

    @property
    def content_type(self) -> str:
        """The renderer's."""
        return self._renderer.content_type

    @property
    def keepalive(self) -> bytes:
        """The renderer's."""
        return self._renderer.keepalive

    def calls(self, user: str) -> tuple[Call, ...]:
        singles = self._request.singles() if isinstance(self._request, ChatRequest) else (self._request,)
        return tuple(self._upstream.encode(one, self._model, user) for one in singles)

    def leg(self, call: Call, head: Head, choice: int) -> ILeg:
        tally = self._counter.completion(self._model)
        limit = self._request.token_limit if isinstance(self._request, ChatRequest) else None
        leg = self._legs[choice] = Leg(self._upstream.decoder(call, head, choice), self._render, tally, limit)
        return leg

    def settle(self) -> bool:
        return self._prompt.step()

    def usage(self) -> Usage:
        told = [leg.used for _, leg in sorted(self._legs.items())]
        if told and all(told):
            return _summed([usage for usage in told if usage], self._each)
        completion = sum(leg.used.completion if leg.used else leg.counted for leg in self._legs.values())
        return Usage(prompt=self._prompt.total(), completion=completion)

    @property
    def _each(self) -> int:
        """How many replies a prompt gets."""
        return self._request.n if isinstance(self._request, ChatRequest) else 1

    def open(self) -> bytes:
        return self._open(self._prompt.total())

    def _open(self, prompt: int) -> bytes:
        self._opened = True
        return self._renderer.render(Started(prompt))

    def close(self) -> bytes:
        return self._render(Used(self.usage())) + self._renderer.close()

    def fail(self, fault: ProxyError) -> bytes:
        return self._renderer.render(Failed(fault))

    def _render(self, event: Event) -> bytes:
        if isinstance(event, Started):
            return b"" if self._opened else self._open(event.prompt or self._prompt.total())
        return (b"" if self._opened else self.open()) + self._renderer.render(event)


def _summed(told: Sequence[Usage], each: int) -> Usage:
    """
    What the calls of one reply cost together, a prompt counted once.

    @param each: how many replies a prompt got: so many of the usages in a row are of the same one.
    """
    prompts = told[::each]
    return Usage(
        prompt=sum(usage.prompt for usage in prompts),
        completion=sum(usage.completion for usage in told),
        cached=sum(usage.cached for usage in prompts),
        reasoning=sum(usage.reasoning for usage in told),
        cache_written=sum(usage.cache_written for usage in prompts),
    )


@implementer(ILeg)
class Leg:
    """
    One upstream reply: its events counted and shown as they come.

    @ivar used: what the upstream told of its cost, once it has.
    """

    fault: ProxyError | None = None
    used: Usage | None = None

    def __init__(self, decoder: IDecoder, render: Callable[[Event], bytes], tally: ITally, limit: int | None) -> None:
        self._decoder = decoder
        self._render = render
        self._tally = tally
        self._limit = limit
        self._calls = False
        self._unexplained: Finished | None = None

    @property
    def counted(self) -> int:
        """The tokens of the reply, as far as they are counted."""
        return self._tally.total()

    def feed(self, data: bytes) -> bytes:
        return self._shown(self._decoder.feed(data))

    def ended(self) -> bytes:
        return self._shown(self._decoder.close())

    def settle(self) -> bool:
        return self.used is None and self._tally.step()

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
        elif isinstance(event, Used):
            self.used = event.usage
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

    def __init__(self, request: DirectRequest, model: Model, upstream: IUpstream) -> None:
        self._request = request
        self._model = model
        self._upstream = upstream

    def calls(self, user: str) -> tuple[Call, ...]:
        return (self._upstream.encode(self._request, self._model, user),)

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


@implementer(ITranslation)
class Relay:
    """
    A reply in the language that both sides speak, passed on with only what must change. It has one leg.

    The dialect's renderer is there for what the proxy itself has to say: life in a silence, and failures.
    """

    status = 200

    def __init__(self, request: Request, model: Model, upstream: IRelay, renderer: IRenderer, stamp: Stamp) -> None:
        self._request = request
        self._model = model
        self._upstream = upstream
        self._renderer = renderer
        self._stamp = stamp
        self._splice: ISplice | None = None

    @property
    def content_type(self) -> str:
        """The renderer's."""
        return self._renderer.content_type

    @property
    def keepalive(self) -> bytes:
        """The renderer's."""
        return self._renderer.keepalive

    def calls(self, user: str) -> tuple[Call, ...]:
        return (self._upstream.relay(self._request, self._model, user),)

    def leg(self, call: Call, head: Head, choice: int) -> ILeg:
        self._splice = self._upstream.splice(call, self._request, head, self._stamp)
        return RelayLeg(self._splice)

    def settle(self) -> bool:
        return False

    def usage(self) -> Usage | None:
        return self._splice.usage if self._splice is not None else None

    def open(self) -> bytes:
        """Nothing: the reply's beginning is the upstream's to say."""
        return b""

    def close(self) -> bytes:
        return b""

    def fail(self, fault: ProxyError) -> bytes:
        return self._renderer.render(Failed(fault))


@implementer(ILeg)
class RelayLeg:
    """The one leg of a relay."""

    def __init__(self, splice: ISplice) -> None:
        self._splice = splice

    @property
    def fault(self) -> ProxyError | None:
        """The splice's."""
        return self._splice.fault

    def feed(self, data: bytes) -> bytes:
        return self._splice.feed(data)

    def ended(self) -> bytes:
        return self._splice.close()

    def settle(self) -> bool:
        return False

    def close(self) -> bytes:
        return b""


@implementer(ITranslation)
class Counted:
    """A reply that only tells how many tokens the request has. It takes no calls."""

    status = 200
    content_type = "application/json"
    keepalive = b""

    def __init__(self, dialect: ICountDialect, prompt: ITally) -> None:
        self._dialect = dialect
        self._prompt = prompt

    def calls(self, user: str) -> tuple[Call, ...]:
        return ()

    def leg(self, call: Call, head: Head, choice: int) -> ILeg:
        raise AssertionError("a count has no calls")

    def settle(self) -> bool:
        return self._prompt.step()

    def usage(self) -> Usage:
        return Usage(prompt=self._prompt.total())

    def open(self) -> bytes:
        return b""

    def close(self) -> bytes:
        return self._dialect.counted(self._prompt.total())

    def fail(self, fault: ProxyError) -> bytes:
        return b""


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
    return Translation(request, model, upstream, renderer, counter)
