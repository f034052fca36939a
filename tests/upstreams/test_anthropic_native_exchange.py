"""Whole exchanges over the native Anthropic wire: a client, the proxy, and a strict ARGO."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web import Got, Web

HI = [{"role": "user", "content": "Hi"}]


def _ask(web: Web, headers: dict[str, str] | None = None, **fields: Any) -> Got:
    """Ask in Anthropic's language."""
    body = {"model": "claude-sonnet-4.5", "max_tokens": 64, "messages": HI, **fields}
    return web.post("/v1/messages?beta=true", body, {"x-api-key": "sk-ant", **(headers or {})})


def test_a_client_of_the_same_language_gets_its_fields_and_headers_through() -> None:
    web = Web(upstream="native")
    got = _ask(web, {"anthropic-beta": "a,b"}, context_management={"edits": []}, temperature=0.5, top_p=0.5)
    assert (got.status, got.json()["model"], got.json()["stop_sequence"]) == (200, "claude-sonnet-4.5", None)
    assert got.header("x-argoproxy-adjusted") == "top_p"
    received = web.simulator.requests[-1]
    assert received.headers["x-api-key"] == "someone"
    assert received.headers["anthropic-beta"] == "a,b"
    assert received.headers["anthropic-version"] == "2023-06-01"
    assert web.asked() == {
        "model": "claudesonnet45",
        "user": "someone",
        "max_tokens": 64,
        "messages": HI,
        "context_management": {"edits": []},
        "temperature": 0.5,
    }


def test_a_long_reply_is_streamed_by_argo_and_gathered_for_a_client_that_does_not_stream() -> None:
    web = Web(upstream="native")
    got = _ask(web, max_tokens=30_000)
    assert (got.status, got.header("content-type")) == (200, "application/json")
    assert got.json()["content"][0]["text"] == 'This is Claude Sonnet 4.5, simulated. You wrote: "Hi".'
    assert web.asked()["stream"] is True


def test_a_stream_passes_with_usage_for_the_record() -> None:
    got = _ask(Web(upstream="native"), stream=True)
    assert (got.status, got.header("content-type")) == (200, "text/event-stream")
    first, *_, last = got.sse()
    assert first["message"]["model"] == "claude-sonnet-4.5"
    assert last == {"type": "message_stop"}


@pytest.mark.parametrize(
    ("fault", "stream", "status", "kind"),
    [
        ("auth-notice", False, 401, "authentication_error"),
        ("auth-notice", True, 401, "authentication_error"),
        ("error-200", False, 502, "api_error"),
        ("error-200", True, 502, "api_error"),
        ("529", True, 529, "overloaded_error"),
        ("429", False, 429, "rate_limit_error"),
        ("nested-error", True, 400, "invalid_request_error"),
    ],
)
def test_failures_before_the_first_byte_keep_their_status(fault: str, stream: bool, status: int, kind: str) -> None:
    web = Web(upstream="native")
    web.simulator.fault(fault)
    got = _ask(web, stream=stream)
    assert (got.status, got.json()["type"], got.error["type"]) == (status, "error", kind)


def test_a_stream_that_breaks_off_ends_with_an_error_event() -> None:
    web = Web(upstream="native")
    web.simulator.fault("no-terminal")
    got = _ask(web, stream=True)
    assert (got.status, got.sse()[-1]["type"]) == (200, "error")
    assert got.ended


def test_clients_of_other_languages_reach_claude() -> None:
    web = Web(upstream="native")
    tool = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}, "strict": True}}
    got = web.chat("weather", model="claude-opus-4.7", tools=[tool], temperature=0.5)
    assert got.json()["choices"][0]["message"]["tool_calls"][0]["function"] == {
        "name": "get_weather",
        "arguments": "{}",
    }
    assert got.json()["choices"][0]["finish_reason"] == "tool_calls"
    assert got.header("x-argoproxy-adjusted") == "temperature,max_tokens,strict"
