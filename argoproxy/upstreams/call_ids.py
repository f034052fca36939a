"""
Ids of tool calls in a history: such as every family takes, whichever of them made the calls.

Anthropic's service takes letters, digits, C{_} and C{-} only, and no id twice; OpenAI's no more than 40 characters;
Google's clients have none at all, and pair calls and results by order and name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import attrs
import msgspec

from argoproxy.conversation import Message, Part, ToolCall, ToolResult

_FIT = re.compile(r"[a-zA-Z0-9_-]{1,40}")


def fitted(conversation: Sequence[Message]) -> Sequence[Message]:
    """
    The same conversation with ids that fit. Those that do already stay; others are made up by the calls' order.

    A result without an id belongs to the first open call of its name; without either, to the first one.
    """
    if _fits(conversation):
        return conversation
    fitting = _Fitting({call.id for message in conversation for call in _calls(message)})
    return tuple(fitting.message(message) for message in conversation)


def _calls(message: Message) -> Iterator[ToolCall]:
    return (part for part in message.parts if isinstance(part, ToolCall))


def _fits(conversation: Sequence[Message]) -> bool:
    """Whether all calls have ids that fit, each its own, and all results tell whose they are."""
    ids: set[str] = set()
    for message in conversation:
        for part in message.parts:
            if isinstance(part, ToolCall):
                if part.id in ids or not _FIT.fullmatch(part.id):
                    return False
                ids.add(part.id)
            elif isinstance(part, ToolResult) and not _FIT.fullmatch(part.call_id):
                return False
    return True


@attrs.define
class _Fitting:
    """
    Goes through a conversation once.

    @ivar _reserved: ids of the conversation's own, which none that is made up may have.
    @ivar _used: ids that calls have got.
    @ivar _open: the last message's calls that have no result yet, as they came, and their new ids.
    @ivar _latest: the new id of the last call that had this one.
    """

    _reserved: set[str]
    _used: set[str] = attrs.Factory(set)
    _open: list[tuple[ToolCall, str]] = attrs.Factory(list)
    _latest: dict[str, str] = attrs.Factory(dict)
    _made: int = 0

    def message(self, message: Message) -> Message:
        """The same message with ids that fit."""
        if any(_calls(message)):
            self._open = []
        return msgspec.structs.replace(message, parts=tuple(self._part(part) for part in message.parts))

    def _part(self, part: Part) -> Part:
        if isinstance(part, ToolCall):
            return msgspec.structs.replace(part, id=self._called(part))
        if isinstance(part, ToolResult):
            return msgspec.structs.replace(part, call_id=self._answered(part))
        return part

    def _called(self, call: ToolCall) -> str:
        fits = _FIT.fullmatch(call.id) and call.id not in self._used
        new = call.id if fits else self._made_up()
        self._used.add(new)
        self._open.append((call, new))
        if call.id:
            self._latest[call.id] = new
        return new

    def _made_up(self) -> str:
        while True:
            self._made += 1
            new = f"call_{self._made}"
            if new not in self._reserved:
                return new

    def _answered(self, result: ToolResult) -> str:
        for place, (call, new) in enumerate(self._open):
            if result.call_id == call.id if result.call_id else result.name in (None, call.name):
                del self._open[place]
                return new
        found = self._latest.get(result.call_id, result.call_id)
        return found if _FIT.fullmatch(found) else self._made_up()
