"""Anthropic's shapes say what the neutral language says, and back."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
import pytest
from anthropic.types import StopReason
from anthropic.types.shared import ErrorType
from hypothesis import given
from hypothesis import strategies as st

from argoproxy.conversation import FinishReason, Thinking, Tool, ToolChoice, Usage
from argoproxy.vocabulary.anthropic import (
    ERROR_TYPES,
    FINISH_REASONS,
    KNOWN_ERROR_TYPES,
    STATUSES,
    STOP_REASONS,
    ChoiceShape,
    ErrorBody,
    ErrorObject,
    MessageUsage,
    OutputDetails,
    ThinkingShape,
    ToolSpec,
    thinking_of,
)


def encoded(shape: Any) -> bytes:
    return msgspec.json.encode(shape)


# --- reasons and errors


def test_every_reason_that_the_sdk_knows_has_a_meaning() -> None:
    assert set(get_args(StopReason)) == set(FINISH_REASONS)


@pytest.mark.parametrize("reason", get_args(FinishReason))
def test_every_neutral_reason_comes_back(reason: FinishReason) -> None:
    assert FINISH_REASONS[STOP_REASONS[reason]] == reason


def test_every_error_type_has_a_status_that_has_that_type() -> None:
    assert set(STATUSES) == KNOWN_ERROR_TYPES
    assert {ERROR_TYPES[status] for status in STATUSES.values()} == KNOWN_ERROR_TYPES
    assert all(ERROR_TYPES[status] == kind for kind, status in STATUSES.items())


def test_the_sdk_knows_our_error_types() -> None:
    documented_but_not_in_the_sdk = {"request_too_large"}
    assert set(get_args(ErrorType)) >= KNOWN_ERROR_TYPES - documented_but_not_in_the_sdk


def test_an_error_has_its_kind_its_words_and_a_place_for_the_id() -> None:
    body = encoded(ErrorBody(error=ErrorObject("api_error", "No.")))
    assert body == b'{"type":"error","error":{"type":"api_error","message":"No."},"request_id":null}'
    assert msgspec.json.decode(body, type=ErrorBody) == ErrorBody(error=ErrorObject("api_error", "No."))


# --- tools

SCHEMA = msgspec.Raw(b'{"type": "object" }')
TOOLS = {
    "the least": (Tool("f", None, SCHEMA), b'{"name":"f","input_schema":{"type": "object" }}'),
    "everything": (
        Tool("f", "does it", SCHEMA, True),
        b'{"name":"f","description":"does it","input_schema":{"type": "object" },"strict":true}',
    ),
}


@pytest.mark.parametrize(("tool", "shape"), TOOLS.values(), ids=TOOLS)
def test_a_tool_keeps_all_it_has_both_ways(tool: Tool, shape: bytes) -> None:
    assert encoded(ToolSpec.of(tool)) == shape
    assert msgspec.json.decode(shape, type=ToolSpec).tool() == tool


def test_a_tool_without_parameters_takes_an_empty_object() -> None:
    assert encoded(ToolSpec.of(Tool("f"))) == b'{"name":"f","input_schema":{"type":"object","properties":{}}}'


CHOICES: list[tuple[ToolChoice | None, bool | None, bytes]] = [
    (ToolChoice("auto"), None, b'{"type":"auto"}'),
    (ToolChoice("none"), None, b'{"type":"none"}'),
    (ToolChoice("required"), None, b'{"type":"any"}'),
    (ToolChoice("named", "f"), None, b'{"type":"tool","name":"f"}'),
    (ToolChoice("named", "f"), False, b'{"type":"tool","name":"f","disable_parallel_tool_use":true}'),
    (ToolChoice("auto"), False, b'{"type":"auto","disable_parallel_tool_use":true}'),
]


@pytest.mark.parametrize(("choice", "parallel", "shape"), CHOICES)
def test_a_choice_is_said_both_ways(choice: ToolChoice, parallel: bool | None, shape: bytes) -> None:
    assert encoded(ChoiceShape.of(choice, parallel)) == shape
    read = msgspec.json.decode(shape, type=ChoiceShape)
    assert (read.choice(), read.parallel()) == (choice, parallel)


@pytest.mark.parametrize("parallel", [None, True])
def test_no_choice_and_no_limit_on_calls_need_no_shape(parallel: bool | None) -> None:
    assert ChoiceShape.of(None, parallel) is None


def test_single_calls_without_a_choice_are_asked_for_by_auto() -> None:
    assert encoded(ChoiceShape.of(None, False)) == b'{"type":"auto","disable_parallel_tool_use":true}'


def test_no_calls_at_all_need_no_limit_on_them() -> None:
    assert encoded(ChoiceShape.of(ToolChoice("none"), False)) == b'{"type":"none"}'


def test_leave_to_make_several_calls_is_read() -> None:
    shape = msgspec.json.decode(b'{"type":"any","disable_parallel_tool_use":false,"name":"f"}', type=ChoiceShape)
    assert (shape.choice(), shape.parallel()) == (ToolChoice("required"), True)


# --- thinking

THINKING: list[tuple[Thinking, bytes]] = [
    (Thinking("off"), b'{"type":"disabled"}'),
    (Thinking("adaptive"), b'{"type":"adaptive"}'),
    (Thinking("adaptive", None, None, False), b'{"type":"adaptive","display":"omitted"}'),
    (Thinking("enabled", None, 2048), b'{"type":"enabled","budget_tokens":2048}'),
    (
        Thinking("enabled", None, 2048, True),
        b'{"type":"enabled","budget_tokens":2048,"display":"summarized"}',
    ),
]


@pytest.mark.parametrize(("thinking", "shape"), THINKING)
def test_thinking_is_said_both_ways(thinking: Thinking, shape: bytes) -> None:
    assert encoded(ThinkingShape.of(thinking)) == shape
    read = msgspec.json.decode(shape, type=ThinkingShape)
    assert thinking_of(read, None) == thinking
    assert thinking_of(read, "high") == msgspec.structs.replace(thinking, effort="high")


def test_an_effort_alone_leaves_the_thinking_to_the_model() -> None:
    assert thinking_of(None, "low") == Thinking("adaptive", "low")
    assert thinking_of(None, None) is None


def test_thinking_between_tools_is_as_the_model_sees_fit() -> None:
    assert thinking_of(ThinkingShape(type="between_tools"), None) == Thinking("adaptive")


# --- usage


def test_what_a_cache_took_part_in_is_counted_apart() -> None:
    usage = Usage(prompt=10, completion=5, cached=3, reasoning=2, cache_written=4)
    shape = MessageUsage.of(usage)
    assert msgspec.json.decode(encoded(shape)) == {
        "input_tokens": 3,
        "cache_creation_input_tokens": 4,
        "cache_read_input_tokens": 3,
        "output_tokens": 5,
        "output_tokens_details": {"thinking_tokens": 2},
    }
    assert shape.usage() == usage


def test_usage_that_does_not_add_up_is_never_below_zero() -> None:
    assert MessageUsage.of(Usage(prompt=2, cached=3)).input_tokens == 0


_tokens = st.integers(0, 10**9)


@given(_tokens, _tokens, _tokens, _tokens, _tokens)
def test_usage_comes_back(fresh: int, cached: int, written: int, visible: int, thought: int) -> None:
    usage = Usage(fresh + cached + written, visible + thought, cached, thought, written)
    assert msgspec.json.decode(encoded(MessageUsage.of(usage)), type=MessageUsage).usage() == usage


def test_later_numbers_replace_earlier_ones_and_those_untold_stay() -> None:
    begun = MessageUsage(input_tokens=9, cache_read_input_tokens=2, output_tokens=1)
    ended = MessageUsage(output_tokens=7, output_tokens_details=OutputDetails(3))
    assert begun.then(ended).usage() == Usage(11, 7, 2, 3, 0)
    assert begun.then(MessageUsage()) == begun


def test_nothing_told_is_nothing_used() -> None:
    assert MessageUsage().usage() == Usage()
