"""
The items of a reply in OpenAI's Responses while they grow: what they hold, and the events that tell of them.

An event is its name and its body here; numbering and framing it, or leaving it out, is the renderer's business.
"""

from __future__ import annotations

from typing import ClassVar

import attrs
import msgspec

from .responses_shapes import (
    ArgumentsDone,
    CallItem,
    CustomCallItem,
    InputDone,
    Item,
    ItemEvent,
    ItemStatus,
    MessageItem,
    Place,
    ReasoningItem,
    SummaryDone,
    SummaryPart,
    SummaryPlace,
    SummaryText,
    TextContent,
    TextDelta,
    TextDone,
    TextPart,
)

Told = tuple[bytes, msgspec.Struct]
"""An event's name, and its body without type and sequence number."""


@attrs.define
class OpenItem:
    """
    An item that grows.

    @cvar PREFIX: what its id begins with.
    @cvar DELTA: the name of the events that bring its pieces.
    @ivar index: its place in the output.
    @ivar pieces: what it holds so far.
    """

    PREFIX: ClassVar[str]
    DELTA: ClassVar[bytes]

    token: str
    index: int
    pieces: list[str] = attrs.field(factory=list, init=False)

    @property
    def id(self) -> str:
        """Its id, which no other item has."""
        return f"{self.PREFIX}_{self.token}_{self.index}"

    @property
    def text(self) -> str:
        """All pieces."""
        return "".join(self.pieces)

    def delta(self) -> Place:
        """What all its deltas have in common."""
        return Place(self.id, self.index)

    def item(self, status: ItemStatus) -> Item:
        """The item as it is now."""
        raise NotImplementedError

    def begun(self) -> tuple[Told, ...]:
        """What tells of its beginning."""
        return ((b"response.output_item.added", ItemEvent(self.index, self.item("in_progress"))),)

    def done(self, item: msgspec.Raw) -> tuple[Told, ...]:
        """What tells of its end; C{item} is the whole of it."""
        return ((b"response.output_item.done", ItemEvent(self.index, item)),)


class OpenMessage(OpenItem):
    """Text."""

    PREFIX = "msg"
    DELTA = b"response.output_text.delta"

    def delta(self) -> TextDelta:
        return TextDelta(self.id, self.index)

    def item(self, status: ItemStatus) -> MessageItem:
        content = () if status == "in_progress" else (TextContent(self.text),)
        return MessageItem(id=self.id, status=status, content=content)

    def begun(self) -> tuple[Told, ...]:
        part = TextPart(self.id, self.index, part=TextContent(""))
        return (*super().begun(), (b"response.content_part.added", part))

    def done(self, item: msgspec.Raw) -> tuple[Told, ...]:
        text = self.text
        return (
            (b"response.output_text.done", TextDone(self.id, self.index, text=text)),
            (b"response.content_part.done", TextPart(self.id, self.index, part=TextContent(text))),
            *super().done(item),
        )


@attrs.define
class OpenReasoning(OpenItem):
    """
    What the model thinks, shown as a summary: more clients show that than C{reasoning_text}.

    @ivar signature: what signs it, once it is complete.
    """

    PREFIX = "rs"
    DELTA = b"response.reasoning_summary_text.delta"

    signature: str | None = attrs.field(default=None, init=False)

    def delta(self) -> SummaryPlace:
        return SummaryPlace(self.id, self.index)

    def item(self, status: ItemStatus) -> ReasoningItem:
        summary = () if status == "in_progress" else (SummaryText(self.text),)
        return ReasoningItem(id=self.id, status=status, summary=summary, encrypted_content=self.signature)

    def begun(self) -> tuple[Told, ...]:
        part = SummaryPart(self.id, self.index, part=SummaryText(""))
        return (*super().begun(), (b"response.reasoning_summary_part.added", part))

    def done(self, item: msgspec.Raw) -> tuple[Told, ...]:
        text = self.text
        return (
            (b"response.reasoning_summary_text.done", SummaryDone(self.id, self.index, text=text)),
            (b"response.reasoning_summary_part.done", SummaryPart(self.id, self.index, part=SummaryText(text))),
            *super().done(item),
        )


class CallName(msgspec.Struct, frozen=True):
    """
    What a call names.

    @ivar call_id: the call's own id, which its result will name.
    @ivar namespace: where the tool stands, if anywhere.
    """

    call_id: str
    name: str
    namespace: str | msgspec.UnsetType = msgspec.UNSET


@attrs.define
class OpenCall(OpenItem):
    """
    A call, its arguments still coming.

    @ivar number: which of the reply's calls it is, from 0.
    """

    PREFIX = "fc"
    DELTA = b"response.function_call_arguments.delta"

    called: CallName
    number: int

    def item(self, status: ItemStatus) -> CallItem | CustomCallItem:
        called = msgspec.structs.asdict(self.called)
        return CallItem(id=self.id, status=status, arguments=self.text, **called)

    def done(self, item: msgspec.Raw) -> tuple[Told, ...]:
        done = ArgumentsDone(self.id, self.index, name=self.called.name, arguments=self.text)
        return ((b"response.function_call_arguments.done", done), *super().done(item))


class OpenCustomCall(OpenCall):
    """A call of a tool that takes a text."""

    PREFIX = "ctc"
    DELTA = b"response.custom_tool_call_input.delta"

    def item(self, status: ItemStatus) -> CustomCallItem:
        called = msgspec.structs.asdict(self.called)
        return CustomCallItem(id=self.id, status=status, input=self.text, **called)

    def done(self, item: msgspec.Raw) -> tuple[Told, ...]:
        done = InputDone(self.id, self.index, input=self.text)
        return ((b"response.custom_tool_call_input.done", done), *OpenItem.done(self, item))
