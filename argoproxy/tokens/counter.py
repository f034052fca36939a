"""Counts what requests and replies cost, and spells out what clients send as tokens. It does no arithmetic itself."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import msgspec
from zope.interface import implementer

from argoproxy.conversation import ChatRequest, EmbeddingRequest, Message, Model, Part, Text, Tokens
from argoproxy.errors import ClientFault
from argoproxy.interfaces import ICounter

from . import prompt
from .encoding import Encoding, UnknownToken, encoding
from .tally import Tally


@implementer(ICounter)
@attrs.frozen
class Counter:
    """
    Counts with OpenAI's encodings: as the model does for OpenAI's, and as an estimate for the other families.
    """

    def warm(self) -> None:
        """Load the chat models' encoding now rather than at the first count. Any thread may: it holds up no other."""
        encoding("o200k_base").load()

    def prompt(self, request: ChatRequest | EmbeddingRequest, model: Model) -> Tally:
        """
        A tally of all that the request says. Nothing is counted until its C{step}; small ones take one.
        """
        codes = encoding(model.encoding)
        return Tally(codes, prompt.said(request, codes))

    def completion(self, model: Model) -> Tally:
        """An empty tally."""
        return Tally(encoding(model.encoding))

    def spelled_out(self, request: ChatRequest | EmbeddingRequest, model: Model) -> ChatRequest | EmbeddingRequest:
        """
        The same request with text in place of token ids; the very same if it has none.

        @raise ClientFault: an id is not of the model's encoding. C{param} has its prompt or input.
        """
        if isinstance(request, EmbeddingRequest):
            return _texts(request, encoding(model.encoding))
        return _prompts(request, encoding(model.encoding)) if request.bare else request


def _texts(request: EmbeddingRequest, codes: Encoding) -> EmbeddingRequest:
    if all(isinstance(one, str) for one in request.inputs):
        return request
    inputs = tuple(
        one if isinstance(one, str) else _spell(one, codes, _path("input", place, len(request.inputs)))
        for place, one in enumerate(request.inputs)
    )
    return msgspec.structs.replace(request, inputs=inputs)


def _prompts(request: ChatRequest, codes: Encoding) -> ChatRequest:
    if not any(isinstance(part, Tokens) for said in request.prompts for message in said for part in message.parts):
        return request
    prompts = tuple(
        tuple(_message(message, codes, _path("prompt", place, len(request.prompts))) for message in said)
        for place, said in enumerate(request.prompts)
    )
    return msgspec.structs.replace(request, prompts=prompts)


def _message(message: Message, codes: Encoding, path: str) -> Message:
    parts: list[Part] = [
        Text(_spell(part.ids, codes, path)) if isinstance(part, Tokens) else part for part in message.parts
    ]
    return msgspec.structs.replace(message, parts=tuple(parts))


def _path(field: str, place: int, several: int) -> str:
    """Where a text stands in the body: a field with one may hold it bare."""
    return f"{field}[{place}]" if several > 1 else field


def _spell(ids: Sequence[int], codes: Encoding, path: str) -> str:
    try:
        return codes.spell(ids)
    except UnknownToken as error:
        text = f"Invalid value for '{path}': its token {error.place} is not of the model's encoding, {codes.name}."
        raise ClientFault(text, code="invalid_token", param=path) from None
