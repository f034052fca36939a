"""
Replies of Anthropic's Messages, streamed and whole.

A reply is a row of content blocks. On a stream one is open at a time, and all that is the same in its events is made
into bytes when it begins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from zope.interface import implementer

from argoproxy.conversation import (
    ChatRequest,
    Event,
    Failed,
    Finished,
    FinishReason,
    Reasoning,
    ReasoningDelta,
    Stamp,
    Started,
    Text,
    TextDelta,
    ToolCall,
    ToolCallArguments,
    ToolCallBegun,
    Usage,
    Used,
)
from argoproxy.conversation.gather import Gatherer
from argoproxy.interfaces import IRenderer
from argoproxy.vocabulary.anthropic import STOP_REASONS, MessageUsage
from argoproxy.vocabulary.anthropic_blocks import (
    AssistantBlock,
    RedactedThinkingBlock,
    TextBlock,
    ThinkingBlock,
    ToolUseBlock,
    tool_input,
)
from argoproxy.vocabulary.anthropic_replies import (
    PING,
    BlockDelta,
    BlockStart,
    BlockStop,
    Ending,
    MessageDelta,
    MessageStart,
    MessageStop,
    OpeningMessage,
    SignaturePiece,
    WholeBlock,
    WholeCall,
    WholeMessage,
    WholeText,
    WholeUsage,
)
from argoproxy.wire import sse

from .anthropic_errors import error_body

_encode = msgspec.json.Encoder().encode
_NO_INPUT = msgspec.Raw(b"{}")

_FIELDS: Mapping[type, bytes] = {
    TextBlock: b'"text_delta","text":',
    ThinkingBlock: b'"thinking_delta","thinking":',
    ToolUseBlock: b'"input_json_delta","partial_json":',
}
"""By the kind of a block, the type of its pieces and the name of their text."""


def _identity(stamp: Stamp) -> str:
    return f"msg_{stamp.token}"


def _ending(reason: FinishReason | None, stopped_by: str | None, called: bool) -> Ending:
    """
    Why a reply ended. Clients run tools by the reason: one that ends with calls says so, also where an upstream that
    was made to call calls that a normal end.
    """
    if reason in ("stop", None) and called:
        return Ending("tool_use")
    if reason == "stop" and stopped_by is not None:
        return Ending("stop_sequence", stopped_by)
    return Ending(STOP_REASONS[reason or "stop"])


def _is_hidden(request: ChatRequest) -> bool:
    """Whether the client wants the seals of the model's thoughts, but not their text."""
    return request.thinking is not None and request.thinking.shown is False


