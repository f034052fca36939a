"""
What the native Anthropic wire answers: a message as a stream of events, or a whole one. Each has its decoder.

Blocks, pieces and events that no event of ours has room for are passed over; clients who speak this language get them
by the relay.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence

import msgspec
from zope.interface import implementer

from argoproxy.conversation import (
    Event,
    Failed,
    Finished,
    Head,
    ReasoningDelta,
    Started,
    TextDelta,
    ToolCallArguments,
    ToolCallBegun,
    Used,
)
from argoproxy.errors import Truncated, UpstreamFault
from argoproxy.interfaces import IDecoder
from argoproxy.vocabulary.anthropic import FINISH_REASONS, STATUSES, MessageUsage
from argoproxy.vocabulary.anthropic_replies import LooseBlock, LooseDelta, LooseEvent, LooseMessage
from argoproxy.wire.sse import SseEvent, SseReader

from .opening import Opening
from .refusals import NOTICE, fault, unregistered

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Typed(msgspec.Struct, frozen=True):
    """What all events have."""

    type: str = ""


typed_decoder = msgspec.json.Decoder(Typed)
message_decoder = msgspec.json.Decoder(LooseMessage)
_event = msgspec.json.Decoder(LooseEvent)


def failure(head: Head, body: bytes) -> UpstreamFault:
    """The fault for an error that comes under status 200: its status is its type's."""
    found = fault(head, body)
    status = STATUSES.get(found.kind or "")
    return found if status is None else fault(msgspec.structs.replace(head, status=status), body)


def used(usage: MessageUsage) -> list[Event]:
    """What the reply cost, if both sides of it were told."""
    return [] if None in (usage.input_tokens, usage.output_tokens) else [Used(usage.usage())]


def finished(ending: LooseMessage | LooseDelta, choice: int) -> Finished:
    """Why it ended."""
    return Finished(FINISH_REASONS.get(ending.stop_reason or ""), choice, ending.stop_sequence)


def _identity(block: LooseBlock) -> str:
    return block.id or f"toolu_{uuid.uuid4().hex[:24]}"


@implementer(IDecoder)
class MessageStream:
    """
    A message as server-sent events.

    The reply has begun when something in it shows that it is none of ARGO's notices. What follows a failure or the end
    is not looked at.
    """

    def __init__(self, head: Head, choice: int) -> None:
        self._head = head
        self._choice = choice
        self._reader = SseReader()
        self._opening = Opening()
        self._start: Started | None = None
        self._usage = MessageUsage()
        self._ending = LooseDelta()
        self._block = LooseBlock()
        self._signature: str | None = None
        self._calls = 0
        self._bare = False
        self._over = False

    def feed(self, data: bytes) -> list[Event]:
        return [event for frame in self._reader.feed(data) for event in self._framed(frame)]

    def close(self) -> list[Event]:
        """@raise Truncated: nothing told that this is the end."""
        left = self._reader.close()
        events = self._framed(left) if left is not None and left.event == b"message_stop" else []
        if not self._over and self._opening.notice:
            return self._failed(unregistered(self._opening.notice))
        if not self._over:
            raise Truncated
        return events

    def _framed(self, frame: SseEvent) -> list[Event]:
        if not frame.data or self._over:
            return []
        try:
            event = _event.decode(frame.data)
            said = _SAID.get(event.type)
            return [] if said is None else self._begun(said(self, event, frame.data))
        except UNREADABLE:
            return self._unreadable(frame.data)

    def _begun(self, events: list[Event]) -> list[Event]:
        """The same, led by the reply's start."""
        if not events or self._start is None or isinstance(events[0], Failed):
            return events
        start, self._start = self._start, None
        return [start, *events]

    def _unreadable(self, data: bytes) -> list[Event]:
        """An event that isn't as it should be: a failure, unless nothing is known of its kind."""
        try:
            known = typed_decoder.decode(data).type in _SAID
        except UNREADABLE:
            known = True
        return self._failed(failure(self._head, data)) if known else []

    def _failed(self, fault: UpstreamFault) -> list[Event]:
        self._over = True
        return [Failed(fault)]

    def _error(self, event: LooseEvent, data: bytes) -> list[Event]:
        return self._failed(failure(self._head, data))

    def _message(self, event: LooseEvent, data: bytes) -> list[Event]:
        if event.message is not None:
            self._usage = event.message.usage
        self._start = Started(self._usage.usage().prompt)
        return []

    def _block_start(self, event: LooseEvent, data: bytes) -> list[Event]:
        self._block = block = event.content_block or LooseBlock()
        self._signature = block.signature or None
        if block.type == "text":
            return self._text(self._opening.add(block.text or ""))
        events = self._released()
        if self._over:
            return events
        if block.type == "tool_use":
            self._bare = True
            self._calls += 1
            events.append(ToolCallBegun(_identity(block), block.name or "", self._calls - 1, self._choice))
        elif block.type == "redacted_thinking":
            events.append(ReasoningDelta("", self._choice, redacted=block.data or ""))
        elif block.thinking:
            events.append(ReasoningDelta(block.thinking, self._choice))
        return events

    def _block_delta(self, event: LooseEvent, data: bytes) -> list[Event]:
        delta = event.delta or LooseDelta()
        if delta.type == "text_delta":
            return self._more_text(delta.text or "")
        if delta.type == "thinking_delta" and delta.thinking:
            return [ReasoningDelta(delta.thinking, self._choice)]
        if delta.type == "signature_delta":
            self._signature = delta.signature or self._signature
        elif delta.type == "input_json_delta" and self._block.type == "tool_use" and delta.partial_json:
            self._bare = False
            return [ToolCallArguments(delta.partial_json, self._calls - 1, self._choice)]
        return []

    def _more_text(self, text: str) -> list[Event]:
        events = self._text(self._opening.add(text))
        return self._released() if self._opening.is_whole_notice else events

    def _block_stop(self, event: LooseEvent, data: bytes) -> list[Event]:
        """A call without arguments has none, in JSON, or had them at its start; a seal closes what was thought."""
        block, self._block = self._block, LooseBlock()
        if block.type == "text":
            return self._released()
        if block.type == "tool_use" and self._bare:
            self._bare = False
            return [ToolCallArguments(bytes(block.input).decode(), self._calls - 1, self._choice)]
        signature, self._signature = self._signature, None
        return [] if signature is None else [ReasoningDelta("", self._choice, signature=signature)]

    def _message_delta(self, event: LooseEvent, data: bytes) -> list[Event]:
        self._ending = event.delta or self._ending
        self._usage = self._usage.then(event.usage or MessageUsage())
        return []

    def _message_stop(self, event: LooseEvent, data: bytes) -> list[Event]:
        events = self._released()
        if self._over:
            return events
        self._over = True
        return [*events, finished(self._ending, self._choice), *used(self._usage)]

    def _released(self) -> list[Event]:
        """The text that was held, or the failure that it is."""
        notice = self._opening.notice
        return self._failed(unregistered(notice)) if notice else self._text(self._opening.release())

    def _text(self, text: str) -> list[Event]:
        return [TextDelta(text, self._choice)] if text else []


