"""
What OpenAI's Responses are written with: the items of the output, and the bodies of the events that tell of them.

Shapes only. The names are the API's and those of the types in OpenAI's SDK.
"""

from __future__ import annotations

from typing import Literal

import msgspec

ItemStatus = Literal["in_progress", "completed", "incomplete"]


class TextContent(msgspec.Struct, frozen=True, tag_field="type", tag="output_text"):
    """A message's text."""

    text: str
    annotations: tuple[()] = ()
    logprobs: tuple[()] = ()


class MessageItem(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="message"):
    """What the model says."""

    id: str
    status: ItemStatus
    role: Literal["assistant"] = "assistant"
    content: tuple[TextContent, ...] = ()


class SummaryText(msgspec.Struct, frozen=True, tag_field="type", tag="summary_text"):
    """What the model thought."""

    text: str


class ReasoningItem(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="reasoning"):
    """Reasoning. What signs it travels as C{encrypted_content}, which clients give back untouched."""

    id: str
    status: ItemStatus
    summary: tuple[SummaryText, ...] = ()
    encrypted_content: str | None = None


class CallItem(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="function_call"):
    """A call."""

    id: str
    status: ItemStatus
    call_id: str
    name: str
    arguments: str
    namespace: str | msgspec.UnsetType = msgspec.UNSET


class CustomCallItem(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="custom_tool_call"):
    """A call of a tool that takes a text."""

    id: str
    status: ItemStatus
    call_id: str
    name: str
    input: str
    namespace: str | msgspec.UnsetType = msgspec.UNSET


Item = MessageItem | ReasoningItem | CallItem | CustomCallItem


class ObjectEvent(msgspec.Struct, frozen=True):
    """The response begins or ends."""

    response: msgspec.Raw


class ItemEvent(msgspec.Struct, frozen=True):
    """An item begins, or is done."""

    output_index: int
    item: Item | msgspec.Raw


class Place(msgspec.Struct, frozen=True):
    """Which item an event is about."""

    item_id: str
    output_index: int


class TextPlace(Place, frozen=True):
    """Which text of a message."""

    content_index: int = 0


class TextDelta(TextPlace, frozen=True):
    """What the deltas of a text have in common."""

    logprobs: tuple[()] = ()


class TextPart(TextPlace, frozen=True, kw_only=True):
    """A text begins, or is done."""

    part: TextContent


class TextDone(TextPlace, frozen=True, kw_only=True):
    """The whole text."""

    text: str
    logprobs: tuple[()] = ()


class SummaryPlace(Place, frozen=True):
    """Which part of a reasoning's summary."""

    summary_index: int = 0


class SummaryPart(SummaryPlace, frozen=True, kw_only=True):
    """A part begins, or is done."""

    part: SummaryText


class SummaryDone(SummaryPlace, frozen=True, kw_only=True):
    """The whole part."""

    text: str


class ArgumentsDone(Place, frozen=True, kw_only=True):
    """A call's whole arguments."""

    name: str
    arguments: str


class InputDone(Place, frozen=True, kw_only=True):
    """The whole text of a custom tool's call."""

    input: str
