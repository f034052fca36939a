"""Google's words are those that its SDK knows."""

from __future__ import annotations

import json
import typing

import msgspec
import pytest
from google.genai import types

from argoproxy.conversation import FinishReason, Usage
from argoproxy.vocabulary import google


@pytest.mark.parametrize("reason", typing.get_args(FinishReason))
def test_every_reason_to_end_has_a_word_that_the_sdk_knows(reason: FinishReason) -> None:
    assert google.FINISH_REASONS[reason] in types.FinishReason.__members__


def test_the_other_words_are_the_sdks_too() -> None:
    assert google.MALFORMED_CALL in types.FinishReason.__members__
    assert {*google.FUNCTION_MODES, "MODE_UNSPECIFIED"} == set(types.FunctionCallingConfigMode.__members__)
    assert {*google.EFFORTS, "THINKING_LEVEL_UNSPECIFIED"} == set(types.ThinkingLevel.__members__)


def test_every_field_that_may_ask_for_nothing_is_one_of_the_sdks() -> None:
    known = {field.alias for field in types.GenerationConfig.model_fields.values()}
    assert set(google.NOOPS) <= known


def test_parts_that_are_refused_have_the_sdks_names() -> None:
    assert {types.Part.model_fields[field].alias for field in google.UNSUPPORTED_PARTS} == set(
        google.UNSUPPORTED_PARTS.values()
    )


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (Usage(), {"promptTokenCount": 0, "candidatesTokenCount": 0, "totalTokenCount": 0}),
        (
            Usage(prompt=10, completion=7, cached=4, reasoning=5),
            {
                "promptTokenCount": 10,
                "cachedContentTokenCount": 4,
                "candidatesTokenCount": 2,
                "thoughtsTokenCount": 5,
                "totalTokenCount": 17,
            },
        ),
    ],
)
def test_thoughts_are_counted_beside_the_candidates(usage: Usage, expected: dict[str, int]) -> None:
    written = msgspec.json.encode(google.UsageMetadata.of(usage))
    assert json.loads(written) == expected
    types.GenerateContentResponseUsageMetadata.model_validate_json(written)
