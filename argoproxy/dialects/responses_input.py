"""
The input of OpenAI's Responses: items, and the conversation that they are.

What an item says is read here; those that point at something kept by a server are refused, since none is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec

from argoproxy.conversation import Image, Message, Reasoning, Role, Text, ToolCall, ToolResult
from argoproxy.errors import ClientFault

from .openai_messages import ImageAddress, RefusalPart
from .reading import decode

Items = str | Annotated[tuple[msgspec.Raw, ...], msgspec.Meta(min_length=1)]


class InputText(msgspec.Struct, frozen=True, tag_field="type", tag="input_text"):
    """Text for the model."""

    text: str

    def part(self) -> Text:
        return Text(self.text)


class OutputText(msgspec.Struct, frozen=True, tag_field="type", tag="output_text"):
    """Text of the model."""

    text: str

    def part(self) -> Text:
        return Text(self.text)


class InputImage(msgspec.Struct, frozen=True, tag_field="type", tag="input_image"):
    """A picture. One that is only named by C{file_id} is refused: there are no files here."""

    image_url: ImageAddress
    detail: str | None = None

    def part(self) -> Image:
        return Image(self.image_url, self.detail)


class Words(msgspec.Struct, frozen=True):
    """A piece of reasoning or of its summary."""

    text: str


_Part = InputText | OutputText | InputImage | RefusalPart
_Content = str | tuple[_Part, ...]


class MessageItem(msgspec.Struct, frozen=True):
    """A message, whether its type is given or not."""

    role: Literal["user", "assistant", "system", "developer"]
    content: _Content

    def message(self) -> Message:
        role: Role = "system" if self.role == "developer" else self.role
        return Message(role, _parts(self.content))


class CallItem(msgspec.Struct, frozen=True):
    """A function that the model called."""

    call_id: str
    name: str
    arguments: str

    def message(self) -> Message:
        return Message("assistant", (ToolCall(self.call_id, self.name, self.arguments),))


class CallOutputItem(msgspec.Struct, frozen=True):
    """What the function answered."""

    call_id: str
    output: str | tuple[InputText | InputImage, ...]

    def message(self) -> Message:
        return Message("tool", (ToolResult(self.call_id, _parts(self.output)),))


class ReasoningItem(msgspec.Struct, frozen=True):
    """What the model thought. Sealed thoughts without a readable word are left out: no wire of ARGO takes them."""

    summary: tuple[Words, ...] = ()
    content: tuple[Words, ...] | None = None
    encrypted_content: str | None = None

    def message(self) -> Message | None:
        text = "\n\n".join(words.text for words in self.content or self.summary)
        return Message("assistant", (Reasoning(text, self.encrypted_content),)) if text else None


class _Kind(msgspec.Struct, frozen=True):
    type: str | None = None


_kind = msgspec.json.Decoder(_Kind)
_ITEMS: Mapping[str, msgspec.json.Decoder[Any]] = {
    "message": msgspec.json.Decoder(MessageItem),
    "function_call": msgspec.json.Decoder(CallItem),
    "function_call_output": msgspec.json.Decoder(CallOutputItem),
    "reasoning": msgspec.json.Decoder(ReasoningItem),
}


def read_input(items: Items, instructions: str | None) -> tuple[Message, ...]:
    """
    The conversation, the instructions in front. What the model said, thought and called in one turn is one message.

    @raise ClientFault: an item can't be read.
    """
    messages = [Message("system", (Text(instructions),))] if instructions else []
    if isinstance(items, str):
        return (*messages, Message("user", _parts(items)))
    for index, raw in enumerate(items):
        message = _read(raw, f"input[{index}]")
        if message is None:
            continue
        if messages and _same_turn(messages[-1], message):
            message = Message("assistant", messages.pop().parts + message.parts)
        messages.append(message)
    return tuple(messages)


def _read(raw: msgspec.Raw, path: str) -> Message | None:
    """
    One item; L{None} if it has nothing to say.

    @raise ClientFault: it is of a type that isn't known here, or not of its type's shape.
    """
    kind: str = decode(_kind, raw, path).type or "message"
    if kind == "item_reference":
        text = f"'{path}' refers to an item of an earlier response, and none are kept here: send the item itself."
        raise ClientFault(text, code="unsupported_value", param=path)
    if kind not in _ITEMS:
        text = f"Invalid value for '{path}.type': items of the type '{kind}' are not supported."
        raise ClientFault(text, code="unsupported_value", param=f"{path}.type")
    item = decode(_ITEMS[kind], raw, path)
    message: Callable[[], Message | None] = item.message
    return message()


def _same_turn(before: Message, message: Message) -> bool:
    """Whether two messages are one turn of the model. Two that hold only text are two."""
    if before.role != "assistant" or message.role != "assistant":
        return False
    return not all(isinstance(part, Text) for part in before.parts + message.parts)


def _parts(content: str | Sequence[_Part]) -> tuple[Text | Image, ...]:
    if isinstance(content, str):
        return (Text(content),) if content else ()
    return tuple(item.part() for item in content)
