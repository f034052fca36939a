"""
OpenAI's Embeddings: texts or token ids in, vectors out as numbers or as base64 of little-endian float32.

Vectors are handled one at a time: two thousand long ones never become one list of floats.
"""

from __future__ import annotations

import struct
from binascii import b2a_base64
from collections.abc import Sequence
from typing import Literal

import attrs
import msgspec
from zope.interface import implementer

from argoproxy.conversation import EmbeddingRequest, Event, Failed, Request, RouteCall, Stamp, Usage, Used, Vectors
from argoproxy.errors import ClientFault
from argoproxy.interfaces import IRenderer, IRenderingDialect

from . import openai_limits, reading, vectors
from .openai_errors import OpenAIFaults
from .openai_fields import IGNORED, Count, Ignored, Inputs, Seconds, texts_or_tokens

_Encoding = Literal["float", "base64"]


class EmbeddingsRequest(EmbeddingRequest, frozen=True, kw_only=True):
    """
    A request, and how its reply is to be written.

    @ivar encoding_format: how a vector is written.
    """

    encoding_format: _Encoding


class EmbeddingsBody(msgspec.Struct, frozen=True, kw_only=True):
    """What a client sends. C{user} is taken and left: who asks is known otherwise."""

    input: Inputs
    model: str = ""
    encoding_format: _Encoding = "float"
    dimensions: Count | None = None
    user: Ignored = IGNORED
    timeout: Seconds | None = None


_reader = reading.Reader(EmbeddingsBody)


@implementer(IRenderingDialect)
@attrs.frozen
class OpenAIEmbeddings(OpenAIFaults):
    """C{POST /v1/embeddings}."""

    name = "openai_embeddings"
    language = "openai_embeddings"
    headers = ()
    limit_headers = staticmethod(openai_limits.headers)

    def parse(self, body: bytes, call: RouteCall) -> EmbeddingsRequest:
        """Understand a request."""
        fields = reading.split(body)
        known, extras = _reader.read(fields)
        return EmbeddingsRequest(
            model=known.model,
            timeout=known.timeout,
            extras=extras,
            raw=fields,
            inputs=_inputs(known.input),
            dimensions=known.dimensions,
            encoding_format=known.encoding_format,
        )

    def renderer(self, request: Request, stamp: Stamp) -> EmbeddingsRenderer:
        """What makes the reply to a request of L{parse}."""
        assert isinstance(request, EmbeddingsRequest)
        return EmbeddingsRenderer(request, stamp)


def _inputs(given: Inputs) -> tuple[str | tuple[int, ...], ...]:
    """
    The inputs in their order.

    @raise ClientFault: there are too many, one is empty, or they are of different kinds.
    """
    inputs = texts_or_tokens(given, "input")
    if len(inputs) > vectors.MOST_INPUTS:
        raise _refused("input", f"it has {len(inputs):,} inputs, and at most {vectors.MOST_INPUTS:,} are allowed")
    if "" in inputs:
        raise _refused("input" if given == "" else f"input[{inputs.index('')}]", "it is empty")
    return inputs


def _refused(path: str, why: str) -> ClientFault:
    return ClientFault(f"Invalid value for '{path}': {why}.", code="invalid_value", param=path)


class EmbeddingsUsage(msgspec.Struct, frozen=True):
    """What an embedding costs: there is no completion."""

    prompt_tokens: int
    total_tokens: int


@implementer(IRenderer)
@attrs.define
class EmbeddingsRenderer:
    """
    The reply to one request. Keeps the pieces of the bytes that go out, and copies them once.

    Every number of every vector is read, so that what is no vector of finite numbers never goes out as one; for plain
    C{float} the upstream's own bytes are passed on all the same.
    """

    _request: EmbeddingsRequest
    _stamp: Stamp
    _pieces: list[bytes] = attrs.field(factory=list, init=False)
    _vectors: int = attrs.field(default=0, init=False)
    _usage: Usage = attrs.field(factory=Usage, init=False)

    content_type = "application/json"
    keepalive = b""

    def render(self, event: Event) -> bytes:
        """
        Take vectors, which may come in several events, and the usage.

        @raise UpstreamFault: a vector is none.
        @raise ClientFault: the client wants more dimensions than the vectors have.
        @raise ProxyError: the reply failed.
        """
        if isinstance(event, Vectors):
            for row in event.rows:
                self._take(row)
        elif isinstance(event, Used):
            self._usage = event.usage
        elif isinstance(event, Failed):
            raise event.fault
        return b""

    def close(self) -> bytes:
        """
        The whole reply.

        @raise UpstreamFault: there are more or fewer vectors than inputs.
        """
        vectors.check_count(self._vectors, len(self._request.inputs))
        usage = msgspec.json.encode(EmbeddingsUsage(self._usage.prompt, self._usage.total))
        tail = b'],"model":%b,"usage":%b}' % (msgspec.json.encode(self._stamp.model), usage)
        return b"".join([b'{"object":"list","data":[', *self._pieces, tail])

    def _take(self, row: msgspec.Raw) -> None:
        comma = b"," if self._vectors else b""
        head = b'%b{"object":"embedding","index":%d,"embedding":' % (comma, self._vectors)
        self._pieces += (head, self._written(row), b"}")
        self._vectors += 1

    def _written(self, row: msgspec.Raw) -> bytes:
        """One vector as it goes out."""
        numbers = vectors.read(row)
        wanted = self._request.dimensions or len(numbers)
        cut = wanted != len(numbers)
        if cut:
            numbers = vectors.cut(numbers, wanted, "dimensions")
        if self._request.encoding_format == "base64":
            return b'"%b"' % _base64(numbers)
        return msgspec.json.encode(numbers) if cut else row


def _base64(numbers: Sequence[float]) -> bytes:
    """Base64 of float32, lowest byte first, which is what OpenAI's clients read."""
    try:
        packed = struct.pack(f"<{len(numbers)}f", *numbers)
    except OverflowError:
        raise vectors.garbage("a number that is too large for a vector") from None
    return b2a_base64(packed, newline=False)
