"""
Events gathered into a whole reply, for clients that don't stream.

Only what a reply is made of is kept; how a client sees it is the dialect's business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs
import msgspec

from .events import (
    Event,
    Failed,
    Finished,
    FinishReason,
    ReasoningDelta,
    TextDelta,
    ToolCallArguments,
    ToolCallBegun,
    Usage,
    Used,
)
from .parts import Reasoning, Text, ToolCall


class Choice(msgspec.Struct, frozen=True):
    """
    One answer.

    @ivar parts: what the model said, in its order; no text or reasoning is empty or follows one of its kind.
    @ivar reason: why it ended, or L{None} where the wire didn't tell.
    @ivar stopped_by: the stop string that ended it, where the wire told.
    """

    parts: tuple[Text | Reasoning | ToolCall, ...]
    reason: FinishReason | None
    stopped_by: str | None = None

    @property
    def text(self) -> str:
        """All text."""
        return "".join([part.text for part in self.parts if isinstance(part, Text)])

    @property
    def reasoning(self) -> str:
        """All that it thought."""
        return "".join([part.text for part in self.parts if isinstance(part, Reasoning)])

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """The calls it made, in order."""
        return tuple([part for part in self.parts if isinstance(part, ToolCall)])


class Reply(msgspec.Struct, frozen=True):
    """A whole reply: its choices in the order of their indexes, and what it cost."""

    choices: tuple[Choice, ...]
    usage: Usage


@attrs.define
class _Run:
    """Pieces that belong together: of a text, of reasoning, of a call's arguments."""

    begun: ReasoningDelta | TextDelta | ToolCallBegun
    pieces: list[str] = attrs.Factory(list)
    signature: str | None = None

    def part(self) -> Text | Reasoning | ToolCall:
        whole = "".join(self.pieces)
        if isinstance(self.begun, ToolCallBegun):
            return ToolCall(self.begun.id, self.begun.name, whole, self.begun.signature)
        if isinstance(self.begun, TextDelta):
            return Text(whole)
        return Reasoning(whole, self.signature, self.begun.redacted)

    def goes_on(self, delta: TextDelta | ReasoningDelta) -> bool:
        """Whether the delta is more of it: of its kind, and neither is sealed."""
        if isinstance(delta, ReasoningDelta) and isinstance(self.begun, ReasoningDelta):
            return self.signature is None and self.begun.redacted is None and delta.redacted is None
        return type(self.begun) is type(delta)


@attrs.define
class _Open:
    """A choice in the making."""

    runs: list[_Run] = attrs.Factory(list)
    calls: dict[int, _Run] = attrs.Factory(dict)
    finished: Finished | None = None

    def run(self, delta: TextDelta | ReasoningDelta) -> _Run:
        """The run that a delta goes on with, or a new one."""
        last = self.runs[-1] if self.runs else None
        if last is None or not last.goes_on(delta):
            last = _Run(delta)
            self.runs.append(last)
        return last

    def choice(self) -> Choice:
        parts = tuple([run.part() for run in self.runs])
        if self.finished is None:
            return Choice(parts, None)
        return Choice(parts, self.finished.reason, self.finished.stopped_by)


class Gatherer:
    """Takes events in their order, and has the reply at their end."""

    def __init__(self, choices: int = 1) -> None:
        """
        @param choices: how many the reply has: prompts x n.
        """
        self._open = [_Open() for _ in range(choices)]
        self._usage = Usage()

    def add(self, event: Event) -> None:
        """
        One more event. Those that no reply shows are passed over.

        @raise ProxyError: the reply failed.
        """
        taker = _TAKERS.get(type(event))
        if taker is not None:
            taker(self, event)

    def reply(self) -> Reply:
        """All of it."""
        return Reply(tuple([choice.choice() for choice in self._open]), self._usage)

    def _text(self, event: TextDelta) -> None:
        if event.text:
            self._open[event.choice].run(event).pieces.append(event.text)

    def _reasoning(self, event: ReasoningDelta) -> None:
        if not event.text and event.signature is None and event.redacted is None:
            return
        run = self._open[event.choice].run(event)
        run.pieces.append(event.text)
        run.signature = event.signature

    def _begun(self, event: ToolCallBegun) -> None:
        choice = self._open[event.choice]
        run = choice.calls[event.call] = _Run(event)
        choice.runs.append(run)

    def _arguments(self, event: ToolCallArguments) -> None:
        self._open[event.choice].calls[event.call].pieces.append(event.fragment)

    def _finished(self, event: Finished) -> None:
        self._open[event.choice].finished = event

    def _used(self, event: Used) -> None:
        self._usage = event.usage

    def _failed(self, event: Failed) -> None:
        raise event.fault


_TAKERS: Mapping[type, Callable[[Gatherer, Any], None]] = {
    TextDelta: Gatherer._text,
    ReasoningDelta: Gatherer._reasoning,
    ToolCallBegun: Gatherer._begun,
    ToolCallArguments: Gatherer._arguments,
    Finished: Gatherer._finished,
    Used: Gatherer._used,
    Failed: Gatherer._failed,
}
