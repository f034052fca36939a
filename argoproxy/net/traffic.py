"""
Every exchange under way: how a request becomes one, and how all are ended.

What can be refused before a body is understood is refused here: its size, its media type, its coding.
"""

from __future__ import annotations

import attrs
from twisted.internet.defer import Deferred, succeed
from twisted.web.server import Request

from argoproxy.conversation import RouteCall
from argoproxy.errors import ClientFault, ProxyError
from argoproxy.interfaces import IDialect

from .exchange import Exchange, Parties
from .reply import Reply

_JSON = frozenset({None, b"application/json"})


@attrs.define(eq=False)
class Traffic:
    """
    @ivar most_bytes: the largest body.
    """

    parties: Parties
    most_bytes: int
    _running: set[Exchange] = attrs.field(factory=set)

    def reply(self, request: Request, dialect: IDialect) -> Reply:
        """The reply to a request that is answered here and now."""
        return Reply(request, dialect, self.parties.clock)

    def exchange(self, request: Request, dialect: IDialect, path: dict[str, str] | None = None) -> Deferred[None]:
        """
        Serve a request by asking ARGO.

        @param path: the variables in the route's path.
        """
        reply = self.reply(request, dialect)
        body = request.content.read() if request.content is not None else b""
        if (fault := self._refusal(request, len(body))) is not None:
            reply.refuse(fault)
            return succeed(None)
        exchange = Exchange(self.parties, dialect, reply)
        self._running.add(exchange)
        route = RouteCall(path or {}, _query(request))
        return exchange.run(body, route, request.getHeader("x-stainless-read-timeout")).addBoth(self._over, exchange)

    def cut(self, cause: ProxyError) -> None:
        """End all that is under way."""
        for exchange in list(self._running):
            exchange.cut(cause)

    def _over(self, ignored: object, exchange: Exchange) -> None:
        self._running.discard(exchange)

    def _refusal(self, request: Request, length: int) -> ClientFault | None:
        if length > self.most_bytes:
            return too_large(self.most_bytes)
        if not _is_json(request.getHeader(b"content-type")):
            return ClientFault(
                "The body must be JSON: send 'Content-Type: application/json'.",
                status=415,
                code="unsupported_media_type",
            )
        if (request.getHeader(b"content-encoding") or b"identity").lower() != b"identity":
            return ClientFault("The body must not be compressed.", status=415, code="unsupported_content_encoding")
        return None


def too_large(most_bytes: int) -> ClientFault:
    """The fault for a body that is larger than allowed."""
    return ClientFault(
        f"The request is larger than the {most_bytes / 1e6:g} MB that this proxy accepts.",
        status=413,
        code="request_too_large",
    )


def _is_json(content_type: bytes | None) -> bool:
    """Whether a body may be taken as JSON: it says so, or says nothing."""
    if content_type in _JSON:
        return True
    kind = (content_type or b"").partition(b";")[0].strip().lower()
    return not kind or kind == b"application/json" or (kind.startswith(b"application/") and kind.endswith(b"+json"))


def _query(request: Request) -> dict[str, str]:
    """The query's fields, the last of each name."""
    if not request.args:
        return {}
    return {_text(name): _text(values[-1]) for name, values in request.args.items()}


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
