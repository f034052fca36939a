"""What the gateway answers: raw text as it is made, a whole message as JSON, or vectors. Each has its decoder."""

from __future__ import annotations

import re

import msgspec
from zope.interface import implementer

from argoproxy.conversation import (
    Event,
    Failed,
    Finished,
    Head,
    TextDelta,
    ToolCallArguments,
    ToolCallBegun,
    Vectors,
)
from argoproxy.interfaces import IDecoder
from argoproxy.wire.items import Items
from argoproxy.wire.utf8 import Utf8

from .gateway_calls import Calls, Message
from .refusals import NOTICE, fault, unregistered

_SPACE = re.compile(r"\s+")
# How an error's JSON begins, without white space.
_ERRORS = ('{"error":', '{"type":"error"')
_MOST_HELD = 65536


@implementer(IDecoder)
class TextStream:
    """
    Text as it is made, without framing.

    The first of it is held while it could still be ARGO's authentication notice or an error's JSON: those are
    failures under status 200.
    """

    def __init__(self, head: Head, choice: int) -> None:
        self._head = head
        self._choice = choice
        self._utf8 = Utf8()
        self._held: str | None = ""

    def feed(self, data: bytes) -> list[Event]:
        text = self._utf8.feed(data)
        if self._held is None:
            return [TextDelta(text, self._choice)] if text else []
        self._held += text
        return [] if _undecided(self._held) else self._release()

    def close(self) -> list[Event]:
        tail = self._utf8.close()
        if self._held is not None:
            self._held += tail
            return self._judged() or [*self._release(), Finished(None, self._choice)]
        return [*([TextDelta(tail, self._choice)] if tail else []), Finished(None, self._choice)]

    def _release(self) -> list[Event]:
        held, self._held = self._held, None
        return [TextDelta(held, self._choice)] if held else []

    def _judged(self) -> list[Event]:
        """The failure that the held text is, if it is one."""
        held = (self._held or "").strip()
        if held.startswith(NOTICE):
            return [Failed(unregistered(held))]
        if not _SPACE.sub("", held[:256]).startswith(_ERRORS):
            return []
        try:
            said = msgspec.json.decode(held)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return []
        if not isinstance(said, dict) or not said.get("error"):
            return []
        return [Failed(fault(self._head, held.encode()))]


def _undecided(text: str) -> bool:
    """Whether this beginning could still turn out to be a failure."""
    if len(text) > _MOST_HELD:
        return False
    start = text.lstrip()
    if not start or start.startswith(NOTICE) or NOTICE.startswith(start):
        return True
    if not start.startswith("{"):
        return False
    dense = _SPACE.sub("", start[:256])
    return any(dense.startswith(error) or error.startswith(dense) for error in _ERRORS)


@implementer(IDecoder)
class WholeMessage:
    """A message as one JSON object, with the tool calls that it makes."""

    def __init__(self, head: Head, choice: int, calls: Calls) -> None:
        self._head = head
        self._choice = choice
        self._calls = calls
        self._body = bytearray()

    def feed(self, data: bytes) -> list[Event]:
        self._body += data
        return []

    def close(self) -> list[Event]:
        body = bytes(self._body)
        try:
            said = _message.decode(body).response
            message = Message(content=said) if isinstance(said, str) else said
            if NOTICE in message.text():
                return [Failed(unregistered(message.text()))]
            return [*self._events(message), Finished(None, self._choice)]
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return [Failed(fault(self._head, body))]

    def _events(self, message: Message) -> list[Event]:
        text, calls = self._calls.of(message)
        events: list[Event] = [TextDelta(text, self._choice)] if text else []
        for index, call in enumerate(calls):
            events.append(ToolCallBegun(call.id, call.name, index, self._choice))
            events.append(ToolCallArguments(call.arguments, index, self._choice))
        return events


class Wrapped(msgspec.Struct, frozen=True):
    """The reply of C{chat/}."""

    response: str | Message


class Embedded(msgspec.Struct, frozen=True):
    """The reply of C{embed/}: each vector byte for byte."""

    embedding: tuple[msgspec.Raw, ...]


_message = msgspec.json.Decoder(Wrapped)
_vectors = msgspec.json.Decoder(Embedded)
_row = msgspec.json.Decoder(msgspec.Raw)


@implementer(IDecoder)
class VectorList:
    """The vectors, as one JSON object: each as it comes, since together they may be a hundred megabytes."""

    def __init__(self, head: Head, choice: int) -> None:
        self._head = head
        self._rows = Items(b"embedding", b"]", _row)

    def feed(self, data: bytes) -> list[Event]:
        rows = self._rows.feed(data)
        return [Vectors(tuple(rows))] if rows else []

    def close(self) -> list[Event]:
        rest = self._rows.close()
        try:
            rows = _vectors.decode(rest).embedding
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return [Failed(fault(self._head, rest))]
        return [Vectors(rows)] if rows else []
