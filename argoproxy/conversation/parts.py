"""What a conversation is made of: messages, their parts, and tools."""

from __future__ import annotations

from typing import Literal

import msgspec

Role = Literal["system", "user", "assistant", "tool"]


class Text(msgspec.Struct, frozen=True):
    """Plain text."""

    text: str


class Tokens(msgspec.Struct, frozen=True):
    """Text that a client sent as token ids of the model's encoding."""

    ids: tuple[int, ...]


class Image(msgspec.Struct, frozen=True):
    """
    A picture.

    @ivar url: a C{data:} URI or an address.
    @ivar detail: OpenAI's C{low}, C{high} or C{auto}, where the client gave it.
    """

    url: str
    detail: str | None = None


class Reasoning(msgspec.Struct, frozen=True):
    """What the model thought in an earlier turn."""

    text: str
    signature: str | None = None


class ToolCall(msgspec.Struct, frozen=True):
    """
    A call that the model made.

    @ivar arguments: JSON text, as the model wrote it.
    """

    id: str
    name: str
    arguments: str


class ToolResult(msgspec.Struct, frozen=True):
    """What a tool answered to the call of that id."""

    call_id: str
    parts: tuple[Text | Image, ...]
    failed: bool = False


Part = Text | Tokens | Image | Reasoning | ToolCall | ToolResult


class Message(msgspec.Struct, frozen=True):
    """One turn. C{tool} messages hold L{ToolResult}s only."""

    role: Role
    parts: tuple[Part, ...]
    name: str | None = None


class Tool(msgspec.Struct, frozen=True):
    """
    A function that the model may call.

    @ivar parameters: its JSON schema, as the client wrote it, or L{None}.
    """

    name: str
    description: str | None = None
    parameters: msgspec.Raw | None = None
    strict: bool | None = None


class ToolChoice(msgspec.Struct, frozen=True):
    """
    Which tools the model may or must call.

    @ivar mode: C{named} asks for the one tool in C{name}.
    """

    mode: Literal["auto", "none", "required", "named"]
    name: str | None = None
