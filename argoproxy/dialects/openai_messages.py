"""
The messages of Chat Completions, and what they are in the neutral language.

Deprecated function calls and their results are made into tool calls and theirs here: the neutral language has one way
to say it.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Annotated, Any

import msgspec

from argoproxy.conversation import Image, Message, Opaque, Part, Reasoning, Role, Text, ToolCall, ToolResult
from argoproxy.errors import ClientFault
from argoproxy.vocabulary.openai import CustomToolCall, FunctionCall, FunctionToolCall
from argoproxy.wire.json import NULL, begins, length

from .openai_freeform import text_call
from .reading import decode

ImageAddress = Annotated[str, msgspec.Meta(pattern=r"^(?i:data:image/|https?://)")]


class TextPart(msgspec.Struct, frozen=True, tag_field="type", tag="text"):
    """A piece of text."""

    text: str

    def part(self, path: str) -> Text:
        return Text(self.text)


class RefusalPart(msgspec.Struct, frozen=True, tag_field="type", tag="refusal"):
    """Text in which the model once refused."""

    refusal: str

    def part(self, path: str) -> Text:
        return Text(self.refusal)


class ImageUrl(msgspec.Struct, frozen=True):
    """Where a picture is, or the picture itself."""

    url: ImageAddress
    detail: str | None = None


class ImagePart(msgspec.Struct, frozen=True, tag_field="type", tag="image_url"):
    """A picture."""

    image_url: ImageUrl

    def part(self, path: str) -> Image:
        """@param path: where this stands in the body."""
        return Image(self.image_url.url, self.image_url.detail, f"{path}.image_url")


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
    tool_calls: tuple[msgspec.Raw, ...] | None = None
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


ChatMessage = SystemMessage | DeveloperMessage | UserMessage | AssistantMessage | ToolMessage | FunctionMessage
_SOME = msgspec.Meta(min_length=1)
Messages = Annotated[tuple[ChatMessage, ...], _SOME]


class _Outline(msgspec.Struct, frozen=True):
    """A message whose content is still to be read."""

    role: str = ""
    content: msgspec.Raw = NULL
    name: str | None = None


class _Kind(msgspec.Struct, frozen=True):
    """What tells parts apart."""

    type: str


class _CallKind(msgspec.Struct, frozen=True):
    """What tells calls apart."""

    type: str = "function"


_messages = msgspec.json.Decoder(Messages)
_items = msgspec.json.Decoder(Annotated[list[msgspec.Raw], _SOME])
_parts_of_one = msgspec.json.Decoder(list[msgspec.Raw])
_message = msgspec.json.Decoder(ChatMessage)
_outline = msgspec.json.Decoder(_Outline)
_kind = msgspec.json.Decoder(_Kind)
_PARTS: Mapping[str, msgspec.json.Decoder[Any]] = {
    "text": msgspec.json.Decoder(TextPart),
    "image_url": msgspec.json.Decoder(ImagePart),
}
_call_kind = msgspec.json.Decoder(_CallKind)
_custom_call = msgspec.json.Decoder(CustomToolCall)
_function_call = msgspec.json.Decoder(FunctionToolCall)


def read_messages(messages: msgspec.Raw, freeform: Container[str] = ()) -> tuple[Message, ...]:
    """
    The conversation.

    @param freeform: the names of the request's tools that take a text.
    @raise ClientFault: it is none, or a function's answer has no call before it.
    """
    return tuple(_neutral(_read(messages), freeform))


def _read(raw: msgspec.Raw) -> Sequence[ChatMessage | Message]:
    """All at once if every part is of a known kind, which nearly always they are; else one by one."""
    try:
        known: Sequence[ChatMessage] = _messages.decode(raw)
        return known
    except (msgspec.DecodeError, RecursionError):
        return [_read_one(one, f"messages[{index}]") for index, one in enumerate(decode(_items, raw, "messages"))]


def _read_one(raw: msgspec.Raw, path: str) -> ChatMessage | Message:
    """A message: a user's with all that it holds, known here or not."""
    outline: _Outline = decode(_outline, raw, path)
    if outline.role == "user" and begins(outline.content, b"["):
        content = f"{path}.content"
        parts = enumerate(decode(_parts_of_one, outline.content, content))
        return Message("user", tuple(_read_part(one, f"{content}[{index}]") for index, one in parts), outline.name)
    message: ChatMessage = decode(_message, raw, path)
    return message


def _read_part(raw: msgspec.Raw, path: str) -> Part:
    kind = decode(_kind, raw, path).type
    decoder = _PARTS.get(kind)
    if decoder is None:
        return Opaque(kind, path, length(raw))
    part: Part = decode(decoder, raw, path).part(path)
    return part


def _neutral(messages: Sequence[ChatMessage | Message], freeform: Container[str]) -> Iterator[Message]:
    """Deprecated function calls have no ids: one is made of the message's place."""
    functions: dict[str, str] = {}
    for index, message in enumerate(messages):
        if isinstance(message, (UserMessage, SystemMessage)):
            role: Role = "user" if isinstance(message, UserMessage) else "system"
            yield Message(role, _parts(message.content, index), message.name)
        elif isinstance(message, Message):
            yield message
        elif isinstance(message, AssistantMessage):
            said = _said(message, index, freeform)
            if message.function_call is not None:
                call = FunctionToolCall(id=f"call_{index}", function=message.function_call).call()
                functions[call.name] = call.id
                said = (*said, call)
            yield Message("assistant", said, message.name)
        elif isinstance(message, FunctionMessage):
            yield Message("tool", (_answer(message, functions, index),))
        else:
            result = ToolResult(message.tool_call_id, _parts(message.content, index))
            yield Message("tool", (result,), message.name)


def _said(message: AssistantMessage, index: int, freeform: Container[str]) -> tuple[Part, ...]:
    """What an assistant's message holds, in the order in which a model makes it."""
    thought = (Reasoning(message.reasoning_content),) if message.reasoning_content else ()
    path = f"messages[{index}].tool_calls"
    calls = (_call(raw, f"{path}[{place}]", freeform) for place, raw in enumerate(message.tool_calls or ()))
    return (*thought, *_parts(message.content or message.refusal or "", index), *calls)


def _call(raw: msgspec.Raw, path: str, freeform: Container[str]) -> ToolCall:
    """@raise ClientFault: it is none."""
    if decode(_call_kind, raw, path).type != "custom":
        function: FunctionToolCall = decode(_function_call, raw, path)
        return function.call()
    call: CustomToolCall = decode(_custom_call, raw, path)
    return text_call(call.id, call.custom.name, call.custom.input, freeform)


def _answer(message: FunctionMessage, functions: Mapping[str, str], index: int) -> ToolResult:
    """@raise ClientFault: no message before it calls the function."""
    call_id = functions.get(message.name)
    if call_id is None:
        raise _unasked(message.name, f"messages[{index}].name")
    return ToolResult(call_id, (Text(message.content),) if message.content else ())


def _parts(content: str | Sequence[TextPart | RefusalPart | ImagePart], index: int) -> tuple[Text | Image, ...]:
    if isinstance(content, str):
        return (Text(content),) if content else ()
    return tuple(item.part(f"messages[{index}].content[{place}]") for place, item in enumerate(content))


def _unasked(name: str, path: str) -> ClientFault:
    text = f"Invalid value for '{path}': no message before it calls the function '{name}'."
    return ClientFault(text, code="invalid_value", param=path)
