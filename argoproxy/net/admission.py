"""
Who comes in, and how often: a request goes on if whoever asks is known, and within their limits.

A proxy without keys and limits has nothing of this. How limits are kept, and which keys are good, is told from outside.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import lru_cache, partial
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

import attrs
from twisted.internet.defer import Deferred, succeed
from twisted.web.http import parse_qs
from twisted.web.server import Request

from argoproxy.conversation import Allowance, Limits, Places, Verdict
from argoproxy.errors import ClientFault, ProxyError
from argoproxy.interfaces import ICountDialect, IDialect, ILedger

from .reply import Reply
from .traffic import Body, Guest, Traffic, asker, fields, query_of

# Seconds after which a place may have become free, for who knows.
_SOON = 1.0
# Seconds beyond which SDKs wait shorter than they are told.
_TOO_LONG = 60.0
# Serves somebody, and returns how many tokens that has cost.
Serve = Callable[[Reply, Guest], Coroutine[Any, Any, int]]
_SHARED = 64
_REMEMBERED = 4096
# Bytes of a request for each of its tokens, about, and the most tokens that one is guessed to have: its pictures may be
# larger than all of its words.
_ASKED, _MOST = 4, 100_000
# Bytes of a reply for each token: in a stream's events; in ARGO's own calls, of which one gives text and one vectors.
_SENT, _SENT_BY_ARGO = 128, {"chat": 4, "embed": 4096}


@attrs.frozen
class Holder:
    """
    Who asks, and what they may.

    @ivar name: the name of their key, or L{None}.
    """

    guest: Guest
    allowance: Allowance
    name: str | None = None


class Limited(ProxyError):
    """Whoever asks has to wait."""

    def __init__(self, verdict: Verdict) -> None:
        denied = verdict.denied
        assert denied is not None
        self.wait = verdict.wait or _SOON
        code = "concurrency_limit_exceeded" if isinstance(denied, Places) else "rate_limit_exceeded"
        text = f"Over the limit of {denied.told()}: try again in {_in_words(self.wait)}."
        again = False if self.wait > _TOO_LONG else None
        super().__init__(429, text, code=code, retry_after=str(math.ceil(self.wait)), should_retry=again)

    @property
    def headers(self) -> dict[str, str]:
        return {**super().headers, "retry-after-ms": str(math.ceil(self.wait * 1000))}


def _in_words(seconds: float) -> str:
    return f"{math.ceil(seconds)} s" if seconds < 120 else f"{math.ceil(seconds / 60)} min"


@attrs.define(eq=False)
class Gate:
    """
    In front of L{Traffic}, with the same ways in.

    @ivar _holder: who asks, by their request and its query; raises a L{ClientFault} for nobody.
    @ivar _others: what limits them besides what is theirs: from a request and the user in whose name it is asked.
    @ivar _wall_clock: seconds since the epoch.
    """

    _traffic: Traffic
    _holder: Callable[[Request, Mapping[str, str]], Holder]
    _others: Sequence[Callable[[Request, str], Allowance]]
    _ledger: ILedger
    _wall_clock: Callable[[], float]

    def reply(self, request: Request, dialect: IDialect) -> Reply:
        """The reply to a request that is answered here and now."""
        return self._traffic.reply(request, dialect)

    def stranger(self, request: Request, path: bytes) -> ClientFault | None:
        """Why nobody listens to what somebody begins to send, if nobody does."""
        try:
            self._holder(request, fields(parse_qs(path.partition(b"?")[2])))
        except ClientFault as fault:
            return fault
        return None

    def objection(self, request: Request, query: Mapping[str, str]) -> ClientFault | None:
        """Why ARGO won't be asked, as far as a request's head tells."""
        try:
            return self._traffic.objection_to(request, self._holder(request, query).guest)
        except ClientFault as fault:
            return fault

    def exchange(self, request: Request, dialect: IDialect, path: Mapping[str, str] | None = None) -> Deferred[None]:
        """Serve a request by asking ARGO, if it may be."""
        return self._let_in(request, dialect, partial(self._exchanged, request, dialect, path or {}))

    def answer(self, request: Request, dialect: IDialect, body: Body) -> Deferred[None]:
        """Serve a request by what the proxy knows, if it may be. That costs no tokens, and waits for none."""

        async def told(reply: Reply, guest: Guest) -> int:
            await self._traffic.told(reply, guest, body)
            return 0

        return self._let_in(request, dialect, told, tokens=False)

    def _let_in(self, request: Request, dialect: IDialect, serve: Serve, tokens: bool = True) -> Deferred[None]:
        """@param tokens: whether those that whoever asks may have limit it, too."""
        reply = self.reply(request, dialect)
        try:
            holder = self._holder(request, query_of(request))
        except ClientFault as fault:
            reply.refuse(fault)
            return succeed(None)
        reply.record.key = holder.name
        serve_them = partial(serve, reply, holder.guest)
        if holder.guest.user or not tokens:
            limits = self._limits(request, holder, tokens)
            served: Coroutine[Any, Any, Any] = self._admitted(dialect, reply, limits, serve_them)
        else:
            # It is refused, and on nobody's account.
            served = serve_them()
        done: Deferred[None] = Deferred.fromCoroutine(served)
        return done.addErrback(self._traffic.unforeseen, reply)

    def _limits(self, request: Request, holder: Holder, tokens: bool) -> Allowance:
        allowance = holder.allowance
        for other in self._others:
            allowance += other(request, holder.guest.user)
        return allowance if tokens else allowance.without_tokens()

    async def _admitted(
        self, dialect: IDialect, reply: Reply, allowance: Allowance, serve: Callable[[], Coroutine[Any, Any, int]]
    ) -> None:
        try:
            verdict = await self._ledger.enter(allowance)
        except ProxyError as fault:
            reply.refuse(fault)
            return
        if verdict.denied is not None:
            reply.tell(dialect.limit_headers(verdict, self._wall_clock()))
            reply.refuse(Limited(verdict))
            return
        tokens = 0
        try:
            if not reply.gone:
                reply.tell(dialect.limit_headers(verdict, self._wall_clock()))
                tokens = await serve()
        finally:
            self._ledger.leave(verdict, tokens)

    async def _exchanged(
        self, request: Request, dialect: IDialect, path: Mapping[str, str], reply: Reply, guest: Guest
    ) -> int:
        length = _length(request)
        await self._traffic.serve(request, dialect, path, reply, guest)
        return 0 if ICountDialect.providedBy(dialect) else _tokens(reply, length, path)


def _length(request: Request) -> int:
    content = request.content
    if content is None:
        return 0
    length: int = content.seek(0, 2)
    content.seek(0)
    return length


def _tokens(reply: Reply, asked: int, path: Mapping[str, str]) -> int:
    """
    What a request has cost: what was told or counted. Where neither was, or it was broken off before, also a guess by
    its bytes, so that it pays nobody to leave early. One that failed with a status has cost nothing, and neither has
    one of which ARGO has not heard.
    """
    record = reply.record
    if record.status >= 400 or not record.asked:
        return 0
    known = record.usage.total if record.usage is not None else 0
    if record.usage is not None and record.end == "done":
        return known
    each = _SENT_BY_ARGO.get(path.get("resource", ""), _SENT)
    return max(known, min(asked // _ASKED, _MOST) + record.sent // each)


def by_key(owner: Callable[[str], Holder | None]) -> Callable[[Request, Mapping[str, str]], Holder]:
    """
    Who asks, by the key that they give.

    @param owner: whose key it is.
    """

    def holder(request: Request, query: Mapping[str, str]) -> Holder:
        key = asker(request, query)
        found = owner(key) if key else None
        if found is None:
            text = "This API key is not known here, or not good any more." if key else "Give an API key."
            raise ClientFault(text, status=401, code="invalid_api_key")
        return found

    return holder


def by_nothing(traffic: Traffic) -> Callable[[Request, Mapping[str, str]], Holder]:
    """Whoever asks, where there are no keys."""

    def holder(request: Request, query: Mapping[str, str]) -> Holder:
        return Holder(traffic.guest(request, query), Allowance())

    return holder


def of_user(limits: Limits) -> Callable[[Request, str], Allowance]:
    """What each user may have, whichever keys are theirs, and however they write their name."""
    of = lru_cache(_REMEMBERED)(partial(limits.of, "user"))

    def allowance(request: Request, user: str) -> Allowance:
        return of(user.lower()) if user else Allowance()

    return allowance


def of_address(limits: Limits) -> Callable[[Request, str], Allowance]:
    """What each address may have. Of IPv6 a network counts as one, for each of its hosts has as many as it wants."""

    @lru_cache(_REMEMBERED)
    def of(host: str) -> Allowance:
        return limits.of("address", network_of(host))

    def allowance(request: Request, user: str) -> Allowance:
        address: Any = request.getClientAddress()
        return of(getattr(address, "host", ""))

    return allowance


def network_of(host: str) -> str:
    """What counts as one address; whatever has none, such as a Unix socket, is one together."""
    try:
        address: IPv4Address | IPv6Address = ip_address(host.partition("%")[0])
    except ValueError:
        return "local"
    if isinstance(address, IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ip_network((address, _SHARED), strict=False))
