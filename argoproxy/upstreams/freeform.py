"""
Tools that take one text, not JSON, on wires that have only functions: each goes out as a function with one string, and
what comes back is that string again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from argoproxy.conversation import ChatRequest, Message, Part, Tool, ToolCall

_DESCRIPTION = "The whole input of the tool, as plain text."
_PARAMETERS = msgspec.Raw(
    msgspec.json.encode(
        {
            "type": "object",
            "properties": {"input": {"type": "string", "description": _DESCRIPTION}},
            "required": ["input"],
        }
    )
)


class _Input(msgspec.Struct, frozen=True):
    """The arguments of such a function."""

    input: str


_input = msgspec.json.Decoder(_Input)


def names(tools: Sequence[Tool]) -> frozenset[str]:
    """The names of those tools that take a text."""
    return frozenset(tool.name for tool in tools if tool.freeform)


def wrapped(request: ChatRequest) -> ChatRequest:
    """The same request with a function for each such tool, and with earlier calls of them as calls of the function."""
    freeform = names(request.tools)
    if not freeform:
        return request
    tools = tuple(_function(tool) for tool in request.tools)
    prompts = tuple(tuple(_message(message, freeform) for message in prompt) for prompt in request.prompts)
    return msgspec.structs.replace(request, tools=tools, prompts=prompts)


def unwrapped(arguments: str) -> str:
    """
    The text in the arguments of such a function. What isn't of its shape is taken for the text itself: the model has
    skipped the wrapping.
    """
    try:
        return _input.decode(arguments).input
    except (msgspec.DecodeError, RecursionError):
        return arguments


def _function(tool: Tool) -> Tool:
    if not tool.freeform:
        return tool
    return msgspec.structs.replace(tool, parameters=_PARAMETERS, strict=None, freeform=False)


def _message(message: Message, freeform: Collection[str]) -> Message:
    if message.role != "assistant" or not any(isinstance(part, ToolCall) for part in message.parts):
        return message
    return msgspec.structs.replace(message, parts=tuple(_part(part, freeform) for part in message.parts))


def _part(part: Part, freeform: Collection[str]) -> Part:
    if not isinstance(part, ToolCall) or part.name not in freeform:
        return part
    return msgspec.structs.replace(part, arguments=msgspec.json.encode(_Input(part.arguments)).decode())
