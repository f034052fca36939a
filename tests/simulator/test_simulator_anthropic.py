"""The native Anthropic wire: who asks, whole replies and streams, thinking, tools, and what it refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.simulator.asking import ARGUMENTS, IN_WORDS, MESSAGES, PIXEL, SCHEMA, Argo, Reply, anthropic_tool, user

THINKING = {"type": "enabled", "budget_tokens": 1024}


def _blocks(reply: Reply) -> list[dict[str, Any]]:
    """The content blocks of a stream, put together."""
    blocks: list[dict[str, Any]] = []
    for event in reply.events:
        if event["type"] == "content_block_start":
            blocks.append({"json": "", **event["content_block"]})
        if event["type"] == "content_block_delta":
            delta, block = event["delta"], blocks[event["index"]]
            key = {"text_delta": "text", "thinking_delta": "thinking", "signature_delta": "signature"}
            field = key.get(delta["type"], "json")
            block[field] += delta["partial_json" if field == "json" else field]
    for block in blocks:
        arguments = block.pop("json")
        if arguments:
            block["input"] = json.loads(arguments)
    return blocks


@pytest.mark.parametrize(
    ("key", "status", "noticed"),
    [("someone", 200, False), ("unregistered", 200, True), ("sk-ant-A", 401, False), (None, 401, False)],
)
@pytest.mark.parametrize("streamed", [False, True])
def test_the_key_is_the_user(key: str | None, status: int, noticed: bool, streamed: bool) -> None:
    """The body's user doesn't count; the unregistered get the notice under 200."""
    body = {"model": "claudesonnet45", "max_tokens": 9, "user": "someone", "messages": [user("hi")], "stream": streamed}
    reply = Argo(chunk_size=1000).ask("POST", MESSAGES, body, {} if key is None else {"x-api-key": key})
    assert reply.status == status
    assert ("IMPORTANT AUTHENTICATION NOTICE FROM ARGO" in (reply.text or "")) is noticed


def test_a_reply_is_as_recorded() -> None:
    """It has the recorded fields, and no stop_sequence."""
    reply = Argo().message(text="grüße\nzwei").json
    assert set(reply) == {"id", "content", "model", "role", "stop_reason", "type", "usage"}
    assert reply["content"][0]["text"].endswith('You wrote: "grüße\nzwei".')
    assert (reply["model"], reply["stop_reason"]) == ("claude-sonnet-4-5-20250929", "end_turn")
    assert reply["usage"]["input_tokens"] > 0 < reply["usage"]["output_tokens"]


def test_the_order_of_events() -> None:
    """The full sequence, with a ping; the named event is the data's type."""
    reply = Argo(chunk_size=1000).message(stream=True)
    kinds = [event["type"] for event in reply.events]
    named = [line[7:] for line in (reply.text or "").split("\n") if line.startswith("event: ")]
    start = ["message_start", "content_block_start", "ping", "content_block_delta"]
    assert kinds == named == [*start, "content_block_stop", "message_delta", "message_stop"]
    assert reply.events[0]["message"]["usage"]["input_tokens"] > 0
    assert reply.events[0]["message"]["content"] == []


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"tools": [anthropic_tool(), anthropic_tool("get_time")]},
        {"thinking": THINKING},
        {"thinking": THINKING, "tools": [anthropic_tool()]},
        {"thinking": {**THINKING, "display": "omitted"}},
        {"stop_sequences": ["wrote"]},
        {"max_tokens": 3},
    ],
)
def test_streams_say_what_whole_replies_say(fields: dict[str, Any]) -> None:
    """Put together, a stream is the whole reply: content, stop reason, usage."""
    argo = Argo(chunk_size=7)
    whole = argo.message(text="weather, time", **fields).json
    reply = argo.message(text="weather, time", stream=True, **fields)
    delta = next(event for event in reply.events if event["type"] == "message_delta")

    def bare(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{key: value for key, value in block.items() if key != "id"} for block in blocks]

    assert bare(_blocks(reply)) == bare(whole["content"])
    assert delta["delta"]["stop_reason"] == whole["stop_reason"]
    assert delta["delta"].get("stop_sequence") == whole.get("stop_sequence")
    assert delta["usage"]["output_tokens"] == whole["usage"]["output_tokens"]


