"""
A request in the words of Anthropic's Messages, and what is put right for it on that wire.

What must change for a client who speaks the same is L{argoproxy.upstreams.anthropic_relay}'s business.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import msgspec

from argoproxy.conversation import Abilities, ChatRequest, Image, Message, Part, Reasoning, Text, ToolCall, ToolResult
from argoproxy.vocabulary.anthropic import ChoiceShape, ThinkingShape, ToolSpec
from argoproxy.vocabulary.anthropic_blocks import (
    AssistantBlock,
    AssistantMessage,
    ImageBlock,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    UserMessage,
    content_block,
)

from .call_ids import fitted
from .mending import (
    BESIDE_THINKING,
    DEFAULT_LIMIT,
    HISTORY,
    LIMITS,
    SAMPLING,
    SCHEMAS,
    SEALED,
    THINKING,
    Rule,
    needs_stream,
)
from .unsaid import unsaid

_SAID = ("top_k", "thinking")

Wire = dict[str, Any]
Block = AssistantBlock | ImageBlock | ToolResultBlock


def _in_a_loop(request: ChatRequest, abilities: Abilities) -> ChatRequest:
    """
    Without thinking while tools are at work for a turn in which the model didn't think, or whose thoughts can't go
    back: with thinking C{enabled}, Anthropic's service wants such a turn to begin with a thought (its guide to extended
    thinking; C{adaptive} wants none).
    """
    if request.thinking is None or request.thinking.mode != "enabled":
        return request
    last = next((message for message in reversed(request.messages) if message.role == "assistant"), None)
    calls = last is not None and any(isinstance(part, ToolCall) for part in last.parts)
    if last is None or not calls or isinstance(last.parts[0], Reasoning):
        return request
    return msgspec.structs.replace(request, thinking=None)


def _not_strict(request: ChatRequest, abilities: Abilities) -> ChatRequest:
    """Without C{strict} at tools: that the service behind ARGO refuses a field it doesn't know is a guess."""
    if not any(tool.strict for tool in request.tools):
        return request
    tools = tuple(msgspec.structs.replace(tool, strict=None) for tool in request.tools)
    return msgspec.structs.replace(request, tools=tools)


RULES = (
    SEALED,
    *HISTORY,
    *LIMITS,
    *THINKING,
    Rule("thinking", _in_a_loop),
    *BESIDE_THINKING,
    *SAMPLING,
    *DEFAULT_LIMIT,
    # Again: a default limit that the model's own cuts short may leave a budget too little room.
    *THINKING,
    *SCHEMAS,
)
"""What is put right on this wire, in this order."""

STRICT = Rule("strict", _not_strict)
"""And for clients who don't know this wire."""


def body(request: ChatRequest, abilities: Abilities) -> Wire:
    """
    All of the body but who asks and for which model.

    @param request: mended.
    """
    messages = fitted(request.messages)
    fields: Wire = {
        "max_tokens": request.token_limit,
        "system": _system(messages),
        "messages": list(_conversation(messages)),
        "stream": streams(request, abilities) or None,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "top_k": request.top_k,
        "stop_sequences": [text for text in request.stop if text.strip()] or None,
        "metadata": _metadata(request.raw),
    }
    fields |= _thinking(request) | _tools(request)
    return {name: value for name, value in fields.items() if value is not None}


def streams(request: ChatRequest, abilities: Abilities) -> bool:
    """Whether ARGO must be asked for a stream, be it for the client's sake or its own."""
    return request.stream or needs_stream(request, abilities)


def dropped(request: ChatRequest) -> tuple[str, ...]:
    """What the client asked for and this wire has no word for."""
    missed = list(unsaid(request, _SAID))
    if any(message.name is not None for message in request.messages):
        missed.append("name")
    if any(not text.strip() for text in request.stop):
        missed.append("stop")
    return tuple(missed)


def speaker(message: Message) -> str:
    """In whose name this wire has a message: what tools answer is the user's to tell."""
    return "user" if message.role == "tool" else message.role


def results_first(parts: Iterable[Part]) -> list[Part]:
    """A message's parts in the one order that is taken: the results of tools before all else."""
    return sorted(parts, key=lambda part: not isinstance(part, ToolResult))


def block(part: Part) -> Block | None:
    """The block for a part; L{None} where there is none for it."""
    if isinstance(part, (Text, Image)):
        return content_block(part)
    if isinstance(part, Reasoning):
        return ThinkingBlock.of(part)
    if isinstance(part, ToolCall):
        return ToolUseBlock.of(part)
    return ToolResultBlock.of(part) if isinstance(part, ToolResult) else None


def _system(messages: Iterable[Message]) -> str | list[TextBlock] | None:
    """What the system says, wherever it stands: as a text, or as several."""
    texts = [part.text for message in messages if message.role == "system" for part in _texts(message)]
    return texts[0] if len(texts) == 1 else [TextBlock(text) for text in texts] or None


def _texts(message: Message) -> Iterator[Text]:
    return (part for part in message.parts if isinstance(part, Text))


def _conversation(messages: Iterable[Message]) -> Iterator[UserMessage | AssistantMessage]:
    """The others, where nobody speaks twice in a row."""
    spoken = (message for message in messages if message.role != "system")
    for role, group in groupby(spoken, speaker):
        parts = [part for message in group for part in message.parts]
        yield AssistantMessage(_said(parts)) if role == "assistant" else UserMessage(_told(parts))


def _said(parts: Sequence[Part]) -> Any:
    """What the model said. It shows no pictures here."""
    blocks = [block(part) for part in parts if not isinstance(part, (Image, ToolResult))]
    return _content([one for one in blocks if one is not None])


def _told(parts: Sequence[Part]) -> Any:
    """What the user says, with what tools answered before it."""
    blocks = [block(part) for part in results_first(parts) if isinstance(part, (Text, Image, ToolResult))]
    return _content([one for one in blocks if one is not None])


def _content(blocks: Sequence[Block]) -> str | tuple[Block, ...]:
    """A text alone as a string."""
    only = blocks[0] if len(blocks) == 1 else None
    return only.text if isinstance(only, TextBlock) else tuple(blocks)


def _thinking(request: ChatRequest) -> Wire:
    """How much the model is to think. What of it the model takes, the rules have seen to."""
    if request.thinking is None:
        return {}
    fields: Wire = {"thinking": ThinkingShape.of(request.thinking)}
    if request.thinking.effort is not None:
        fields["output_config"] = {"effort": request.thinking.effort}
    return fields


def _tools(request: ChatRequest) -> Wire:
    """The tools, and which of them the model may call."""
    if not request.tools:
        return {}
    tools = [ToolSpec.of(tool) for tool in request.tools]
    return {"tools": tools, "tool_choice": ChoiceShape.of(request.tool_choice, request.parallel_tool_calls)}


class _Metadata(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Anthropic's C{metadata}. OpenAI's may hold anything."""

    user_id: str | None


_metadata_decoder = msgspec.json.Decoder(_Metadata)


def _metadata(raw: Mapping[str, msgspec.Raw]) -> _Metadata | None:
    """What the client says of its user, if it says so as Anthropic's clients do."""
    try:
        return _metadata_decoder.decode(raw.get("metadata", b"null"))
    except msgspec.DecodeError:
        return None
