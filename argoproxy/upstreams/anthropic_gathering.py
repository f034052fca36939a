"""
Replies of the native Anthropic wire that ARGO makes as a stream only, put together for clients of the same language
who don't stream. Nothing is lost: blocks, pieces and fields that nobody here knows are in the message as in the stream.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from zope.interface import implementer

from argoproxy.conversation import Head, Usage
from argoproxy.errors import ProxyError
from argoproxy.interfaces import ISplice
from argoproxy.vocabulary.anthropic_blocks import tool_input
from argoproxy.wire.json import Fields
from argoproxy.wire.sse import SseEvent, SseReader

from .anthropic_replies import UNREADABLE, failure
from .anthropic_whole import described

_NULL = msgspec.Raw(b"null")
_EMPTY: tuple[bytes, ...] = (b"", b"null")

_encode = msgspec.json.encode
_text = msgspec.json.Decoder(str)
_items = msgspec.json.Decoder(list[msgspec.Raw])


class _Event(msgspec.Struct, frozen=True):
    """What of an event is put into the message."""

    index: int = 0
    message: Fields = {}
    content_block: Fields = {}
    delta: Fields = {}
    usage: Fields = {}


_event = msgspec.json.Decoder(_Event)
_fields = msgspec.json.Decoder(Fields)
_KNOWN = frozenset({"type", "delta", "usage"})


class _Block:
    """A content block in the making: its fields as it began, and what came to them."""

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self._texts: dict[str, list[str]] = {}
        self._lists: dict[str, list[msgspec.Raw]] = {}
        self._input: list[str] = []

    def add(self, delta: Fields) -> None:
        """A piece of it. What a piece is called tells its place, but for two."""
        if "partial_json" in delta:
            self._input.append(_text.decode(delta["partial_json"]))
        elif "citation" in delta:
            self._lists.setdefault("citations", []).append(delta["citation"])
        else:
            for name, raw in delta.items():
                if name != "type":
                    self._more(name, raw)

    def _more(self, name: str, raw: msgspec.Raw) -> None:
        written = bytes(raw)
        if written.startswith(b'"'):
            self._texts.setdefault(name, []).append(_text.decode(raw))
        elif written.startswith(b"["):
            self._lists.setdefault(name, []).extend(_items.decode(raw))
        else:
            self._fields[name] = raw

    def whole(self) -> Fields:
        """All of it."""
        texts = {name: self._began(name, _text, "") + "".join(pieces) for name, pieces in self._texts.items()}
        lists = {name: self._began(name, _items, []) + more for name, more in self._lists.items()}
        made = {name: msgspec.Raw(_encode(value)) for name, value in (texts | lists).items()}
        called = {"input": tool_input("".join(self._input))} if self._input else {}
        return self._fields | made | called

    def _began(self, name: str, decoder: msgspec.json.Decoder[Any], empty: Any) -> Any:
        began = self._fields.get(name, _NULL)
        return empty if bytes(began) in _EMPTY else decoder.decode(began)


class Assembly:
    """A message that is put together of its stream's events."""

    def __init__(self) -> None:
        self._begun = False
        self._message: Fields = {}
        self._usage: Fields = {}
        self._blocks: dict[int, _Block] = {}

    def add(self, frame: SseEvent) -> None:
        """
        One more event.

        @raise msgspec.DecodeError: it is not what it should be. (Also C{UnicodeDecodeError}, C{RecursionError}.)
        """
        put = _PUTS.get(frame.event)
        if put is not None:
            put(self, _event.decode(frame.data), frame.data)

    def whole(self) -> bytes:
        """
        The message.

        @raise msgspec.DecodeError: it never began, or a piece doesn't go with what it belongs to.
        """
        if not self._begun:
            raise msgspec.DecodeError("the stream has no message")
        content = [block.whole() for _, block in sorted(self._blocks.items())]
        made = {"content": msgspec.Raw(_encode(content)), "usage": msgspec.Raw(_encode(self._usage))}
        return _encode(described(self._message | made))

    def _start(self, event: _Event, data: bytes) -> None:
        self._begun = bool(event.message)
        self._message = dict(event.message)
        self._usage = dict(_fields.decode(event.message.get("usage", b"{}")))

    def _block_start(self, event: _Event, data: bytes) -> None:
        self._blocks[event.index] = _Block(dict(event.content_block))

    def _block_delta(self, event: _Event, data: bytes) -> None:
        self._blocks.setdefault(event.index, _Block({})).add(event.delta)

    def _delta(self, event: _Event, data: bytes) -> None:
        """What is known at the end: the usage's numbers are sums, those that it lacks stay."""
        beside = {name: raw for name, raw in _fields.decode(data).items() if name not in _KNOWN}
        self._message |= {**event.delta, **beside}
        self._usage |= {name: raw for name, raw in event.usage.items() if bytes(raw) != b"null"}


_PUTS: Mapping[bytes, Callable[[Assembly, _Event, bytes], None]] = {
    b"message_start": Assembly._start,
    b"content_block_start": Assembly._block_start,
    b"content_block_delta": Assembly._block_delta,
    b"message_delta": Assembly._delta,
}
"""What each kind of event brings."""


@implementer(ISplice)
class GatheringSplice:
    """A stream on its way to a client who waits for the whole message."""

    def __init__(self, head: Head, stream: ISplice) -> None:
        """@param stream: what passes the stream on to clients who stream."""
        self._head = head
        self._stream = stream
        self._reader = SseReader()
        self._assembly = Assembly()
        self._unreadable: ProxyError | None = None

    @property
    def fault(self) -> ProxyError | None:
        """The stream's own, or that of an event that can't be put in."""
        return self._unreadable or self._stream.fault

    @property
    def usage(self) -> Usage | None:
        """The stream's."""
        return self._stream.usage

    def feed(self, data: bytes) -> bytes:
        self._gather(self._stream.feed(data))
        return b""

    def close(self) -> bytes:
        self._gather(self._stream.close())
        if self.fault is not None:
            return b""
        try:
            return self._assembly.whole()
        except UNREADABLE:
            self._unreadable = failure(self._head, b"")
            return b""

    def _gather(self, passed: bytes) -> None:
        for frame in self._reader.feed(passed):
            try:
                self._assembly.add(frame)
            except UNREADABLE:
                self._unreadable = self._unreadable or failure(self._head, frame.data)