@pytest.mark.parametrize(
    ("fields", "reason", "sequence"),
    [
        ({"max_tokens": 2}, "max_tokens", None),
        ({"stop_sequences": ["x", " simulated"]}, "stop_sequence", " simulated"),
        ({"tools": [anthropic_tool()], "tool_choice": {"type": "any"}}, "tool_use", None),
    ],
)
def test_stop_reasons(fields: dict[str, Any], reason: str, sequence: str | None) -> None:
    """A reply tells why it ended."""
    reply = Argo().message(**fields).json
    assert (reply["stop_reason"], reply.get("stop_sequence")) == (reason, sequence)


@pytest.mark.parametrize(
    ("model", "thinking", "thinks"),
    [
        ("claudesonnet45", THINKING, True),
        ("claudeopus46", THINKING, True),
        ("claudeopus47", {"type": "adaptive"}, True),
        ("claudesonnet46", {"type": "adaptive"}, True),
        ("claudehaiku45", {"type": "disabled"}, False),
        ("claudehaiku45", None, False),
    ],
)
def test_thinks_where_it_is_wanted(model: str, thinking: Any, thinks: bool) -> None:
    """A thinking block with a signature comes first, and can go back into the history."""
    argo = Argo()
    content = argo.message(model, thinking=thinking).json["content"]
    assert [block["type"] for block in content] == ["thinking", "text"] if thinks else ["text"]
    if thinks:
        assert content[0]["thinking"]
        assert content[0]["signature"]
    history = [user("hello"), {"role": "assistant", "content": content}, user("again")]
    assert argo.message(model, thinking=thinking, messages=history).status == 200


@pytest.mark.parametrize(
    ("text", "choice", "called"),
    [
        ("hello", None, []),
        ("weather, time", None, ["get_weather", "get_time"]),
        ("weather, time", {"type": "auto", "disable_parallel_tool_use": True}, ["get_weather"]),
        ("weather", {"type": "none"}, []),
        ("hello", {"type": "any"}, ["get_weather"]),
        ("weather", {"type": "tool", "name": "get_time"}, ["get_time"]),
    ],
)
def test_tool_choice(text: str, choice: Any, called: list[str]) -> None:
    """Each form of the choice is honoured; a call is preceded by a word."""
    tools = [anthropic_tool(), anthropic_tool("get_time")]
    content = Argo().message(text=text, tools=tools, tool_choice=choice).json["content"]
    assert content[0]["type"] == "text"
    assert [block["name"] for block in content[1:]] == called
    assert all(block["input"] == ARGUMENTS for block in content[1:])


def _called(*names: str) -> dict[str, Any]:
    blocks = [{"type": "tool_use", "id": name, "name": "get_weather", "input": {}} for name in names]
    return {"role": "assistant", "content": blocks}


def _results(*names: str) -> dict[str, Any]:
    return user([{"type": "tool_result", "tool_use_id": name, "content": "Rain."} for name in names])


def test_results_are_quoted() -> None:
    """A result is in the answer, and nothing is called again, although tools are wanted."""
    messages = [user("weather"), _called("a", "b"), _results("a", "b")]
    content = Argo().message(messages=messages, tools=[anthropic_tool()], tool_choice={"type": "any"}).json["content"]
    assert [block["type"] for block in content] == ["text"]
    assert 'The tool said: "Rain." and "Rain.".' in content[0]["text"]


def test_forms_are_honoured() -> None:
    """C{output_config.format} is a schema that the text fits."""
    wanted = {"format": {"type": "json_schema", "schema": SCHEMA}}
    assert json.loads(Argo().message(output_config=wanted).json["content"][0]["text"]) == ARGUMENTS


