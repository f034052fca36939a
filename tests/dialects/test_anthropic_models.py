"""The list of models: a row for each that chats, with ids that Claude Code shows, in the shape that the SDK reads."""

from __future__ import annotations

import json
from typing import Any

import pytest
from anthropic.types import ModelInfo
from zope.interface.verify import verifyObject

from argoproxy.catalogue import Catalogue
from argoproxy.conversation import Abilities, Model
from argoproxy.dialects import anthropic_models
from argoproxy.errors import ClientFault
from argoproxy.interfaces import IModelList

SONNET = Model(
    internal_id="claudesonnet45",
    names=("argo:claude-sonnet-4.5", "argo:claude-4.5-sonnet"),
    family="anthropic",
    created=1_700_000_000,
    abilities=Abilities(context_limit=9, output_limit=5),
)
GPT = Model(internal_id="gpt4o", names=("argo:gpt-4o",), family="openai")
FLASH = Model(internal_id="gemini25flash", names=("argo:gemini-2.5-flash",), family="google", created=1 << 40)
SMALL = Model(internal_id="v3small", names=("argo:text-embedding-3-small",), family="openai", kind="embedding")
MODELS = (SONNET, GPT, FLASH, SMALL)
IDS = ["claude-sonnet-4-5", "anthropic/gpt-4o", "anthropic/gemini-2.5-flash"]


def page(**query: str) -> dict[str, Any]:
    listed: dict[str, Any] = json.loads(anthropic_models.listing(MODELS, query))
    return listed


def ids(listed: dict[str, Any]) -> list[str]:
    return [row["id"] for row in listed["data"]]


def test_it_is_a_list_of_models() -> None:
    assert verifyObject(IModelList, anthropic_models)


def test_every_model_that_chats_is_a_row() -> None:
    assert page() == {
        "data": [
            {
                "type": "model", "id": "claude-sonnet-4-5", "display_name": "Claude Sonnet 4.5",
                "created_at": "2023-11-14T22:13:20Z", "max_input_tokens": 9, "max_tokens": 5, "lifecycle": "active",
            },
            {
                "type": "model", "id": "anthropic/gpt-4o", "display_name": "gpt-4o",
                "created_at": "1970-01-01T00:00:00Z", "max_input_tokens": None, "max_tokens": None,
                "lifecycle": "active",
            },
            {
                "type": "model", "id": "anthropic/gemini-2.5-flash", "display_name": "gemini-2.5-flash",
                "created_at": "9999-12-31T23:59:59Z", "max_input_tokens": None, "max_tokens": None,
                "lifecycle": "active",
            },
        ],
        "has_more": False,
        "first_id": IDS[0],
        "last_id": IDS[-1],
    }  # fmt: skip


def test_every_id_begins_as_claude_code_wants_it_and_leads_to_its_model() -> None:
    catalogue = Catalogue()
    chatting = [model for model in catalogue.models() if model.kind == "chat"]
    listed = ids(json.loads(anthropic_models.listing(catalogue.models(), {"limit": "1000"})))
    assert [catalogue.resolve(name) for name in listed] == chatting
    assert all(catalogue.is_known(name) and name.startswith(("claude", "anthropic")) for name in listed)


PAGES: list[tuple[dict[str, str], list[str], bool]] = [
    ({"limit": "1000"}, IDS, False),
    ({"limit": "3"}, IDS, False),
    ({"limit": "2"}, IDS[:2], True),
    ({"limit": "2", "after_id": IDS[0]}, IDS[1:], False),
    ({"limit": "1", "after_id": IDS[0]}, IDS[1:2], True),
    ({"after_id": IDS[-1]}, [], False),
    ({"before_id": IDS[0]}, [], False),
    ({"limit": "1", "before_id": IDS[2]}, IDS[1:2], True),
    ({"limit": "2", "before_id": IDS[2]}, IDS[:2], False),
    ({"beta": "true"}, IDS, False),
]


@pytest.mark.parametrize(("query", "listed", "more"), PAGES)
def test_the_list_comes_in_pages(query: dict[str, str], listed: list[str], more: bool) -> None:
    told = page(**query)
    assert (ids(told), told["has_more"]) == (listed, more)
    assert (told["first_id"], told["last_id"]) == ((listed[0], listed[-1]) if listed else (None, None))


def test_a_page_that_nobody_limits_has_twenty_rows() -> None:
    models = [Model(internal_id=f"m{n}", names=(f"argo:claude-{n}",), family="anthropic") for n in range(25)]
    listed = json.loads(anthropic_models.listing(models, {}))
    assert (len(listed["data"]), listed["has_more"]) == (20, True)


REFUSED = [
    ({"limit": "0"}, "limit"),
    ({"limit": "1001"}, "limit"),
    ({"limit": "many"}, "limit"),
    ({"after_id": "x"}, "after_id"),
    ({"before_id": "x"}, "before_id"),
]


@pytest.mark.parametrize(("query", "param"), REFUSED)
def test_a_page_that_there_is_not_is_refused(query: dict[str, str], param: str) -> None:
    with pytest.raises(ClientFault) as raised:
        page(**query)
    assert (raised.value.status, raised.value.param) == (400, param)


def test_no_models_are_an_empty_list() -> None:
    empty = {"data": [], "has_more": False, "first_id": None, "last_id": None}
    assert json.loads(anthropic_models.listing([])) == empty


def test_one_model_has_the_name_that_was_asked_for() -> None:
    row = json.loads(anthropic_models.one(SONNET, "claude-sonnet-4-5-20250929"))
    assert (row["id"], row["display_name"]) == ("claude-sonnet-4-5-20250929", "Claude Sonnet 4.5")


def test_the_sdk_takes_every_row() -> None:
    for row in [*page()["data"], json.loads(anthropic_models.one(GPT, "x"))]:
        assert ModelInfo.model_validate_json(json.dumps(row), strict=True).id == row["id"]
