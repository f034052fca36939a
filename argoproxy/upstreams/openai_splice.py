"""
Replies of the native OpenAI wire on their way to a client who speaks the same: bytes in, bytes out.

Each event is only looked at: the model gets the name that the client used, and the usage that only the proxy asked for
is taken out. A whole reply also gets the shape that OpenAI describes. Everything else goes on untouched, known or not.
"""

from __future__ import annotations

import re

import msgspec
from zope.interface import implementer

from argoproxy.conversation import Failed, Head, Stamp, Usage
from argoproxy.errors import ProxyError, Truncated
from argoproxy.interfaces import ISplice
from argoproxy.wire import sse
from argoproxy.wire.json import Fields
from argoproxy.wire.sse import SseEvent, SseReader

from .openai_replies import WireUsage
from .openai_whole import described
from .opening import MOST_WAITING, Opening
from .refusals import NOTICE, Refusal, fault, unregistered

_MODEL = re.compile(rb'"model"\s*:\s*("(?:[^"\\]|\\.)*")')
_NO_USAGE = re.compile(rb',\s*"usage"\s*:\s*null(?=\s*[,}])')
_NONE = msgspec.Raw(b"")
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Words(msgspec.Struct, frozen=True):
    """What of a message could be ARGO's notice."""

    content: str | None = None


class Choice(msgspec.Struct, frozen=True):
    """What is looked at in a choice."""

    delta: Words = Words()
    message: Words = Words()
    finish_reason: str | None = None


class Glance(msgspec.Struct, frozen=True):
    """What is looked at in a chunk or a whole reply."""

    choices: tuple[Choice, ...] | None = None
    model: str | None = None
    usage: WireUsage | None = None
    error: msgspec.Raw = _NONE

    @property
    def failed(self) -> bool:
        """Whether it is an error."""
        return bytes(self.error) not in (b"", b"null")


class _Model(msgspec.Struct, frozen=True):
    model: str | None = None


class _Piece(msgspec.Struct, frozen=True):
    delta: Fields = {}

    @property
    def is_other(self) -> bool:
        """Whether it has something that no notice has: a call, a thought, what nobody here knows."""
        return any(bytes(raw) not in _NOTHING for name, raw in self.delta.items() if name not in _OF_A_NOTICE)


class _Pieces(msgspec.Struct, frozen=True):
    choices: tuple[_Piece, ...] | None = None


_OF_A_NOTICE = frozenset({"role", "content"})
_NOTHING = (b"null", b'""', b"[]", b"{}")

_glance = msgspec.json.Decoder(Glance)
_pieces = msgspec.json.Decoder(_Pieces)
_model = msgspec.json.Decoder(_Model)


def renamed(data: bytes, told: str | None, name: bytes) -> bytes:
    """
    JSON, or an event with JSON in one line, with another model in it.

    @param told: the model that it tells now.
    @param name: the name to tell, as JSON.
    """
    if told is None:
        return data
    places = [found.span(1) for found in _MODEL.finditer(data)]
    for start, end in places:
        # Where something inside has a model too, the outermost is the one that is meant.
        if len(places) == 1 or _is_outermost(data, start, end):
            return data[:start] + name + data[end:]
    return data


def _is_outermost(data: bytes, start: int, end: int) -> bool:
    json = data[data.find(b"{") : data.rfind(b"}") + 1]
    at = data.find(b"{")
    probe = json[: start - at] + b"null" + json[end - at :]
    return _model.decode(probe).model is None


@implementer(ISplice)
class Refused:
    """A reply that is a failure: nothing of it goes on."""

    fault: ProxyError | None = None
    usage: Usage | None = None

    def __init__(self, head: Head) -> None:
        self._refusal = Refusal(head)

    def feed(self, data: bytes) -> bytes:
        self._refusal.feed(data)
        return b""

    def close(self) -> bytes:
        self.fault = next(event.fault for event in self._refusal.close() if isinstance(event, Failed))
        return b""


