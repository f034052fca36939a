"""OpenAI's SDK lists models through the proxy, over real sockets."""

from __future__ import annotations

import pytest
from openai import NotFoundError, OpenAI

pytest_plugins = ["tests.services"]


def test_the_list_has_every_public_name_once(client: OpenAI) -> None:
    names = [model.id for model in client.models.list()]
    assert len(names) == len(set(names))
    assert all(name.startswith("argo:") for name in names)
    assert {
        "argo:gpt-4o",
        "argo:o3-mini",
        "argo:gpt-o3-mini",
        "argo:claude-sonnet-4.5",
        "argo:claude-4.5-sonnet",
        "argo:gemini-2.5-pro",
        "argo:text-embedding-3-small",
    } <= set(names)


def test_a_row_tells_family_and_argos_own_name(client: OpenAI) -> None:
    row = client.models.retrieve("argo:claude-sonnet-4.5")
    assert (row.object, row.owned_by) == ("model", "anthropic")
    assert row.to_dict()["internal_name"] == "claudesonnet45"
    assert row.created > 0


@pytest.mark.parametrize("name", ["argo:gpt-4o", "argo/gpt-4o", "gpt4o", "GPT-4o"])
def test_a_model_is_found_by_any_of_its_names(client: OpenAI, name: str) -> None:
    row = client.models.retrieve(name)
    assert row.id == name
    assert row.to_dict()["internal_name"] == "gpt4o"


def test_every_listed_name_can_be_retrieved(client: OpenAI) -> None:
    for model in client.models.list():
        assert client.models.retrieve(model.id) == model


def test_an_unknown_model_is_not_found_with_the_nearest_names(client: OpenAI) -> None:
    with pytest.raises(NotFoundError) as told:
        client.models.retrieve("gpt-4oo")
    assert told.value.code == "model_not_found"
    assert "argo:gpt-4o" in told.value.message
