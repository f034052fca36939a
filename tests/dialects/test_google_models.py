"""Google's list of models has a row for every public name, and its SDK reads it, in pages or as one."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest
from zope.interface.verify import verifyObject

from argoproxy.conversation import Abilities, Model
from argoproxy.dialects import google_models
from argoproxy.errors import ClientFault
from argoproxy.interfaces import IModelList
from tests.dialects.google_sdk import client

MODELS = [
    Model(
        internal_id="gpt4o",
        names=("argo:gpt-4o",),
        family="openai",
        abilities=Abilities(context_limit=9, output_limit=5),
    ),
    Model(internal_id="claudesonnet45", names=("argo:claude-sonnet-4.5", "argo:claude-4.5-sonnet"), family="anthropic"),
    Model(internal_id="v3small", names=("argo:text-embedding-3-small",), family="openai", kind="embedding"),
]
NAMES = [
    "models/argo:gpt-4o",
    "models/argo:claude-sonnet-4.5",
    "models/argo:claude-4.5-sonnet",
    "models/argo:text-embedding-3-small",
]


def page(**query: str) -> tuple[list[str], str | None]:
    """The names on a page, and where the next one begins."""
    body: dict[str, Any] = json.loads(google_models.listing(MODELS, query))
    return [row["name"] for row in body["models"]], body.get("nextPageToken")


def test_the_module_provides_its_interface() -> None:
    verifyObject(IModelList, google_models)


def test_a_row_says_what_the_model_can() -> None:
    rows = json.loads(google_models.listing(MODELS))["models"]
    assert rows[0] == {
        "name": "models/argo:gpt-4o",
        "version": "gpt4o",
        "displayName": "gpt-4o",
        "inputTokenLimit": 9,
        "outputTokenLimit": 5,
        "supportedGenerationMethods": ["generateContent", "streamGenerateContent", "countTokens"],
    }
    assert rows[3] == {
        "name": "models/argo:text-embedding-3-small",
        "version": "v3small",
        "displayName": "text-embedding-3-small",
        "supportedGenerationMethods": ["embedContent", "batchEmbedContents"],
    }


@pytest.mark.parametrize(
    ("query", "names", "following"),
    [
        ({}, NAMES, None),
        ({"pageSize": "4"}, NAMES, None),
        ({"pageSize": "3"}, NAMES[:3], "3"),
        ({"page_size": "3", "page_token": "3"}, NAMES[3:], None),
        ({"pageSize": "1", "pageToken": "1"}, NAMES[1:2], "2"),
        ({"pageSize": "0", "pageToken": ""}, NAMES, None),
        ({"pageToken": "99"}, [], None),
        ({"pageSize": "999999999"}, NAMES, None),
    ],
)
def test_the_list_comes_in_pages(query: dict[str, str], names: list[str], following: str | None) -> None:
    assert page(**query) == (names, following)


@pytest.mark.parametrize("name", ["pageSize", "pageToken"])
@pytest.mark.parametrize("value", ["x", "-1", "1.5", "²", "9" * 20])
def test_what_is_no_number_is_refused(name: str, value: str) -> None:
    with pytest.raises(ClientFault) as caught:
        page(**{name: value})
    assert (caught.value.status, caught.value.param) == (400, name)


def test_no_page_is_longer_than_google_allows() -> None:
    many = [Model(internal_id=f"m{index}", names=(f"argo:m{index}",), family="unknown") for index in range(1001)]
    body = json.loads(google_models.listing(many, {"pageSize": "5000"}))
    assert (len(body["models"]), body["nextPageToken"]) == (1000, "1000")


@pytest.mark.parametrize("name", ["gpt-4o", "models/gpt-4o", "argo:GPT-4o"])
def test_one_model_has_the_name_that_was_asked_for(name: str) -> None:
    row = json.loads(google_models.one(MODELS[0], name))
    assert (row["name"], row["version"]) == (f"models/{name.removeprefix('models/')}", "gpt4o")


def test_googles_own_sdk_reads_all_pages_and_one_model() -> None:
    def answer(asked: httpx2.Request) -> httpx2.Response:
        if asked.url.path.endswith("/models"):
            return httpx2.Response(200, content=google_models.listing(MODELS, dict(asked.url.params)))
        return httpx2.Response(200, content=google_models.one(MODELS[0], asked.url.path.partition("/models/")[2]))

    sdk = client(answer)
    assert [model.name for model in sdk.models.list(config={"page_size": 3})] == NAMES
    model = sdk.models.get(model="argo:gpt-4o")
    assert (model.name, model.input_token_limit, model.output_token_limit) == ("models/argo:gpt-4o", 9, 5)
    assert model.supported_actions == ["generateContent", "streamGenerateContent", "countTokens"]