@pytest.mark.parametrize("fields", [{"text": IN_WORDS}, {"system": IN_WORDS}])
def test_forms_in_words_are_honoured(fields: dict[str, Any]) -> None:
    """Whoever says them."""
    assert json.loads(Argo().message(**fields).json["content"][0]["text"]) == ARGUMENTS


@pytest.mark.parametrize("data", ["%", "é"])
def test_sees_images(data: str) -> None:
    """In a message, and in the result of a tool."""
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}
    text = Argo().message(text=[image, {"type": "text", "text": "look"}]).json["content"][0]["text"]
    assert "(image/png, 8 bytes)" in text
    broken = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}}
    result = user([{"type": "tool_result", "tool_use_id": "a", "content": [broken]}])
    assert Argo().message(messages=[user("x"), _called("a"), result]).status == 400


_TEXT = {"type": "text", "text": ""}
_THOUGHT = {"type": "thinking", "thinking": "x", "signature": ""}
_URL = {"type": "image", "source": {"type": "url", "url": "https://x/"}}
REFUSED: list[tuple[str, dict[str, Any], int, str]] = [
    ("gpt4o", {}, 404, "model: gpt4o"),
    ("claude-sonnet-4-5", {}, 404, "model: claude-sonnet-4-5"),
    ("claudesonnet45", {"max_tokens": None}, 400, "max_tokens is required"),
    ("claudesonnet45", {"max_tokens": 0}, 400, "greater than or equal to 1"),
    ("claudesonnet45", {"max_tokens": "9"}, 400, "max_tokens"),
    ("claudesonnet45", {"max_tokens": 21_334}, 500, "Streaming is required for operations that may take longer than"),
    ("claudeopus41", {"max_tokens": 8193}, 500, "Streaming is required for operations that may take longer than"),
    ("claudesonnet45", {"temperature": 1.1}, 400, "temperature: Input should be less than or equal to 1"),
    ("claudesonnet45", {"top_p": -0.1}, 400, "top_p: Input should be greater than or equal to 0"),
    ("claudehaiku45", {"output_config": {"effort": "xhigh"}}, 400, "'minimal', 'low', 'medium' or 'high'"),
    ("claudesonnet45", {"thinking": {"type": "enabled"}}, 400, "budget_tokens: Field required"),
    ("claudesonnet45", {"thinking": {**THINKING, "budget_tokens": 1023}}, 400, "greater than or equal to 1024"),
    ("claudesonnet45", {"thinking": {**THINKING, "budget_tokens": 4096}}, 400, "must be greater than `thinking"),
    ("claudesonnet45", {"thinking": {**THINKING, "type": "disabled"}}, 400, "Extra inputs are not permitted"),
    ("claudesonnet45", {"thinking": THINKING, "temperature": 0.5}, 400, "may only be set to 1"),
    ("claudesonnet45", {"thinking": THINKING, "tool_choice": {"type": "any"}}, 400, "forces tool use"),
    ("claudesonnet45", {"messages": []}, 400, "at least one message is required"),
    ("claudesonnet45", {"messages": [user("")]}, 400, "messages.0: all messages must have non-empty content"),
    ("claudesonnet45", {"messages": [user([])]}, 400, "messages.0: all messages must have non-empty content"),
    ("claudesonnet45", {"messages": [user([_TEXT])]}, 400, "text content blocks must be non-empty"),
    ("claudesonnet45", {"system": [_TEXT]}, 400, "system: text content blocks must be non-empty"),
    ("claudesonnet45", {"messages": [{"role": "assistant", "content": "x"}]}, 400, 'must use the "user" role'),
    ("claudesonnet45", {"messages": [user("x"), {"role": "system", "content": "x"}]}, 400, 'Unexpected role "system"'),
    ("claudesonnet45", {"messages": [{"role": "tool", "content": "x"}]}, 400, "'user' or 'assistant'"),
    (
        "claudesonnet45",
        {"messages": [user("x"), {"role": "assistant", "content": [{"type": "redacted_thinking", "data": "x"}]}]},
        400,
        "messages.1.content.0: Invalid `data`",
    ),
    (
        "claudesonnet45",
        {"messages": [user("x"), {"role": "assistant", "content": [{**_THOUGHT, "thinking": ""}]}]},
        400,
        "each thinking block must contain thinking",
    ),
    (
        "claudesonnet45",
        {"messages": [user("x"), {"role": "assistant", "content": [_THOUGHT]}]},
        400,
        "thinking.signature: Field required",
    ),
    ("claudesonnet45", {"messages": [user("x"), _called("a", "b"), _results("a")]}, 400, "immediately after: b."),
    ("claudesonnet45", {"messages": [user("x"), _called("a")]}, 400, "messages.1: `tool_use` ids were found"),
    ("claudesonnet45", {"messages": [user("x"), _called("a"), _results("a", "c")]}, 400, "messages.2.content.1: unexp"),
    ("claudesonnet45", {"messages": [user([_URL])]}, 400, "only base64 sources"),
    ("claudesonnet45", {"tools": [{"name": "x"}]}, 400, "input_schema: Field required"),
    ("claudesonnet45", {"tools": [{"name": "x", "type": "web_search_20250305"}]}, 400, "web_search_20250305"),
    ("claudesonnet45", {"tools": [anthropic_tool("a b")]}, 400, "tools.0.custom.name"),
    ("claudesonnet45", {"tools": [anthropic_tool(schema={})]}, 400, "input_schema.type: Field required"),
    ("claudesonnet45", {"tools": [anthropic_tool(schema={"type": "object", "anyOf": []})]}, 400, "at the top level"),
    (
        "claudesonnet45",
        {"tools": [anthropic_tool(schema={"type": "object", "properties": {"x": {"$ref": "#"}}})]},
        400,
        "$ref is not supported",
    ),
    (
        "claudesonnet45",
        {"tools": [anthropic_tool()], "tool_choice": {"type": "tool", "name": "x"}},
        400,
        "Tool 'x' not found",
    ),
]
_KINDS = {400: "invalid_request_error", 404: "not_found_error", 500: "api_error"}


