"""
Replies of the native Anthropic wire on their way to a client who speaks the same: bytes in, bytes out.

Only the events that begin and end a message are looked into: the model gets the name that the client used, and what
clients need and ARGO leaves out is put in. Everything else goes on untouched, known or not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from zope.interface import implementer

from argoproxy.conversation import ChatRequest, Head, Image, Opaque, Stamp, ToolResult, Usage
from argoproxy.errors import ProxyError, Truncated, UpstreamFault
from argoproxy.interfaces import ISplice
from argoproxy.vocabulary.anthropic import MessageUsage
from argoproxy.vocabulary.anthropic_replies import LooseEvent
from argoproxy.wire import sse
from argoproxy.wire.json import Fields
from argoproxy.wire.sse import SseEvent, SseReader

from .anthropic_replies import UNREADABLE, failure, typed_decoder, whole
from .anthropic_whole import described
from .opening import MOST_WAITING, Opening
from .refusals import fault, unregistered

_NULL = msgspec.Raw(b"null")
_ZERO = msgspec.Raw(b"0")
# What clients look for in every message, be it null.
_ENDING = ("stop_reason", "stop_sequence")
_BYTES_PER_TOKEN = 4
# Anthropic's page on vision: about what the largest picture costs that isn't made smaller.
_TOKENS_PER_PICTURE = 1600

_encode = msgspec.json.encode
_fields = msgspec.json.Decoder(Fields)
_event = msgspec.json.Decoder(LooseEvent)


def estimate(body: bytes, request: ChatRequest) -> int:
    """About how many tokens a prompt has, by its length: for clients that must be told before anything has counted."""
    parts = [part for message in request.messages for part in message.parts]
    inner = [one for part in parts for one in (part.parts if isinstance(part, ToolResult) else (part,))]
    pictures = [one for one in inner if isinstance(one, Image)]
    opaque = [one for one in inner if isinstance(one, Opaque)]
    words = len(body) - sum(len(one.url) for one in pictures) - sum(one.length for one in opaque)
    others = _TOKENS_PER_PICTURE * len(pictures) + sum(one.tokens for one in opaque)
    return max(1, max(0, words) // _BYTES_PER_TOKEN + others)


class Completion:
    """
    Makes messages complete: with the client's name for the model, and all that clients need.

    @ivar told: what was told of the usage so far.
    """

    def __init__(self, stamp: Stamp, prompt: int) -> None:
        """@param prompt: about how many tokens it has."""
        self._name = msgspec.Raw(_encode(stamp.model))
        self._prompt = prompt
        self.told = MessageUsage()

    @property
    def usage(self) -> Usage:
        """The same in the neutral language."""
        return self.told.usage()

    def message(self, message: Fields, usage: MessageUsage) -> Fields:
        """
        A whole message, or that of a C{message_start}.

        @param usage: what it tells of that.
        """
        self.told = self.told.then(usage)
        known = {**message, "model": self._name, "usage": self._counted(message.get("usage", _NULL))}
        return known | {name: _NULL for name in _ENDING if name not in known}

    def _counted(self, usage: msgspec.Raw) -> msgspec.Raw:
        """With the tokens of the prompt: none at all mislead clients that count by them."""
        if self.told.usage().prompt and self.told.output_tokens is not None:
            return usage
        fields = {"output_tokens": _ZERO} | (_fields.decode(usage) if bytes(usage) != b"null" else {})
        if not self.told.usage().prompt:
            self.told = self.told.then(MessageUsage(input_tokens=self._prompt))
            fields["input_tokens"] = msgspec.Raw(_encode(self.told.input_tokens))
        return msgspec.Raw(_encode(fields))


@implementer(ISplice)
class WholeSplice:
    """A reply as one JSON object: held until it is whole, and known to be no failure."""

    fault: ProxyError | None = None
    usage: Usage | None = None

    def __init__(self, head: Head, stamp: Stamp, prompt: int, asked: bool) -> None:
        """
        @param prompt: about how many tokens it has.
        @param asked: whether such a reply was asked for. A client that waits for a stream can't be given one.
        """
        self._head = head
        self._completion = Completion(stamp, prompt)
        self._asked = asked
        self._body = bytearray()

    def feed(self, data: bytes) -> bytes:
        self._body += data
        return b""

    def close(self) -> bytes:
        body = bytes(self._body)
        message = whole(self._head, body)
        if isinstance(message, UpstreamFault):
            self.fault = message
        elif not self._asked:
            self.fault = fault(self._head, body)
        else:
            return self._completed(body, message.usage)
        return b""

    def _completed(self, body: bytes, usage: MessageUsage) -> bytes:
        try:
            complete = described(self._completion.message(_fields.decode(body), usage))
        except UNREADABLE:
            self.fault = failure(self._head, body)
            return b""
        self.usage = self._completion.usage
        return _encode(complete)


@implementer(ISplice)
class StreamSplice:
    """
    A message as a stream. Only whole events go on, so that others can be put between them; the first are held while
    they could still be ARGO's notice.
    """

    fault: ProxyError | None = None
    usage: Usage | None = None

    def __init__(self, head: Head, stamp: Stamp, prompt: int) -> None:
        """@param prompt: about how many tokens it has."""
        self._head = head
        self._completion = Completion(stamp, prompt)
        self._reader = SseReader()
        self._opening = Opening()
        self._held: list[bytes] = []
        self._complete = False

    def feed(self, data: bytes) -> bytes:
        return b"".join([self._passed(frame) for frame in self._reader.feed(data)])

    def close(self) -> bytes:
        left = self._reader.close()
        if left is not None and left.event == b"message_stop" and _is_whole(left.data):
            self._complete = True
            self._held.append(left.raw.rstrip() + b"\n\n")
        if self.fault is None and self._opening.notice:
            self.fault = unregistered(self._opening.notice)
        if self.fault is not None:
            return b""
        if not self._complete:
            raise Truncated
        return self._released()

    def _passed(self, frame: SseEvent) -> bytes:
        """What can go on, now that an event has come."""
        if self.fault is not None:
            return b""
        if self._opening.open and frame.event == b"content_block_delta":
            return frame.raw
        try:
            self._hold(self._looked_at(frame))
        except UNREADABLE:
            self.fault = failure(self._head, frame.data)
        if self._opening.is_whole_notice:
            self.fault = unregistered(self._opening.notice)
        return self._released() if self._opening.open and self.fault is None else b""

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
        An event as the client is to see it. One that doesn't tell its type gets it told: clients go by that.

        @raise msgspec.DecodeError: it is not what it should be. (Also C{UnicodeDecodeError}, C{RecursionError}.)
        """
        if not frame.data:
            return frame.raw
        name = frame.event or typed_decoder.decode(frame.data).type.encode()
        look = _LOOKS.get(name)
        changed = None if look is None else look(self, frame.data)
        if changed is None:
            return frame.raw if frame.event else sse.frame(_one_line(frame.data), name)
        return sse.frame(_one_line(_encode(changed)), name)

    def _start(self, data: bytes) -> Fields | None:
        """The message as it begins."""
        fields, message = _fields.decode(data), _event.decode(data).message
        if message is None:
            return None
        complete = self._completion.message(_fields.decode(fields["message"]), message.usage)
        return {**fields, "message": msgspec.Raw(_encode(complete))}

    def _block(self, data: bytes) -> None:
        """A block, or more of one: what isn't text shows that this is no notice."""
        if self._opening.open:
            return
        event = _event.decode(data)
        piece: Any = event.delta or event.content_block
        if piece is not None and piece.type in ("text", "text_delta"):
            self._opening.add(piece.text or "")
        else:
            self._opening.release()

    def _block_end(self, data: bytes) -> None:
        """The end of a text: no more of the notice comes."""
        if self._opening.notice:
            self.fault = unregistered(self._opening.notice)
        else:
            self._opening.release()

    def _end(self, data: bytes) -> Fields | None:
        """Why the message ended, and what it cost."""
        usage = _event.decode(data).usage
        if usage is not None:
            self._completion.told = self._completion.told.then(usage)
            self.usage = self._completion.usage
        fields = _fields.decode(data)
        delta = _fields.decode(fields.get("delta", b"{}"))
        if "stop_sequence" in delta:
            return None
        return {**fields, "delta": msgspec.Raw(_encode({**delta, "stop_sequence": _NULL}))}

    def _stop(self, data: bytes) -> None:
        """The last event."""
        self._block_end(data)
        self._complete = True

    def _error(self, data: bytes) -> None:
        self.fault = failure(self._head, data)


_LOOKS: Mapping[bytes, Callable[[StreamSplice, bytes], Fields | None]] = {
    b"message_start": StreamSplice._start,
    b"content_block_start": StreamSplice._block,
    b"content_block_delta": StreamSplice._block,
    b"content_block_stop": StreamSplice._block_end,
    b"message_delta": StreamSplice._end,
    b"message_stop": StreamSplice._stop,
    b"error": StreamSplice._error,
}
"""What is looked at in each kind of event; what comes back takes the event's place."""


def _is_whole(data: bytes) -> bool:
    """Whether all of an event's data has come."""
    try:
        _event.decode(data)
    except UNREADABLE:
        return False
    return True


def _one_line(data: bytes) -> bytes:
    """JSON without line breaks, which would end a line of the stream. Inside of strings there are none."""
    return data.replace(b"\r", b" ").replace(b"\n", b" ")
