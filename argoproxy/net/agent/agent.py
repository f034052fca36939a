"""The agent: where a request goes, and what is sent there."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import attrs
from twisted.internet.defer import Deferred, fail, gatherResults
from twisted.python.failure import Failure
from twisted.web.client import URI
from twisted.web.error import SchemeNotSupported
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IAgentEndpointFactory, IBodyProducer, IResponse
from zope.interface import implementer

from .origin import Origin, Putting, at_once
from .request import Request, WholeBody, head_of

_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VISIBLE = re.compile(rb"[\x21-\x7e]+")
_PORTS = {b"http": 80, b"https": 443}
_MOST_TARGETS = 256


@attrs.frozen
class Target:
    """
    What is the same for every request of a method and a URI.

    @ivar line: the request's first line, with its end.
    @ivar host: the header that names the host, with its end.
    """

    origin: Origin
    line: bytes
    host: bytes


@implementer(IAgent)
class LlhttpAgent:
    """Makes requests whose bodies, if any, are L{WholeBody}s; keeps connections between them."""

    def __init__(
        self, clock: Any, endpoints: IAgentEndpointFactory, keeps: bool = True, later: Putting = at_once
    ) -> None:
        """
        @param keeps: whether connections are kept. If not, every request has a new one.
        @param later: has it told that a reply has begun.
        """
        self._keeps = keeps
        self._later = later
        self._clock = clock
        self._endpoints = endpoints
        self._origins: dict[tuple[bytes, bytes, int], Origin] = {}
        self._target = lru_cache(_MOST_TARGETS)(self._find)

    def request(
        self,
        method: bytes,
        uri: bytes,
        headers: Headers | None = None,
        bodyProducer: IBodyProducer | None = None,
    ) -> Deferred[IResponse]:
        """
        @raise ValueError: the method or the URI is none.
        @raise TypeError: the body is not there yet.
        """
        if bodyProducer is not None and not isinstance(bodyProducer, WholeBody):
            raise TypeError(f"a body must be a WholeBody, not {bodyProducer!r}")
        try:
            target = self._target(method, uri)
        except SchemeNotSupported:
            return fail(Failure())
        headers = Headers() if headers is None else headers
        body = None if bodyProducer is None else bodyProducer.data
        head = head_of(target.line, target.host, method, headers, body)
        request = Request(method, uri, headers, head, body or b"")
        answer = request.answer
        assert answer is not None
        target.origin.carry(request)
        return answer

    def close(self) -> Deferred[Any]:
        """Keep no connection any more. Fires when those that were idle are closed."""
        return gatherResults([origin.close() for origin in self._origins.values()])

    def _find(self, method: bytes, uri: bytes) -> Target:
        if not _TOKEN.fullmatch(method):
            raise ValueError(f"{method!r} is no method")
        if not _VISIBLE.fullmatch(uri):
            raise ValueError(f"{uri!r} is no URI")
        parsed = URI.fromBytes(uri)
        if parsed.scheme not in _PORTS:
            raise SchemeNotSupported(f"Unsupported scheme: {parsed.scheme!r}")
        line = b"%b %b HTTP/1.1\r\n" % (method, parsed.originForm)
        return Target(self._origin(parsed), line, b"Host: %b\r\n" % _host(parsed))

    def _origin(self, uri: URI) -> Origin:
        key = (uri.scheme, uri.host, uri.port)
        if key not in self._origins:
            self._origins[key] = Origin(self._endpoints.endpointForURI(uri), self._clock, self._keeps, self._later)
        return self._origins[key]


def _host(uri: URI) -> bytes:
    name = b"[%b]" % uri.host if b":" in uri.host else uri.host
    return name if uri.port == _PORTS[uri.scheme] else b"%b:%d" % (name, uri.port)
