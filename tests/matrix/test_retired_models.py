"""Models that ARGO's list may still have, and the simulator's hasn't: what they refused is put right on each wire."""

from __future__ import annotations

import pytest

from tests.matrix.adapters.anthropic_messages import AnthropicMessages
from tests.matrix.adapters.google_genai import GoogleGenAI
from tests.matrix.adapters.openai_chat import OpenAIChat
from tests.matrix.adapters.openai_responses import OpenAIResponses
from tests.matrix.client import Client
from tests.matrix.columns import Column
from tests.matrix.features import HELLO

ADAPTERS = (OpenAIChat(), OpenAIResponses(), AnthropicMessages(), GoogleGenAI())
COLUMNS = [
    Column(wire, name, listed={"id": name.replace("-", " "), "internal_id": f"gpt{name.replace('-', '')}"})
    for wire in ("gateway", "openai_native")
    for name in ("o1-mini", "o1-preview")
]


@pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda adapter: adapter.label)
@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.label)
def test_the_user_says_what_the_system_would(
    adapter: OpenAIChat | OpenAIResponses | AnthropicMessages | GoogleGenAI, column: Column
) -> None:
    """They took no system message."""
    client = Client(adapter, column, column.web())
    said = client.good(HELLO, system="Be brief.")
    assert client.heard() == [("user", "Be brief."), ("user", HELLO)]
    assert "system-role" in said.adjusted
