"""What operators may say of models' abilities, and how what is wrong in it is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from argoproxy.config import Config, ConfigFault, load


def _loaded(tmp_path: Path, text: str) -> Config:
    file = tmp_path / "config.yaml"
    file.write_text(f"user: someone\n{text}")
    return load(str(file))


def test_a_model_or_a_pattern_has_fields(tmp_path: Path) -> None:
    text = """
abilities:
  gpt5*: {temperature: any, efforts: [low, high], output_limit: null}
  argo:claude-opus-4.7: {schema_refused: [$ref], hottest: 1, user_first: false, budget_share: 0.5}
"""
    assert _loaded(tmp_path, text).abilities == {
        "gpt5*": {"temperature": "any", "efforts": ("low", "high"), "output_limit": None},
        "argo:claude-opus-4.7": {
            "schema_refused": frozenset({"$ref"}),
            "hottest": 1.0,
            "user_first": False,
            "budget_share": 0.5,
        },
    }


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ("{temperatur: any}", "abilities.gpt5.temperatur: no such key; did you mean abilities.gpt5.temperature?"),
        ("{temperature: hot}", 'abilities.gpt5.temperature: must be any or none or one, found "hot"'),
        ("{top_p: 1}", "abilities.gpt5.top_p: must be true or false, found 1"),
        ("{output_limit: 0}", "abilities.gpt5.output_limit: must be a whole number from 1 or null, found 0"),
        ("{hottest: -1}", "abilities.gpt5.hottest: must be a number from 0, found -1"),
        ("{budget_share: 1}", "abilities.gpt5.budget_share: must be a number above 0 and below 1, found 1"),
        (
            "{thinking: [loud]}",
            "abilities.gpt5.thinking: must be a list of adaptive or disabled or enabled, found a list",
        ),
        ("{schema_refused: $ref}", "abilities.gpt5.schema_refused: must be a list of words"),
        ("3", "abilities.gpt5: must be a mapping of abilities, found 3"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, fields: str, told: str) -> None:
    with pytest.raises(ConfigFault) as fault:
        _loaded(tmp_path, f"abilities:\n  gpt5: {fields}\n")
    assert told in str(fault.value)
    assert "config.yaml:3: " in str(fault.value)


def test_it_must_be_a_mapping() -> None:
    with pytest.raises(ConfigFault, match="abilities: must be a mapping of models, or patterns for them, to abilities"):
        Config(user="someone", abilities=["gpt5"])  # type: ignore[arg-type]


def test_reading_twice_changes_nothing() -> None:
    rows: Any = {"gpt5": {"thinking": ["enabled"], "token_limit_name": None}}
    once = Config(user="someone", abilities=rows).abilities
    assert Config(user="someone", abilities=once).abilities == once
