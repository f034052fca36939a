"""
Tools that take a text, for models that have only functions: a function with one string, and back.

The client never sees the function: what goes to the model is wrapped here, and a decoder that is wrapped by
L{unwrapping} gives the text alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from zope.interface import implementer

from argoproxy.conversation import (
    ChatRequest,
    Event,
    Finished,
    Message,
    Part,
    Tool,
    ToolCall,
    ToolCallArguments,
    ToolCallBegun,
)
from argoproxy.interfaces import IDecoder

_PARAMETERS = msgspec.Raw(
    b'{"type":"object","properties":{"input":{"type":"string",'
    b'"description":"The whole input of the tool, as plain text."}},"required":["input"]}'
)


class Wrapping(msgspec.Struct, frozen=True):
    """The arguments of the function."""

    input: str


_wrapping = msgspec.json.Decoder(Wrapping)


def freeform_names(tools: Iterable[Tool]) -> frozenset[str]:
    """Those of the tools that take a text."""
    return frozenset(tool.name for tool in tools if tool.freeform)


def wrapped(request: ChatRequest) -> ChatRequest:
    """The same request with functions for freeform tools, in its tools and in its history."""
    names = freeform_names(request.tools) if request.tools else ()
    if not names:
        return request
    tools = tuple(_function(tool) if tool.freeform else tool for tool in request.tools)
    prompts = tuple(tuple(_in_history(message, names) for message in prompt) for prompt in request.prompts)
    return msgspec.structs.replace(request, tools=tools, prompts=prompts)


def _function(tool: Tool) -> Tool:
    return msgspec.structs.replace(tool, parameters=_PARAMETERS, strict=None, freeform=False)


def _in_history(message: Message, names: frozenset[str]) -> Message:
    if not any(isinstance(part, ToolCall) and part.name in names for part in message.parts):
        return message
    return msgspec.structs.replace(message, parts=tuple(_called(part, names) for part in message.parts))


def _called(part: Part, names: frozenset[str]) -> Part:
    if not isinstance(part, ToolCall) or part.name not in names:
        return part
    arguments = msgspec.json.encode(Wrapping(part.arguments)).decode()
    return msgspec.structs.replace(part, arguments=arguments)


def unwrapped(arguments: str) -> str:
    """The text in a call's arguments. What isn't of the function's shape is taken for the text itself."""
    try:
        return _wrapping.decode(arguments).input
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return arguments


def unwrapping(decoder: IDecoder, tools: Sequence[Tool]) -> IDecoder:
    """
    A decoder whose freeform calls have their text for arguments.

    @param tools: as the client described them (L{argoproxy.conversation.Call.tools}).
    """
    names = freeform_names(tools) if tools else None
    return Unwrapping(decoder, names) if names else decoder


@implementer(IDecoder)
class Unwrapping:
    """Holds a freeform call's arguments until they are whole."""

    def __init__(self, decoder: IDecoder, names: frozenset[str]) -> None:
        self._decoder = decoder
        self._names = names
        self._held: dict[tuple[int, int], list[str]] = {}

    def feed(self, data: bytes) -> list[Event]:
        return self._passed(self._decoder.feed(data))

    def close(self) -> list[Event]:
        return self._passed(self._decoder.close())

    def _passed(self, events: list[Event]) -> list[Event]:
        passed: list[Event] = []
        for event in events:
            if isinstance(event, ToolCallArguments) and (event.choice, event.call) in self._held:
                self._held[event.choice, event.call].append(event.fragment)
                continue
            if isinstance(event, (ToolCallBegun, Finished)):
                passed += self._released(event.choice)
            if isinstance(event, ToolCallBegun) and event.name in self._names:
                self._held[event.choice, event.call] = []
            passed.append(event)
        return passed

    def _released(self, choice: int) -> list[Event]:
        """The texts of a choice's calls: another call, or the end, tells that they are whole."""
        whole = [key for key in self._held if key[0] == choice]
        return [ToolCallArguments(unwrapped("".join(self._held.pop(key))), key[1], choice) for key in whole]
