"""Streamed replies of Google's GenAI. L{argoproxy.dialects.google_frames} has what stands around chunks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs
from zope.interface import implementer

from argoproxy.conversation import (
    Event,
    Failed,
    Finished,
    FinishReason,
    ReasoningDelta,
    Stamp,
    Started,
    TextDelta,
    ToolCall,
    ToolCallArguments,
    ToolCallBegun,
    Used,
)
from argoproxy.interfaces import IRenderer
from argoproxy.vocabulary.google import ModelContent, Part, UsageMetadata

from .google_errors import error_body
from .google_frames import Array, Events, Frame
from .google_replies import (
    SILENT,
    Candidate,
    GenerateContentResponse,
    call_part,
    encode,
    finish_reason,
    thought_part,
)
from .google_requests import GenerateRequest

_START = b'{"candidates":[{"content":{"parts":['
_TEXT = _START + b'{"text":'


@attrs.define
class _OpenCall:
    """A call whose arguments still come."""

    begun: ToolCallBegun
    fragments: list[str] = attrs.Factory(list)

    def part(self) -> Part | None:
        begun = self.begun
        return call_part(ToolCall(begun.id, begun.name, "".join(self.fragments), begun.signature))


@implementer(IRenderer)
class StreamRenderer:
    """
    A chunk for each event that has something to show. A call goes out whole, since Google's clients take no pieces.

    Why the answers ended is told in the last chunk, with what they cost.
    """

    __slots__ = (
        "_calls", "_ends", "_finished", "_frame", "_malformed", "_stamp", "_thoughts", "content_type", "keepalive"
    )  # fmt: skip

    def __init__(self, request: GenerateRequest, stamp: Stamp) -> None:
        self._thoughts = request.thoughts
        self._stamp = stamp
        self._frame: Frame = Events() if request.sse else Array()
        tail = b'],"modelVersion":%b,"responseId":%b}' % (encode(stamp.model), encode(stamp.token))
        self._ends = [b'],"role":"model"},"index":%d}%b' % (index, tail) for index in range(request.n)]
        self._calls: dict[int, _OpenCall] = {}
        self._malformed: set[int] = set()
        self._finished: dict[int, FinishReason | None] = {}
        self.content_type = self._frame.content_type
        self.keepalive = self._frame.silence(_START + encode(SILENT) + self._ends[0])

    def render(self, event: Event) -> bytes:
        rendering = _RENDERINGS.get(type(event))
        return b"" if rendering is None else rendering(self, event)

    def close(self) -> bytes:
        return self._frame.closing()

    def started(self, event: Started) -> bytes:
        """What stands before all chunks."""
        return self._frame.opening()

    def text(self, event: TextDelta) -> bytes:
        """The hot path: one small encode between ready-made bytes."""
        if not event.text:
            return b""
        called = self._called(event.choice) if self._calls else b""
        return called + self._frame.chunk(_TEXT + encode(event.text) + b"}" + self._ends[event.choice])

    def reasoning(self, event: ReasoningDelta) -> bytes:
        """What the model thought, if the client wants it."""
        says = event.text or event.signature is not None or event.redacted is not None
        if not self._thoughts or not says:
            return b""
        called = self._called(event.choice)
        return called + self._chunk(thought_part(event.text, event.signature, event.redacted), event.choice)

    def call(self, event: ToolCallBegun) -> bytes:
        """The call before it is complete."""
        called = self._called(event.choice)
        self._calls[event.choice] = _OpenCall(event)
        return called

    def arguments(self, event: ToolCallArguments) -> bytes:
        """More of the open call."""
        self._calls[event.choice].fragments.append(event.fragment)
        return b""

    def finished(self, event: Finished) -> bytes:
        """The answer's last call is complete."""
        self._finished[event.choice] = event.reason
        return self._called(event.choice)

    def used(self, event: Used) -> bytes:
        """The last chunk."""
        response = GenerateContentResponse(
            candidates=tuple(self._last(index) for index in sorted(self._finished)),
            usage_metadata=UsageMetadata.of(event.usage),
            model_version=self._stamp.model,
            response_id=self._stamp.token,
        )
        return self._frame.chunk(encode(response))

    def failed(self, event: Failed) -> bytes:
        """The error. Nothing may follow."""
        return self._frame.failure(error_body(event.fault))

    def _last(self, choice: int) -> Candidate:
        reason = finish_reason(self._finished[choice], choice in self._malformed)
        return Candidate(content=ModelContent((SILENT,)), finish_reason=reason, index=choice)

    def _called(self, choice: int) -> bytes:
        """The choice's open call, if there is one: it is complete."""
        call = self._calls.pop(choice, None)
        if call is None:
            return b""
        part = call.part()
        if part is None:
            self._malformed.add(choice)
            return b""
        return self._chunk(part, choice)

    def _chunk(self, part: Part, choice: int) -> bytes:
        return self._frame.chunk(_START + encode(part) + self._ends[choice])


_RENDERINGS: Mapping[type, Callable[[StreamRenderer, Any], bytes]] = {
    Started: StreamRenderer.started,
    TextDelta: StreamRenderer.text,
    ReasoningDelta: StreamRenderer.reasoning,
    ToolCallBegun: StreamRenderer.call,
    ToolCallArguments: StreamRenderer.arguments,
    Finished: StreamRenderer.finished,
    Used: StreamRenderer.used,
    Failed: StreamRenderer.failed,
}
