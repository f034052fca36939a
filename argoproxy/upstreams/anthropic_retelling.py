"""
A client's own conversation in Anthropic's words, with only those blocks changed that must be.

Each part of the neutral conversation is one block of the client's. A part that is still the same object after mending
still has that block's bytes, and a message all of whose parts are has all of its bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from argoproxy.conversation import Message, Part, ToolCall, ToolResult
from argoproxy.wire.json import NULL, Fields, begins

from .anthropic_requests import Wire, block, results_first, speaker
from .anthropic_whole import given_back
from .call_ids import fitted

Messages = Sequence[Message]

_TOLD_BY = "user"
_EMPTY = msgspec.Raw(b'""')


class Kind(msgspec.Struct, frozen=True):
    """What of a block tells where it belongs."""

    type: str


class Outline(msgspec.Struct, frozen=True):
    """What of a message tells which neutral messages it is."""

    role: str
    content: str | tuple[Kind, ...]

    @property
    def results(self) -> list[bool]:
        """Of each block, whether a tool answered it."""
        return [] if isinstance(self.content, str) else [kind.type == "tool_result" for kind in self.content]


class Quoted(msgspec.Struct, frozen=True, tag_field="type", tag="text"):
    """A text block around the client's own string."""

    text: msgspec.Raw


class Own(msgspec.Struct, frozen=True, eq=False):
    """
    What the client wrote.

    @ivar fits: whether it may go on as it is, if all that it says may.
    @ivar said: the neutral messages that it is, each with a block for each of its parts.
    """

    raw: msgspec.Raw
    fits: bool
    said: tuple[tuple[Message, Sequence[msgspec.Raw | Quoted]], ...]

    def is_said_by(self, messages: Messages) -> bool:
        """Whether these messages, and no others, are it."""
        before = [part for message, _ in self.said for part in message.parts]
        after = [part for message in messages for part in message.parts]
        return len(before) == len(after) and all(one is other for one, other in zip(before, after, strict=True))


_outlines = msgspec.json.Decoder(list[Outline])
_items = msgspec.json.Decoder(list[msgspec.Raw])
_fields = msgspec.json.Decoder(Fields)


def retold(raw: Mapping[str, msgspec.Raw], before: Messages, after: Messages) -> Wire:
    """
    The fields C{system} and C{messages} of the body, if they must change; L{None} for one that must go.

    @param raw: the client's fields.
    @param before: the conversation that they are.
    @param after: the same, mended.
    """
    taken = _unsealed(fitted(after))
    messages = given_back(raw["messages"])
    outlines = _outlines.decode(messages)
    fits = list(_fit(outlines))
    if taken is before and all(fits):
        return {} if messages is raw["messages"] else {"messages": messages}
    neutral = iter(before)
    system = _own_system(raw, neutral)
    own = [_own(*one, neutral) for one in zip(_items.decode(messages), outlines, fits, strict=True)]
    return _Retelling(system, own, _changes(after, taken)).told(taken)


def _changes(before: Messages, after: Messages) -> Iterator[tuple[Part, Part]]:
    """The parts that got another id or lost a seal, as they were and as they are."""
    for message, changed in zip(before, after, strict=True):
        if changed is not message:
            yield from zip(message.parts, changed.parts, strict=True)


def _unsealed(messages: Messages) -> Messages:
    """Without the seals that other providers put on calls: Anthropic's blocks have no such field."""
    after = [_without_seals(message) for message in messages]
    return messages if all(one is other for one, other in zip(messages, after, strict=True)) else after


def _without_seals(message: Message) -> Message:
    if not any(isinstance(part, ToolCall) and part.signature is not None for part in message.parts):
        return message
    parts = tuple(
        part
        if not isinstance(part, ToolCall) or part.signature is None
        else msgspec.structs.replace(part, signature=None)
        for part in message.parts
    )
    return msgspec.structs.replace(message, parts=parts)


def _fit(outlines: Sequence[Outline]) -> Iterator[bool]:
    """
    Of each message, whether it is where and as it may be: the results of tools come first in it, and not behind what
    the user said in a message before.
    """
    previous = ""
    for outline in outlines:
        results = outline.results
        behind = any(results) and previous == _TOLD_BY
        yield outline.role != "system" and not behind and results == sorted(results, reverse=True)
        previous = outline.role


