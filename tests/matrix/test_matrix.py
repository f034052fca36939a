"""
Every dialect over every wire with every feature: a cell of the matrix is a test.

A new dialect is an adapter (L{tests.matrix.adapters}) and a line in L{ADAPTERS}; a new wire or model is a row of
L{tests.matrix.columns}; a new feature is a function in L{tests.matrix.features} or L{tests.matrix.failures}. A pair
that can't have a feature has a row in L{tests.matrix.absent}, and what that promises is checked in the feature's place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import pytest

from tests.matrix import failures
from tests.matrix.absent import absent
from tests.matrix.adapters.adapter import Adapter
from tests.matrix.adapters.anthropic_messages import AnthropicMessages
from tests.matrix.adapters.google_genai import GoogleArray, GoogleGenAI
from tests.matrix.adapters.openai_chat import OpenAIChat
from tests.matrix.adapters.openai_completions import OpenAICompletions
from tests.matrix.adapters.openai_responses import OpenAIResponses
from tests.matrix.client import Client
from tests.matrix.columns import CHAT, Column
from tests.matrix.features import FEATURES, STREAM_ONLY
from tests.web import Web

ADAPTERS: tuple[Adapter, ...] = (
    OpenAIChat(),
    OpenAICompletions(),
    OpenAIResponses(),
    AnthropicMessages(),
    GoogleGenAI(),
    GoogleArray(),
)
assert failures.BEFORE, "imported so that its features are registered"


def _cells() -> Iterator[object]:
    for adapter in ADAPTERS:
        for column in CHAT:
            for name in FEATURES:
                for streamed in (True,) if name in STREAM_ONLY else (False, True):
                    label = f"{adapter.label}-{column.label}-{name}{'-streamed' if streamed else ''}"
                    yield pytest.param(adapter, column, name, streamed, id=label)


@pytest.fixture(scope="module")
def web_of() -> Callable[[Column], Web]:
    """One proxy for each column, which serves all of its clients."""
    return cache(Column.web)


@pytest.mark.parametrize(("adapter", "column", "feature", "streamed"), list(_cells()))
def test_a_cell_of_the_matrix(
    web_of: Callable[[Column], Web], adapter: Adapter, column: Column, feature: str, streamed: bool
) -> None:
    web = web_of(column)
    web.simulator.requests.clear()
    client = Client(adapter, column, web, streamed)
    row = absent(feature, client)
    if row is None:
        FEATURES[feature](client)
    else:
        row.instead(client)
