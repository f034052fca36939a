"""
A conversation as Claude's models take it on the gateway: OpenAI's messages, but for calls and their results, which are
blocks of Anthropic's. (Pictures stay in OpenAI's shape, the only one known of this wire.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from argoproxy.conversation import Message, Part, Text, ToolCall, ToolResult

from . import openai_messages
from .openai_messages import Wire, spoken, text
from .tool_arguments import as_object


def messages(conversation: Iterable[Message]) -> list[Wire]:
    """
    The conversation, one entry for each message; but the results for a message's calls are one, together with what the
    user says behind them.
    """
    entries: list[Wire] = []
    for is_told, group in groupby(conversation, lambda message: message.role in ("tool", "user")):
        together = tuple(group)
        entries += _told(together) if is_told else map(_said, together)
    return entries


def _said(message: Message) -> Wire:
    """A message of the system, or of the model. Texts without a word are refused beside calls, too."""
    if not any(isinstance(part, ToolCall) for part in message.parts):
        return spoken(message)
    return {"role": "assistant", "content": [block for part in message.parts for block in _blocks(part)]}


def _blocks(part: Part) -> Iterator[Wire]:
    if isinstance(part, ToolCall):
        yield {"type": "tool_use", "id": part.id, "name": part.name, "input": as_object(part.arguments)}
    elif isinstance(part, Text) and part.text.strip():
        yield {"type": "text", "text": part.text}


def _told(messages: Sequence[Message]) -> Iterator[Wire]:
    """What tools and the user tell the model, between two of its messages."""
    first = next((index for index, message in enumerate(messages) if message.role == "tool"), len(messages))
    yield from map(spoken, messages[:first])
    if first < len(messages):
        results = [part for message in messages for part in message.parts if isinstance(part, ToolResult)]
        # Behind the results: pictures in them, for which a result's text has no place, and what the user says.
        said = [entry for entry in openai_messages.messages(messages[first:]) if entry["role"] == "user"]
        yield {
            "role": "user",
            "content": [*map(_result, results), *(block for entry in said for block in _content(entry))],
        }


def _result(result: ToolResult) -> Wire:
    failed = {"is_error": True} if result.failed else {}
    return {"type": "tool_result", "tool_use_id": result.call_id, "content": text(result.parts), **failed}


def _content(entry: Wire) -> list[Wire]:
    content = entry["content"]
    if isinstance(content, list):
        return content
    return [{"type": "text", "text": content}] if content.strip() else []
