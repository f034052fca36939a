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
    """

    parts: tuple[Text | Reasoning | ToolCall, ...]
    reason: FinishReason | None

    @property
    def text(self) -> str:
        """All text."""
        return "".join(part.text for part in self.parts if isinstance(part, Text))

    @property
    def reasoning(self) -> str:
        """All that it thought."""
        return "".join(part.text for part in self.parts if isinstance(part, Reasoning))

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """The calls it made, in order."""
        return tuple(part for part in self.parts if isinstance(part, ToolCall))


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
            return ToolCall(self.begun.id, self.begun.name, whole)
        if isinstance(self.begun, TextDelta):
            return Text(whole)
        return Reasoning(whole, self.signature)


@attrs.define
class _Open:
    """A choice in the making."""

    runs: list[_Run] = attrs.Factory(list)
    calls: dict[int, _Run] = attrs.Factory(dict)
    reason: FinishReason | None = None

    def run(self, delta: TextDelta | ReasoningDelta) -> _Run:
        """The run that a delta goes on with, or a new one."""
        last = self.runs[-1] if self.runs else None
        if last is None or type(last.begun) is not type(delta) or last.signature is not None:
            last = _Run(delta)
            self.runs.append(last)
        return last


class Gatherer:
    """Takes events in their order, and has the reply at their end."""

    def __init__(self, choices: int = 1) -> None:
        """
        @param choices: how many the reply has: prompts x n.
        """
        self._open = [_Open() for _ in range(choices)]
        self._usage = Usage()
        self._takers: Mapping[type, Callable[[Any], None]] = {
            TextDelta: self._text,
            ReasoningDelta: self._reasoning,
            ToolCallBegun: self._begun,
            ToolCallArguments: self._arguments,
            Finished: self._finished,
            Used: self._used,
            Failed: self._failed,
        }

    def add(self, event: Event) -> None:
        """
        One more event. Those that no reply shows are passed over.

        @raise ProxyError: the reply failed.
        """
        taker = self._takers.get(type(event))
        if taker is not None:
            taker(event)

    def reply(self) -> Reply:
        """All of it."""
        choices = tuple(Choice(tuple(run.part() for run in choice.runs), choice.reason) for choice in self._open)
        return Reply(choices, self._usage)

    def _text(self, event: TextDelta) -> None:
        if event.text:
            self._open[event.choice].run(event).pieces.append(event.text)

    def _reasoning(self, event: ReasoningDelta) -> None:
        if not event.text and event.signature is None:
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
        self._open[event.choice].reason = event.reason

    def _used(self, event: Used) -> None:
        self._usage = event.usage

    def _failed(self, event: Failed) -> None:
        raise event.fault