@implementer(IRenderer)
class StreamRenderer:
    """Events as Anthropic names them, for each event that has something to show."""

    __slots__ = ("_called", "_finished", "_hidden", "_index", "_kind", "_piece", "_stamp", "_usage")

    content_type = "text/event-stream"
    keepalive = PING

    def __init__(self, request: ChatRequest, stamp: Stamp) -> None:
        self._stamp = stamp
        self._hidden = _is_hidden(request)
        self._index = -1
        self._kind: type | None = None
        self._piece = b""
        self._called = False
        self._finished = Finished(None)
        self._usage = Usage()

    def render(self, event: Event) -> bytes:
        rendering = _RENDERINGS.get(type(event))
        return b"" if rendering is None else rendering(self, event)

    def close(self) -> bytes:
        """The reason and the usage are of the whole message, so they come when both are known."""
        ending = _ending(self._finished.reason, self._finished.stopped_by, self._called)
        last = MessageDelta(ending, MessageUsage.of(self._usage))
        return self._stop() + _frame(b"message_delta", last) + _frame(b"message_stop", MessageStop())

    def started(self, event: Started) -> bytes:
        """A prompt of no tokens is none: clients that count by it would be misled."""
        usage = MessageUsage.of(Usage(prompt=max(1, event.prompt), completion=1))
        opening = OpeningMessage(id=_identity(self._stamp), model=self._stamp.model, usage=usage)
        return _frame(b"message_start", MessageStart(opening))

    def text(self, event: TextDelta) -> bytes:
        """The hot path: one small encode between ready-made bytes."""
        if not event.text:
            return b""
        begun = b"" if self._kind is TextBlock else self._begin(TextBlock(""))
        return begun + self._piece + _encode(event.text) + b"}}\n\n"

    def reasoning(self, event: ReasoningDelta) -> bytes:
        if event.redacted is not None:
            return self._begin(RedactedThinkingBlock(event.redacted)) + self._stop()
        text = "" if self._hidden else event.text
        if not text and event.signature is None:
            return b""
        data = b"" if self._kind is ThinkingBlock else self._begin(ThinkingBlock(""))
        if text:
            data += self._piece + _encode(text) + b"}}\n\n"
        return data if event.signature is None else data + self._seal(event.signature)

    def call(self, event: ToolCallBegun) -> bytes:
        self._called = True
        return self._begin(ToolUseBlock(id=event.id, name=event.name, input=_NO_INPUT, signature=event.signature))

    def arguments(self, event: ToolCallArguments) -> bytes:
        return self._piece + _encode(event.fragment) + b"}}\n\n" if event.fragment else b""

    def finished(self, event: Finished) -> bytes:
        self._finished = event
        return self._stop()

    def used(self, event: Used) -> bytes:
        self._usage = event.usage
        return b""

    def failed(self, event: Failed) -> bytes:
        return sse.frame(error_body(event.fault), b"error")

    def _begin(self, block: AssistantBlock) -> bytes:
        """Open a block, and close the one before."""
        before = self._stop()
        self._kind = type(block)
        self._index += 1
        self._piece = (
            b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":{"type":' % self._index
        ) + _FIELDS.get(self._kind, b"")
        return before + _frame(b"content_block_start", BlockStart(self._index, block))

    def _stop(self) -> bytes:
        """Close the open block, if there is one."""
        if self._kind is None:
            return b""
        self._kind = None
        return _frame(b"content_block_stop", BlockStop(self._index))

    def _seal(self, signature: str) -> bytes:
        """Nothing of a block can follow its signature."""
        piece = BlockDelta(self._index, SignaturePiece(signature))
        return _frame(b"content_block_delta", piece) + self._stop()


def _frame(name: bytes, data: msgspec.Struct) -> bytes:
    return sse.frame(_encode(data), name)


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


def _call(call: ToolCall) -> WholeCall:
    seal = msgspec.UNSET if call.signature is None else call.signature
    return WholeCall(id=call.id, name=call.name, input=tool_input(call.arguments), signature=seal)


@implementer(IRenderer)
class WholeRenderer:
    """One message, once everything is known."""

    content_type = "application/json"
    keepalive = b""

    def __init__(self, request: ChatRequest, stamp: Stamp) -> None:
        self._stamp = stamp
        self._hidden = _is_hidden(request)
        self._gatherer = Gatherer()

    def render(self, event: Event) -> bytes:
        self._gatherer.add(event)
        return b""

    def close(self) -> bytes:
        reply = self._gatherer.reply()
        (choice,) = reply.choices
        ending = _ending(choice.reason, choice.stopped_by, bool(choice.calls))
        message = WholeMessage(
            id=_identity(self._stamp),
            model=self._stamp.model,
            content=tuple(block for part in choice.parts if (block := self._block(part)) is not None),
            stop_reason=ending.stop_reason,
            stop_sequence=ending.stop_sequence,
            usage=WholeUsage.of(reply.usage),
        )
        return _encode(message)

    def _block(self, part: Text | Reasoning | ToolCall) -> WholeBlock | None:
        if isinstance(part, Text):
            return WholeText(part.text)
        if isinstance(part, ToolCall):
            return _call(part)
        if part.redacted is not None:
            return RedactedThinkingBlock(part.redacted)
        if not self._hidden:
            return ThinkingBlock.of(part)
        return None if part.signature is None else ThinkingBlock("", part.signature)
