"""How much Claude is asked to think on the native Anthropic wire, and that a strict ARGO takes it."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import pytest

from argoproxy.conversation import Message, Reasoning, Text, Thinking, Tool, ToolCall, ToolChoice, ToolResult
from argoproxy.conversation.abilities import EFFORTS
from tests.simulator.asking import SCHEMA

from .claude import MODELS, answer, encode, encoded, raw
from .wire import USER, send
from .wire import chat as request

WEATHER = Tool("get_weather", "Tells it", raw(json.dumps(SCHEMA)))
RESULT = Message("tool", (ToolResult("a", (Text("Rain"),)),))


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("mode", ["off", "adaptive", "enabled"])
def test_every_wish_to_think_is_one_that_the_model_takes(name: str, mode: Any) -> None:
    for effort, budget, limit in product((None, *EFFORTS), (None, 100, 100_000), (None, 64, 4096, 30_000)):
        thinking = Thinking(mode, effort, budget)
        asked = request(thinking=thinking, max_tokens=limit, temperature=0.3, top_k=5)
        assert send(encode(asked, name)).status == 200, (thinking, limit)


@pytest.mark.parametrize(
    ("name", "thinking", "fields"),
    [
        ("claudeopus47", Thinking("adaptive", "xhigh"), {"thinking": "adaptive", "effort": "xhigh"}),
        ("claudeopus47", Thinking("enabled", None, 2000), {"thinking": "adaptive", "effort": "medium"}),
        ("claudeopus46", Thinking("adaptive", "low", None, True), {"thinking": "adaptive", "effort": "low"}),
        ("claudesonnet45", Thinking("enabled", "low"), {"thinking": "enabled", "budget_tokens": 1024}),
        ("claudesonnet45", Thinking("off"), {"thinking": "disabled"}),
    ],
)
def test_thinking_is_said_in_the_models_own_modes(name: str, thinking: Thinking, fields: Any) -> None:
    body = encoded(request(thinking=thinking, max_tokens=10_000), name)
    said = {name: value for name, value in body["thinking"].items() if name not in ("type", "display")}
    assert said | {"thinking": body["thinking"]["type"]} | body.get("output_config", {}) == fields
    reply = answer(request(thinking=thinking, max_tokens=10_000), name)
    assert bool(reply.choices[0].reasoning) == (thinking.mode != "off")


@pytest.mark.parametrize(
    ("last", "thinks"),
    [
        ((Reasoning("r", "sig"), ToolCall("a", "get_weather", "{}")), True),
        ((ToolCall("a", "get_weather", "{}"),), False),
        ((Reasoning("", redacted="x"), ToolCall("a", "get_weather", "{}")), False),
        ((Text("Let me see"), ToolCall("a", "get_weather", "{}")), False),
    ],
)
def test_a_turn_that_began_without_a_thought_goes_on_without(last: Any, thinks: bool) -> None:
    history = (USER, Message("assistant", last), RESULT)
    asked = request(*history, thinking=Thinking("enabled", None, 2000), max_tokens=4000, tools=(WEATHER,))
    assert ("thinking" in encoded(asked)) is thinks
    over = request(*history, Message("assistant", (Text("Rain."),)), USER, thinking=asked.thinking, max_tokens=4000)
    assert "thinking" in encoded(over)
    assert "thinking" in encoded(asked, "claudeopus47")


def test_a_tool_that_must_be_called_is_called_without_thinking() -> None:
    asked = request(tools=(WEATHER,), tool_choice=ToolChoice("required"), thinking=Thinking("enabled", None, 2000))
    assert answer(asked).choices[0].calls
