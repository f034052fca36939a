"""The request bodies of the wires as typed structures, and what they have in common. Unknown fields are ignored."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from argoproxy.simulator.model import tokens
from argoproxy.simulator.strict.refusal import Refusal

T = TypeVar("T")
_INSTRUCTING = frozenset(["system", "developer", "user"])


class ImageUrl(msgspec.Struct, frozen=True):
    """An image of an OpenAI message."""

    url: str


class Source(msgspec.Struct, frozen=True):
    """The source of an Anthropic image or document."""

    type: str
    media_type: str = ""
    data: str = ""


class Part(msgspec.Struct, frozen=True):
    """
    A part of a message's content: any block of any wire.

    @ivar source: Of search results it is a text.
    @ivar content: Of what Anthropic's own tools found it may be an object.
    """

    type: str
    text: str | None = None
    image_url: ImageUrl | None = None
    source: Source | str | None = None
    id: str | None = None
    name: str | None = None
    input: dict[str, Any] | None = None
    tool_use_id: str | None = None
    content: str | list[Part] | dict[str, Any] | None = None
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None


class Function(msgspec.Struct, frozen=True):
    """A call in an OpenAI history."""

    name: str
    arguments: str


class ToolCall(msgspec.Struct, frozen=True):
    """A call in an OpenAI history."""

    id: str
    type: str
    function: Function


class Message(msgspec.Struct, frozen=True):
    """A message of any wire."""

    role: str
    content: str | list[Part] | UnsetType | None = UNSET
    tool_calls: list[ToolCall] | None = None
    tool_call_id: str | None = None

    def parts(self) -> list[Part]:
        """@return: The content as parts."""
        if isinstance(self.content, str):
            return [Part("text", self.content)] if self.content else []
        return self.content if isinstance(self.content, list) else []

    def text(self) -> str:
        """@return: The text of all text parts."""
        return joined(self.parts())


def joined(content: str | list[Part] | dict[str, Any] | None) -> str:
    """@return: The text of a content."""
    if not isinstance(content, list):
        return content if isinstance(content, str) else ""
    return "\n".join(part.text for part in content if part.type == "text" and part.text)


def convert(value: Any, shape: type[T]) -> T:
    """
    @return: The value in that shape.
    @raise Refusal: 400 if it hasn't that shape. (The wording is a guess: pydantic's was not recorded.)
    """
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        raise Refusal(400, str(error)) from None


def last_user_text(messages: Sequence[Message]) -> str:
    """@return: The text of the last user message that has one."""
    return next((text for message in reversed(messages) if message.role == "user" and (text := message.text())), "")


def instructions(messages: Sequence[Message]) -> str:
    """@return: All that the model was told by others than itself and its tools."""
    return "\n".join(message.text() for message in messages if message.role in _INSTRUCTING)


def _last(flags: Sequence[bool]) -> int:
    """@return: The place of the last true flag, -1 if there is none."""
    return next((place for place in range(len(flags) - 1, -1, -1) if flags[place]), -1)


def open_results(messages: Sequence[Message]) -> tuple[str, ...]:
    """@return: The tool results that came after the last word of the user, or after the last one of the model."""
    spoke = _last([message.role == "user" and bool(message.text()) for message in messages])
    answered = _last([message.role == "assistant" for message in messages])
    recent = messages[max(0, min(spoke, answered + 1)) :]
    return tuple(text for message in recent for text in _results(message))


def _results(message: Message) -> list[str]:
    if message.role in ("tool", "function"):
        return [message.text()]
    return [joined(part.content) for part in message.parts() if part.type == "tool_result"]


def image_line(media_type: str, data: str) -> str:
    """
    @param data: The image in base64.
    @return: What the model says of it.
    @raise Refusal: 400 if it isn't base64.
    """
    try:
        return f"{media_type}, {len(base64.b64decode(data, validate=True))} bytes"
    except ValueError:
        raise Refusal(400, "Could not process image: not valid base64") from None


def prompt_tokens(messages: Sequence[Message], *more: str) -> int:
    """@return: The tokens of a prompt: its texts', and three a message."""
    return sum(tokens.count(message.text()) + 3 for message in messages) + sum(tokens.count(text) for text in more)
