"""
The calls in a message of the gateway, in whichever family's shape they come, or written into its text.

What a call means to the client, and how it is shown, is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import attrs
import msgspec

from argoproxy.conversation import Call, Tool, ToolCall

from .leaks import leaked_calls
from .prompted_tools import prompted_calls


class Function(msgspec.Struct, frozen=True):
    """OpenAI's inner half of a call."""

    name: str
    arguments: str | dict[str, Any] = ""


class Called(msgspec.Struct, frozen=True):
    """
    A call in any family's shape.

    OpenAI's has C{function}; Anthropic's C{name} and C{input}; Google's C{name}, C{args} and no id.
    """

    id: str | None = None
    function: Function | None = None
    name: str = ""
    input: msgspec.Raw = msgspec.Raw(b"")
    args: msgspec.Raw = msgspec.Raw(b"")

    def call(self) -> ToolCall:
        """The call; its id is empty if it has none."""
        if self.function is None:
            arguments = (bytes(self.input) or bytes(self.args)).decode()
            return ToolCall(self.id or "", self.name, "{}" if arguments in ("", "null") else arguments)
        given = self.function.arguments
        arguments = given if isinstance(given, str) else msgspec.json.encode(given).decode()
        return ToolCall(self.id or "", self.function.name, arguments or "{}")


class Block(msgspec.Struct, frozen=True):
    """One of the blocks that Claude's content may be made of: C{text} or C{tool_use}."""

    type: str = "text"
    text: str = ""
    id: str | None = None
    name: str = ""
    input: msgspec.Raw = msgspec.Raw(b"")


class Message(msgspec.Struct, frozen=True):
    """What the gateway wraps in C{response} when there are tools."""

    content: str | list[Block] | None = None
    tool_calls: list[Called] | None = None

    def text(self) -> str:
        """All its text."""
        if isinstance(self.content, list):
            return "".join(block.text for block in self.content if block.type == "text")
        return self.content or ""

    def calls(self) -> list[ToolCall]:
        """All its calls, each once, even if they stand in the content too."""
        called = self.tool_calls or []
        if not called and isinstance(self.content, list):
            blocks = [block for block in self.content if block.type == "tool_use"]
            called = [Called(id=block.id, name=block.name, input=block.input) for block in blocks]
        return [one.call() for one in called]


Finder = Callable[[str, Sequence[Tool]], tuple[str, list[ToolCall]]]

LEAKING, PROMPTED = "leaking message", "prompted message"
FINDERS: Mapping[str, Finder] = {LEAKING: leaked_calls, PROMPTED: prompted_calls}
"""By the kind of reply (L{argoproxy.conversation.Call.reply}): what takes calls out of its text, given the tools."""


@attrs.frozen
class Calls:
    """
    How the calls of a reply are found.

    @ivar asked: the call that it answers.
    @ivar choice: which of the client's choices it is.
    """

    asked: Call
    choice: int

    def of(self, message: Message) -> tuple[str, list[ToolCall]]:
        """The message's text without calls, and its calls, each with an id: no more than one if that was asked."""
        text, found = message.text(), message.calls()
        finder = FINDERS.get(self.asked.reply)
        if finder is not None:
            text, leaked = finder(text, self.asked.tools)
            found = [*leaked, *found]
        if not found:
            return text, []
        calls = _each_once(found)
        return text, self._identified(calls[:1] if self.asked.one_call else calls)

    def _identified(self, calls: Sequence[ToolCall]) -> list[ToolCall]:
        """
        With ids made up where there are none: of the request, so that no other turn of a conversation has the same, and
        of their order.
        """
        if all(call.id for call in calls):
            return list(calls)
        return [
            call if call.id else msgspec.structs.replace(call, id=f"call_{self.asked.token}_{self.choice}_{index}")
            for index, call in enumerate(calls)
        ]


def _each_once(calls: Iterable[ToolCall]) -> list[ToolCall]:
    """Of those with the same id only the last: a call can be leaked, and be made properly, too."""
    kept: dict[str, ToolCall] = {}
    for index, call in enumerate(calls):
        kept[call.id or f"#{index}"] = call
    return list(kept.values())
