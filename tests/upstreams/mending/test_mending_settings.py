"""Settings are put as models take them: sampling, limits, thinking."""

from __future__ import annotations

from typing import Any

import pytest

from argoproxy.conversation import Abilities, ChatRequest, Message, Text, Thinking, ToolChoice
from argoproxy.conversation.abilities import Effort
from argoproxy.upstreams.mending import (
    BESIDE_THINKING,
    DEFAULT_LIMIT,
    EFFORT,
    LIMITS,
    SAMPLING,
    THINKING,
    mended,
    needs_stream,
)

_USER = Message("user", (Text("Hi"),))


def _mended(rules: Any, abilities: Abilities, **fields: Any) -> tuple[ChatRequest, tuple[str, ...]]:
    return mended(ChatRequest(model="x", prompts=((_USER,),), **fields), abilities, rules)


@pytest.mark.parametrize(
    ("abilities", "asked", "taken", "told"),
    [
        (Abilities(), (1.5, 0.5), (1.5, 0.5), ()),
        (Abilities(), (2.5, None), (2.0, None), ("temperature",)),
        (Abilities(), (-1.0, None), (0.0, None), ("temperature",)),
        (Abilities(hottest=1.0), (1.5, None), (1.0, None), ("temperature",)),
        (Abilities(hottest=1.0), (1.0, None), (1.0, None), ()),
        (Abilities(temperature="one"), (1, None), (1, None), ()),
        (Abilities(temperature="one"), (0.5, None), (None, None), ("temperature",)),
        (Abilities(temperature="none"), (1, None), (None, None), ("temperature",)),
        (Abilities(temperature="none", temperature_with_top_p=False), (1, 0.5), (None, 0.5), ("temperature",)),
        (Abilities(temperature_with_top_p=False), (1, 0.5), (1, None), ("top_p",)),
        (Abilities(temperature_with_top_p=False), (None, 0.5), (None, 0.5), ()),
        (Abilities(top_p=False), (None, 0.5), (None, None), ("top_p",)),
    ],
)
def test_sampling(abilities: Abilities, asked: Any, taken: Any, told: Any) -> None:
    request, adjusted = _mended(SAMPLING, abilities, temperature=asked[0], top_p=asked[1])
    assert ((request.temperature, request.top_p), adjusted) == (taken, told)


_OLD, _NEW = Abilities(token_limit_name="max_tokens"), Abilities(token_limit_name="max_completion_tokens")


@pytest.mark.parametrize(
    ("abilities", "asked", "taken", "told"),
    [
        (Abilities(), (5, 6), (5, 6), ()),
        (Abilities(output_limit=4), (5, 3), (4, 3), ("max_tokens",)),
        (_OLD, (5, None), (5, None), ()),
        (_OLD, (None, 5), (5, None), ()),
        (_OLD, (5, 5), (5, None), ()),
        (_OLD, (6, 5), (5, None), ("max_tokens",)),
        (_NEW, (5, None), (None, 5), ()),
        (_NEW, (None, 5), (None, 5), ()),
        (_NEW, (None, None), (None, None), ()),
        (Abilities(token_limit_name="max_tokens", output_limit=4), (None, 5), (4, None), ("max_tokens",)),
    ],
)
def test_limits(abilities: Abilities, asked: Any, taken: Any, told: Any) -> None:
    request, adjusted = _mended(LIMITS, abilities, max_tokens=asked[0], max_completion_tokens=asked[1])
    assert ((request.max_tokens, request.max_completion_tokens), adjusted) == (taken, told)


