"""Codex's list of models has all that its versions require, in values that it knows."""

from __future__ import annotations

import json
from typing import Any

import pytest
from zope.interface.verify import verifyObject

from argoproxy.conversation import Abilities, Model
from argoproxy.dialects import codex_models
from argoproxy.interfaces import IModelList

MODELS = [
    Model(
        internal_id="gpt5",
        names=("argo:gpt-5", "argo:gpt5"),
        family="openai",
        abilities=Abilities(context_limit=400_000, efforts=("minimal", "low", "max")),
    ),
    Model(
        internal_id="old",
        names=("argo:old",),
        family="unknown",
        abilities=Abilities(images=False, parallel_calls=False),
    ),
    Model(internal_id="v3small", names=("argo:text-embedding-3-small",), family="openai", kind="embedding"),
]

# The fields without which a row is no row in one version of Codex or another, and their types.
REQUIRED: dict[str, type | tuple[type, ...]] = {
    "slug": str,
    "display_name": str,
    "supported_reasoning_levels": list,
    "shell_type": str,
    "visibility": str,
    "supported_in_api": bool,
    "priority": int,
    "base_instructions": str,
    "supports_reasoning_summaries": bool,
    "support_verbosity": bool,
    "truncation_policy": dict,
    "supports_parallel_tool_calls": bool,
    "experimental_supported_tools": list,
}


def rows() -> list[dict[str, Any]]:
    body = json.loads(codex_models.listing(MODELS, {"client_version": "0.99.0"}))
    assert set(body) == {"models"}
    listed: list[dict[str, Any]] = body["models"]
    return listed


def test_the_module_provides_its_interface() -> None:
    verifyObject(IModelList, codex_models)


def test_every_model_that_chats_has_one_row_in_order() -> None:
    assert [(row["slug"], row["display_name"], row["priority"]) for row in rows()] == [
        ("argo:gpt-5", "gpt-5", 0),
        ("argo:old", "old", 1),
    ]


@pytest.mark.parametrize("field", REQUIRED)
def test_what_codex_requires_is_there(field: str) -> None:
    assert all(isinstance(row[field], REQUIRED[field]) for row in rows())


def test_a_model_is_never_told_nothing() -> None:
    """Older versions of Codex send what the row has in place of their own instructions."""
    assert all(len(row["base_instructions"]) > 100 for row in rows())


def test_abilities_are_said_in_words_that_codex_knows() -> None:
    able, plain = rows()
    assert [level["effort"] for level in able["supported_reasoning_levels"]] == ["minimal", "low"]
    assert all(level["description"] for level in able["supported_reasoning_levels"])
    assert (able["supports_reasoning_summaries"], plain["supports_reasoning_summaries"]) == (True, False)
    assert (able["input_modalities"], plain["input_modalities"]) == (["text", "image"], ["text"])
    assert (able["supports_parallel_tool_calls"], plain["supports_parallel_tool_calls"]) == (True, False)
    assert (able["context_window"], plain["context_window"]) == (400_000, None)


def test_one_model_has_the_name_that_was_asked_for() -> None:
    row = json.loads(codex_models.one(MODELS[0], "gpt5"))
    assert (row["slug"], row["display_name"]) == ("gpt5", "gpt-5")
