"""What models take is a table whose rows say where they are known from; the operator's word is above it."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import msgspec
import pytest

from argoproxy.catalogue import Catalogue
from argoproxy.catalogue.table import abilities, table
from argoproxy.conversation import Abilities

_TESTS = Path(__file__).parents[1]
_PAGE = _TESTS.parent / "docs" / "argo-wire.md"
_RECORDED = {
    f"{row['model']}/{row['variant']}"
    for row in map(json.loads, (_TESTS / "simulator" / "recordings.jsonl").read_text(encoding="utf-8").splitlines())
}
_FIELDS = [field.name for field in msgspec.structs.fields(Abilities)]


def _taken(name: str, **overrides: Any) -> Abilities:
    return Catalogue(overrides=overrides).resolve(name).abilities


_FACTS: list[tuple[str, str, Any]] = [
    ("gpt4o", "temperature", "any"),
    ("gpt4o", "hottest", 2.0),
    ("gpt4o", "token_limit_name", "max_completion_tokens"),
    ("gpt4o", "token_limit_default", None),
    ("gpt4o", "structured", True),
    ("gpt4o", "tool_description_length", 1024),
    ("gpt4o", "efforts", ()),
    ("gpt4o", "output_limit", 16384),
    ("gpto3mini", "temperature", "any"),
    ("gpto3mini", "top_p", True),
    ("gpto3mini", "images", False),
    ("gpto3", "efforts", ("low", "medium", "high")),
    *((name, "temperature", "one") for name in ("gpt5", "gpt5mini", "gpt5nano", "gpt55")),
    *((name, "top_p", False) for name in ("gpt5", "gpt5mini", "gpt5nano", "gpt55")),
    ("gpt51", "temperature", "any"),
    ("gpt5", "efforts", ("minimal", "low", "medium", "high")),
    ("gpt55", "efforts", ("none", "low", "medium", "high", "xhigh")),
    ("gpt55", "context_limit", 1050000),
    ("gemini25pro", "token_limit_name", "max_tokens"),
    ("gemini25pro", "parallel_calls", False),
    ("gemini25pro", "system_parts", False),
    ("gemini25pro", "user_first", True),
    ("gemini25pro", "structured", False),
    ("gemini25pro", "native_tools", True),
    *(("claude" + name, "token_limit_default", 4096) for name in ("opus47", "sonnet46", "haiku45")),
    *(("claude" + name, "hottest", 1.0) for name in ("opus46", "sonnet46", "haiku45", "opus41")),
    *(("claude" + name, "temperature_with_top_p", False) for name in ("opus46", "sonnet46", "opus45", "haiku45")),
    ("claudeopus41", "temperature_with_top_p", True),
    ("claudeopus47", "temperature", "none"),
    ("claudeopus47", "top_p", False),
    ("claudeopus47", "thinking", ("disabled", "adaptive")),
    ("claudeopus47", "efforts", ("low", "medium", "high", "xhigh", "max")),
    *(("claude" + name, "thinking", ("disabled", "enabled", "adaptive")) for name in ("opus46", "sonnet46")),
    *(("claude" + name, "thinking", ("disabled", "enabled")) for name in ("opus45", "opus41", "sonnet45", "haiku45")),
    ("claudesonnet46", "efforts", ("none", "minimal", "low", "medium", "high")),
    ("claudesonnet45", "budget_share", 0.8),
    ("claudesonnet45", "gateway_token_cap", 21000),
    ("claudesonnet45", "streaming_above", 21333),
    ("claudeopus41", "streaming_above", 8192),
    ("claudesonnet45", "late_system", False),
    ("claudesonnet45", "empty_text", False),
    ("claudesonnet45", "user_first", True),
    ("claudesonnet45", "schema_object", True),
    ("claudesonnet45", "schema_refused", frozenset({"$ref", "$defs", "definitions"})),
    ("v3small", "dimensions", True),
    ("ada002", "dimensions", False),
]


@pytest.mark.parametrize(("name", "field", "value"), _FACTS)
def test_what_is_known(name: str, field: str, value: Any) -> None:
    assert getattr(_taken(name), field) == value


_LMH = ("low", "medium", "high")
_PUBLISHED: list[tuple[str, str, Any]] = [
    *((name, "efforts", _LMH) for name in ("gpto1", "gpto3", "gpto3mini", "gpto4mini", "o1", "o3", "o4", "o3mini")),
    *((name, "efforts", ("minimal", *_LMH)) for name in ("gpt5", "gpt5mini", "gpt5nano", "gemini25pro")),
    ("gpt51", "efforts", ("none", *_LMH)),
    *((name, "efforts", ("none", *_LMH, "xhigh")) for name in ("gpt52", "gpt54", "gpt55")),
    ("gemini25flash", "efforts", ("none", "minimal", *_LMH)),
    *((name, "images", False) for name in ("gpto1mini", "gpto1preview", "gpto3mini", "gpt35")),
    *((name, "attachments", True) for name in ("gpt4o", "o3", "gemini25pro")),
    *((name, "structured", True) for name in ("gpt4o", "o3")),
    ("gpt4o", "context_limit", 128_000),
    *((name, "context_limit", 200_000) for name in ("gpto1", "gpto3", "gpto4mini", "claudesonnet45")),
    *((name, "output_limit", 100_000) for name in ("gpto1", "gpto3", "gpto4mini")),
    *((name, "context_limit", 1_047_576) for name in ("gpt41", "gpt41nano")),
    ("gpt41", "output_limit", 32_768),
    ("gpt5", "context_limit", 400_000),
    ("gpt5", "output_limit", 128_000),
    ("gpt54", "context_limit", 1_050_000),
    ("gemini25pro", "context_limit", 1_048_576),
    ("gemini25pro", "output_limit", 65_535),
    ("claudesonnet45", "output_limit", 64_000),
    *((name, "output_limit", 32_000) for name in ("claudeopus4", "claudeopus40", "claudeopus41")),
    *((name, "context_limit", 1_000_000) for name in ("claudeopus46", "claudeopus47", "claudesonnet46")),
    *((name, "output_limit", 128_000) for name in ("claudeopus46", "claudeopus47", "claudesonnet46")),
    ("v3large", "dimensions", True),
]


@pytest.mark.parametrize(("internal_id", "field", "value"), _PUBLISHED)
def test_what_the_models_makers_say(internal_id: str, field: str, value: Any) -> None:
    """ARGO's own list may have models that the table's hasn't."""
    assert getattr(table().about(internal_id)["abilities"], field) == value


