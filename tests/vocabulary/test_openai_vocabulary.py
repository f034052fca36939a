"""OpenAI's shapes say what the neutral language says, and back."""

from __future__ import annotations

import msgspec
import pytest

from argoproxy.conversation import Tool, ToolCall, ToolChoice, Usage
from argoproxy.vocabulary.openai import (
    NOOPS,
    CompletionUsage,
    CustomToolCall,
    FunctionCall,
    FunctionSpec,
    FunctionTool,
    FunctionToolCall,
    choice_shape,
    meaningful,
)

TOOLS = {
    "the name alone": (Tool("f"), b'{"name":"f"}'),
    "everything": (
        Tool("f", "does it", msgspec.Raw(b'{"type": "object"}'), True),
        b'{"name":"f","description":"does it","parameters":{"type": "object"},"strict":true}',
    ),
    "not strict": (Tool("f", strict=False), b'{"name":"f","strict":false}'),
}


@pytest.mark.parametrize(("tool", "encoded"), TOOLS.values(), ids=TOOLS)
def test_a_tool_keeps_all_it_has_both_ways(tool: Tool, encoded: bytes) -> None:
    assert msgspec.json.encode(FunctionSpec.of(tool)) == encoded
    assert msgspec.json.decode(encoded, type=FunctionSpec).tool() == tool


def test_parameters_of_null_are_none() -> None:
    assert msgspec.json.decode(b'{"name":"f","parameters":null}', type=FunctionSpec).tool() == Tool("f")


def test_a_tool_and_a_call_say_that_they_are_functions() -> None:
    tool, call = FunctionTool(function=FunctionSpec(name="f")), ToolCall("i", "f", '{"a": 1}')
    assert msgspec.json.encode(tool) == b'{"type":"function","function":{"name":"f"}}'
    encoded = msgspec.json.encode(FunctionToolCall.of(call))
    assert encoded == b'{"id":"i","type":"function","function":{"name":"f","arguments":"{\\"a\\": 1}"}}'
    assert msgspec.json.decode(encoded, type=FunctionToolCall).call() == call


def test_a_call_without_arguments_has_an_empty_object() -> None:
    assert FunctionToolCall(id="i", function=FunctionCall("f", "")).call() == ToolCall("i", "f", "{}")


def test_a_call_of_a_tool_that_takes_a_text_has_the_text_itself() -> None:
    encoded = msgspec.json.encode(CustomToolCall.of(ToolCall("i", "f", 'a "b"')))
    assert encoded == b'{"id":"i","type":"custom","custom":{"name":"f","input":"a \\"b\\""}}'


CHOICES = [
    (ToolChoice("auto"), b'"auto"'),
    (ToolChoice("none"), b'"none"'),
    (ToolChoice("required"), b'"required"'),
    (ToolChoice("named", "f"), b'{"type":"function","function":{"name":"f"}}'),
]


@pytest.mark.parametrize(("choice", "encoded"), CHOICES)
def test_a_choice_of_tools_is_a_word_or_a_name(choice: ToolChoice, encoded: bytes) -> None:
    assert msgspec.json.encode(choice_shape(choice)) == encoded


def test_usage_tells_the_total_and_what_is_cached_or_reasoning() -> None:
    assert msgspec.json.decode(msgspec.json.encode(CompletionUsage.of(Usage(5, 3, 2, 1)))) == {
        "prompt_tokens": 5,
        "completion_tokens": 3,
        "total_tokens": 8,
        "prompt_tokens_details": {"cached_tokens": 2},
        "completion_tokens_details": {"reasoning_tokens": 1},
    }


def test_usage_tells_of_a_cache_that_was_written_only_if_it_was() -> None:
    details = msgspec.json.encode(CompletionUsage.of(Usage(5, 3, 2, 1, 4)).prompt_tokens_details)
    assert details == b'{"cached_tokens":2,"cache_write_tokens":4}'


@pytest.mark.parametrize("name", NOOPS)
def test_a_value_that_asks_for_nothing_is_left_out(name: str) -> None:
    assert meaningful({name: msgspec.Raw(msgspec.json.encode(NOOPS[name]))}) == {}


ASKING = [
    ("logprobs", b"true"),
    ("logprobs", b"0"),  # legacy completions: tell the chosen token's
    ("top_logprobs", b"false"),
    ("frequency_penalty", b"0.5"),
    ("best_of", b"2"),
    ("service_tier", b'"flex"'),
    ("verbosity", b'"low"'),
    ("logit_bias", b"[" * 900 + b"]" * 900),
    ("seed", b"0"),
    ("anything", b"false"),
]


@pytest.mark.parametrize(("name", "raw"), ASKING)
def test_every_other_value_stays_byte_for_byte(name: str, raw: bytes) -> None:
    assert {key: bytes(value) for key, value in meaningful({name: msgspec.Raw(raw)}).items()} == {name: raw}


@pytest.mark.parametrize("raw", [b"0.0", b"0e3", b"-0"])
def test_a_noop_counts_in_any_spelling(raw: bytes) -> None:
    assert meaningful({"presence_penalty": msgspec.Raw(raw)}) == {}
