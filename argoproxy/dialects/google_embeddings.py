"""Google's embeddings: C{:embedContent} for one content, C{:batchEmbedContents} for several. Vectors are numbers."""

from __future__ import annotations

from typing import Annotated

import attrs
import msgspec
from zope.interface import implementer

from argoproxy.conversation import EmbeddingRequest, Event, Failed, Request, RouteCall, Stamp, Vectors
from argoproxy.errors import ProxyError
from argoproxy.interfaces import IRenderer, IRenderingDialect
from argoproxy.vocabulary.google import Content
from argoproxy.wire.json import Fields

from . import google_limits, vectors
from .google_errors import STATUSES, error_body
from .google_names import read_fields, read_object
from .google_parts import only_text, refused
from .google_requests import plain_name
from .openai_fields import Count, Seconds
from .reading import Reader, decode

_BATCH = "batchEmbedContents"
_DIMENSIONS = "outputDimensionality"


class GoogleEmbeddingRequest(EmbeddingRequest, frozen=True, kw_only=True):
    """
    A request, and how its reply is to be written.

    @ivar batch: whether it is a list.
    """

    batch: bool


class EmbedBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is to be embedded. The model in the path counts."""

    content: str | Content
    model: str | None = None
    output_dimensionality: Count | None = None
    timeout: Seconds | None = None


class BatchBody(msgspec.Struct, frozen=True, kw_only=True):
    """Several at once."""

    requests: Annotated[tuple[msgspec.Raw, ...], msgspec.Meta(min_length=1, max_length=vectors.MOST_INPUTS)]
    timeout: Seconds | None = None


_ONE = Reader(EmbedBody)
_SEVERAL = Reader(BatchBody)
_one = msgspec.json.Decoder(EmbedBody)
_KNOWN = {field.encode_name for field in msgspec.structs.fields(EmbedBody)}


@implementer(IRenderingDialect)
@attrs.frozen
class GoogleEmbeddings:
    """Contents in, vectors out."""

    name = "google_embeddings"
    language = "google_embeddings"
    headers = ()
    statuses = STATUSES
    limit_headers = staticmethod(google_limits.headers)

    def parse(self, body: bytes, call: RouteCall) -> GoogleEmbeddingRequest:
        """Understand a request. The path's C{method} says whether it is a batch."""
        model = plain_name(call.path["model"])
        fields = read_fields(body)
        return _batch(fields, model) if call.path.get("method") == _BATCH else _single(fields, model)

    def renderer(self, request: Request, stamp: Stamp) -> IRenderer:
        """What makes the reply to a request of L{parse}."""
        assert isinstance(request, GoogleEmbeddingRequest)
        return EmbeddingsRenderer(request)

    def error(self, fault: ProxyError, request_id: str = "") -> bytes:
        """Google's error body."""
        return error_body(fault)


def _single(fields: Fields, model: str) -> GoogleEmbeddingRequest:
    known, extras = _ONE.read(fields)
    return GoogleEmbeddingRequest(
        model=model,
        timeout=known.timeout,
        extras=extras,
        inputs=(_text(known.content, "content"),),
        dimensions=known.output_dimensionality,
        batch=False,
    )


def _batch(fields: Fields, model: str) -> GoogleEmbeddingRequest:
    """
    One request of many.

    @raise ClientFault: they are not for one model, or don't want vectors of one length.
    """
    body, extras = _SEVERAL.read(fields)
    asked: list[EmbedBody] = []
    for index, raw in enumerate(body.requests):
        path = f"requests[{index}]"
        one: EmbedBody = decode(_one, raw, path)
        _check_alike(one, asked[0] if asked else one, model, path)
        asked.append(one)
        extras |= _others(raw, path)
    return GoogleEmbeddingRequest(
        model=model,
        timeout=body.timeout,
        extras=extras,
        inputs=tuple(_text(one.content, f"requests[{index}].content") for index, one in enumerate(asked)),
        dimensions=asked[0].output_dimensionality,
        batch=True,
    )


def _others(raw: msgspec.Raw, path: str) -> Fields:
    """The fields of one request that aren't known."""
    fields = read_object(raw, path)
    return {name: value for name, value in fields.items() if name not in _KNOWN and bytes(value) != b"null"}


def _check_alike(one: EmbedBody, first: EmbedBody, model: str, path: str) -> None:
    if one.model and plain_name(one.model) != model:
        raise refused(f"{path}.model", "it is not the model in the path", "invalid_value")
    if one.output_dimensionality != first.output_dimensionality:
        raise refused(f"{path}.{_DIMENSIONS}", "all requests of a batch must want the same")


def _text(content: str | Content, path: str) -> str:
    """
    A content's text.

    @raise ClientFault: it has none.
    """
    text = content if isinstance(content, str) else only_text(content, path)
    if not text:
        raise refused(path, "it is empty", "invalid_value")
    return text


@implementer(IRenderer)
@attrs.define
class EmbeddingsRenderer:
    """The reply to one request. Keeps the pieces of the bytes that go out, and copies them once."""

    _request: GoogleEmbeddingRequest
    _pieces: list[bytes] = attrs.field(factory=list, init=False)

    content_type = "application/json"
    keepalive = b""

    def render(self, event: Event) -> bytes:
        """
        Take vectors, which may come in several events.

        @raise UpstreamFault: a vector is none.
        @raise ClientFault: the client wants more dimensions than the vectors have.
        @raise ProxyError: the reply failed.
        """
        if isinstance(event, Vectors):
            self._pieces += [b'{"values":%b}' % self._written(row) for row in event.rows]
        elif isinstance(event, Failed):
            raise event.fault
        return b""

    def close(self) -> bytes:
        """
        The whole reply.

        @raise UpstreamFault: there are more or fewer vectors than inputs.
        """
        vectors.check_count(len(self._pieces), len(self._request.inputs))
        if self._request.batch:
            return b'{"embeddings":[%b]}' % b",".join(self._pieces)
        return b'{"embedding":%b}' % self._pieces[0]

    def _written(self, row: msgspec.Raw) -> bytes:
        """A vector: the upstream's own bytes, unless it is cut."""
        numbers = vectors.read(row)
        wanted = self._request.dimensions or len(numbers)
        if wanted == len(numbers):
            return bytes(row)
        return msgspec.json.encode(vectors.cut(numbers, wanted, _DIMENSIONS))