def test_a_model_of_no_known_family_takes_everything_and_has_no_tools_of_its_own() -> None:
    catalogue = Catalogue()
    catalogue.learn(b'{"data": [{"internal_id": "llama4", "id": "Llama 4"}, {"internal_id": "gpto1mini", "id": "o1"}]}')
    assert catalogue.resolve("llama4").abilities == Abilities(native_tools=False, tool_description_length=1024)
    assert not catalogue.resolve("gpto1mini").abilities.system_role


def test_every_row_says_where_it_is_known_from() -> None:
    assert all(row.source.strip() for row in table().abilities)
    assert not [one for row in table().abilities for one in row.recorded if one not in _RECORDED]


def test_recorded_calls_are_of_the_rows_own_models() -> None:
    for row in table().abilities:
        for model in [one.partition("/")[0] for one in row.recorded]:
            assert any(fnmatchcase(model, pattern) for pattern in row.match), (row.source, model)


def test_anchors_are_on_the_page() -> None:
    named = {found for row in table().abilities for found in re.findall(r"argo-wire#([\w-]+)", row.source)}
    assert len(named) > 15
    assert named <= set(re.findall(r'<a id="([\w-]+)">', _PAGE.read_text(encoding="utf-8")))


def test_every_ability_is_said_of_some_model() -> None:
    assert {name for row in table().abilities for name in row.said} == set(_FIELDS)


@pytest.mark.parametrize("pattern", ["gpt5", "GPT5", "gpt-5", "argo:gpt-5", "argo/gpt-5", "gpt*", "gpt-[56]", "*"])
def test_the_operator_means_a_model_by_any_name_or_a_pattern(pattern: str) -> None:
    taken = _taken("gpt5", **{pattern: {"temperature": "any", "images": False}})
    assert (taken.temperature, taken.images, taken.top_p) == ("any", False, False)


@pytest.mark.parametrize("pattern", ["gpt4o", "gpt", "argo:gpt-5.1", "claude*"])
def test_other_models_are_not_meant(pattern: str) -> None:
    assert _taken("gpt5", **{pattern: {"temperature": "any"}}).temperature == "one"


def test_later_rows_are_over_earlier_ones_and_hold_for_lists_learnt_later() -> None:
    catalogue = Catalogue(overrides={"*": {"hottest": 3.0, "images": False}, "newmodel": {"hottest": 4.0}})
    catalogue.learn(b'{"data": [{"internal_id": "newmodel", "id": "New Model"}]}')
    taken = catalogue.resolve("new-model").abilities
    assert (taken.hottest, taken.images) == (4.0, False)


def test_fields_are_of_their_own_types() -> None:
    assert abilities({"schema_refused": ["a"], "efforts": ["low"], "hottest": 1}) == {
        "schema_refused": frozenset({"a"}),
        "efforts": ("low",),
        "hottest": 1.0,
    }
    with pytest.raises(msgspec.ValidationError):
        abilities({"temperature": "hot"})
    with pytest.raises(KeyError):
        abilities({"temperatur": "any"})
