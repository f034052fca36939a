"""What the neutral language has no words for: passed on to the same language, refused by its place elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web import CHAT, Web

MESSAGES = "/v1/messages"
PDF = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "aGk="}}
FOUND = {"type": "search_result", "source": "https://a.example", "title": "t", "content": []}
SEARCH = [
    {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}},
    {
        "type": "web_search_tool_result",
        "tool_use_id": "srvtoolu_1",
        "content": {"type": "web_search_tool_result_error", "error_code": "max_uses_exceeded"},
    },
]
SAID: dict[str, list[dict[str, Any]]] = {
    "a PDF file": [{"role": "user", "content": [{"type": "text", "text": "Read"}, PDF]}],
    "search results": [{"role": "user", "content": [{"type": "text", "text": "Read"}, FOUND]}],
    "a search": [
        {"role": "user", "content": "Search"},
        {"role": "assistant", "content": SEARCH},
        {"role": "user", "content": "And?"},
    ],
}
PLACES = {
    "a PDF file": "messages[0].content[1]",
    "search results": "messages[0].content[1]",
    "a search": "messages[1].content[0]",
}


def _body(model: str, name: str, **fields: Any) -> dict[str, Any]:
    return {"model": model, "max_tokens": 64, "messages": SAID[name], **fields}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", SAID)
def test_argo_gets_it_from_who_speaks_the_same(name: str, stream: bool) -> None:
    web = Web(upstream="native")
    got = web.post(MESSAGES, _body("claude-sonnet-4.5", name, stream=stream))
    assert got.status == 200, got.body
    assert web.asked()["messages"] == SAID[name]


@pytest.mark.parametrize(
    ("upstream", "model"),
    [("gateway", "claude-sonnet-4.5"), ("gateway", "gpt-4o"), ("native", "gpt-4o"), ("native", "gemini-2.5-pro")],
)
@pytest.mark.parametrize("name", SAID)
def test_elsewhere_it_is_a_400_that_names_its_place(name: str, upstream: str, model: str) -> None:
    web = Web(upstream=upstream)
    got = web.post(MESSAGES, _body(model, name))
    assert (got.status, got.error["type"]) == (400, "invalid_request_error")
    assert PLACES[name] in got.error["message"]
    assert not web.simulator.requests


def test_it_counts_by_its_length() -> None:
    web = Web()
    counts = []
    for size in (4, 4000, 400_000):
        pdf = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "a" * size}}
        asked = {"model": "gpt-4o", "messages": [{"role": "user", "content": [pdf]}]}
        got = web.post("/v1/messages/count_tokens", asked)
        counts.append(got.json()["input_tokens"])
    assert counts[0] < 100 < counts[1] < 1500 < counts[2] < 50_000


def test_marks_for_the_cache_are_told_where_they_are_left_out_and_refused_nowhere() -> None:
    """They change no reply, and some clients can't do without them."""
    marked = {"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}}
    body = {"model": "claude-sonnet-4.5", "max_tokens": 64, "messages": [{"role": "user", "content": [marked, marked]}]}
    got = Web(strict_params=True).post(MESSAGES, body)
    assert (got.status, got.header("x-argoproxy-dropped")) == (200, "cache_control")
    got = Web(upstream="native").post(MESSAGES, body)
    assert (got.status, got.header("x-argoproxy-dropped")) == (200, None)


AUDIO = {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}}


@pytest.mark.parametrize("model", ["gpt-4o", "gemini-2.5-pro"])
def test_so_does_sound_from_openais_clients(model: str) -> None:
    web = Web(upstream="native")
    said = [{"role": "user", "content": [{"type": "text", "text": "Hear"}, AUDIO]}]
    assert web.post(CHAT, {"model": model, "messages": said}).status == 200
    assert web.asked()["messages"] == said


@pytest.mark.parametrize(("upstream", "model"), [("gateway", "gpt-4o"), ("native", "claude-sonnet-4.5")])
def test_sound_is_refused_elsewhere(upstream: str, model: str) -> None:
    web = Web(upstream=upstream)
    got = web.post(CHAT, {"model": model, "messages": [{"role": "user", "content": [AUDIO]}]})
    assert (got.status, got.error["code"]) == (400, "unsupported_content")
    assert got.error["param"] == "messages[0].content[0]"
    assert not web.simulator.requests
