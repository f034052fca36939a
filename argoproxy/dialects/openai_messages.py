"""
The messages of Chat Completions, and what they are in the neutral language.

Deprecated function calls and their results are made into tool calls and theirs here: the neutral language has one way
to say it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated

import msgspec

from argoproxy.conversation import Image, Message, Part, Reasoning, Role, Text, ToolResult
from argoproxy.errors import ClientFault
from argoproxy.vocabulary.openai import FunctionCall, FunctionToolCall

ImageAddress = Annotated[str, msgspec.Meta(pattern=r"^(?i:data:image/|https?://)")]


class TextPart(msgspec.Struct, frozen=True, tag_field="type", tag="text"):
    """A piece of text."""

    text: str

    def part(self) -> Text:
        return Text(self.text)


class RefusalPart(msgspec.Struct, frozen=True, tag_field="type", tag="refusal"):
    """Text in which the model once refused."""

    refusal: str

    def part(self) -> Text:
        return Text(self.refusal)


class ImageUrl(msgspec.Struct, frozen=True):
    """Where a picture is, or the picture itself."""

    url: ImageAddress
    detail: str | None = None


class ImagePart(msgspec.Struct, frozen=True, tag_field="type", tag="image_url"):
    """A picture."""

    image_url: ImageUrl

    def part(self) -> Image:
        return Image(self.image_url.url, self.image_url.detail)


Words = str | tuple[TextPart, ...]
WordsAndImages = str | tuple[TextPart | ImagePart, ...]


class SystemMessage(msgspec.Struct, frozen=True, tag_field="role", tag="system"):
    """Instructions."""

    content: Words
    name: str | None = None


class DeveloperMessage(SystemMessage, frozen=True, tag_field="role", tag="developer"):
    """The newer name for them."""


class UserMessage(msgspec.Struct, frozen=True, tag_field="role", tag="user"):
    """What the user says."""

    content: WordsAndImages
    name: str | None = None


class AssistantMessage(msgspec.Struct, frozen=True, tag_field="role", tag="assistant"):
    """What the model said. C{reasoning_content} is what this proxy shows of its reasoning, given back."""

    content: str | tuple[TextPart | RefusalPart, ...] | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    tool_calls: tuple[FunctionToolCall, ...] | None = None
    function_call: FunctionCall | None = None
    name: str | None = None


class ToolMessage(msgspec.Struct, frozen=True, tag_field="role", tag="tool"):
    """What a tool answered."""

    content: WordsAndImages
    tool_call_id: str
    name: str | None = None


class FunctionMessage(msgspec.Struct, frozen=True, tag_field="role", tag="function"):
    """What a deprecated function answered."""

    name: str
    content: str | None = None


ModernMessage = SystemMessage | DeveloperMessage | UserMessage | AssistantMessage | ToolMessage
ChatMessage = ModernMessage | FunctionMessage
Messages = Annotated[tuple[ChatMessage, ...], msgspec.Meta(min_length=1)]


def read_messages(messages: Sequence[ChatMessage]) -> tuple[Message, ...]:
    """
    The conversation.

    @raise ClientFault: a function's answer has no call before it.
    """
    return tuple(_neutral(message) for message in _modern(messages))


def _modern(messages: Iterable[ChatMessage]) -> Iterable[ModernMessage]:
    """The same with tool calls for function calls, which have no ids: one is made of the message's place."""
    calls: dict[str, str] = {}
    for index, message in enumerate(messages):
        if isinstance(message, AssistantMessage) and message.function_call is not None:
            call = FunctionToolCall(id=f"call_{index}", function=message.function_call)
            calls[call.function.name] = call.id
            tool_calls = (*(message.tool_calls or ()), call)
            yield msgspec.structs.replace(message, tool_calls=tool_calls, function_call=None)
        elif isinstance(message, FunctionMessage):
            call_id = calls.get(message.name)
            if call_id is None:
                raise _unasked(message.name, f"messages[{index}].name")
            yield ToolMessage(message.content or "", call_id)
        else:
            yield message


def _neutral(message: ModernMessage) -> Message:
    if isinstance(message, AssistantMessage):
        return Message("assistant", _said(message), message.name)
    if isinstance(message, ToolMessage):
        return Message("tool", (ToolResult(message.tool_call_id, _parts(message.content)),), message.name)
    role: Role = "user" if isinstance(message, UserMessage) else "system"
    return Message(role, _parts(message.content), message.name)


def _said(message: AssistantMessage) -> tuple[Part, ...]:
    """What an assistant's message holds, in the order in which a model makes it."""
    thought = (Reasoning(message.reasoning_content),) if message.reasoning_content else ()
    calls = tuple(call.call() for call in message.tool_calls or ())
    return (*thought, *_parts(message.content or message.refusal or ""), *calls)


def _parts(content: str | Sequence[TextPart | RefusalPart | ImagePart]) -> tuple[Text | Image, ...]:
    if isinstance(content, str):
        return (Text(content),) if content else ()
    return tuple(item.part() for item in content)


def _unasked(name: str, path: str) -> ClientFault:
    text = f"Invalid value for '{path}': no message before it calls the function '{name}'."
    return ClientFault(text, code="invalid_value", param=path)