@implementer(ISplice)
class WholeSplice:
    """A reply as one JSON object: held until it is whole, and known to be no failure."""

    fault: ProxyError | None = None
    usage: Usage | None = None

    def __init__(self, head: Head, stamp: Stamp, asked: bool) -> None:
        """
        @param asked: whether such a reply was asked for. A client that waits for a stream can't be given one.
        """
        self._head = head
        self._name = msgspec.json.encode(stamp.model)
        self._asked = asked
        self._body = bytearray()

    def feed(self, data: bytes) -> bytes:
        self._body += data
        return b""

    def close(self) -> bytes:
        body = bytes(self._body)
        try:
            glance = _glance.decode(body)
        except _UNREADABLE:
            self.fault = fault(self._head, body)
            return b""
        words = glance.choices[0].message.content or "" if glance.choices else ""
        if NOTICE in words:
            self.fault = unregistered(words)
        elif glance.failed or not glance.choices or not self._asked:
            self.fault = fault(self._head, body)
        if self.fault is not None:
            return b""
        self.usage = glance.usage.usage() if glance.usage is not None else None
        try:
            return described(renamed(body, glance.model, self._name))
        except _UNREADABLE:
            self.fault = fault(self._head, body)
            return b""


@implementer(ISplice)
class StreamSplice:
    """
    A stream of chunks. Only whole events go on, so that others can be put between them; the first are held while they
    could still be ARGO's notice.
    """

    fault: ProxyError | None = None
    usage: Usage | None = None

    def __init__(self, head: Head, stamp: Stamp, include_usage: bool) -> None:
        """
        @param include_usage: whether the client wants to be told.
        """
        self._head = head
        self._name = msgspec.json.encode(stamp.model)
        self._include_usage = include_usage
        self._reader = SseReader()
        self._opening = Opening()
        self._held: list[bytes] = []
        self._complete = False
        self._done = False

    def feed(self, data: bytes) -> bytes:
        return b"".join([self._passed(frame) for frame in self._reader.feed(data)])

    def close(self) -> bytes:
        left = self._reader.close()
        if left is not None and left.data and not self._done:
            self._complete = left.data == b"[DONE]"
        if self._opening.notice:
            self.fault = unregistered(self._opening.notice)
        if self.fault is not None:
            return b""
        if not self._complete:
            raise Truncated
        return self._released() + (b"" if self._done else sse.DONE)

    def _passed(self, frame: SseEvent) -> bytes:
        """What of an event can go on."""
        if self.fault is not None:
            return b""
        try:
            self._hold(self._looked_at(frame))
        except _UNREADABLE:
            self.fault = fault(self._head, frame.data)
        if self._opening.is_whole_notice:
            self.fault = unregistered(self._opening.notice)
        return self._released() if self._opening.open else b""

    def _hold(self, data: bytes) -> None:
        """Keep what can't go on yet: of a notice nothing, of all else no more than there is room for."""
        self._held.append(data)
        if self._opening.notice:
            self._held.clear()
        elif not self._opening.open and sum(map(len, self._held)) > MOST_WAITING:
            self._opening.release()

    def _released(self) -> bytes:
        held, self._held = b"".join(self._held), []
        return held

    def _looked_at(self, frame: SseEvent) -> bytes:
        """
        An event as the client is to see it: possibly not at all.

        @raise msgspec.DecodeError: it is not what it should be. (Also C{UnicodeDecodeError}, C{RecursionError}.)
        """
        if not frame.data:
            return frame.raw
        if frame.data == b"[DONE]":
            self._complete = self._done = True
            return frame.raw
        glance = _glance.decode(frame.data)
        if glance.failed or frame.event == b"error":
            self.fault = fault(self._head, frame.data)
            return b""
        for choice in glance.choices or ():
            self._choice(choice)
        if not self._opening.open and any(piece.is_other for piece in _pieces.decode(frame.data).choices or ()):
            self._let_go()
        return self._chunk(frame.raw, glance)

    def _choice(self, choice: Choice) -> None:
        words = choice.delta
        if words.content:
            self._opening.add(words.content)
        if choice.finish_reason:
            self._complete = True
            self._let_go()

    def _let_go(self) -> None:
        """It is no notice, unless all of that has come already."""
        if not self._opening.notice:
            self._opening.release()

    def _chunk(self, raw: bytes, glance: Glance) -> bytes:
        if glance.usage is not None:
            self.usage = glance.usage.usage()
        raw = renamed(raw, glance.model, self._name)
        if self._include_usage:
            return raw
        if glance.usage is not None and not glance.choices:
            return b""
        return _NO_USAGE.sub(b"", raw, 1)
