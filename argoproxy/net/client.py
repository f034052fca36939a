"""
The way to ARGO: treq over an agent that keeps connections, ours or Twisted's.

Bodies come through a protocol of our own, whose Deferred ends the call when it is cancelled; treq's own collecting
wouldn't. No cookies, no redirects, no proxies from the environment.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from http.cookiejar import Cookie
from typing import Any, TypeVar

import attrs
from hyperlink import EncodedURL
from treq.client import HTTPClient
from treq.cookies import IndexableCookieJar
from twisted.internet import error
from twisted.internet.abstract import isIPAddress
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import HostnameEndpoint, TCP4ClientEndpoint, wrapClientTLS
from twisted.internet.interfaces import IPushProducer, IStreamClientEndpoint
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import (
    URI,
    Agent,
    BrowserLikePolicyForHTTPS,
    ResponseDone,
    ResponseFailed,
    ResponseNeverReceived,
)
from twisted.web.http import PotentialDataLoss
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IAgentEndpointFactory, IBodyProducer, IResponse
from zope.interface import implementer

from argoproxy.conversation import Call, Head
from argoproxy.errors import ConnectTimedOut, Truncated, Unanswered, Unreachable, UpstreamFault
from argoproxy.interfaces import IClient, IReply

from .agent import CallHeaders, LlhttpAgent, UnansweredAgain, WholeBody
from .deadline import Deadline
from .handshake import CutShort, Handshaken, NotAgreed
from .headers import changeable
from .later import Later
from .pool import KeptConnections
from .tunnel import CredentialsRefused, ForwardProxy, TunnelRefused

# Bodies come as they are: ARGO's text streams stay readable.
_ALWAYS = {"content-type": "application/json", "user-agent": "argoproxy", "accept-encoding": "identity"}
_GZIP = frozenset({"gzip", "x-gzip"})
# zlib's number for it.
_GZIP_FRAME = 31
# Seconds from one of a name's addresses to the next. That the last was refused is told as much later, too.
_NEXT_ADDRESS = 0.1
_LONGEST_LIST = 16 * 1024 * 1024

Close = Callable[[], "Deferred[Any]"]
R = TypeVar("R", bound=IResponse)


class Receiver(Protocol):
    """Gives a body's bytes to a sink."""

    def __init__(self, sink: Callable[[bytes], None]) -> None:
        self._sink = sink
        self._paused = False
        self.done: Deferred[None] = Deferred(self._cancelled)
        self._over = False

    def connectionMade(self) -> None:
        if self._paused:
            self.pause()

    def dataReceived(self, data: bytes) -> None:
        if self._over:
            return
        try:
            self._sink(data)
        except Exception:  # noqa: BLE001 - whatever the sink raises is told to whoever waits for the body
            self._fail(Failure())

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._over:
            return
        self._over = True
        if isinstance(reason.value, (ResponseDone, PotentialDataLoss)):
            self.done.callback(None)
        else:
            self.done.errback(Truncated())

    def pause(self) -> None:
        """Read no further for now."""
        self._paused = True
        if not self._over and self.transport is not None:
            IPushProducer(self.transport).pauseProducing()

    def resume(self) -> None:
        """Read on."""
        self._paused = False
        if not self._over and self.transport is not None:
            IPushProducer(self.transport).resumeProducing()

    def _fail(self, failure: Failure) -> None:
        self._over = True
        # Losing it would wait until the far side has read all of the call. The proxy before it can only lose it.
        connection: Any = getattr(self.transport, "_producer", self.transport)
        if connection is not None:
            connection.abortConnection()
        self.done.errback(failure)

    def _cancelled(self, done: Deferred[None]) -> None:
        self._fail(Failure(CancelledError()))


@implementer(IReply)
class UpstreamReply:
    """A reply whose head has come."""

    def __init__(self, response: IResponse) -> None:
        headers = response.headers
        self._response = response
        self._zipped = _is_zipped(headers)
        self._receiver: Receiver | None = None
        self.head = _head(response.code, headers)
        self.attempts = 2 if getattr(response.request, "sent_anew", False) else 1

    def deliver(self, sink: Callable[[bytes], None]) -> Deferred[None]:
        unpacking = Unpacking(sink) if self._zipped else None
        self._receiver = Receiver(sink if unpacking is None else unpacking.feed)
        self._response.deliverBody(self._receiver)
        done = self._receiver.done
        return done if unpacking is None else done.addCallback(unpacking.end)

    def pause(self) -> None:
        if self._receiver is not None:
            self._receiver.pause()

    def resume(self) -> None:
        if self._receiver is not None:
            self._receiver.resume()


def _is_zipped(headers: Headers) -> bool:
    """Whether it comes in a coding all the same."""
    return headers.hasHeader(b"content-encoding") and str(_first(headers, b"content-encoding")).strip().lower() in _GZIP


