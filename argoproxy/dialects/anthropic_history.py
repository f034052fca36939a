"""
The messages of Anthropic's requests, and what they are in the neutral language.

What says nothing to the model, such as C{cache_control}, is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, NamedTuple

import msgspec

from argoproxy.conversation import Message, Part, ToolResult
from argoproxy.vocabulary.anthropic_blocks import (
    AssistantBlock,
    AssistantMessage,
    RequestMessage,
    SystemContent,
    SystemMessage,
    UserBlock,
    UserMessage,
    spoken,
)

from .anthropic_content import part_of, read_block
from .reading import decode

Role = Literal["user", "assistant", "system"]
_SOME = msgspec.Meta(min_length=1)


class Outline(msgspec.Struct, frozen=True):
    """A message whose blocks are still to be read."""

    role: Role
    content: str | tuple[msgspec.Raw, ...]


Outlines = Annotated[tuple[Outline, ...], _SOME]


class _Turn(NamedTuple):
    """One of Anthropic's messages, and the parts that it is made of, in its order."""

    role: Role
    parts: tuple[Part, ...]


_ROLES: Mapping[type[RequestMessage], Role] = {
    UserMessage: "user",
    AssistantMessage: "assistant",
    SystemMessage: "system",
}
_messages = msgspec.json.Decoder(Annotated[tuple[RequestMessage, ...], _SOME])
_outlines = msgspec.json.Decoder(Outlines)


def read_messages(system: SystemContent, messages: msgspec.Raw) -> tuple[Message, ...]:
    """
    The conversation, the system prompt first.

    @raise ClientFault: it is none.
    """
    return tuple(_neutral(system, messages))


def _neutral(system: SystemContent, messages: msgspec.Raw) -> Iterator[Message]:
    if system:
        yield Message("system", spoken(system))
    for turn in _turns(messages):
        if turn.role == "user":
            yield from _from_user(turn.parts)
        else:
            yield Message(turn.role, turn.parts)


def _turns(raw: msgspec.Raw) -> Iterator[_Turn]:
    """All at once if every block is of a known kind, which nearly always they are; else one by one."""
    try:
        known = _messages.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return _one_by_one(raw)
    return (
        _Turn(_ROLES[type(message)], _known(message.content, f"messages[{index}].content"))
        for index, message in enumerate(known)
    )


def _known(content: str | tuple[UserBlock | AssistantBlock, ...], path: str) -> tuple[Part, ...]:
    if isinstance(content, str):
        return spoken(content)
    return tuple(part_of(block, f"{path}[{index}]") for index, block in enumerate(content))


def _one_by_one(raw: msgspec.Raw) -> Iterator[_Turn]:
    for number, outline in enumerate(decode(_outlines, raw, "messages")):
        path = f"messages[{number}].content"
        if isinstance(outline.content, str):
            yield _Turn(outline.role, spoken(outline.content))
        else:
            blocks = enumerate(outline.content)
            yield _Turn(outline.role, tuple(read_block(one, outline.role, f"{path}[{index}]") for index, one in blocks))


def _from_user(parts: tuple[Part, ...]) -> Iterator[Message]:
    """What tools answered, and then what the user says: Anthropic takes them in no other order."""
    results = tuple(part for part in parts if isinstance(part, ToolResult))
    if results:
        yield Message("tool", results)
    words = tuple(part for part in parts if not isinstance(part, ToolResult))
    if words or not results:
        yield Message("user", words)
