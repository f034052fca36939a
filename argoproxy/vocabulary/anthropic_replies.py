"""
Anthropic's replies, whole and as a stream's events: how they are written, and how they may come.

What is written is exact. What is read may be anything that the API has or will have, so each C{Loose} shape has all
fields that matter, none of them required, and takes every kind of its thing.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from .anthropic import ErrorObject, MessageUsage
from .anthropic_blocks import AssistantBlock, RedactedThinkingBlock, ThinkingBlock

PING = b'event: ping\ndata: {"type": "ping"}\n\n'
"""What fills silence in a stream."""


class OpeningMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A reply as it begins: without content and reasons."""

    id: str
    type: Literal["message"] = "message"
    role: Literal["assistant"] = "assistant"
    model: str
    content: tuple[()] = ()
    stop_reason: None = None
    stop_sequence: None = None
    usage: MessageUsage


class DirectCaller(msgspec.Struct, frozen=True, tag_field="type", tag="direct"):
    """Who made a call: the model itself, as all that go through here."""


class WholeText(msgspec.Struct, frozen=True, tag_field="type", tag="text"):
    """A text in a whole reply."""

    text: str
    citations: None = None


class WholeCall(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="tool_use"):
    """A call in a whole reply. L{argoproxy.vocabulary.anthropic_blocks.ToolUseBlock} says what the fields are."""

    id: str
    name: str
    input: msgspec.Raw
    caller: DirectCaller = DirectCaller()
    signature: str | msgspec.UnsetType = msgspec.UNSET


WholeBlock = WholeText | WholeCall | ThinkingBlock | RedactedThinkingBlock


class WholeUsage(MessageUsage, frozen=True, kw_only=True, omit_defaults=False):
    """What a whole reply cost. The fields that only Anthropic's own servers know are there all the same."""

    cache_creation: None = None
    inference_geo: None = None
    server_tool_use: None = None
    service_tier: None = None


class WholeMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A whole reply, with all that the API's description requires of one."""

    id: str
    type: Literal["message"] = "message"
    role: Literal["assistant"] = "assistant"
    model: str
    content: tuple[WholeBlock, ...]
    stop_reason: str
    stop_sequence: str | None
    stop_details: None = None
    container: None = None
    usage: WholeUsage


class MessageStart(msgspec.Struct, frozen=True, tag_field="type", tag="message_start"):
    """A stream begins."""

    message: OpeningMessage


class BlockStart(msgspec.Struct, frozen=True, tag_field="type", tag="content_block_start"):
    """A block begins, empty."""

    index: int
    content_block: AssistantBlock


class TextPiece(msgspec.Struct, frozen=True, tag_field="type", tag="text_delta"):
    """More text."""

    text: str


class ThinkingPiece(msgspec.Struct, frozen=True, tag_field="type", tag="thinking_delta"):
    """More of what the model thinks."""

    thinking: str


class SignaturePiece(msgspec.Struct, frozen=True, tag_field="type", tag="signature_delta"):
    """The seal on what it thought: the last of its block."""

    signature: str


class InputPiece(msgspec.Struct, frozen=True, tag_field="type", tag="input_json_delta"):
    """More of a call's input: a fragment of JSON text."""

    partial_json: str


class BlockDelta(msgspec.Struct, frozen=True, tag_field="type", tag="content_block_delta"):
    """More of the open block."""

    index: int
    delta: TextPiece | ThinkingPiece | SignaturePiece | InputPiece


class BlockStop(msgspec.Struct, frozen=True, tag_field="type", tag="content_block_stop"):
    """The open block is complete."""

    index: int


class Ending(msgspec.Struct, frozen=True):
    """Why a reply ended, and by which of the client's strings."""

    stop_reason: str
    stop_sequence: str | None = None


class MessageDelta(msgspec.Struct, frozen=True, tag_field="type", tag="message_delta"):
    """What is known of the whole message at its end."""

    delta: Ending
    usage: MessageUsage


class MessageStop(msgspec.Struct, frozen=True, tag_field="type", tag="message_stop"):
    """A stream has ended well."""


class LooseBlock(msgspec.Struct, frozen=True, kw_only=True):
    """A content block of any kind: whole, or as it begins in a stream."""

    type: str = ""
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    id: str | None = None
    name: str | None = None
    input: msgspec.Raw = msgspec.Raw(b"{}")


class LooseDelta(msgspec.Struct, frozen=True, kw_only=True):
    """What a C{content_block_delta} (with a type) or a C{message_delta} (with reasons) adds."""

    type: str = ""
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    partial_json: str | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None


class LooseMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A whole reply, that of a C{message_start}, or the error in place of one (under whatever status)."""

    type: str = ""
    content: tuple[LooseBlock, ...] = ()
    stop_reason: str | None = None
    stop_sequence: str | None = None
    usage: MessageUsage = MessageUsage()
    error: ErrorObject | None = None


class LooseEvent(msgspec.Struct, frozen=True, kw_only=True):
    """The data of any event of a stream."""

    type: str = ""
    message: LooseMessage | None = None
    index: int = 0
    content_block: LooseBlock | None = None
    delta: LooseDelta | None = None
    usage: MessageUsage | None = None
    error: ErrorObject | None = None
