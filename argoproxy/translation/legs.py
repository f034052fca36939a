"""One upstream reply on its way: its events counted and shown as they come."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from zope.interface import implementer

from argoproxy.conversation import (
    Call,
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
from argoproxy.errors import ProxyError
from argoproxy.interfaces import IDecoder, ILeg, ITally


@implementer(ILeg)
class Leg:
    """
    One upstream reply: its events counted and shown as they come.

    @ivar used: what the upstream told of its cost, once it has.
    """

    fault: ProxyError | None = None
    used: Usage | None = None

    def __init__(self, decoder: IDecoder, render: Callable[[Event], bytes], tally: ITally, limit: int | None) -> None:
        self._decoder = decoder
        self._render = render
        self._tally = tally
        self._limit = limit
        self._calls = False
        self._unexplained: Finished | None = None

    @property
    def counted(self) -> int:
        """The tokens of the reply, as far as they are counted."""
        return self._tally.total()

    def feed(self, data: bytes) -> bytes:
        events = self._decoder.feed(data)
        return self._show(events[0]) if len(events) == 1 else self._shown(events)

    def ended(self) -> bytes:
        return self._shown(self._decoder.close())

    def settle(self) -> bool:
        return self.used is None and self._tally.step()

    def again(self) -> Call | None:
        return None

    def close(self) -> bytes:
        if self._unexplained is None:
            return b""
        return self._render(msgspec.structs.replace(self._unexplained, reason=self._reason()))

    def _shown(self, events: list[Event]) -> bytes:
        return b"".join([self._show(event) for event in events])

    def _show(self, event: Event) -> bytes:
        if isinstance(event, TextDelta):
            self._tally.add(event.text)
            return self._render(event)
        if isinstance(event, Finished):
            if event.reason is None:
                self._unexplained = event
                return b""
        elif isinstance(event, ReasoningDelta):
            self._tally.add(event.text)
        elif isinstance(event, ToolCallArguments):
            self._tally.add(event.fragment)
        elif isinstance(event, ToolCallBegun):
            self._calls = True
            self._tally.add(event.name)
        elif isinstance(event, Failed):
            self.fault = event.fault
            return b""
        elif isinstance(event, Used):
            self.used = event.usage
            return b""
        return self._render(event)

    def _reason(self) -> FinishReason:
        """Why it ended, where the wire doesn't tell: calls, or the limit that the count has reached."""
        if self._calls:
            return "tool_calls"
        return "length" if self._limit is not None and self._tally.total() >= self._limit else "stop"