@pytest.mark.parametrize(
    ("abilities", "fields", "taken", "told"),
    [
        (Abilities(), {}, None, ()),
        (Abilities(token_limit_default=4096), {}, 4096, ("max_tokens",)),
        (Abilities(token_limit_default=4096), {"max_tokens": 5}, 5, ()),
        (Abilities(token_limit_default=4096), {"max_completion_tokens": 5}, None, ()),
        (Abilities(token_limit_default=4096, output_limit=1000), {}, 1000, ("max_tokens",)),
        (Abilities(token_limit_default=4096), {"thinking": Thinking("enabled", None, 2000)}, 6096, ("max_tokens",)),
        (Abilities(token_limit_default=4096), {"thinking": Thinking("adaptive", "high")}, 4096, ("max_tokens",)),
    ],
)
def test_a_limit_that_must_be_there(abilities: Abilities, fields: Any, taken: Any, told: Any) -> None:
    request, adjusted = _mended(DEFAULT_LIMIT, abilities, **fields)
    assert (request.max_tokens, adjusted) == (taken, told)


@pytest.mark.parametrize(
    ("above", "limit", "needed"), [(None, 99999, False), (100, 100, False), (100, 101, True), (100, None, False)]
)
def test_long_replies_need_a_stream(above: int | None, limit: int | None, needed: bool) -> None:
    request = ChatRequest(model="x", prompts=((_USER,),), max_completion_tokens=limit)
    assert needs_stream(request, Abilities(streaming_above=above)) is needed


_FIVE: tuple[Effort, ...] = ("none", "minimal", "low", "medium", "high")
OLD = Abilities(thinking=("disabled", "enabled"), efforts=_FIVE)
MIDDLE = Abilities(thinking=("disabled", "enabled", "adaptive"), efforts=_FIVE)
NEW = Abilities(thinking=("disabled", "adaptive"), efforts=("low", "medium", "high", "xhigh", "max"))


@pytest.mark.parametrize(
    ("abilities", "limit", "asked", "taken"),
    [
        # Off.
        (OLD, None, Thinking("off"), Thinking("off")),
        (NEW, None, Thinking("off", "none"), Thinking("off")),
        (NEW, None, Thinking("enabled", "none"), Thinking("off")),
        (Abilities(), None, Thinking("off"), None),
        # As the model sees fit.
        (MIDDLE, 100, Thinking("adaptive"), Thinking("adaptive")),
        (MIDDLE, 100, Thinking("adaptive", "xhigh"), Thinking("adaptive", "high")),
        (NEW, 100, Thinking("adaptive", "minimal"), Thinking("adaptive", "low")),
        (NEW, 100, Thinking("adaptive", "max", None, True), Thinking("adaptive", "max", None, True)),
        (MIDDLE, None, Thinking("adaptive", None, 5000), Thinking("adaptive", "medium")),
        (OLD, 10000, Thinking("adaptive"), Thinking("enabled", None, 8000)),
        (OLD, None, Thinking("adaptive"), Thinking("enabled", None, 24576)),
        # With an effort.
        (NEW, 100, Thinking("enabled", "high"), Thinking("adaptive", "high")),
        (MIDDLE, 100, Thinking("enabled", "low"), Thinking("adaptive", "low")),
        (OLD, 100000, Thinking("enabled", "low"), Thinking("enabled", None, 1024)),
        (OLD, 100000, Thinking("enabled", "medium"), Thinking("enabled", None, 8192)),
        (OLD, 100000, Thinking("enabled", "max"), Thinking("enabled", None, 32768)),
        # With a budget.
        (OLD, 4096, Thinking("enabled", None, 2000), Thinking("enabled", None, 2000)),
        (MIDDLE, 4096, Thinking("enabled", None, 2000), Thinking("enabled", None, 2000)),
        (MIDDLE, 4096, Thinking("enabled", "xhigh", 2000), Thinking("enabled", "high", 2000)),
        (OLD, 4096, Thinking("enabled", None, 4096), Thinking("enabled", None, 3276)),
        (OLD, 1100, Thinking("enabled", None, 5000), Thinking("enabled", None, 1024)),
        (OLD, 1024, Thinking("enabled", None, 5000), None),
        (OLD, 4096, Thinking("enabled", None, 5), Thinking("enabled", None, 1024)),
        (NEW, 4096, Thinking("enabled", None, 1000), Thinking("adaptive", "low")),
        (NEW, 4096, Thinking("enabled", None, 9000), Thinking("adaptive", "high")),
        (NEW, 4096, Thinking("enabled", None, 99999), Thinking("adaptive", "max")),
        # Not at all.
        (Abilities(), 4096, Thinking("enabled", "high"), None),
    ],
)
def test_thinking_is_said_in_a_mode_that_the_model_has(
    abilities: Abilities, limit: int | None, asked: Thinking, taken: Thinking | None
) -> None:
    request, adjusted = _mended(THINKING, abilities, thinking=asked, max_tokens=limit)
    assert request.thinking == taken
    assert adjusted == (() if asked == taken else ("thinking",))


