"""Whole replies get the shape that OpenAI describes, and keep everything else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from argoproxy.upstreams.openai_whole import described

RIGHT: dict[str, Any] = {
    "choices": [{"index": 0, "logprobs": None, "message": {"content": None, "refusal": None, "audio": None}}]
}


def _with(reply: dict[str, Any] | None = None, **message: Any) -> dict[str, Any]:
    """The right reply with more in it, and more in its message."""
    (choice,) = RIGHT["choices"]
    return {**RIGHT, **(reply or {}), "choices": [{**choice, "message": {**choice["message"], **message}}]}


@pytest.mark.parametrize(
    "reply", [RIGHT, _with({"usage": {}, "system_fingerprint": "fp", "service_tier": None}, tool_calls=[], odd=None)]
)
def test_what_is_right_keeps_its_bytes(reply: dict[str, Any]) -> None:
    body = json.dumps(reply, indent=3).encode()
    assert described(body) is body


@pytest.mark.parametrize(
    "told",
    [
        _with({"system_fingerprint": None, "usage": None}),
        _with(tool_calls=None, function_call=None, annotations=None),
        {"choices": [{"index": 0, "message": {"audio": None}}]},
        {"choices": [{"index": 0, "message": {"tool_calls": None, "audio": None}, "logprobs": None}]},
    ],
)
def test_nulls_that_the_api_has_not_go_and_those_that_it_requires_come(told: dict[str, Any]) -> None:
    assert json.loads(described(json.dumps(told).encode())) == RIGHT


def test_every_choice_is_put_right_and_nothing_else_is_touched() -> None:
    said = b'{"odd":1.50,"choices":[{"message":{"content":"a","tool_calls":null}},{"logprobs":{"x":1.0}}]}'
    right = (
        b'{"odd":1.50,"choices":[{"message":{"content":"a","refusal":null},"logprobs":null},{"logprobs":{"x":1.0}}]}'
    )
    assert described(said) == right
