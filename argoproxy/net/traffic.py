"""
How a request becomes an exchange.

What can be refused before a body is understood is refused here: its size, its media type, its coding.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from io import BytesIO
from typing import cast

import attrs
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.python.failure import Failure
from twisted.web.server import Request

from argoproxy.conversation import RouteCall
from argoproxy.errors import ClientFault, ProxyError, TooLarge
from argoproxy.interfaces import ICatalogue, IDialect

from .codings import CODINGS, TAKEN, Coded, coding_of
from .exchange import Asked, Exchange, Parties
from .record import log_bug
from .reply import Reply
from .underway import Underway

_USER = re.compile(r"[!-~]{1,128}")
# Makes the body of a reply for whoever may use these models; raises, or fails with, a ProxyError.
Body = Callable[[ICatalogue], "bytes | Deferred[bytes]"]
_JSON = frozenset({None, b"application/json"})


@attrs.frozen
class Guest:
    """
    Who asks.

    @ivar user: in whose name ARGO is asked; empty if they must say it, and don't.
    """

    user: str
    parties: Parties


@attrs.define(eq=False)
class Traffic:
    """
    @ivar most_bytes: the largest body.
    @ivar user: in whose name ARGO is asked; L{None} if in that of each client, who gives it as a key.
    @ivar client_timeouts: whether to stop when a client's SDK says that it will.
    @ivar underway: where every exchange is kept until it ends.
    @ivar begin: what makes one.
    """

    parties: Parties
    most_bytes: int
    user: str | None
    client_timeouts: bool
    underway: Underway
    begin: Callable[[Parties, IDialect, Reply], Exchange] = Exchange
    _everybody: Guest | None = attrs.field(init=False)

    @_everybody.default
    def _of_user(self) -> Guest | None:
        return Guest(self.user, self.parties) if self.user else None

    def reply(self, request: Request, dialect: IDialect) -> Reply:
        """The reply to a request that is answered here and now."""
        return Reply(request, dialect, self.parties.later)

    def guest(self, request: Request, query: Mapping[str, str]) -> Guest:
        """Whoever asks."""
        return self._everybody or Guest(asker(request, query), self.parties)

    def exchange(self, request: Request, dialect: IDialect, path: Mapping[str, str] | None = None) -> Deferred[None]:
        """
        Serve a request by asking ARGO.

        @param path: the variables in the route's path.
        """
        guest = self.guest(request, query_of(request))
        return self.serve(request, dialect, path or {}, self.reply(request, dialect), guest)

    def serve(
        self, request: Request, dialect: IDialect, path: Mapping[str, str], reply: Reply, guest: Guest
    ) -> Deferred[None]:
        """
        Serve a request for somebody by asking ARGO.

        @return: fires when the reply is complete, and never fails.
        """
        body = _taken(request)
        route = RouteCall(path, query_of(request), _headers(request, dialect))
        coding = coding_of(request)
        if (fault := self._refusal(request, coding, len(body), guest.user)) is not None:
            reply.refuse(fault)
            return succeed(None)
        exchange = self.begin(guest.parties, dialect, reply)
        self.underway.exchanges.add(exchange)
        patience = header(request, "x-stainless-read-timeout") if self.client_timeouts else None
        given = Coded(body, coding, self.most_bytes) if coding else body
        running = exchange.run(Asked(given, route, guest.user, patience))
        if self.underway.cause is not None:
            # It was on its way when all others were ended.
            exchange.cut(self.underway.cause)
        who = (exchange,)
        return running.addCallbacks(self.underway.over, self._broken, callbackArgs=who, errbackArgs=(reply, exchange))

    def answer(self, request: Request, dialect: IDialect, body: Body) -> Deferred[None]:
        """Serve a request by what the proxy knows, or can find out for everybody."""
        return self.told(self.reply(request, dialect), self.guest(request, query_of(request)), body)

    def told(self, reply: Reply, guest: Guest, body: Body) -> Deferred[None]:
        """
        Tell somebody that.

        @return: fires when the reply is complete, and never fails.
        """
        made = maybeDeferred(body, guest.parties.planner.catalogue)
        reply.abandon = made.cancel
        told = made.addCallbacks(partial(reply.whole, 200), _refused, errbackArgs=(reply,))
        return told.addErrback(self.unforeseen, reply)

    def _broken(self, failure: Failure, reply: Reply, exchange: Exchange) -> None:
        self.underway.over(None, exchange)
        self.unforeseen(failure, reply)

    def unforeseen(self, failure: Failure, reply: Reply) -> None:
        """What nobody meant to happen, such as that even telling the client what went wrong went wrong."""
        if reply.gone:
            return
        log_bug("request {id} could not be told its fault", reply.record.id, failure)
        reply.give_up()

    def objection(self, request: Request, query: Mapping[str, str]) -> ClientFault | None:
        """Why ARGO won't be asked, as far as a request's head tells."""
        return self.objection_to(request, self.guest(request, query))

    def objection_to(self, request: Request, guest: Guest) -> ClientFault | None:
        """The same of somebody who is known."""
        return self._refusal(request, coding_of(request), 0, guest.user)

    def _refusal(self, request: Request, coding: str, length: int, user: str) -> ClientFault | None:
        if length > self.most_bytes:
            return TooLarge(self.most_bytes)
        if not _is_json(request.getHeader(b"content-type")):
            return ClientFault(
                "The body must be JSON: send 'Content-Type: application/json'.",
                status=415,
                code="unsupported_media_type",
            )
        if coding not in CODINGS:
            text = f"The body may be compressed by one of {TAKEN}."
            told = {"accept-encoding": TAKEN}
            return ClientFault(text, status=415, code="unsupported_content_encoding", taken=told)
        if not user:
            text = "Give your ANL user name as the API key: this proxy asks ARGO in its clients' own names."
            return ClientFault(text, status=401, code="missing_api_key")
        return None


def _refused(failure: Failure, reply: Reply) -> None:
    failure.trap(ProxyError)
    reply.refuse(cast(ProxyError, failure.value))


def _taken(request: Request) -> bytes:
    """The body, which the request itself needn't keep any longer."""
    if request.content is None:
        return b""
    # Unlike what it reads, what it holds is not a copy.
    body: bytes = request.content.getvalue() if isinstance(request.content, BytesIO) else request.content.read()
    request.content.close()
    return body


