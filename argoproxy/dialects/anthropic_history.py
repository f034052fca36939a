"""
The messages of Anthropic's requests, and what they are in the neutral language.

Blocks that it has no words for (PDF files, search results, what Anthropic's own tools found) are refused by their
path: to leave one out would change the meaning of the rest. What says nothing to the model, such as C{cache_control},
is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, TypeVar

import msgspec

from argoproxy.conversation import Image, Message, Part, Text, ToolResult
from argoproxy.vocabulary.anthropic_blocks import (
    AssistantMessage,
    RequestMessage,
    SystemContent,
    SystemMessage,
    ToolUseBlock,
    UserMessage,
    spoken,
)

from .anthropic_tools import require_object

P = TypeVar("P", Text, Image, ToolResult, Text | Image | ToolResult)

Messages = Annotated[tuple[RequestMessage, ...], msgspec.Meta(min_length=1)]


def read_messages(system: SystemContent, messages: Sequence[RequestMessage]) -> tuple[Message, ...]:
    """
    The conversation, the system prompt first.

    @raise ClientFault: the input of a call is no object.
    """
    return tuple(_neutral(system, messages))


def _neutral(system: SystemContent, messages: Sequence[RequestMessage]) -> Iterator[Message]:
    if system:
        yield Message("system", spoken(system))
    for index, message in enumerate(messages):
        if isinstance(message, UserMessage):
            yield from _from_user(message, f"messages[{index}].content")
        elif isinstance(message, SystemMessage):
            yield Message("system", spoken(message.content))
        else:
            yield Message("assistant", _said(message, f"messages[{index}].content"))


def _from_user(message: UserMessage, path: str) -> Iterator[Message]:
    """
    What tools answered, and then what the user says: Anthropic takes them in no other order.

    @param path: where the content stands.
    """
    if isinstance(message.content, str):
        yield Message("user", spoken(message.content))
        return
    placed = [_placed(block.part(), f"{path}[{index}]") for index, block in enumerate(message.content)]
    results = tuple(part for part in placed if isinstance(part, ToolResult))
    if results:
        yield Message("tool", results)
    words = tuple(part for part in placed if not isinstance(part, ToolResult))
    if words or not results:
        yield Message("user", words)


def _placed(part: P, path: str) -> P:
    """The same with the places of pictures, for the faults of those that can't be had."""
    if isinstance(part, Image):
        return msgspec.structs.replace(part, path=f"{path}.source")
    if isinstance(part, ToolResult) and any(isinstance(inner, Image) for inner in part.parts):
        inner = tuple(_placed(one, f"{path}.content[{index}]") for index, one in enumerate(part.parts))
        return msgspec.structs.replace(part, parts=inner)
    return part


def _said(message: AssistantMessage, path: str) -> tuple[Part, ...]:
    if isinstance(message.content, str):
        return spoken(message.content)
    for index, block in enumerate(message.content):
        if isinstance(block, ToolUseBlock):
            require_object(block.input, f"{path}[{index}].input")
    return tuple(block.part() for block in message.content)