@pytest.mark.parametrize(
    ("choice", "thinks"),
    [
        (None, True),
        (ToolChoice("auto"), True),
        (ToolChoice("none"), True),
        (ToolChoice("required"), False),
        (ToolChoice("named", "f"), False),
    ],
)
def test_nobody_thinks_who_must_call(choice: ToolChoice | None, thinks: bool) -> None:
    request, _ = _mended(THINKING, MIDDLE, thinking=Thinking("adaptive"), tool_choice=choice)
    assert (request.thinking is not None) is thinks
    assert _mended(THINKING, MIDDLE, thinking=Thinking("off"), tool_choice=choice)[1] == ()


@pytest.mark.parametrize(
    ("fields", "taken", "told"),
    [
        ({"temperature": 0.5, "thinking": Thinking("adaptive")}, (None, None), ("temperature",)),
        ({"temperature": 1, "thinking": Thinking("adaptive")}, (1, None), ()),
        ({"temperature": 0.5, "top_k": 5, "thinking": Thinking("off")}, (0.5, 5), ()),
        ({"temperature": 0.5, "top_k": 5}, (0.5, 5), ()),
        ({"top_k": 5, "thinking": Thinking("enabled", None, 2000)}, (None, None), ("top_k",)),
    ],
)
def test_beside_thinking_there_is_no_other_temperature(fields: Any, taken: Any, told: Any) -> None:
    request, adjusted = _mended(BESIDE_THINKING, MIDDLE, **fields)
    assert ((request.temperature, request.top_k), adjusted) == (taken, told)


GPT = Abilities(efforts=("minimal", "low", "medium", "high"))
CHOOSY = Abilities(efforts=("none", "low", "xhigh"))


@pytest.mark.parametrize(
    ("abilities", "asked", "taken"),
    [
        (GPT, Thinking("enabled", "low"), Thinking("enabled", "low")),
        (GPT, Thinking("enabled", "max"), Thinking("enabled", "high")),
        (GPT, Thinking("off", "none"), Thinking("enabled", "minimal")),
        (GPT, Thinking("off"), Thinking("enabled", "minimal")),
        (CHOOSY, Thinking("off", "none"), Thinking("off", "none")),
        (CHOOSY, Thinking("off"), Thinking("off", "none")),
        (CHOOSY, Thinking("enabled", "minimal"), Thinking("enabled", "low")),
        (GPT, Thinking("enabled", None, 9000), Thinking("enabled", "high")),
        (GPT, Thinking("adaptive"), None),
        (Abilities(), Thinking("enabled", "high"), None),
        (MIDDLE, Thinking("enabled", "high"), None),
    ],
)
def test_an_effort_alone(abilities: Abilities, asked: Thinking, taken: Thinking | None) -> None:
    request, adjusted = _mended(EFFORT, abilities, thinking=asked)
    assert request.thinking == taken
    assert adjusted == (() if asked == taken else ("thinking",))


def test_what_nobody_asked_for_is_not_touched() -> None:
    rules = (*SAMPLING, *LIMITS, *THINKING, *BESIDE_THINKING, *EFFORT)
    request = ChatRequest(model="x", prompts=((_USER,),))
    for abilities in (Abilities(), OLD, NEW, Abilities(temperature="none", top_p=False, token_limit_name="max_tokens")):
        assert mended(request, abilities, rules)[0] is request
