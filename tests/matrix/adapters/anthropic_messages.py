"""Anthropic's Messages."""

from __future__ import annotations

import json
from typing import Any

import attrs

from tests.matrix.asks import CITY, TEMPERATURE, TOP_P, Ask, Call, Model, Result, Said, Trouble, Turn, Usage, User

from .adapter import Adapter, Event, events

_FINISH = {"end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length", "tool_use": "tool_calls"}
_PIECES = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}
_ROOM = 4096


class AnthropicMessages(Adapter):
    """C{POST /v1/messages}. What is signed is a block of thinking, which goes back as it came."""

    dialect = "anthropic_messages"
    effort = "thinking"
    seals = True
    statuses = {
        400: "invalid_request_error",
        401: "authentication_error",
        429: "rate_limit_error",
        500: "api_error",
        502: "api_error",
        529: "overloaded_error",
    }

    def key(self, name: str) -> dict[str, str]:
        return {"x-api-key": name, "anthropic-version": "2023-06-01"}

    def path(self, ask: Ask, model: str) -> str:
        return "/v1/messages?beta=true"

    def body(self, ask: Ask, model: str) -> dict[str, Any]:
        fields: dict[str, Any] = {"model": model, "max_tokens": ask.limit or _ROOM, "messages": _messages(ask.turns)}
        if ask.system:
            fields["system"] = ask.system
        if ask.streamed:
            fields["stream"] = True
        if ask.tools:
            fields |= _tools(ask)
        if ask.sampling:
            fields |= {"temperature": TEMPERATURE, "top_p": TOP_P}
        if ask.stop:
            fields["stop_sequences"] = [ask.stop]
        if ask.thinks:
            fields["thinking"] = {"type": "enabled", "budget_tokens": _ROOM // 2}
        if ask.shaped:
            fields["output_config"] = {"format": {"type": "json_schema", "schema": CITY}}
        return fields | dict(ask.more)

    def whole(self, document: Any) -> Said:
        assert (document["type"], document["role"]) == ("message", "assistant")
        assert {"stop_sequence", "stop_reason"} <= set(document)
        return _said(document)

    def stream(self, body: bytes) -> Said:
        found = [event for event in events(body) if event.name != "ping"]
        assert all(event.name == event.data["type"] for event in found)
        last = found[-1]
        if last.name == "error" and len(found) == 1:
            return Said(trouble=self.trouble(last.data))
        assert found[0].name == "message_start"
        assert found[0].data["message"]["usage"]["input_tokens"] > 0
        message = found[0].data["message"] | {"content": _blocks(found, whole=last.name == "message_stop")}
        pieces = _text_pieces(found)
        if last.name == "error":
            return Said(pieces=pieces, trouble=self.trouble(last.data))
        assert [event.name for event in found[-2:]] == ["message_delta", "message_stop"]
        delta = found[-2].data
        said = _said(message | delta["delta"] | {"usage": message["usage"] | delta["usage"]})
        return attrs.evolve(said, pieces=pieces, fragments=_fragments(found))

    def trouble(self, document: Any) -> Trouble:
        assert document["type"] == "error"
        return Trouble(document["error"]["type"], document["error"]["message"])


def _tools(ask: Ask) -> dict[str, Any]:
    about = {"description": ask.description, "input_schema": ask.schema}
    choice: dict[str, Any] = {"type": {"required": "any"}.get(ask.choice, ask.choice)}
    if ask.choice in ask.tools:
        choice = {"type": "tool", "name": ask.choice}
    if ask.single:
        choice["disable_parallel_tool_use"] = True
    return {"tools": [{"name": name} | about for name in ask.tools], "tool_choice": choice}


def _messages(turns: tuple[Turn, ...]) -> list[dict[str, Any]]:
    """Messages in turn: the results of several calls are one."""
    messages: list[dict[str, Any]] = []
    for turn in turns:
        message = _message(turn)
        if isinstance(turn, Result) and messages and messages[-1]["role"] == "user":
            messages[-1]["content"] += message["content"]
        else:
            messages.append(message)
    return messages


def _message(turn: Turn) -> dict[str, Any]:
    if isinstance(turn, Result):
        result = {"type": "tool_result", "tool_use_id": turn.call.id, "content": _content(turn)}
        return {"role": "user", "content": [result]}
    if isinstance(turn, Model):
        return {"role": "assistant", "content": turn.own or turn.text}
    return {"role": "user", "content": _content(turn)}


def _content(turn: User | Result) -> str | list[dict[str, Any]]:
    if not turn.image:
        return turn.text
    source = {"type": "base64", "media_type": "image/png", "data": turn.image}
    return [{"type": "image", "source": source}, {"type": "text", "text": turn.text}]


def _blocks(found: list[Event], whole: bool) -> list[dict[str, Any]]:
    """The content that events make: one block after the other, and each ended if the reply is whole."""
    blocks: list[dict[str, Any]] = []
    begun = False
    for event in found:
        if event.name == "content_block_start":
            assert not begun
            assert event.data["index"] == len(blocks)
            begun = True
            blocks.append(dict(event.data["content_block"]))
        elif event.name == "content_block_delta":
            assert begun
            assert event.data["index"] == len(blocks) - 1
            _grow(blocks[-1], event.data["delta"])
        elif event.name == "content_block_stop":
            assert begun
            begun = False
    assert not (whole and begun)
    for block in blocks:
        if "partial_json" in block:
            written = block.pop("partial_json")
            block["input"] = json.loads(written) if whole else None
    return blocks


def _grow(block: dict[str, Any], delta: Any) -> None:
    if delta["type"] == "signature_delta":
        block["signature"] = delta["signature"]
        return
    field = _PIECES[delta["type"]]
    block[field] = block.get(field, "") + delta[field]


def _text_pieces(found: list[Event]) -> tuple[str, ...]:
    deltas = [event.data["delta"] for event in found if event.name == "content_block_delta"]
    return tuple(delta["text"] for delta in deltas if delta["type"] == "text_delta")


def _fragments(found: list[Event]) -> tuple[int, ...]:
    starts = [event.data for event in found if event.name == "content_block_start"]
    calls = [start["index"] for start in starts if start["content_block"]["type"] == "tool_use"]
    deltas = [event.data for event in found if event.name == "content_block_delta"]
    return tuple(
        len([delta for delta in deltas if delta["index"] == call and delta["delta"].get("partial_json")])
        for call in calls
    )


def _said(message: Any) -> Said:
    content, usage = message["content"], message["usage"]
    assert all(block["text"] for block in content if block["type"] == "text")
    thoughts = [block for block in content if block["type"] == "thinking"]
    return Said(
        model=message["model"],
        pieces=tuple(block["text"] for block in content if block["type"] == "text"),
        calls=tuple(
            Call(block["id"], block["name"], block["input"]) for block in content if block["type"] == "tool_use"
        ),
        thoughts="".join(block["thinking"] for block in thoughts),
        seal=next((block["signature"] for block in thoughts), ""),
        finish=_FINISH[message["stop_reason"]],
        usage=Usage(usage["input_tokens"], usage["output_tokens"]),
        own=content,
    )
