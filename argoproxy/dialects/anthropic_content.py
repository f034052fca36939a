"""
Content blocks of Anthropic's requests one by one, where some of them may be of kinds that the neutral language has no
words for: PDF files, search results, what Anthropic's own tools asked and found, whatever comes next.

Those are L{Opaque}: to leave one out would change the meaning of the rest. What is of a known kind must be right.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from argoproxy.conversation import Image, Opaque, Part, Text, ToolResult
from argoproxy.vocabulary.anthropic_blocks import (
    AssistantBlock,
    DocumentBlock,
    ImageBlock,
    RedactedThinkingBlock,
    TextBlock,
    ThinkingBlock,
    ToolUseBlock,
    UserBlock,
    spoken,
)
from argoproxy.wire.json import length

from .anthropic_tools import require_object
from .reading import decode


class _Kind(msgspec.Struct, frozen=True):
    """What tells blocks, and the sources of pictures, apart."""

    type: str


class _Sourced(msgspec.Struct, frozen=True):
    source: _Kind


class _Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a tool answered, its blocks still to be read."""

    tool_use_id: str
    content: str | tuple[msgspec.Raw, ...] | None = None
    is_error: bool | None = None


_kind = msgspec.json.Decoder(_Kind)
_sourced = msgspec.json.Decoder(_Sourced)
_answer = msgspec.json.Decoder(_Answer)
_document = msgspec.json.Decoder(DocumentBlock)
_image = msgspec.json.Decoder(ImageBlock)

_Reader = Callable[[msgspec.Raw, str], Part]


def part_of(block: UserBlock | AssistantBlock, path: str) -> Part:
    """
    The part that a block of a known kind is. Pictures know their places, for the faults of those that can't be had.

    @param path: where it stands.
    @raise ClientFault: the input of a call is no object.
    """
    if isinstance(block, ToolUseBlock):
        require_object(block.input, f"{path}.input")
    part = block.part()
    if isinstance(part, Image):
        return _placed(part, path)
    if isinstance(part, ToolResult) and any(isinstance(inner, Image) for inner in part.parts):
        inner = tuple(
            _placed(one, f"{path}.content[{index}]") if isinstance(one, Image) else one
            for index, one in enumerate(part.parts)
        )
        return msgspec.structs.replace(part, parts=inner)
    return part


def read_block(raw: msgspec.Raw, role: str, path: str) -> Part:
    """
    The part that a block of any kind is.

    @param role: in whose message it stands.
    @param path: where.
    @raise ClientFault: it is no block, or none of its kind.
    """
    kind = decode(_kind, raw, path).type
    reader = _READERS[role].get(kind)
    return Opaque(kind, path, length(raw)) if reader is None else reader(raw, path)


def _placed(image: Image, path: str) -> Image:
    return msgspec.structs.replace(image, path=f"{path}.source")


def _read_image(raw: msgspec.Raw, path: str) -> Part:
    """A picture that is here or has an address; others are kept by Anthropic."""
    if decode(_sourced, raw, path).source.type not in ("base64", "url"):
        return Opaque("image", path, length(raw))
    return part_of(decode(_image, raw, path), path)


def _read_document(raw: msgspec.Raw, path: str) -> Part:
    """A document that is text; of others nothing is known here."""
    try:
        return _document.decode(raw).part()
    except msgspec.ValidationError:
        return Opaque("document", path, length(raw))


def _read_answer(raw: msgspec.Raw, path: str) -> Part:
    answer: _Answer = decode(_answer, raw, path)
    return ToolResult(answer.tool_use_id, _answered(answer.content or "", path), bool(answer.is_error))


def _answered(content: str | tuple[msgspec.Raw, ...], path: str) -> tuple[Text | Image | Opaque, ...]:
    if isinstance(content, str):
        return spoken(content)
    parts = (read_block(raw, "tool", f"{path}.content[{index}]") for index, raw in enumerate(content))
    return tuple(part for part in parts if isinstance(part, Text | Image | Opaque))


def _strictly(shape: type[Any]) -> _Reader:
    """What reads a block that is to have this shape."""
    decoder = msgspec.json.Decoder(shape)
    return lambda raw, path: part_of(decode(decoder, raw, path), path)


_SHOWN: Mapping[str, _Reader] = {"text": _strictly(TextBlock), "image": _read_image, "document": _read_document}
_READERS: Mapping[str, Mapping[str, _Reader]] = {
    "tool": _SHOWN,
    "user": {**_SHOWN, "tool_result": _read_answer},
    "assistant": {
        "text": _strictly(TextBlock),
        "thinking": _strictly(ThinkingBlock),
        "redacted_thinking": _strictly(RedactedThinkingBlock),
        "tool_use": _strictly(ToolUseBlock),
    },
    "system": {"text": _strictly(TextBlock)},
}
"""By who says it and its type, what reads a block."""