class Unpacking:
    """
    A body in gzip on its way to a sink. It may be several pieces of gzip, one behind the other, and zeros behind each.
    """

    def __init__(self, sink: Callable[[bytes], None]) -> None:
        self._sink = sink
        self._unpacker = zlib.decompressobj(_GZIP_FRAME)
        self._between = True
        # What may stand between the pieces, but not before them.
        self._filling = b""

    def feed(self, data: bytes) -> None:
        """@raise UpstreamFault: it is no gzip."""
        while data := data.lstrip(self._filling) if self._between else data:
            try:
                piece = self._unpacker.decompress(data)
            except zlib.error:
                text = "ARGO's reply says that it is gzip, and is not."
                raise UpstreamFault(502, text, code="upstream_garbage") from None
            data, self._between = self._unpacker.unused_data, self._unpacker.eof
            if self._between:
                self._unpacker, self._filling = zlib.decompressobj(_GZIP_FRAME), b"\0"
            if piece:
                self._sink(piece)

    def end(self, ignored: None) -> None:
        """@raise Truncated: that was not its end."""
        if not self._between:
            raise Truncated


def _head(status: int, headers: Headers) -> Head:
    return Head(
        status=status,
        content_type=_first(headers, b"content-type") or "",
        retry_after=_first(headers, b"retry-after"),
        request_id=_first(headers, b"x-request-id"),
    )


def _first(headers: Headers, name: bytes) -> str | None:
    values = headers.getRawHeaders(name)
    return values[0].decode("latin-1") if values else None


@implementer(IAgent)
@attrs.frozen
class Plainly:
    """Makes any other agent fit: it gets headers that can be added to, and a cancelled call is told as such."""

    _agent: IAgent

    def request(
        self,
        method: bytes,
        uri: bytes,
        headers: Headers | None = None,
        bodyProducer: IBodyProducer | None = None,
    ) -> Deferred[IResponse]:
        return _cancellable(self._agent.request(method, uri, changeable(headers), bodyProducer))


class NoCookies(IndexableCookieJar):
    """Neither takes nor gives any: calls are made for many users."""

    def __iter__(self) -> Iterator[Cookie]:
        return iter(())

    def add_cookie_header(self, request: object) -> None:
        """There is none."""

    def extract_cookies(self, response: object, request: object) -> None:
        """It is dropped."""


class Address(EncodedURL):
    """A URL that is as it is sent; treq would else make sure of that for each call."""

    text: str

    @classmethod
    def of(cls, url: str) -> Address:
        """Make sure of it once."""
        text = EncodedURL.from_text(url).to_uri().to_text()
        address = cls.from_text(text)
        assert isinstance(address, cls)
        address.text = text
        return address

    def to_uri(self) -> Address:
        return self

    def to_text(self, with_password: bool = False) -> str:
        return self.text


@implementer(IAgentEndpointFactory)
@attrs.frozen
class Overridden:
    """
    Endpoints whose addresses the operator may override, the name kept for TLS.

    @ivar addresses: C{host:port} to an address, as C{curl --resolve} has it.
    @ivar _proxy: leads there, if there is one.
    """

    _reactor: Any
    _addresses: Mapping[str, str]
    _connect_timeout: float
    _tls: BrowserLikePolicyForHTTPS = attrs.field(factory=BrowserLikePolicyForHTTPS)
    _proxy: ForwardProxy | None = None

    def endpointForURI(self, uri: URI) -> IStreamClientEndpoint:
        """@return: what connects in time: the look-up of the name, a tunnel and TLS included."""
        name = uri.host.decode("ascii")
        endpoint = self._leading_to(self._addresses.get(f"{name}:{uri.port}", name), uri.port)
        if uri.scheme != b"http":
            endpoint = Handshaken(wrapClientTLS(self._tls.creatorForNetloc(uri.host, uri.port), endpoint))
        return Deadline(endpoint, self._reactor, self._connect_timeout)

    def _leading_to(self, address: str, port: int) -> IStreamClientEndpoint:
        if self._proxy is not None:
            return self._proxy.tunnel(address, port)
        seconds = self._connect_timeout
        if isIPAddress(address):
            # Looking up an address that is one already costs a tenth of a millisecond, and leaves garbage.
            return TCP4ClientEndpoint(self._reactor, address, port, timeout=seconds)
        return HostnameEndpoint(self._reactor, address, port, timeout=seconds, attemptDelay=_NEXT_ADDRESS)


def _headers(fields: Mapping[str, str]) -> CallHeaders:
    return CallHeaders({**_ALWAYS, **fields})


@lru_cache(16)
def _usual_headers(accept: str) -> CallHeaders:
    """Those of a call that has no headers of its own."""
    return _headers({"accept": accept})


_NO_COOKIES = NoCookies()
# An operator has a few addresses.
_address = lru_cache(64)(Address.of)


