"""
What the native OpenAI wire answers: chunks of a chat, a whole chat, or embeddings. Each has its decoder.

Fields that no event has room for are left out here; clients who speak this language get them by the relay.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

import msgspec
from zope.interface import implementer

from argoproxy.conversation import (
    Call,
    Event,
    Failed,
    Finished,
    FinishReason,
    Head,
    ReasoningDelta,
    TextDelta,
    ToolCallArguments,
    ToolCallBegun,
    Usage,
    Used,
    Vectors,
)
from argoproxy.errors import Truncated, UpstreamFault
from argoproxy.interfaces import IDecoder
from argoproxy.wire.items import Items
from argoproxy.wire.sse import SseEvent, SseReader

from .opening import Opening
from .refusals import NOTICE, fault, unregistered

REASONS: Mapping[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "max_tokens": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "safety": "content_filter",
}
"""Finish reasons, in lower case; Google's own words among them, in case they come through."""

_NONE = msgspec.Raw(b"")


class PromptDetails(msgspec.Struct, frozen=True):
    """What some of the prompt's tokens are."""

    cached_tokens: int | None = None


class CompletionDetails(msgspec.Struct, frozen=True):
    """What some of the completion's tokens are."""

    reasoning_tokens: int | None = None


class WireUsage(msgspec.Struct, frozen=True):
    """What a reply cost. Nothing in it is sure to be there."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: PromptDetails | None = None
    completion_tokens_details: CompletionDetails | None = None

    def usage(self) -> Usage:
        """The same in the neutral language."""
        prompt, completion = self.prompt_tokens_details, self.completion_tokens_details
        return Usage(
            prompt=self.prompt_tokens or 0,
            completion=self.completion_tokens or 0,
            cached=(prompt.cached_tokens if prompt else None) or 0,
            reasoning=(completion.reasoning_tokens if completion else None) or 0,
        )


class Function(msgspec.Struct, frozen=True):
    """What is called, or more of what it is called with."""

    name: str | None = None
    arguments: str | None = None


class CallPiece(msgspec.Struct, frozen=True):
    """A call, or a piece of one."""

    index: int | None = None
    id: str | None = None
    function: Function = Function()


class Said(msgspec.Struct, frozen=True):
    """What a message says, or a piece of it. Reasoning has no place in OpenAI's own API, and two names elsewhere."""

    content: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: tuple[CallPiece, ...] | None = None


class Choice(msgspec.Struct, frozen=True):
    """One answer, or a piece of it: C{delta} in chunks, C{message} in whole replies."""

    delta: Said = Said()
    message: Said = Said()
    finish_reason: str | None = None


class Reply(msgspec.Struct, frozen=True):
    """A chunk or a whole reply; or an error, which is told under status 200 too."""

    choices: tuple[Choice, ...] | None = None
    usage: WireUsage | None = None
    error: msgspec.Raw = _NONE

    @property
    def failed(self) -> bool:
        """Whether it is an error."""
        return bytes(self.error) not in (b"", b"null")


class Embedding(msgspec.Struct, frozen=True):
    """A vector, byte for byte."""

    embedding: msgspec.Raw
    index: int = 0


class Embedded(msgspec.Struct, frozen=True):
    """The reply of embeddings."""

    data: tuple[Embedding, ...]
    usage: WireUsage | None = None


reply_decoder = msgspec.json.Decoder(Reply)
_embedded = msgspec.json.Decoder(Embedded)
_embedding = msgspec.json.Decoder(Embedding)
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Calls:
    """The calls of one choice, as their pieces come."""

    def __init__(self, call: Call, choice: int) -> None:
        self._choice = choice
        self._most = 1 if call.one_call else None
        self._known: dict[int | None, tuple[str, int]] = {}
        self._begun = 0
        self._bare: int | None = None

    def __bool__(self) -> bool:
        """Whether there are any."""
        return self._begun > 0

    def add(self, piece: CallPiece) -> list[Event]:
        """What a piece says."""
        events: list[Event] = []
        if self._is_new(piece):
            events += self.close()
            events += self._begin(piece)
        number = self._known[piece.index][1]
        if piece.function.arguments and self._counts(number):
            self._bare = None
            events.append(ToolCallArguments(piece.function.arguments, number, self._choice))
        return events

    def close(self) -> list[Event]:
        """What the end of the last call says: one without arguments has none, in JSON."""
        number, self._bare = self._bare, None
        return [] if number is None else [ToolCallArguments("{}", number, self._choice)]

    def _is_new(self, piece: CallPiece) -> bool:
        """Whether a call begins. Google's may all come under one index, or under none, or without an id."""
        known = self._known.get(piece.index)
        if known is None:
            return True
        other = piece.id != known[0] if piece.id else piece.index is None
        return bool(piece.function.name) and other

    def _begin(self, piece: CallPiece) -> list[Event]:
        number, self._begun = self._begun, self._begun + 1
        identity = piece.id or f"call_{uuid.uuid4().hex[:24]}"
        self._known[piece.index] = (identity, number)
        if not self._counts(number):
            return []
        self._bare = number
        return [ToolCallBegun(identity, piece.function.name or "", number, self._choice)]

    def _counts(self, number: int) -> bool:
        """Whether the client takes so many calls."""
        return self._most is None or number < self._most


