"""
Google's GenAI: C{POST /v1beta/models/{model}:generateContent}, C{:streamGenerateContent} and C{:countTokens}.

How requests are read; replies are made in L{argoproxy.dialects.google_replies}.
"""

from __future__ import annotations

import attrs
import msgspec
from zope.interface import implementer

from argoproxy.conversation import ChatRequest, Request, RouteCall, Stamp
from argoproxy.errors import ProxyError
from argoproxy.interfaces import ICountDialect, IRenderer, IRenderingDialect

from . import google_limits
from .google_errors import STATUSES, error_body
from .google_names import read_fields, read_object
from .google_replies import WholeRenderer
from .google_requests import GenerateRequest, read_request
from .google_stream import StreamRenderer

_STREAMING = "streamGenerateContent"
_NESTED = "generateContentRequest"


@implementer(IRenderingDialect)
@attrs.frozen
class GoogleGenAI:
    """Contents in, candidates out."""

    name = "google_genai"
    language = "google_genai"
    headers = ()
    statuses = STATUSES
    limit_headers = staticmethod(google_limits.headers)

    def parse(self, body: bytes, call: RouteCall) -> GenerateRequest:
        """Understand a request. The path's C{method} says whether it streams, the query's C{alt} in which frame."""
        stream = call.path.get("method") == _STREAMING
        sse = call.query.get("alt", "").lower() == "sse"
        return read_request(read_fields(body), call.path["model"], stream=stream, sse=sse)

    def renderer(self, request: Request, stamp: Stamp) -> IRenderer:
        """What makes the reply to a request of L{parse}."""
        assert isinstance(request, GenerateRequest)
        return StreamRenderer(request, stamp) if request.stream else WholeRenderer(request, stamp)

    def error(self, fault: ProxyError, request_id: str = "") -> bytes:
        """Google's error body."""
        return error_body(fault)


class TokenCount(msgspec.Struct, frozen=True, rename="camel"):
    """How many tokens there are."""

    total_tokens: int


@implementer(ICountDialect)
@attrs.frozen
class GoogleCount:
    """The tokens of contents, or of the request that would be made of them."""

    name = "google_count"
    language = "google_count"
    headers = ()
    statuses = STATUSES
    limit_headers = staticmethod(google_limits.headers)

    def parse(self, body: bytes, call: RouteCall) -> ChatRequest:
        """Understand a request: the contents themselves, or a whole request to generate some."""
        fields = read_fields(body)
        if _NESTED in fields:
            fields |= read_object(fields.pop(_NESTED), _NESTED)
        return read_request(fields, call.path["model"])

    def counted(self, tokens: int) -> bytes:
        """Google's count."""
        return msgspec.json.encode(TokenCount(tokens))

    def error(self, fault: ProxyError, request_id: str = "") -> bytes:
        """Google's error body."""
        return error_body(fault)
