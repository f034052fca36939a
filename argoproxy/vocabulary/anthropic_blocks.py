"""
Anthropic's messages and the content blocks that they are made of, as they stand in requests and in replies.

What a block says in the neutral language, and how a neutral part is written as one, is here; which of them a model
takes is not.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Annotated
from urllib.parse import unquote_to_bytes

import msgspec

from argoproxy.conversation import Image, Reasoning, Text, ToolCall, ToolResult

_MEDIA_TYPES: Mapping[str, str] = {"image/jpg": "image/jpeg"}
_EMPTY_INPUT = msgspec.Raw(b"{}")

ImageType = Annotated[str, msgspec.Meta(pattern=r"^image/[a-z0-9.+-]+$")]
WebAddress = Annotated[str, msgspec.Meta(pattern=r"^(?i:https?://)")]


class TextBlock(msgspec.Struct, frozen=True, tag_field="type", tag="text"):
    """A piece of text."""

    text: str

    def part(self) -> Text:
        return Text(self.text)


class Base64Source(msgspec.Struct, frozen=True, tag_field="type", tag="base64"):
    """A picture itself. Anthropic takes C{image/jpeg}, C{image/png}, C{image/gif} and C{image/webp}."""

    media_type: ImageType
    data: str

    def url(self) -> str:
        return f"data:{self.media_type};base64,{self.data}"


class UrlSource(msgspec.Struct, frozen=True, tag_field="type", tag="url"):
    """Where a picture is."""

    address: WebAddress = msgspec.field(name="url")

    def url(self) -> str:
        return self.address


def image_source(url: str) -> Base64Source | UrlSource:
    """The source for a C{data:} URI, base64 or not, or for an address."""
    if url[:5].lower() != "data:":
        return UrlSource(url)
    head, _, data = url[5:].partition(",")
    media_type, *parameters = head.lower().split(";")
    if "base64" not in parameters:
        data = b64encode(unquote_to_bytes(data)).decode()
    return Base64Source(_MEDIA_TYPES.get(media_type, media_type), data)


class ImageBlock(msgspec.Struct, frozen=True, tag_field="type", tag="image"):
    """A picture."""

    source: Base64Source | UrlSource

    @classmethod
    def of(cls, image: Image) -> ImageBlock:
        return cls(image_source(image.url))

    def part(self) -> Image:
        return Image(self.source.url())


class PlainTextSource(msgspec.Struct, frozen=True, tag_field="type", tag="text"):
    """The text of a document."""

    data: str
    media_type: str = "text/plain"

    def text(self) -> str:
        return self.data


class ContentSource(msgspec.Struct, frozen=True, tag_field="type", tag="content"):
    """The text of a document, in pieces."""

    content: str | tuple[TextBlock, ...]

    def text(self) -> str:
        return self.content if isinstance(self.content, str) else "\n\n".join(block.text for block in self.content)


class DocumentBlock(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="document"):
    """A document that is text. (Others, such as PDF files, no neutral part can say.)"""

    source: PlainTextSource | ContentSource
    title: str | None = None
    context: str | None = None

    def part(self) -> Text:
        """One text: the title, what is said about the document, and the document."""
        return Text("\n\n".join(text for text in (self.title, self.context, self.source.text()) if text))


class ThinkingBlock(msgspec.Struct, frozen=True, tag_field="type", tag="thinking"):
    """What the model thought. The signature is empty where nobody sealed it."""

    thinking: str
    signature: str = ""

    @classmethod
    def of(cls, reasoning: Reasoning) -> ThinkingBlock:
        return cls(reasoning.text, reasoning.signature or "")

    def part(self) -> Reasoning:
        return Reasoning(self.thinking, self.signature or None)


class RedactedThinkingBlock(msgspec.Struct, frozen=True, tag_field="type", tag="redacted_thinking"):
    """What the model thought, sealed."""

    data: str

    def part(self) -> Reasoning:
        return Reasoning("", redacted=self.data)


class ToolUseBlock(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="tool_use"):
    """
    A call.

    @ivar input: a JSON object.
    @ivar signature: not Anthropic's: another provider's seal on the call, which must come back with it. Only replies
        of this proxy, and requests that give them back, have it.
    """

    id: str
    name: str
    input: msgspec.Raw
    signature: str | None = None

    @classmethod
    def of(cls, call: ToolCall) -> ToolUseBlock:
        """The block as Anthropic knows it, without the seal."""
        return cls(id=call.id, name=call.name, input=tool_input(call.arguments))

    def part(self) -> ToolCall:
        return ToolCall(self.id, self.name, bytes(self.input).decode(), self.signature)


class Arguments(msgspec.Struct, frozen=True):
    """The input of a call whose arguments are no JSON object."""

    arguments: str


_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_anything = msgspec.json.Decoder()


def tool_input(arguments: str) -> msgspec.Raw:
    """
    The C{input} for a call's arguments, byte for byte if they are a JSON object.

    A model may write what is none, or be cut off in it. That text is kept, in an object with the one field
    C{arguments}: whoever runs the tool refuses it with words that the model can learn from.
    """
    if not arguments.strip():
        return _EMPTY_INPUT
    data = arguments.encode("utf-8", "replace")
    try:
        _object.decode(data)
        _anything.decode(data)
    except (msgspec.DecodeError, RecursionError):
        return msgspec.Raw(msgspec.json.encode(Arguments(data.decode())))
    return msgspec.Raw(data)


class ToolResultBlock(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="tool_result"
):
    """What a tool answered."""

    tool_use_id: str
    content: str | tuple[TextBlock | ImageBlock | DocumentBlock, ...] | None = None
    is_error: bool | None = None

    @classmethod
    def of(cls, result: ToolResult) -> ToolResultBlock:
        """Empty texts are left out: Anthropic refuses them."""
        shown = (part for part in result.parts if isinstance(part, Text | Image))
        blocks = tuple(content_block(part) for part in shown if not isinstance(part, Text) or part.text)
        only = blocks[0] if len(blocks) == 1 else None
        content = only.text if isinstance(only, TextBlock) else blocks or None
        return cls(tool_use_id=result.call_id, content=content, is_error=result.failed or None)

    def part(self) -> ToolResult:
        return ToolResult(self.tool_use_id, spoken(self.content or ""), bool(self.is_error))


def content_block(part: Text | Image) -> TextBlock | ImageBlock:
    """The block for what both users and tools can say."""
    return TextBlock(part.text) if isinstance(part, Text) else ImageBlock.of(part)


def spoken(content: str | Sequence[TextBlock | ImageBlock | DocumentBlock]) -> tuple[Text | Image, ...]:
    """The parts that such blocks are. An empty string is none."""
    if isinstance(content, str):
        return (Text(content),) if content else ()
    return tuple(block.part() for block in content)


SystemContent = str | tuple[TextBlock, ...]
UserBlock = TextBlock | ImageBlock | DocumentBlock | ToolResultBlock
AssistantBlock = TextBlock | ThinkingBlock | RedactedThinkingBlock | ToolUseBlock
"""A block of an assistant's message in a request, and of a reply."""


class UserMessage(msgspec.Struct, frozen=True, tag_field="role", tag="user"):
    """What the user says, and what tools answered."""

    content: str | tuple[UserBlock, ...]


class AssistantMessage(msgspec.Struct, frozen=True, tag_field="role", tag="assistant"):
    """What the model said."""

    content: str | tuple[AssistantBlock, ...]


class SystemMessage(msgspec.Struct, frozen=True, tag_field="role", tag="system"):
    """Instructions inside the conversation."""

    content: SystemContent


RequestMessage = UserMessage | AssistantMessage | SystemMessage
