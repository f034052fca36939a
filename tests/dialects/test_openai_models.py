"""The list of models: a row for each name, in the shape that OpenAI's SDK reads."""

from __future__ import annotations

import json

from openai.types import Model as SdkModel

from argoproxy.conversation import Model
from argoproxy.dialects import openai_models

SONNET = Model(
    internal_id="claudesonnet45",
    names=("argo:claude-sonnet-4.5", "argo:claude-4.5-sonnet"),
    family="anthropic",
    created=1_700_000_000,
)
SMALL = Model(internal_id="v3small", names=("argo:text-embedding-3-small",), family="openai", kind="embedding")


def test_every_public_name_is_a_row_in_order() -> None:
    listing = json.loads(openai_models.listing([SONNET, SMALL]))
    assert listing == {
        "object": "list",
        "data": [
            {
                "id": "argo:claude-sonnet-4.5",
                "object": "model",
                "created": 1_700_000_000,
                "owned_by": "anthropic",
                "internal_name": "claudesonnet45",
            },
            {
                "id": "argo:claude-4.5-sonnet",
                "object": "model",
                "created": 1_700_000_000,
                "owned_by": "anthropic",
                "internal_name": "claudesonnet45",
            },
            {
                "id": "argo:text-embedding-3-small",
                "object": "model",
                "created": 0,
                "owned_by": "openai",
                "internal_name": "v3small",
            },
        ],
    }


def test_no_models_are_an_empty_list() -> None:
    assert json.loads(openai_models.listing([])) == {"object": "list", "data": []}


def test_one_model_has_the_name_that_was_asked_for() -> None:
    row = json.loads(openai_models.one(SONNET, "Argo/Claude-Sonnet-4-5"))
    assert row["id"] == "Argo/Claude-Sonnet-4-5"
    assert row["internal_name"] == "claudesonnet45"


def test_the_sdk_takes_every_row() -> None:
    rows = [*json.loads(openai_models.listing([SONNET, SMALL]))["data"], json.loads(openai_models.one(SMALL, "x"))]
    for row in rows:
        assert SdkModel.model_validate(row, strict=True).id == row["id"]
