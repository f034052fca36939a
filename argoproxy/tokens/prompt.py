"""What a request says, as texts to count and tokens that come on top of them. The counting itself is the tally's."""

from __future__ import annotations

from collections.abc import Iterator

from argoproxy.conversation import (
    ChatRequest,
    EmbeddingRequest,
    Image,
    Opaque,
    Part,
    Reasoning,
    Text,
    Tokens,
    ToolCall,
)

from . import overhead, schema
from .encoding import Encoding
from .tally import Said


def said(request: ChatRequest | EmbeddingRequest, encoding: Encoding) -> Iterator[Said]:
    """
    All that a request says. Made on the way, so that a long one needs no room and no time before it is counted.

    @param encoding: the model's: overheads differ by it.
    """
    return _inputs(request) if isinstance(request, EmbeddingRequest) else _chat(request, encoding)


def _inputs(request: EmbeddingRequest) -> Iterator[Said]:
    for text in request.inputs:
        yield text if isinstance(text, str) else len(text)


def _chat(request: ChatRequest, encoding: Encoding) -> Iterator[Said]:
    for prompt in request.prompts:
        if not request.bare:
            yield overhead.MESSAGE * len(prompt) + overhead.REPLY
        for message in prompt:
            if message.name is not None and not request.bare:
                yield overhead.NAME
                yield message.name
            for part in message.parts:
                if isinstance(part, Text):
                    yield part.text
                else:
                    yield from _part(part)
    if request.tools:
        yield from schema.said(request.tools, encoding)


def _part(part: Part) -> Iterator[str | int]:
    if isinstance(part, (Text, Reasoning)):
        yield part.text
    elif isinstance(part, Tokens):
        yield len(part.ids)
    elif isinstance(part, Image):
        yield overhead.image(part.detail)
    elif isinstance(part, ToolCall):
        yield part.name
        yield part.arguments
    elif isinstance(part, Opaque):
        yield part.tokens
    else:
        for answer in part.parts:
            yield from _part(answer)
