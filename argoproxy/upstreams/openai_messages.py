"""
A conversation in OpenAI's words: what the native OpenAI wire takes, and the gateway wherever a family has no words of
its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from argoproxy.conversation import Image, Message, Part, Text, ToolCall, ToolResult

Wire = dict[str, Any]

_SEEN = "What the tool showed:"


def messages(conversation: Iterable[Message]) -> list[Wire]:
    """The conversation, one entry for each message and each tool result. Content is never null: ARGO stumbles there."""
    entries: list[Wire] = []
    answers: list[Message] = []
    for message in conversation:
        if message.role == "tool":
            answers.append(message)
            continue
        if answers:
            entries += _results(answers)
            answers = []
        entries.append(spoken(message))
    return entries + _results(answers) if answers else entries


def spoken(message: Message) -> Wire:
    """A message of anybody but a tool."""
    entry: Wire = {"role": message.role, "content": _content(message)}
    if message.name is not None:
        entry["name"] = message.name
    if message.role == "assistant" and (calls := [_call(part) for part in message.parts if isinstance(part, ToolCall)]):
        entry["tool_calls"] = calls
    return entry


def _results(answers: Iterable[Message]) -> list[Wire]:
    """What tools answered; pictures among it are shown by the user behind them: tools have no place for them."""
    results = [part for message in answers for part in message.parts if isinstance(part, ToolResult)]
    entries = [result_entry(result) for result in results]
    pictures = [_part(part) for result in results for part in result.parts if isinstance(part, Image)]
    if pictures:
        entries.append({"role": "user", "content": [{"type": "text", "text": _SEEN}, *pictures]})
    return entries


def result_entry(result: ToolResult) -> Wire:
    """The text of what a tool answered."""
    return {"role": "tool", "tool_call_id": result.call_id, "content": text(result.parts)}


def _call(call: ToolCall) -> Wire:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _content(message: Message) -> str | list[Wire]:
    """Text alone as a string; a list of parts only where there is a picture."""
    parts = message.parts
    if len(parts) == 1 and isinstance(parts[0], Text):
        return parts[0].text
    if message.role != "user" or not any(isinstance(part, Image) for part in parts):
        return text(parts)
    return [_part(part) for part in parts if isinstance(part, (Text, Image))]


def text(parts: Sequence[Part]) -> str:
    """All text of a message."""
    return "\n\n".join(part.text for part in parts if isinstance(part, Text))


def _part(part: Text | Image) -> Wire:
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    detail = {} if part.detail is None else {"detail": part.detail}
    return {"type": "image_url", "image_url": {"url": part.url, **detail}}