@implementer(IDecoder)
class ChatStream:
    """
    A chat as server-sent events.

    Its usage is told at its end, wherever it came. What follows a failure is not looked at.
    """

    def __init__(self, call: Call, head: Head, choice: int) -> None:
        self._head = head
        self._choice = choice
        self._reader = SseReader()
        self._opening = Opening()
        self._calls = Calls(call, choice)
        self._usage: WireUsage | None = None
        self._finished = False
        self._done = False
        self._over = False

    def feed(self, data: bytes) -> list[Event]:
        return [event for frame in self._reader.feed(data) for event in self._framed(frame)]

    def close(self) -> list[Event]:
        left = self._reader.close()
        if left is not None and left.data == b"[DONE]":
            self._done = True
        events: list[Event] = []
        if not self._finished:
            events += self._unfinished()
        return events if self._usage is None or self._over else [*events, Used(self._usage.usage())]

    def _unfinished(self) -> list[Event]:
        """@raise Truncated: nothing told that this is the end."""
        events = self._released()
        if not self._done and not self._over:
            raise Truncated
        return events if self._over else [*events, *self._calls.close(), Finished(None, self._choice)]

    def _framed(self, frame: SseEvent) -> list[Event]:
        if not frame.data or self._over:
            return []
        if frame.data == b"[DONE]":
            self._done = True
            return []
        try:
            reply = reply_decoder.decode(frame.data)
        except _UNREADABLE:
            return self._failed(fault(self._head, frame.data))
        if reply.failed or frame.event == b"error":
            return self._failed(fault(self._head, frame.data))
        self._usage = reply.usage or self._usage
        return [event for choice in reply.choices or () for event in self._chosen(choice)]

    def _chosen(self, choice: Choice) -> list[Event]:
        said, events = choice.delta, list[Event]()
        reasoning, text = said.reasoning_content or said.reasoning, said.content or said.refusal
        if reasoning:
            events += [*self._released(), ReasoningDelta(reasoning, self._choice)]
        if text:
            events += self._text(self._opening.add(text))
        if said.tool_calls or choice.finish_reason or self._opening.is_whole_notice:
            events += self._released()
        if self._over:
            return events
        for piece in said.tool_calls or ():
            events += self._calls.add(piece)
        return events + self._end(choice.finish_reason)

    def _released(self) -> list[Event]:
        """The text that was held, or the failure that it is."""
        notice = self._opening.notice
        return self._failed(unregistered(notice)) if notice else self._text(self._opening.release())

    def _failed(self, fault: UpstreamFault) -> list[Event]:
        self._over = True
        return [Failed(fault)]

    def _text(self, text: str) -> list[Event]:
        return [TextDelta(text, self._choice)] if text else []

    def _end(self, told: str | None) -> list[Event]:
        if not told or self._finished:
            return []
        self._finished = True
        return [*self._calls.close(), Finished(_reason(told, bool(self._calls)), self._choice)]


def _reason(told: str | None, calls: bool) -> FinishReason | None:
    """Why it ended. Calls are why even where a model says otherwise (Gemini's C{stop})."""
    reason = REASONS.get((told or "").lower())
    return "tool_calls" if calls and reason in (None, "stop") else reason


@implementer(IDecoder)
class WholeChat:
    """A chat as one JSON object."""

    def __init__(self, call: Call, head: Head, choice: int) -> None:
        self._call = call
        self._head = head
        self._choice = choice
        self._body = bytearray()

    def feed(self, data: bytes) -> list[Event]:
        self._body += data
        return []

    def close(self) -> list[Event]:
        body = bytes(self._body)
        try:
            reply = reply_decoder.decode(body)
        except _UNREADABLE:
            return [Failed(fault(self._head, body))]
        if reply.failed or not reply.choices:
            return [Failed(fault(self._head, body))]
        said = reply.choices[0].message
        if NOTICE in (said.content or ""):
            return [Failed(unregistered(said.content or ""))]
        used = [Used(reply.usage.usage())] if reply.usage is not None else []
        return [*self._events(said, reply.choices[0].finish_reason), *used]

    def _events(self, said: Said, told: str | None) -> list[Event]:
        events: list[Event] = []
        if reasoning := said.reasoning_content or said.reasoning:
            events.append(ReasoningDelta(reasoning, self._choice))
        if text := said.content or said.refusal:
            events.append(TextDelta(text, self._choice))
        calls = Calls(self._call, self._choice)
        for index, piece in enumerate(said.tool_calls or ()):
            events += calls.add(msgspec.structs.replace(piece, index=index))
        return [*events, *calls.close(), Finished(_reason(told, bool(calls)), self._choice)]


@implementer(IDecoder)
class EmbeddingList:
    """Vectors as one JSON object: each as it comes, if they come in their order."""

    def __init__(self, call: Call, head: Head, choice: int) -> None:
        self._head = head
        self._items = Items(b"data", b"}", _embedding)
        self._given = 0
        self._waiting: list[Embedding] = []

    def feed(self, data: bytes) -> list[Event]:
        return self._in_order(self._items.feed(data))

    def close(self) -> list[Event]:
        rest = self._items.close()
        try:
            reply = _embedded.decode(rest)
        except _UNREADABLE:
            return [Failed(fault(self._head, rest))]
        rows = sorted([*self._waiting, *reply.data], key=lambda row: row.index)
        used = [Used(reply.usage.usage())] if reply.usage is not None else []
        return [*_vectors(rows), *used]

    def _in_order(self, rows: list[Embedding]) -> list[Event]:
        """Those whose turn it is; once one comes too early, all wait for the end."""
        place = 0
        if not self._waiting:
            while place < len(rows) and rows[place].index == self._given:
                self._given += 1
                place += 1
        self._waiting += rows[place:]
        return _vectors(rows[:place])


def _vectors(rows: Sequence[Embedding]) -> list[Event]:
    return [Vectors(tuple(row.embedding for row in rows))] if rows else []