def _own_system(raw: Mapping[str, msgspec.Raw], neutral: Iterator[Message]) -> Own | None:
    """What the client wrote as its system prompt, if that says anything."""
    blocks = _blocks(raw.get("system", msgspec.Raw(b"null")))
    return Own(raw["system"], True, ((next(neutral), blocks),)) if blocks else None


def _own(raw: msgspec.Raw, outline: Outline, fits: bool, neutral: Iterator[Message]) -> Own:
    """
    What the client wrote as a message.

    @param neutral: the conversation, from this message on. A user's message is two where tools answered in it.
    """
    blocks = _blocks(_fields.decode(raw)["content"])
    results = outline.results
    if outline.role != _TOLD_BY or not any(results):
        return Own(raw, fits, ((next(neutral), blocks),))
    told = [one for one, result in zip(blocks, results, strict=True) if result]
    words = [one for one, result in zip(blocks, results, strict=True) if not result]
    return Own(raw, fits, ((next(neutral), told), *([(next(neutral), words)] if words else [])))


def _blocks(content: msgspec.Raw) -> Sequence[msgspec.Raw | Quoted]:
    """The blocks of a content. An empty string is none."""
    if begins(content, b"["):
        return _items.decode(content)
    return [Quoted(content)] if content not in (_EMPTY, NULL) else []


def _identified(written: msgspec.Raw | Quoted, part: Part) -> msgspec.Raw | Quoted:
    """The client's block of a call or a result with the part's id, and without another provider's seal."""
    if isinstance(written, Quoted) or not isinstance(part, ToolCall | ToolResult):
        return written
    name, value = ("id", part.id) if isinstance(part, ToolCall) else ("tool_use_id", part.call_id)
    kept = {field: raw for field, raw in _fields.decode(written).items() if field != "signature"}
    return msgspec.Raw(msgspec.json.encode({**kept, name: value}))


class _Retelling:
    """The client's blocks, by the parts that they are."""

    def __init__(self, system: Own | None, own: Sequence[Own], changes: Iterable[tuple[Part, Part]]) -> None:
        """@param changes: parts of the client's, and those with other ids or seals that took their places."""
        self._system_field = system
        self._found: dict[int, tuple[Own, msgspec.Raw | Quoted]] = {}
        for one in [*([] if system is None else [system]), *own]:
            for message, blocks in one.said:
                for part, written in zip(message.parts, blocks, strict=True):
                    self._found[id(part)] = (one, written)
        for before, after in changes:
            if before is not after and id(before) in self._found:
                found, written = self._found[id(before)]
                self._found[id(after)] = (found, _identified(written, after))

    def told(self, conversation: Messages) -> Wire:
        """The fields of the body."""
        system = [message for message in conversation if message.role == "system"]
        turns = self._turns([message for message in conversation if message.role != "system"])
        return {"system": self._system(system), "messages": [self._message(turn) for turn in turns]}

    def _system(self, messages: Messages) -> msgspec.Raw | list[Any] | None:
        field = self._system_field
        if field is not None and field.is_said_by(messages):
            return field.raw
        return [self._block(part) for message in messages for part in message.parts] or None

    def _turns(self, messages: Messages) -> list[list[Message]]:
        """The neutral messages that are one of Anthropic's: the client's own, and all results for the same calls."""
        turns: list[list[Message]] = []
        for message in messages:
            if turns and self._goes_with(message, turns[-1]):
                turns[-1].append(message)
            else:
                turns.append([message])
        return turns

    def _goes_with(self, message: Message, turn: Messages) -> bool:
        if speaker(message) != speaker(turn[0]):
            return False
        return message.role == "tool" or not self._sources([message]).isdisjoint(self._sources(turn))

    def _sources(self, turn: Messages) -> set[Own]:
        """Where those of their parts come from that are the client's own."""
        found = (self._found.get(id(part)) for message in turn for part in message.parts)
        return {own for own, _ in filter(None, found)}

    def _message(self, turn: Messages) -> msgspec.Raw | Wire:
        for own in self._sources(turn):
            if own.fits and own.is_said_by(turn):
                return own.raw
        parts = results_first(part for message in turn for part in message.parts)
        return {"role": speaker(turn[0]), "content": [self._block(part) for part in parts]}

    def _block(self, part: Part) -> Any:
        found = self._found.get(id(part))
        return block(part) if found is None else found[1]