@pytest.mark.parametrize(("model", "fields", "status", "told"), REFUSED, ids=[row[3] + row[0] for row in REFUSED])
def test_refuses(model: str, fields: dict[str, Any], status: int, told: str) -> None:
    """What ARGO refuses, it refuses, in Anthropic's shape."""
    reply = Argo().message(model, **fields)
    assert reply.status == status
    assert reply.json["type"] == "error"
    assert reply.json["error"]["type"] == _KINDS[status]
    assert told in reply.json["error"]["message"]


def test_no_json_is_refused() -> None:
    """A body that is no JSON object is a 400."""
    assert Argo().ask("POST", MESSAGES, b"[1]", {"x-api-key": "someone"}).status == 400


def test_what_is_allowed_is_not_refused() -> None:
    """The neighbours of what is refused."""
    argo = Argo()
    assert argo.message(max_tokens=21_333).status == 200
    assert argo.message(max_tokens=64_000, stream=True).status == 200
    assert argo.message("claudeopus41", max_tokens=8192).status == 200
    assert argo.message(messages=[user("x"), {"role": "assistant", "content": ""}]).status == 200
    assert argo.message(thinking=THINKING, temperature=1).status == 200
    assert argo.message(system="", nonsense=1, metadata={"user_id": "x"}).status == 200
    assert argo.message(system=[{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}]).status == 200
    assert argo.message(tools=[anthropic_tool(schema={"type": "object", "properties": {"$ref": {}}})]).status == 200


@pytest.mark.parametrize("path", ["/v1/messages/count_tokens", "/v1/nothing", "/"])
def test_there_is_nothing_else(path: str) -> None:
    """ARGO counts no tokens for anybody."""
    reply = Argo().ask("POST", path, {})
    assert (reply.status, reply.json) == (404, {"detail": "Not Found"})
