"""Every interface of the proxy, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from zope.interface import Attribute, Interface

from .conversation import (
    Allowance,
    Call,
    ChatRequest,
    EmbeddingRequest,
    Event,
    Head,
    Message,
    Model,
    Request,
    RouteCall,
    Stamp,
    Usage,
    Verdict,
)
from .errors import ProxyError

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred


class IFaults(Interface):
    """How one of the public APIs shows an error."""

    statuses: Mapping[int, int] = Attribute("Statuses that its clients don't know, and what they get instead.")

    def error(fault: ProxyError, request_id: str = "") -> bytes:
        """
        The body of an error reply, as JSON.

        @param request_id: for the APIs whose errors repeat it.
        """


class IDialect(IFaults):
    """What a client speaks: one of the public APIs."""

    name: str = Attribute("The dialect's name in the registry.")
    language: str = Attribute("What it speaks: equal to an upstream's language where the two speak the same.")
    headers: Collection[str] = Attribute("Request headers that it reads, lower case.")

    def parse(body: bytes, call: RouteCall) -> Request:
        """
        Understand a request.

        @raise ClientFault: it is not one.
        """

    def limit_headers(verdict: Verdict, now: float) -> Mapping[str, str]:
        """
        The headers that tell a client how its limits stand.

        @param now: seconds since the epoch.
        """


class IRenderingDialect(IDialect):
    """A dialect whose replies are made here. (ARGO's own goes through as it comes.)"""

    def renderer(request: Request, stamp: Stamp) -> IRenderer:
        """What makes the reply's bytes, for one request that L{parse} returned."""


class ICountDialect(IDialect):
    """
    How a public API is asked for the tokens that a request would have. They are counted here: C{parse} gives the
    request, and ARGO is not called.
    """

    def counted(tokens: int) -> bytes:
        """The body of the reply."""


class IModelList(Interface):
    """How a public API shows which models there are."""

    def listing(models: Iterable[Model], query: Mapping[str, str] = {}) -> bytes:
        """
        The body for all of them.

        @param query: the query's fields (L{RouteCall.query}): some APIs give the list in pages.
        @raise ClientFault: the query asks for what there isn't.
        """

    def one(model: Model, name: str) -> bytes:
        """The body for one of them, under the name that was asked for."""


class IRenderer(Interface):
    """
    Makes a reply's bytes in a client's dialect.

    For a request that doesn't stream, all bytes come from C{close}.
    """

    content_type: str = Attribute("The reply's media type.")
    keepalive: bytes = Attribute("What to send in silence on a stream; empty where the dialect has nothing.")

    def render(event: Event) -> bytes:
        """
        The bytes for one event, possibly none. L{argoproxy.conversation.Failed} gives the dialect's error event.

        @raise ProxyError: the event can't be shown to this client.
        """

    def close() -> bytes:
        """The bytes behind the last event. Not called after a failure."""


class IUpstream(Interface):
    """One of the wires that ARGO speaks."""

    name: str = Attribute("The wire's name in the registry, the log and /version.")
    takes_tokens: bool = Attribute("Whether embeddings may be asked of token ids.")

    def shapes(model: Model) -> bool:
        """Whether the wire itself sees to it that a reply has the shape that is asked for."""

    def encode(request: Request, model: Model, user: str) -> Call:
        """
        The call that asks ARGO for it. Requests have one prompt and one choice (L{ChatRequest.singles}).

        @param user: who asks.
        @raise ClientFault: the wire has no way to say it.
        """

    def decoder(call: Call, head: Head, choice: int) -> IDecoder:
        """What understands the reply to a call. A head that tells a failure gets one that collects the error."""


class IRelay(IUpstream):
    """
    A wire that is also a public API's own language: a client that speaks it gets its bytes through, with only what
    must change.
    """

    language: str = Attribute("The dialect's language that it speaks.")

    def relays(request: Request, model: Model) -> bool:
        """Whether this request can go through. If not, it is translated as if the languages differed."""

    def relay(request: Request, model: Model, user: str) -> Call:
        """
        The call made of C{request.raw}: every field, known or not, but for what must change.

        @raise ClientFault: the wire has no way to say it.
        """

    def splice(call: Call, request: Request, head: Head, stamp: Stamp) -> ISplice:
        """What passes the reply on."""


class IRewordingRelay(IRelay):
    """A relay on which a request may go on although its conversation is another now."""

    def reworded(request: Request, conversation: Sequence[Message], model: Model, user: str) -> Call:
        """
        The call made of C{request.raw}, without the shape that it asks for.

        @param conversation: in place of the request's. Parts that are the very same go on in the client's own bytes.
        """


class ISplice(Interface):
    """
    A reply on its way through, in the language that both sides speak: bytes in, bytes out. Events that aren't known
    pass untouched; what clients need and ARGO leaves out is put in.
    """

    fault: ProxyError | None = Attribute("Set once the upstream has told that it failed; it was not passed on.")
    usage: Usage | None = Attribute("What the upstream told of it so far.")

    def feed(data: bytes) -> bytes:
        """More of the reply; returns what can go on."""

    def close() -> bytes:
        """
        The end of the reply; returns what was held back.

        @raise Truncated: the reply had not ended.
        """


class IDecoder(Interface):
    """Understands a reply of ARGO. Does no I/O; keeps no more than it must."""

    def feed(data: bytes) -> list[Event]:
        """What these bytes say. A failure comes as a L{argoproxy.conversation.Failed} event."""

    def close() -> list[Event]:
        """
        What the end of the bytes says.

        @raise Truncated: the reply had not ended.
        """


class ILeg(Interface):
    """
    One upstream reply on its way to the client; an exchange has as many as it makes calls.

    The order is: C{feed} for all bytes, C{ended}, C{settle} until it returns L{False}, C{again}, C{close}. Any of them
    may raise a L{ProxyError}: the reply has failed.
    """

    fault: ProxyError | None = Attribute(
        "Set once the upstream has told that it failed; what was returned until then still holds."
    )

    def feed(data: bytes) -> bytes:
        """Bytes from the upstream; returns bytes for the client."""

    def ended() -> bytes:
        """The upstream's reply is complete; returns bytes for the client."""

    def settle() -> bool:
        """Do a slice of the counting that is left over. L{True} while there is more."""

    def again() -> Call | None:
        """The call to make instead, if the reply won't do: then this leg is not closed, and another begins."""

    def close() -> bytes:
        """The last bytes of this leg for the client."""


class ITranslation(Interface):
    """One exchange without I/O: bytes of the upstream in, bytes for the client out."""

    status: int = Attribute("The HTTP status for the client.")
    content_type: str = Attribute("The media type for the client.")
    keepalive: bytes = Attribute("What to send in silence; empty if nothing.")

    def calls(user: str) -> Sequence[Call]:
        """
        The calls that the reply takes, in the order of their choices. Asked for once: what they say of the request
        is not kept.

        @param user: in whose name ARGO is asked.
        @raise ClientFault: the wire has no way to say it.
        """

    def leg(call: Call, head: Head, choice: int) -> ILeg:
        """The upstream's reply to a call has begun."""

    def settle() -> bool:
        """Do a slice of the counting of the request. L{True} while there is more."""

    def usage() -> Usage | None:
        """The tokens that the upstream told of, or counted so far; L{None} where nothing is."""

    def open() -> bytes:
        """The first bytes of a stream that must begin before the upstream has said anything."""

    def close() -> bytes:
        """The bytes that end the reply, once every leg is closed."""

    def fail(fault: ProxyError) -> bytes:
        """The error event for a stream that has begun. Empty: the dialect has none, so the connection must break."""


class ITally(Interface):
    """Counts tokens of a text that comes piece by piece, in bounded memory and without ever failing."""

    def add(text: str) -> None:
        """More text. Counts at most a slice of it now."""

    def step() -> bool:
        """Count a slice of what is left. L{True} while there is more."""

    def total() -> int:
        """The tokens counted so far."""


class ICounter(Interface):
    """Counts tokens as models do."""

    def prompt(request: ChatRequest | EmbeddingRequest, model: Model) -> ITally:
        """A tally that has been given all that the request says: messages, their overhead, tool definitions."""

    def completion(model: Model) -> ITally:
        """An empty tally for a reply."""

    def spelled_out(request: ChatRequest | EmbeddingRequest, model: Model) -> ChatRequest | EmbeddingRequest:
        """
        The same request with text in place of token ids.

        @raise ClientFault: an id is not of the model's encoding.
        """


class ICatalogue(Interface):
    """The models that ARGO has, and all their names."""

    builtin: bool = Attribute("Whether the built-in list serves, because ARGO's own was not learnt yet.")

    def resolve(name: str, kind: str = "") -> Model:
        """
        The model that a client means.

        @param name: in any spelling; empty for the configured default of that kind.
        @param kind: C{chat} or C{embedding}; empty for either.
        @raise ClientFault: 404 for a name that isn't known, with the nearest ones, unless a fallback is configured;
            400 for none at all, and for a model of the other kind.
        """

    def is_known(name: str) -> bool:
        """
        Whether a client's name stands for the model that L{resolve} gives it. If not, a default or the fallback does,
        and the client must be told which.
        """

    def models() -> Iterable[Model]:
        """All of them, chat first. No two have a name in common."""

    def learn(listing: bytes) -> tuple[int, int]:
        """
        Take ARGO's own list, and return how many models there were before and are now.

        @raise UpstreamFault: it has no usable row. The list in use stays.
        """


class IRouter(Interface):
    """Which wire serves a model."""

    undecided: bool = Attribute("Whether it depends on ARGO which wires are used.")
    native: bool = Attribute("Whether ARGO has been seen to have the native wires. Whoever sees it sets it.")

    def route(request: Request, model: Model) -> IUpstream:
        """The wire for this request."""

    def in_use() -> Mapping[str, str]:
        """What serves which family, for the log and /version."""


class IClient(Interface):
    """Carries calls to ARGO."""

    def send(
        call: Call, until: float | None = None, repeated: Callable[[], object] | None = None
    ) -> Deferred[IReply]:
        """
        Make a call.

        @param until: when, by the reactor's clock, whoever asks waits no longer. They end the call themselves.
        @param repeated: called each time that the call is sent once more.
        @return: fires with the reply once its head is there, and fails with an
            L{UpstreamFault} if there is none. Cancelling it ends the call.
        """


class IReply(Interface):
    """ARGO's reply, its head read and its body still to come."""

    head: Head = Attribute("Its head.")
    attempts: int = Attribute("How often the call was sent for it.")

    def deliver(sink: Callable[[bytes], None]) -> Deferred[None]:
        """
        Give the body's bytes to C{sink(data)} as they come.

        @return: fires at the body's end, and fails with L{Truncated} if it breaks
            off or with what C{sink} raised. Cancelling it ends the call.
        """

    def pause() -> None:
        """Read no further for now."""

    def resume() -> None:
        """Read on."""


class ILedger(Interface):
    """Keeps account of what is used of allowances."""

    away: bool = Attribute("Whether what keeps the account can't be reached.")

    def enter(allowance: Allowance) -> Deferred[Verdict]:
        """
        A request begins: one out of each rate of requests, and a place; or nothing at all, if any of them has none, or
        a rate of tokens is used up.

        @return: fires with whether it may; fails with a L{ProxyError} if that can't be known.
        """

    def leave(verdict: Verdict, tokens: int) -> None:
        """
        A request that could begin has ended: its places are free, and its tokens are taken out of each rate of them,
        also where there are fewer: then somebody is in debt, and waits until that is paid.
        """

    def retire() -> None:
        """Another one keeps account from now on: close once the requests under way have given back their places."""

    def close() -> None:
        """Keep account no longer."""
