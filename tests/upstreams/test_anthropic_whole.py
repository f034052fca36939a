"""Whole messages get the fields that Anthropic's description requires, and lose them on their way back."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from argoproxy.upstreams.anthropic_whole import described, given_back

SAID = {
    "content": [
        {"type": "text", "text": "a"},
        {"type": "tool_use", "id": "t", "name": "f", "input": {"x": 1}},
        {"type": "thinking", "thinking": "t", "signature": "s"},
    ],
    "usage": {"input_tokens": 1, "service_tier": "standard"},
    "odd": 1.5,
}


def _described(message: dict[str, Any]) -> Any:
    told = described(msgspec.json.decode(json.dumps(message), type=dict[str, msgspec.Raw]))
    return json.loads(msgspec.json.encode(told))


def _given_back(*content: object) -> Any:
    messages = [{"role": "user", "content": "citations"}, *[{"role": "assistant", "content": one} for one in content]]
    return json.loads(bytes(given_back(msgspec.Raw(json.dumps(messages).encode()))))[1:]


def test_what_is_required_is_put_in_and_what_is_there_stays() -> None:
    told = _described(SAID)
    text, call, thinking = told["content"]
    assert text == {"type": "text", "text": "a", "citations": None}
    assert call == {**SAID["content"][1], "caller": {"type": "direct"}}  # type: ignore[index]
    assert thinking == SAID["content"][2]  # type: ignore[index]
    assert told["usage"]["service_tier"] == "standard"
    assert told["usage"]["inference_geo"] is None
    assert (told["odd"], told["container"], told["stop_details"]) == (1.5, None, None)


def test_what_has_all_of_it_is_not_changed() -> None:
    told = _described(SAID)
    assert _described(told) == told


def test_a_message_without_content_gets_none() -> None:
    assert _described({"usage": {}})["content"] == []


def test_what_was_put_in_is_taken_out_of_the_history() -> None:
    assert [one["content"] for one in _given_back(_described(SAID)["content"])] == [SAID["content"]]


@pytest.mark.parametrize(
    "block",
    [
        {"type": "text", "text": "a", "citations": []},
        {"type": "text", "text": "a", "caller": {"type": "direct"}},
        {"type": "tool_use", "id": "t", "name": "f", "input": {}, "caller": {"type": "code_execution_20250825"}},
    ],
)
def test_what_somebody_else_said_stays(block: dict[str, Any]) -> None:
    assert _given_back([block]) == [{"role": "assistant", "content": [block]}]


@pytest.mark.parametrize("words", ["plain", 'about "citations" and "caller"'])
def test_a_history_without_it_is_the_same_object(words: str) -> None:
    history = msgspec.Raw(json.dumps([{"role": "user", "content": words}, {"role": "user", "content": [
        {"type": "text", "text": words, "caller": 1}
    ]}]).encode())  # fmt: skip
    assert given_back(history) is history
