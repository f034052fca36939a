"""
What a request says, as texts to count and tokens that come on top of them. The counting itself is the tally's.

The overheads are those that OpenAI has published (its cookbook's page on counting tokens with tiktoken). Nobody has
published such numbers for Claude and Gemini, so theirs are estimates.
"""

from __future__ import annotations

from collections.abc import Iterator

from argoproxy.conversation import (
    ChatRequest,
    DirectRequest,
    EmbeddingRequest,
    Image,
    Message,
    Part,
    Reasoning,
    Request,
    Text,
    Tokens,
    ToolCall,
)

from . import direct, schema

MESSAGE = 4  # three for the frame, one for the role
NAME = 1
REPLY = 3  # what the reply is primed with

# A picture's tokens depend on its size, which is not looked at: OpenAI's 85 for low detail, and what a picture of
# 1024 by 1024 costs otherwise.
_IMAGE = {"low": 85}
_DETAILED_IMAGE = 765


def image(detail: str | None) -> int:
    """The estimate for a picture."""
    return _IMAGE.get(detail or "auto", _DETAILED_IMAGE)


def said(request: Request, encoding: str) -> Iterator[str | int]:
    """
    All that a request says. Made on the way, so that a long one needs no room and no time before it is counted.

    @param encoding: the name of the model's token encoding: overheads differ by it.
    """
    if isinstance(request, DirectRequest):
        yield from direct.said(request)
    elif isinstance(request, EmbeddingRequest):
        for text in request.inputs:
            yield text if isinstance(text, str) else len(text)
    else:
        yield from _chat(request, encoding)


def _chat(request: ChatRequest, encoding: str) -> Iterator[str | int]:
    for prompt in request.prompts:
        for message in prompt:
            if not request.bare:
                yield from _frame(message)
            for part in message.parts:
                yield from _part(part)
        if not request.bare:
            yield REPLY
    yield from schema.said(request.tools, encoding)


def _frame(message: Message) -> Iterator[str | int]:
    yield MESSAGE
    if message.name is not None:
        yield NAME
        yield message.name


def _part(part: Part) -> Iterator[str | int]:
    if isinstance(part, Text | Reasoning):
        yield part.text
    elif isinstance(part, Tokens):
        yield len(part.ids)
    elif isinstance(part, Image):
        yield image(part.detail)
    elif isinstance(part, ToolCall):
        yield part.name
        yield part.arguments
    else:
        for answer in part.parts:
            yield from _part(answer)