@implementer(IClient)
@attrs.frozen
class Client:
    """
    Carries calls by treq.

    @ivar _clock: for treq, which imports the process's own at each call that gives none.
    """

    _http: HTTPClient
    _clock: Any

    def send(
        self, call: Call, until: float | None = None, repeated: Callable[[], object] | None = None
    ) -> Deferred[IReply]:
        sent = self._http.request(
            call.method,
            _address(call.url),
            headers=_headers({"accept": call.accept, **call.headers}) if call.headers else _usual_headers(call.accept),
            data=call.body or None,
            cookies=_NO_COOKIES,
            unbuffered=True,
            allow_redirects=False,
            reactor=self._clock,
        )
        return sent.addCallbacks(UpstreamReply, _unreachable)


def answered(sent: Deferred[R]) -> Deferred[R]:
    """
    The answer of one of Twisted's agents, in our terms.

    @return: fails with an L{UpstreamFault} if there is none, and with L{CancelledError} if it is cancelled.
    """
    return _cancellable(sent).addErrback(_unreachable)


def _cancellable(sent: Deferred[R]) -> Deferred[R]:
    """The same, but a cancelled one fails with L{CancelledError}: what Twisted makes of that depends on the moment."""
    cancelled = False

    def cancel(ignored: object) -> None:
        nonlocal cancelled
        cancelled = True
        sent.cancel()

    def failed(failure: Failure) -> Failure:
        return Failure(CancelledError()) if cancelled else failure

    answer: Deferred[R] = Deferred(cancel)
    sent.addErrback(failed).chainDeferred(answer)
    return answer


def _unreachable(failure: Failure) -> Failure:
    """The fault for a call that got no head, unless that is as it was meant."""
    if failure.check(CancelledError):
        return failure
    if not isinstance(failure.value, UnansweredAgain):
        return Failure(_fault(failure))
    fault = _fault(failure.value.reasons[0])
    fault.attempts = 2
    return Failure(fault)


def _fault(failure: Failure) -> Unanswered:
    """In a few words that name no address."""
    something_came = failure.check(ResponseFailed) and not failure.check(ResponseNeverReceived)
    for reason in [failure, *getattr(failure.value, "reasons", ())]:
        for kind, named in _REASONS.items():
            if reason.check(kind):
                fault = named()
                fault.repeatable = fault.repeatable and not something_came
                return fault
    return Unanswered("it did not answer in HTTP")


_REASONS: Mapping[type[Exception], Callable[[], Unanswered]] = {
    error.ConnectionRefusedError: partial(Unreachable, "the connection was refused", repeatable=True),
    error.DNSLookupError: partial(Unreachable, "its name could not be resolved"),
    error.TimeoutError: ConnectTimedOut,
    CutShort: partial(Unreachable, "the connection was lost as it was made", repeatable=True),
    NotAgreed: partial(Unreachable, "TLS could not be agreed on"),
    error.ConnectionLost: partial(Unanswered, "the connection was lost before it answered", repeatable=True),
    error.ConnectionDone: partial(Unanswered, "the connection was closed before it answered", repeatable=True),
    CredentialsRefused: partial(
        Unreachable, "the proxy on the way to it refused our user name and password, or wants some"
    ),
    TunnelRefused: partial(Unreachable, "the proxy on the way to it refused to connect"),
    error.ConnectError: partial(Unreachable, "no connection could be made"),
}


def give_up(reply: IReply) -> None:
    """Read no more of what nobody gets. Of a short reply nothing is left to be read, and its connection is kept."""
    reply.deliver(_unread).addErrback(_as_meant).cancel()


def _unread(data: bytes) -> None:
    """Nobody gets it."""


def _as_meant(failure: Failure) -> None:
    """It ended before its end."""


async def whole_list(reply: IReply) -> bytes:
    """
    The body of a reply that lists models, of whichever shape.

    @raise UpstreamFault: it breaks off, or has no end.
    """
    body = bytearray()

    def collect(data: bytes) -> None:
        body.extend(data)
        if len(body) > _LONGEST_LIST:
            raise UpstreamFault(502, "ARGO's list of models is too long.", code="bad_model_list")

    await reply.deliver(collect)
    return bytes(body)


def make_client(agent: IAgent, clock: Any) -> Client:
    """A client over any agent: ours, Twisted's, or one in memory."""
    fitting = agent if isinstance(agent, LlhttpAgent) else Plainly(agent)
    return Client(HTTPClient(fitting, _NO_COOKIES, WholeBody), clock)


def make_agent(
    reactor: Any, transport: str, endpoints: IAgentEndpointFactory, keeps: bool = True
) -> tuple[IAgent, Close]:
    """
    The agent for the network, and what closes the connections that it keeps at the end.

    @param transport: C{llhttp} for ours, C{stock} for Twisted's.
    @param keeps: whether it keeps any.
    """
    if transport == "llhttp":
        agent = LlhttpAgent(reactor, endpoints, keeps, Later(reactor).do)
        return agent, agent.close
    pool = KeptConnections(reactor, keeps)
    return Agent.usingEndpointFactory(reactor, endpoints, pool), pool.closeCachedConnections