def header(request: Request, name: str) -> str | None:
    """A header as text, whatever bytes a client put there."""
    value = request.getHeader(name.encode("ascii"))
    return None if value is None else value.decode("utf-8", "replace")


def asker(request: Request, query: Mapping[str, str]) -> str:
    """
    What a client gives as its key, in whichever way its API has: a key of ours, or with C{username_passthrough} the
    name of a user; empty if it gives nothing that could be one.
    """
    scheme, _, bearer = (header(request, "authorization") or "").partition(" ")
    keys = (
        bearer.strip() if scheme.lower() == "bearer" else "",
        header(request, "x-api-key"),
        header(request, "x-goog-api-key"),
        query.get("key"),
    )
    return next((key for key in keys if key and _USER.fullmatch(key)), "")


def _headers(request: Request, dialect: IDialect) -> dict[str, str]:
    given = {name: header(request, name) for name in dialect.headers}
    return {name: value for name, value in given.items() if value is not None}


def _is_json(content_type: bytes | None) -> bool:
    """Whether a body may be taken as JSON: it says so, or says nothing."""
    if content_type in _JSON:
        return True
    kind = (content_type or b"").partition(b";")[0].strip().lower()
    return not kind or kind == b"application/json" or (kind.startswith(b"application/") and kind.endswith(b"+json"))


def query_of(request: Request) -> dict[str, str]:
    """The query's fields, the last of each name."""
    return fields(request.args) if request.args else {}


def fields(args: Mapping[bytes, Sequence[bytes]]) -> dict[str, str]:
    """The same, of what a query is made of."""
    return {_text(name): _text(values[-1]) for name, values in args.items()}


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
