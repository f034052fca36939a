"""
Calls that Claude leaked into its text, as Python literals:
C{Let me look.{'id': 'toolu_vrtx_01X…', 'input': {'query': 'x'}, 'name': 'search', 'type': 'tool_use'}}.

All of them are found, taken out of the text, and made into the calls that they were meant to be, however badly they
are written. What is no such call stays in the text: what names none of the request's tools, what is cut off, and what
stands in a closed code block or between backticks, since that is an example that the model shows. (Behind a block that
nothing closes any more a call is a leak.)
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

import attrs

from argoproxy.conversation import Tool, ToolCall

from .literals import Reader
from .tool_keys import argument_keys
from .written_calls import written_call

_OPENING = re.compile(r"""\{\s{0,256}(["'])(?:caller|id|input|name|type)\1\s{0,256}:""")
_NEEDED = frozenset({"input", "name", "type"})
_KEYS = frozenset({"caller", "id", *_NEEDED})
# None, or a word: what is more has swallowed some of the text.
_ID = re.compile(r"[\w.:-]{0,128}")
_FENCE = re.compile(r"^[ \t]{0,3}(?:```|~~~)", re.MULTILINE)
# What surrounds calls that were leaked as a list.
_LIST_OPENS = re.compile(r"\[\s{0,256}\Z")
_LIST_CLOSES = re.compile(r"\s{0,256}\]")


@attrs.frozen
class _Leak:
    """A call, and where it stands in the text."""

    call: ToolCall
    start: int
    end: int


def leaked_calls(text: str, tools: Sequence[Tool]) -> tuple[str, list[ToolCall]]:
    """
    The text without the calls in it, and the calls in their order.

    @param tools: the request's. What calls another is no call.
    @return: a call's id is empty if it had none; its arguments are JSON.
    """
    if not tools or not _OPENING.search(text):
        return text, []
    leaks = list(_leaks(text, tools))
    if not leaks:
        return text, []
    return _without(text, leaks).strip(), [leak.call for leak in leaks]


def _leaks(text: str, tools: Sequence[Tool]) -> Iterator[_Leak]:
    names = frozenset(tool.name for tool in tools)
    reader = Reader(text, _NEEDED, argument_keys(tools) | _KEYS)
    code = _Code(text)
    end = 0
    while not reader.exhausted and (opening := _OPENING.search(text, end)):
        start = opening.start()
        found = next(_called(reader, start, names), None)
        if found is None or code.holds(start, found[1]):
            end = opening.end() if found is None else found[1]
            continue
        end = found[1]
        yield _Leak(found[0], start, end)


def _called(reader: Reader, start: int, names: Collection[str]) -> Iterator[tuple[ToolCall, int]]:
    """The calls that the object at a place may be, the likeliest first."""
    for found, end in reader.readings(start):
        call = written_call(found, "input") if found["type"] == "tool_use" else None
        if call is not None and call.name in names and _ID.fullmatch(call.id):
            yield call, end


@attrs.define
class _Code:
    """Code blocks in a text, asked about from its beginning to its end."""

    _text: str
    _fences: list[int] = attrs.field(init=False)
    _passed: int = 0
    _open: bool = False

    def __attrs_post_init__(self) -> None:
        self._fences = [found.start() for found in _FENCE.finditer(self._text)]

    def holds(self, start: int, end: int) -> bool:
        """Whether this piece of the text is code. What is inside of it opens and closes no block."""
        while self._passed < len(self._fences) and self._fences[self._passed] < start:
            self._open = not self._open
            self._passed += 1
        while self._passed < len(self._fences) and self._fences[self._passed] < end:
            self._passed += 1
        in_block = self._open and self._passed < len(self._fences)
        return in_block or (self._text[start - 1 : start] == "`" and self._text[end : end + 1] == "`")


def _without(text: str, leaks: Sequence[_Leak]) -> str:
    """The text without calls, and without the brackets and commas of a list that they were leaked as."""
    kept: list[str] = []
    end = 0
    for leak in leaks:
        between = text[end : leak.start]
        kept.append("" if end and between.strip() in ("", ",") else between)
        end = leak.end
    before, after = kept[0], text[end:]
    opens, closes = _LIST_OPENS.search(before), _LIST_CLOSES.match(after)
    if opens and closes:
        kept[0], after = before[: opens.start()], after[closes.end() :]
    return "".join([*kept, after])
