"""
The messages of Anthropic's requests, and what they are in the neutral language.

Blocks that it has no words for (PDF files, search results, what Anthropic's own tools found) are refused by their
path: to leave one out would change the meaning of the rest. What says nothing to the model, such as C{cache_control},
is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

import msgspec

from argoproxy.conversation import Message, Part
from argoproxy.vocabulary.anthropic_blocks import (
    AssistantMessage,
    RequestMessage,
    SystemContent,
    SystemMessage,
    ToolResultBlock,
    ToolUseBlock,
    UserMessage,
    spoken,
)

from .anthropic_tools import require_object

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
            yield from _from_user(message)
        elif isinstance(message, SystemMessage):
            yield Message("system", spoken(message.content))
        else:
            yield Message("assistant", _said(message, f"messages[{index}].content"))


def _from_user(message: UserMessage) -> Iterator[Message]:
    """
    What tools answered, and then what the user says: Anthropic takes them in no other order.
    """
    if isinstance(message.content, str):
        yield Message("user", spoken(message.content))
        return
    results = tuple(block.part() for block in message.content if isinstance(block, ToolResultBlock))
    if results:
        yield Message("tool", results)
    words = [block for block in message.content if not isinstance(block, ToolResultBlock)]
    if words or not results:
        yield Message("user", spoken(words))


def _said(message: AssistantMessage, path: str) -> tuple[Part, ...]:
    if isinstance(message.content, str):
        return spoken(message.content)
    for index, block in enumerate(message.content):
        if isinstance(block, ToolUseBlock):
            require_object(block.input, f"{path}[{index}].input")
    return tuple(block.part() for block in message.content)
