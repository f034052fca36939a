"""
Tools for models that the wire gives none: described in the system's message, called in the reply's text, and told of in
the history, all in tags around JSON.

A request is rewritten before it is encoded, so that no wire has to know.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby

import msgspec

from argoproxy.conversation import ChatRequest, Image, Message, Part, Text, Tool, ToolCall, ToolChoice, ToolResult

from .literals import Reader
from .tool_arguments import as_object
from .tool_keys import argument_keys
from .written_calls import written_call

_OPEN, _CLOSE = "<tool_call>", "</tool_call>"
_RESULT_OPEN, _RESULT_CLOSE = "<tool_response>", "</tool_response>"
_NEEDED = frozenset({"name"})
_ARGUMENTS = ("arguments", "parameters", "input")
_KEYS = frozenset({"id", "name", "type", *_ARGUMENTS})

# What may stand in front of a call, between two and behind it: fences and brackets that nobody asked for.
_BEFORE = re.compile(r"[\s\[`]{0,256}(?:json[\s\[]{0,256})?(?=\{)")
_BETWEEN = re.compile(r"[\s,]{0,256}(?=\{)")
_AFTER = re.compile(rf"[\s\]`]{{0,256}}(?:{_CLOSE}|\Z)")

_HOW = f"""\
You can call tools. To call one, write its name and its arguments as one JSON object in tags:
{_OPEN}{{"name": "the_tool", "arguments": {{"key": "value"}}}}{_CLOSE}
The arguments must fit the tool's JSON schema. End your reply behind your calls. What the tools answer comes in the \
next message, in {_RESULT_OPEN} tags, which you never write yourself."""
_ONE = "Call no more than one tool in a reply."
_NONE = "No tool can be called now: answer in words."
_WHICH: Mapping[str, str] = {
    "auto": "Call a tool only if you need it; otherwise answer in words.",
    "required": "You must call at least one tool in this reply.",
    "named": "You must call the tool {name} in this reply, and no other.",
}
_ANYTHING = msgspec.Raw(b'{"type":"object","properties":{}}')


class _Described(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A tool as the model reads it."""

    name: str
    description: str | None = None
    parameters: msgspec.Raw


class _Called(msgspec.Struct, frozen=True):
    """A call as the model reads it, and writes it."""

    name: str
    arguments: msgspec.Raw


class _Answered(msgspec.Struct, frozen=True, omit_defaults=True):
    """A result as the model reads it."""

    name: str | None = None
    content: str = ""
    failed: bool = False


def in_prompt(request: ChatRequest) -> ChatRequest:
    """The same request in plain words: without tools, calls or results."""
    instructions = _instructions(request)
    prompts = tuple(_spoken(prompt, instructions) for prompt in request.prompts)
    return msgspec.structs.replace(request, prompts=prompts, tools=(), tool_choice=None, parallel_tool_calls=None)


def prompted_calls(text: str, tools: Sequence[Tool]) -> tuple[str, list[ToolCall]]:
    """
    The text around the calls, and the calls in their order. What can't be read, or calls no tool of the request, stays
    in the text. The last call may lack its closing tag: some models stop in front of it.

    @return: a call's id is empty if it had none; its arguments are JSON.
    """
    if _OPEN not in text:
        return text, []
    names = frozenset(tool.name for tool in tools)
    reader = Reader(text, _NEEDED, _KEYS | argument_keys(tools))
    kept: list[str] = []
    calls: list[ToolCall] = []
    place = 0
    while not reader.exhausted and (opening := text.find(_OPEN, place)) >= 0:
        found, end = _block(reader, opening + len(_OPEN), names)
        kept.append(text[place : opening if found else end])
        calls += found
        place = end
    return "".join([*kept, text[place:]]).strip() if calls else text, calls


def _block(reader: Reader, start: int, names: Collection[str]) -> tuple[list[ToolCall], int]:
    """The calls between an opening tag and its closing one, and where it ends; where it starts, if there are none."""
    calls: list[ToolCall] = []
    at = _BEFORE.match(reader.text, start)
    while at is not None:
        call, end = _call(reader, at.end(), names)
        if call is None:
            break
        calls.append(call)
        if closing := _AFTER.match(reader.text, end):
            return calls, closing.end()
        at = _BETWEEN.match(reader.text, end)
    return [], start


def _call(reader: Reader, start: int, names: Collection[str]) -> tuple[ToolCall | None, int]:
    """The call that the object at a place is, if it is one, and where it ends."""
    for fields, end in reader.readings(start):
        key = next((key for key in _ARGUMENTS if key in fields), _ARGUMENTS[0])
        call = written_call(fields, key)
        if call is not None and call.name in names:
            return call, end
    return None, start


def _instructions(request: ChatRequest) -> str:
    """What the system says of the tools; nothing where there are none."""
    choice = request.tool_choice or ToolChoice("auto")
    if not request.tools or choice.mode == "none":
        return _NONE if request.tools else ""
    which = _WHICH[choice.mode].format(name=choice.name)
    one = [_ONE] if request.parallel_tool_calls is False else []
    described = [_described(tool) for tool in request.tools]
    return "\n".join([_HOW, " ".join([which, *one]), "The tools:", *described])


def _described(tool: Tool) -> str:
    parameters = _ANYTHING if tool.parameters is None else tool.parameters
    return msgspec.json.encode(_Described(name=tool.name, description=tool.description, parameters=parameters)).decode()


def _spoken(prompt: Sequence[Message], instructions: str) -> tuple[Message, ...]:
    """The conversation in words, the instructions behind the system's own."""
    spoken = tuple(_in_words(prompt))
    if not instructions:
        return spoken
    if not spoken or spoken[0].role != "system":
        return (Message("system", (Text(instructions),)), *spoken)
    return (msgspec.structs.replace(spoken[0], parts=(*spoken[0].parts, Text(instructions))), *spoken[1:])


def _in_words(prompt: Sequence[Message]) -> Iterator[Message]:
    """The same messages; the results that answer a message are one of the user's."""
    names = {part.id: part.name for message in prompt for part in message.parts if isinstance(part, ToolCall)}
    for answers, messages in groupby(prompt, key=lambda message: message.role == "tool"):
        if answers:
            results = [part for message in messages for part in message.parts if isinstance(part, ToolResult)]
            yield Message("user", tuple(part for result in results for part in _answered(result, names)))
        else:
            yield from map(_calling, messages)


def _calling(message: Message) -> Message:
    if not any(isinstance(part, ToolCall) for part in message.parts):
        return message
    return msgspec.structs.replace(message, parts=tuple(map(_called, message.parts)))


def _called(part: Part) -> Part:
    if not isinstance(part, ToolCall):
        return part
    written = msgspec.json.encode(_Called(part.name, as_object(part.arguments))).decode()
    return Text(f"{_OPEN}{written}{_CLOSE}")


def _answered(result: ToolResult, names: Mapping[str, str]) -> Iterator[Part]:
    """What a tool answered, its pictures behind it."""
    content = "\n\n".join(part.text for part in result.parts if isinstance(part, Text))
    answer = _Answered(result.name or names.get(result.call_id), content, result.failed)
    yield Text(f"{_RESULT_OPEN}{msgspec.json.encode(answer).decode()}{_RESULT_CLOSE}")
    yield from (part for part in result.parts if isinstance(part, Image))
