"""Structured outputs over a wire that has none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.web import Web

POINT = {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]}
FORMAT = {"type": "json_schema", "json_schema": {"name": "point", "schema": POINT}}
GOOD, BAD = '{"x": 1}', "Sure! x is 1."


def _web(*said: str) -> Web:
    web = Web()
    for one in said:
        web.simulator.fault(f"say={one}")
    return web


def _text(got: Any, stream: bool) -> str:
    return str(got.text() if stream else got.json()["choices"][0]["message"]["content"])


@pytest.mark.parametrize("stream", [False, True])
def test_a_reply_that_fits_is_passed_on(stream: bool) -> None:
    web = _web(GOOD)
    got = web.chat(response_format=FORMAT, stream=stream)
    assert got.status == 200
    assert json.loads(_text(got, stream)) == {"x": 1}
    assert got.header("x-argoproxy-dropped") is None
    asked = json.dumps(web.asked())
    assert "JSON Schema" in asked
    assert "point" in asked
    assert len(web.simulator.requests) == 1


@pytest.mark.parametrize("stream", [False, True])
def test_one_that_does_not_is_asked_for_once_more(stream: bool) -> None:
    web = _web(BAD, GOOD)
    got = web.chat(response_format=FORMAT, stream=stream)
    assert json.loads(_text(got, stream)) == {"x": 1}
    assert BAD not in got.body.decode()
    messages = web.asked()["messages"]
    assert messages[-2] == {"role": "assistant", "content": BAD}
    assert "not valid JSON" in messages[-1]["content"]


@pytest.mark.parametrize("stream", [False, True])
def test_and_never_a_third_time(stream: bool) -> None:
    web = _web(BAD, '{"x": "one"}')
    got = web.chat(response_format=FORMAT, stream=stream)
    assert (got.status, got.error["code"]) == (502, "invalid_structured_output")
    assert "2 attempts" in got.error["message"]
    assert len(web.simulator.requests) == 2


def test_a_fence_is_taken_off() -> None:
    assert _text(_web(f"```json\n{GOOD}\n```").chat(response_format=FORMAT), False) == GOOD


def test_each_choice_is_judged_by_itself() -> None:
    web = _web(GOOD, BAD, GOOD)
    got = web.chat(response_format={"type": "json_object"}, n=2)
    assert [json.loads(choice["message"]["content"]) for choice in got.json()["choices"]] == [{"x": 1}] * 2
    assert len(web.simulator.requests) == 3


def test_a_schema_that_is_none_is_the_clients_fault() -> None:
    web = _web()
    broken = {"type": "json_schema", "json_schema": {"name": "p", "schema": {"type": "nonsense"}}}
    got = web.chat(response_format=broken)
    assert got.status == 400
    assert not web.simulator.requests


SHAPE = {"output_config": {"format": {"type": "json_schema", "schema": POINT}}}


def _native(*said: str) -> Web:
    web = Web(upstream="native")
    for one in said:
        web.simulator.fault(f"say={one}")
    return web


def _message(web: Web, text: str = "Where?", **fields: Any) -> Any:
    messages = [{"role": "user", "content": text}]
    body = {"model": "claude-sonnet-4.5", "max_tokens": 4096, "messages": messages, **SHAPE, **fields}
    return web.post("/v1/messages", body)


@pytest.mark.parametrize("stream", [False, True])
def test_nothing_is_shown_before_it_fits_not_even_that_it_begins(stream: bool) -> None:
    got = _message(_native(BAD, BAD), stream=stream)
    assert (got.status, got.header("content-type")) == (502, "application/json")
    assert "2 attempts" in got.error["message"]


def test_thoughts_that_led_nowhere_are_not_shown() -> None:
    web = _native(BAD, GOOD)
    got = _message(web, thinking={"type": "enabled", "budget_tokens": 1024})
    assert [block["type"] for block in got.json()["content"]] == ["thinking", "text"]
    assert len(web.simulator.requests) == 2


@pytest.mark.parametrize("stream", [False, True])
def test_a_text_before_a_call_stays_before_it(stream: bool) -> None:
    tool = {"name": "get_weather", "input_schema": POINT}
    got = _message(Web(), "How is the weather?", tools=[tool], stream=stream)
    if stream:
        blocks = [event["content_block"] for event in got.sse() if event["type"] == "content_block_start"]
    else:
        blocks = got.json()["content"]
    assert [block["type"] for block in blocks] == ["text", "tool_use"]


PDF = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "aGk="}}
MARKED = {"type": "text", "text": "Where?", "cache_control": {"type": "ephemeral"}}


@pytest.mark.parametrize("stream", [False, True])
def test_claude_gets_the_clients_own_blocks_beside_the_words_that_ask_for_the_shape(stream: bool) -> None:
    web = _native(BAD)
    said = [{"role": "user", "content": [MARKED, PDF]}]
    kind = {"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral"}}
    got = _message(web, messages=said, system=[kind], stream=stream, container="c")
    assert got.status == 200
    assert '\\"x\\": 1' in got.body.decode()
    first, second = (request.document() for request in web.simulator.requests)
    assert first["system"][0] == second["system"][0] == kind
    assert "JSON Schema" in first["system"][1]["text"]
    assert first["messages"] == said
    assert second["messages"][:1] == said
    assert second["messages"][1] == {"role": "assistant", "content": [{"type": "text", "text": BAD}]}
    assert "not valid JSON" in second["messages"][2]["content"][0]["text"]
    assert {"output_config", "output_format"}.isdisjoint(first)
    assert (first["container"], second["container"]) == ("c", "c")
    assert got.header("x-argoproxy-dropped") is None


def test_a_failure_is_not_asked_again() -> None:
    web = Web()
    web.simulator.fault("status=503")
    assert web.chat(response_format=FORMAT).status == 503
    assert len(web.simulator.requests) == 1
