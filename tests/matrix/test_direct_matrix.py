"""ARGO's own calls, which the proxy passes on unconverted: they are the gateway's, whichever wires are in use."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from tests.matrix.columns import CHAT, EMBEDDINGS, Column
from tests.matrix.features import HELLO
from tests.simulator.asking import anthropic_tool, google_tool, openai_tool
from tests.web import Got, Web

GATEWAY = "/api/v1/resource/"
TOOLS = {"anthropic": anthropic_tool, "google": google_tool, "openai": openai_tool}


@pytest.fixture(scope="module")
def web_of() -> Callable[[Column], Web]:
    """One proxy for each column."""
    return cache(Column.web)


@pytest.fixture
def web(web_of: Callable[[Column], Web], column: Column) -> Web:
    """The column's."""
    return web_of(column)


every_column = pytest.mark.parametrize("column", CHAT, ids=lambda column: column.label)


def _chat(web: Web, column: Column, text: str = HELLO, **fields: Any) -> Got:
    messages = [{"role": "user", "content": text}]
    got = web.begin("POST", "/v1/chat", {"model": column.model, "messages": messages, **fields})
    assert got.ended or got.failure
    return got


@every_column
def test_a_reply_is_argos_own(web: Web, column: Column) -> None:
    said = f'This is {column.served(web).public_name}, simulated. You wrote: "{HELLO}".'
    assert _chat(web, column).json() == {"response": said}
    assert web.simulator.requests[-1].path == f"{GATEWAY}chat/"
    streamed = _chat(web, column, stream=True)
    assert streamed.body.decode() == said
    assert web.simulator.requests[-1].path == f"{GATEWAY}streamchat/"
    assert "stream" not in web.asked()


@every_column
def test_tools_are_argos_own(web: Web, column: Column) -> None:
    """In the family's shape; a family without tools has ARGO's refusal."""
    family = column.served(web).family
    got = _chat(web, column, "weather", tools=[TOOLS.get(family, openai_tool)()])
    if family == "unknown":
        assert (got.status, got.json()) == (400, {"error": "tools are not supported for llama4scout"})
        return
    [call] = got.json()["response"]["tool_calls"]
    assert "get_weather" in str(call)


@every_column
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", ["429=9", "nested-error", "html-502", "error-200", "auth-notice", "garbage"])
def test_an_error_is_argos_own(web: Web, column: Column, stream: bool, fault: str) -> None:
    """Byte by byte, under ARGO's own status."""
    got = _chat(web, column, f"{HELLO} [sim:{fault}]", stream=stream)
    statuses = {"429=9": 429, "nested-error": 400, "html-502": 502}
    assert got.status == statuses.get(fault, 200)
    assert got.header("retry-after") == ("9" if fault == "429=9" else None)
    assert got.body


@every_column
@pytest.mark.parametrize("fault", ["reset", "close"])
def test_no_reply_is_a_502(web: Web, column: Column, fault: str) -> None:
    assert _chat(web, column, f"{HELLO} [sim:{fault}]").status == 502


@every_column
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", ["reset-mid", "truncated"])
def test_a_reply_that_breaks_breaks_for_the_client(web: Web, column: Column, stream: bool, fault: str) -> None:
    """There is no place for an error in what is ARGO's: the connection is cut, so that nobody takes it for whole."""
    got = _chat(web, column, f"{HELLO} [sim:{fault}]", stream=stream)
    assert got.failure is not None
    assert not got.ended


@pytest.mark.parametrize("column", EMBEDDINGS, ids=lambda column: column.label)
def test_vectors_are_argos_own(web: Web, column: Column) -> None:
    got = web.post("/v1/embed", {"model": column.model, "prompt": [HELLO, "b"]})
    assert [len(vector) > 1000 for vector in got.json()["embedding"]] == [True, True]
    assert web.simulator.requests[-1].path == f"{GATEWAY}embed/"
