"""The matrix leaves nothing out: no dialect, no wire, no family of models, no feature; and no reason in it is stale."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import pytest

from argoproxy.config import Config
from argoproxy.registry import DIALECTS, upstreams
from argoproxy.routing import FAMILIES
from tests.matrix import test_counts_matrix, test_direct_matrix, test_embeddings_matrix
from tests.matrix.absent import ABSENT
from tests.matrix.adapters.openai_chat import OpenAIChat
from tests.matrix.client import Client
from tests.matrix.columns import CHAT, EMBEDDINGS, Column
from tests.matrix.failures import BEFORE, ODD
from tests.matrix.features import FEATURES
from tests.matrix.test_matrix import ADAPTERS

WIRES = {
    "gateway": "/api/v1/resource/chat/",
    "openai_native": "/v1/chat/completions",
    "anthropic_native": "/v1/messages",
}
"""Where ARGO is asked over each wire."""

NEEDED = {
    "text": ["text"],
    "stream": ["stream"],
    "system": ["system"],
    "multi-turn": ["turns", "model_first", "silent_turn"],
    "one tool call": [
        "one_call",
        "no_call",
        "required_call",
        "named_call",
        "forbidden_call",
        "awkward_tools",
        "orphaned_call",
    ],
    "parallel calls": ["parallel_calls", "single_call"],
    "result round trip": ["result", "results", "pictured_result"],
    "streamed arguments": ["streamed_arguments"],
    "sampling": ["sampling"],
    "image": ["image"],
    "stop reason length": ["length", "room"],
    "stop reason stop": ["stop"],
    "stop reason tool": ["one_call"],
    "usage": ["usage", "usage_of_calls"],
    "reasoning": ["thinking", "sealed_thoughts"],
    "structured output": ["shaped", "misshaped"],
    "replies out of the ordinary": list(ODD),
    "error before the first byte": list(BEFORE),
    "error in the stream": ["error_in_stream"],
    "broken stream": ["reset_midway", "truncated", "no_terminal"],
}
"""What every client must have with every model, and the features that show it."""


def test_every_dialect_is_in_a_matrix() -> None:
    chat = {adapter.dialect for adapter in ADAPTERS}
    embeddings = {adapter.dialect for adapter in test_embeddings_matrix.ADAPTERS}
    counts = {counting.dialect for counting, _ in test_counts_matrix.ADAPTERS}
    assert chat | embeddings | counts | {"argo_direct"} == set(DIALECTS)
    assert test_direct_matrix.every_column.args[1] == CHAT


def test_every_wire_is_a_column() -> None:
    wires = set(upstreams(Config(user="someone")))
    assert {column.wire for column in CHAT} == wires == set(WIRES)
    assert {column.wire for column in EMBEDDINGS} == wires - {"anthropic_native"}


@pytest.mark.parametrize(
    ("wire", "families"),
    [("gateway", FAMILIES), ("openai_native", FAMILIES), ("anthropic_native", ("anthropic",))],
)
def test_every_family_of_models_is_on_every_wire_that_has_it(wire: str, families: Collection[str]) -> None:
    columns = [column for column in CHAT if column.wire == wire]
    assert {column.served(column.web()).family for column in columns} == set(families)


@pytest.mark.parametrize("column", CHAT, ids=lambda column: column.label)
def test_a_column_is_the_wire_that_it_says(column: Column) -> None:
    client = Client(OpenAIChat(), column, column.web())
    client.good("Hello")
    assert client.web.simulator.requests[-1].path == WIRES[column.wire]
    assert client.web.asked()["model"] == client.model.internal_id


def test_every_feature_that_is_needed_is_there() -> None:
    named = [name for names in NEEDED.values() for name in names]
    assert set(named) == set(FEATURES)


def _clients() -> Iterator[Client]:
    web = CHAT[0].web()
    for adapter in ADAPTERS:
        for column in CHAT:
            yield Client(adapter, column, web)


@pytest.mark.parametrize("place", range(len(ABSENT)), ids=lambda place: ABSENT[place].reason)
def test_every_reason_is_of_use(place: int) -> None:
    """It names features that there are, and is the first to apply to some pair for each of them."""
    row = ABSENT[place]
    assert set(row.features) <= set(FEATURES)
    for name in row.features:
        earlier = [one for one in ABSENT[:place] if name in one.features]
        fits = [client for client in _clients() if row.applies(client)]
        assert any(not any(one.applies(client) for one in earlier) for client in fits), name
