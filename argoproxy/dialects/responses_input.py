"""
The input of OpenAI's Responses: items, and the conversation that they are.

What an item says is read here. Those that only tools know that ARGO has not are left out, with what answers them; those
that point at something kept by a server are refused, since none is kept.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

import attrs
import msgspec

from argoproxy.conversation import Image, Message, Reasoning, Role, Text, ToolCall, ToolResult
from argoproxy.errors import ClientFault
from argoproxy.wire.json import Fields

from .openai_freeform import text_call
from .openai_messages import ImageAddress, RefusalPart
from .reading import decode
from .responses_tools import full_name

Items = str | Annotated[tuple[msgspec.Raw, ...], msgspec.Meta(min_length=1)]


class InputText(msgspec.Struct, frozen=True, tag_field="type", tag="input_text"):
    """Text for the model."""

    text: str

    def part(self, path: str) -> Text:
        return Text(self.text)


class OutputText(msgspec.Struct, frozen=True, tag_field="type", tag="output_text"):
    """Text of the model."""

    text: str

    def part(self, path: str) -> Text:
        return Text(self.text)


class InputImage(msgspec.Struct, frozen=True, tag_field="type", tag="input_image"):
    """A picture. One that is only named by C{file_id} is refused: there are no files here."""

    image_url: ImageAddress
    detail: str | None = None

    def part(self, path: str) -> Image:
        return Image(self.image_url, self.detail, f"{path}.image_url")


class Words(msgspec.Struct, frozen=True):
    """A piece of reasoning or of its summary."""

    text: str


_Part = InputText | OutputText | InputImage | RefusalPart
_Content = str | tuple[_Part, ...]


class Place(msgspec.Struct, frozen=True):
    """
    Where an item stands.

    @ivar freeform: the names of the request's tools that take a text.
    """

    path: str
    freeform: Container[str]


class MessageItem(msgspec.Struct, frozen=True):
    """A message, whether its type is given or not."""

    role: Literal["user", "assistant", "system", "developer"]
    content: _Content

    def message(self, place: Place) -> Message:
        role: Role = "system" if self.role == "developer" else self.role
        return Message(role, _parts(self.content, f"{place.path}.content"))


class CallItem(msgspec.Struct, frozen=True):
    """A function that the model called."""

    call_id: str
    name: str
    arguments: str
    namespace: str | None = None

    def message(self, place: Place) -> Message:
        name = full_name(self.namespace, self.name)
        return Message("assistant", (ToolCall(self.call_id, name, self.arguments or "{}"),))


class CustomCallItem(msgspec.Struct, frozen=True):
    """A tool that the model gave a text."""

    call_id: str
    name: str
    input: str
    namespace: str | None = None

    def message(self, place: Place) -> Message:
        name = full_name(self.namespace, self.name)
        return Message("assistant", (text_call(self.call_id, name, self.input, place.freeform),))


class CallOutputItem(msgspec.Struct, frozen=True):
    """What a function, or a tool that takes a text, answered."""

    call_id: str
    output: str | tuple[InputText | InputImage, ...]

    def message(self, place: Place) -> Message:
        return Message("tool", (ToolResult(self.call_id, _parts(self.output, f"{place.path}.output")),))


class ReasoningItem(msgspec.Struct, frozen=True):
    """What the model thought. Sealed thoughts without a readable word are left out: no wire of ARGO takes them."""

    summary: tuple[Words, ...] = ()
    content: tuple[Words, ...] | None = None
    encrypted_content: str | None = None

    def message(self, place: Place) -> Message | None:
        text = "\n\n".join(words.text for words in self.content or self.summary)
        return Message("assistant", (Reasoning(text, self.encrypted_content),)) if text else None


HOSTED = frozenset(
    {
        *("additional_tools", "agent_message", "configuration_update", "ghost_snapshot"),
        *("apply_patch_call", "apply_patch_call_output"),
        *("code_interpreter_call", "file_search_call", "image_generation_call", "web_search_call"),
        *("compaction", "compaction_summary", "context_compaction"),
        *("computer_call", "computer_call_output"),
        *("local_shell_call", "local_shell_call_output", "shell_call", "shell_call_output"),
        *("mcp_approval_request", "mcp_approval_response", "mcp_call", "mcp_list_tools"),
        *("program", "program_output"),
        *("tool_search_call", "tool_search_output"),
    }
)
"""
The types of items that mean nothing to ARGO, by the types of OpenAI's SDK and of Codex: what tools did that it has not,
and what only OpenAI can unseal.
"""


class _Kind(msgspec.Struct, frozen=True):
    type: str | None = None
    call_id: str | None = None


_kind = msgspec.json.Decoder(_Kind)
_ITEMS: Mapping[str, msgspec.json.Decoder[Any]] = {
    "message": msgspec.json.Decoder(MessageItem),
    "function_call": msgspec.json.Decoder(CallItem),
    "function_call_output": msgspec.json.Decoder(CallOutputItem),
    "custom_tool_call": msgspec.json.Decoder(CustomCallItem),
    "custom_tool_call_output": msgspec.json.Decoder(CallOutputItem),
    "reasoning": msgspec.json.Decoder(ReasoningItem),
}


def read_input(
    items: Items, instructions: str | None, freeform: Container[str] = ()
) -> tuple[tuple[Message, ...], Fields]:
    """
    The conversation, the instructions in front; and by their paths the items that are left out. What the model said,
    thought and called in one turn is one message.

    @param freeform: the names of the request's tools that take a text.
    @raise ClientFault: an item can't be read, or none is left.
    """
    told = (Message("system", (Text(instructions),)),) if instructions else ()
    if isinstance(items, str):
        return (*told, Message("user", (Text(items),) if items else ())), {}
    history = _History(list(told), freeform)
    history.read(items)
    if not history.messages:
        text = "Invalid value for 'input': nothing in it can be said to a model of ARGO's."
        raise ClientFault(text, code="unsupported_value", param="input")
    return tuple(history.messages), history.left_out


@attrs.define
class _History:
    """A conversation in the making."""

    messages: list[Message]
    _freeform: Container[str]
    left_out: Fields = attrs.field(factory=dict, init=False)
    _unheard: set[str] = attrs.field(factory=set, init=False)

    def read(self, items: Iterable[msgspec.Raw]) -> None:
        """@raise ClientFault: an item can't be read."""
        for index, raw in enumerate(items):
            path = f"input[{index}]"
            message = self._message(raw, path)
            if message is None:
                self.left_out[path] = raw
            else:
                self._add(message)

    def _message(self, raw: msgspec.Raw, path: str) -> Message | None:
        """
        One item; L{None} if it is to be left out.

        @raise ClientFault: it is of a type that isn't known here, or not of its type's shape.
        """
        head: _Kind = decode(_kind, raw, path)
        kind = head.type or "message"
        if kind in HOSTED:
            self._unheard.update({head.call_id} if head.call_id else ())
            return None
        # An answer to a call that was left out: some clients give it as a function's.
        if head.call_id in self._unheard:
            return None
        message: Message | None = decode(_decoder(kind, path), raw, path).message(Place(path, self._freeform))
        return message

    def _add(self, message: Message) -> None:
        if self.messages and _same_turn(self.messages[-1], message):
            message = Message("assistant", self.messages.pop().parts + message.parts)
        self.messages.append(message)


def _decoder(kind: str, path: str) -> msgspec.json.Decoder[Any]:
    """@raise ClientFault: nothing reads items of that type."""
    if kind == "item_reference":
        text = f"'{path}' refers to an item of an earlier response, and none are kept here: send the item itself."
        raise ClientFault(text, code="unsupported_value", param=path)
    if kind not in _ITEMS:
        text = f"Invalid value for '{path}.type': items of the type '{kind}' are not supported."
        raise ClientFault(text, code="unsupported_value", param=f"{path}.type")
    return _ITEMS[kind]


def _same_turn(before: Message, message: Message) -> bool:
    """Whether two messages are one turn of the model. Two that hold only text are two; one that is empty is none."""
    if before.role != "assistant" or message.role != "assistant":
        return False
    if not before.parts or not message.parts:
        return True
    return not all(isinstance(part, Text) for part in before.parts + message.parts)


def _parts(content: str | Sequence[_Part], path: str) -> tuple[Text | Image, ...]:
    if isinstance(content, str):
        return (Text(content),) if content else ()
    return tuple(item.part(f"{path}[{index}]") for index, item in enumerate(content))
