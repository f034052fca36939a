"""A conversation in the gateway's words: OpenAI's messages, with what each family's models refuse put right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from argoproxy.conversation import (
    ChatRequest,
    Family,
    Image,
    Message,
    Model,
    Part,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from argoproxy.errors import ClientFault

Wire = dict[str, Any]

# Families that refuse a conversation in which the user says nothing.
_NEED_A_USER: frozenset[Family] = frozenset({"anthropic", "google"})
# Where a conversation has to begin with the user and doesn't.
_OPENING: Wire = {"role": "user", "content": "Begin."}


def messages(conversation: Iterable[Message], model: Model) -> list[Wire]:
    """The conversation, one entry for each message and each tool result."""
    wire = [entry for message in conversation for entry in _entries(message, model)]
    if model.family in _NEED_A_USER:
        return _with_user(wire)
    return wire


def _with_user(wire: list[Wire]) -> list[Wire]:
    """The same, led by the user where the assistant began, or where only the system spoke."""
    first = next((index for index, entry in enumerate(wire) if entry["role"] != "system"), len(wire))
    if first < len(wire) and wire[first]["role"] == "user":
        return wire
    return [*wire[:first], _OPENING, *wire[first:]]


def _entries(message: Message, model: Model) -> list[Wire]:
    if message.role == "tool":
        return [_result(part) for part in message.parts if isinstance(part, ToolResult)]
    if message.role == "assistant":
        return [_assistant(message)]
    role = message.role if model.abilities.system_role or message.role != "system" else "user"
    return [_named(message, {"role": role, "content": _content(message)})]


def _named(message: Message, entry: Wire) -> Wire:
    return entry if message.name is None else {**entry, "name": message.name}


def _assistant(message: Message) -> Wire:
    entry = _named(message, {"role": "assistant", "content": _text(message.parts)})
    if calls := [_call(part) for part in message.parts if isinstance(part, ToolCall)]:
        entry["tool_calls"] = calls
    return entry


def _call(call: ToolCall) -> Wire:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _result(result: ToolResult) -> Wire:
    return {"role": "tool", "tool_call_id": result.call_id, "content": _text(result.parts)}


def _content(message: Message) -> str | list[Wire]:
    """Text alone as a string; a list of parts only where there is a picture."""
    if not any(isinstance(part, Image) for part in message.parts):
        return _text(message.parts)
    return [_part(part) for part in message.parts if isinstance(part, Text | Image)]


def _text(parts: Sequence[Part]) -> str:
    return "\n\n".join(part.text for part in parts if isinstance(part, Text))


def _part(part: Text | Image) -> Wire:
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    detail = {} if part.detail is None else {"detail": part.detail}
    return {"type": "image_url", "image_url": {"url": part.url, **detail}}


def tool_fields(request: ChatRequest, model: Model) -> Wire:
    """
    The tools, and which of them the model may call.

    @raise ClientFault: the model's family isn't given tools on this wire.
    """
    if model.family != "openai":
        raise ClientFault(f"Tools are not available for {model.name} yet.", code="unsupported_parameter", param="tools")
    fields: Wire = {"tools": [_tool(tool) for tool in request.tools]}
    if request.tool_choice is not None:
        fields["tool_choice"] = _choice(request.tool_choice)
    return fields


def _tool(tool: Tool) -> Wire:
    known = {
        "description": tool.description,
        "parameters": tool.parameters,
        "strict": tool.strict,
    }
    function = {"name": tool.name} | {name: value for name, value in known.items() if value is not None}
    return {"type": "function", "function": function}


def _choice(choice: ToolChoice) -> str | Wire:
    if choice.mode == "named":
        return {"type": "function", "function": {"name": choice.name}}
    return choice.mode