_SAID: Mapping[str, Callable[[MessageStream, LooseEvent, bytes], list[Event]]] = {
    "message_start": MessageStream._message,
    "content_block_start": MessageStream._block_start,
    "content_block_delta": MessageStream._block_delta,
    "content_block_stop": MessageStream._block_stop,
    "message_delta": MessageStream._message_delta,
    "message_stop": MessageStream._message_stop,
    "error": MessageStream._error,
}
"""What each kind of event says."""


@implementer(IDecoder)
class WholeMessage:
    """A message as one JSON object."""

    def __init__(self, head: Head, choice: int) -> None:
        self._head = head
        self._choice = choice
        self._body = bytearray()

    def feed(self, data: bytes) -> list[Event]:
        self._body += data
        return []

    def close(self) -> list[Event]:
        body = bytes(self._body)
        message = whole(self._head, body)
        if isinstance(message, UpstreamFault):
            return [Failed(message)]
        try:
            return [*self._events(message), finished(message, self._choice), *used(message.usage)]
        except UNREADABLE:
            return [Failed(failure(self._head, body))]

    def _events(self, message: LooseMessage) -> list[Event]:
        """@raise UnicodeDecodeError: what isn't looked into is no text."""
        events: list[Event] = []
        calls = 0
        for block in message.content:
            events += self._said(block, calls)
            calls += block.type == "tool_use"
        return events

    def _said(self, block: LooseBlock, call: int) -> Sequence[Event]:
        if block.type == "text" and block.text:
            return [TextDelta(block.text, self._choice)]
        if block.type == "thinking" and (block.thinking or block.signature):
            return [ReasoningDelta(block.thinking or "", self._choice, block.signature or None)]
        if block.type == "redacted_thinking":
            return [ReasoningDelta("", self._choice, redacted=block.data or "")]
        if block.type != "tool_use":
            return []
        begun = ToolCallBegun(_identity(block), block.name or "", call, self._choice)
        return [begun, ToolCallArguments(bytes(block.input).decode(), call, self._choice)]


def whole(head: Head, body: bytes) -> LooseMessage | UpstreamFault:
    """The message that a whole reply is, or the failure that it is under status 200."""
    try:
        message = message_decoder.decode(body)
    except UNREADABLE:
        return failure(head, body)
    if message.error is not None or message.type != "message":
        return failure(head, body)
    words = "".join(block.text or "" for block in message.content if block.type == "text")
    return unregistered(words) if NOTICE in words else message
