"""The dialects in which tokens are counted: the same for every wire, since ARGO has no such call and isn't asked."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from tests.matrix.adapters.adapter import Adapter
from tests.matrix.adapters.anthropic_messages import AnthropicMessages
from tests.matrix.adapters.google_genai import GoogleGenAI
from tests.matrix.asks import PIXEL, Ask, Model, User
from tests.matrix.client import Client
from tests.matrix.columns import CHAT, Column
from tests.matrix.features import HELLO, TOOLS
from tests.web import Web


class AnthropicCount(AnthropicMessages):
    """C{POST /v1/messages/count_tokens}."""

    dialect = "anthropic_count"

    def path(self, ask: Ask, model: str) -> str:
        return "/v1/messages/count_tokens?beta=true"

    def body(self, ask: Ask, model: str) -> dict[str, Any]:
        return {name: value for name, value in super().body(ask, model).items() if name != "max_tokens"}

    def counted(self, document: Any) -> int:
        """What a reply says."""
        [count] = document.values()
        assert document == {"input_tokens": count}
        return int(count)


class GoogleCount(GoogleGenAI):
    """C{:countTokens}, with the whole request that is meant."""

    dialect = "google_count"

    def path(self, ask: Ask, model: str) -> str:
        return f"/v1beta/models/{model}:countTokens"

    def body(self, ask: Ask, model: str) -> dict[str, Any]:
        return {"generateContentRequest": {"model": f"models/{model}", **super().body(ask, model)}}

    def counted(self, document: Any) -> int:
        """What a reply says."""
        assert set(document) == {"totalTokens"}
        return int(document["totalTokens"])


Counting = AnthropicCount | GoogleCount
ADAPTERS: tuple[tuple[Counting, Adapter], ...] = (
    (AnthropicCount(), AnthropicMessages()),
    (GoogleCount(), GoogleGenAI()),
)
ASKED = (
    Ask(turns=(User(HELLO),)),
    Ask(turns=(User("One"), Model("Two"), User(HELLO)), system="Be brief."),
    Ask(turns=(User(HELLO),), tools=TOOLS),
    Ask(turns=(User("What is this?", PIXEL),)),
)


@pytest.fixture(scope="module")
def web_of() -> Callable[[Column], Web]:
    """One proxy for each column."""
    return cache(Column.web)


@pytest.mark.parametrize(("counting", "asking"), ADAPTERS, ids=lambda adapter: adapter.label)
@pytest.mark.parametrize("column", CHAT, ids=lambda column: column.label)
@pytest.mark.parametrize("asked", ASKED, ids=["text", "turns", "tools", "image"])
def test_a_count_is_that_of_the_reply(
    web_of: Callable[[Column], Web], counting: Counting, asking: Adapter, column: Column, asked: Ask
) -> None:
    """Where the proxy counts replies' prompts itself, the numbers are the same."""
    web = web_of(column)
    web.simulator.requests.clear()
    got = web.post(counting.path(asked, column.model), counting.body(asked, column.model))
    assert got.status == 200
    assert not web.simulator.requests
    if column.native:
        assert counting.counted(got.json()) > 3
        return
    said = asking.whole(web.post(asking.path(asked, column.model), asking.body(asked, column.model)).json())
    assert said.usage is not None
    assert counting.counted(got.json()) == said.usage.prompt


@pytest.mark.parametrize("counting", [row[0] for row in ADAPTERS], ids=lambda adapter: adapter.label)
@pytest.mark.parametrize("column", CHAT, ids=lambda column: column.label)
def test_no_trouble_of_argos_is_a_counts(web_of: Callable[[Column], Web], counting: Counting, column: Column) -> None:
    """There is nothing to stream, to call, or to break: ARGO isn't asked, so its faults don't show."""
    web = web_of(column)
    asked = Ask(turns=(User(f"{HELLO} [sim:reset]"),))
    assert web.post(counting.path(asked, column.model), counting.body(asked, column.model)).status == 200


@pytest.mark.parametrize("counting", [row[0] for row in ADAPTERS], ids=lambda adapter: adapter.label)
def test_an_unknown_model_is_told_as_ever(counting: Counting) -> None:
    client = Client(counting, CHAT[0], CHAT[0].web())
    asked = Ask(turns=(User(HELLO),))
    got = client.post(counting.path(asked, "gpt-99"), counting.body(asked, "gpt-99"))
    assert got.status == 404
    assert counting.trouble(got.json()).kind in ("not_found_error", "NOT_FOUND")
