"""Anthropic's stream events, made from a whole message."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from argoproxy.simulator.model.asks import Answer
from argoproxy.simulator.wires.reply import deltas, event


def events(message: dict[str, Any], made: Answer, size: int) -> Iterator[bytes]:
    """
    @param message: The whole reply.
    @param made: Where the text comes from, which may be too long to hold.
    @param size: Characters in a delta.
    @return: The stream from C{message_start} to C{message_stop}, with a ping after the first block's start.
    """
    start = {key: value for key, value in message.items() if key not in ("stop_reason", "stop_sequence")}
    usage = message["usage"] | {"output_tokens": 1}
    yield _named("message_start", message=start | {"content": [], "stop_reason": None, "usage": usage})
    for index, block in enumerate(message["content"]):
        yield _named("content_block_start", index=index, content_block=_EMPTY[block["type"]](block))
        if index == 0:
            yield _named("ping")
        for delta in _DELTAS[block["type"]](block, made, size):
            yield _named("content_block_delta", index=index, delta=delta)
        yield _named("content_block_stop", index=index)
    end = {key: message[key] for key in ("stop_reason", "stop_sequence") if key in message}
    yield _named("message_delta", delta=end, usage={"output_tokens": message["usage"]["output_tokens"]})
    yield _named("message_stop")


def _named(kind: str, **fields: Any) -> bytes:
    return event({"type": kind, **fields}, kind)


def _text(block: dict[str, Any], made: Answer, size: int) -> Iterator[dict[str, Any]]:
    for piece in deltas(made.pieces(), size):
        yield {"type": "text_delta", "text": piece}


def _thinking(block: dict[str, Any], made: Answer, size: int) -> Iterator[dict[str, Any]]:
    for piece in deltas([block["thinking"]], size):
        yield {"type": "thinking_delta", "thinking": piece}
    yield {"type": "signature_delta", "signature": block["signature"]}


def _tool_use(block: dict[str, Any], made: Answer, size: int) -> Iterator[dict[str, Any]]:
    yield {"type": "input_json_delta", "partial_json": ""}
    for piece in deltas([msgspec.json.encode(block["input"]).decode()], size):
        yield {"type": "input_json_delta", "partial_json": piece}


_DELTAS = {"text": _text, "thinking": _thinking, "tool_use": _tool_use}
_EMPTY = {
    "text": lambda block: {"type": "text", "text": ""},
    "thinking": lambda block: {"type": "thinking", "thinking": "", "signature": ""},
    "tool_use": lambda block: block | {"input": {}},
}
