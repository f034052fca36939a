"""
What the native OpenAI wire refuses goes through: each case is refused by the strict simulator as it is, and taken once
mended.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from argoproxy.conversation import ChatRequest, Image, Message, RouteCall, Text, Tool, ToolCall, ToolResult
from argoproxy.dialects.openai_chat import OpenAIChat
from argoproxy.upstreams import openai_native
from argoproxy.upstreams.openai_native import OpenAINative
from tests.upstreams.wire import USER, chat, model, send

WIRE = OpenAINative("http://argo/v1/chat/completions", "http://argo/v1/embeddings")

SYSTEM = Message("system", (Text("Be brief"),))
SAID = Message("assistant", (Text("Well"),))


def _call(identity: str, name: str = "get_weather") -> ToolCall:
    return ToolCall(identity, name, '{"city":"Here"}')


def _result(identity: str) -> ToolResult:
    return ToolResult(identity, (Text("Rain"),))


CALLS = Message("assistant", (_call("a"), _call("b")))
RESULTS = Message("tool", (_result("a"), _result("b")))


def _tool(schema: str = '{"type":"object","properties":{}}', description: str = "") -> Tool:
    return Tool("get_weather", description, msgspec.Raw(schema.encode()))


_REFERRING = '{"type":"object","properties":{"at":{"$ref":"#/$defs/At"}},"$defs":{"At":{"type":"string"}}}'
_CLOSED = '{"type":"object","properties":{},"additionalProperties":false}'
_EITHER = '{"oneOf":[{"type":"object","properties":{"a":{"type":"string"}}}]}'

FACTS: list[tuple[str, str, ChatRequest, tuple[str, ...]]] = [
    # Sampling.
    *(
        (f"{name} has its own temperature", name, chat(temperature=0.5), ("temperature",))
        for name in ("gpt5", "gpt5mini", "gpt55", "claudeopus47")
    ),
    *(
        (f"{name} takes no top_p", name, chat(top_p=0.5), ("top_p",))
        for name in ("gpt5", "gpt5mini", "gpt55", "claudeopus47")
    ),
    ("claude is no hotter than 1", "claudesonnet45", chat(temperature=1.5), ("temperature",)),
    ("gpt is no hotter than 2", "gpt4o", chat(temperature=2.5), ("temperature",)),
    *(
        (f"{name} takes one of the two", name, chat(temperature=0.5, top_p=0.5), ("top_p",))
        for name in ("claudeopus46", "claudesonnet46", "claudeopus45", "claudesonnet45", "claudehaiku45")
    ),
    # Token limits.
    (
        "gemini stumbles over two limits",
        "gemini25pro",
        chat(max_tokens=5, max_completion_tokens=6),
        ("max_tokens",),
    ),
    # Histories.
    ("gemini needs a user", "gemini25pro", chat(SYSTEM), ("user-message",)),
    ("claude needs a user", "claudesonnet45", chat(SYSTEM), ("user-message",)),
    ("claude wants the user first", "claudesonnet45", chat(SAID, USER), ("user-message",)),
    ("claude takes no empty text", "claudesonnet45", chat(USER, Message("user", (Text(""),))), ("content",)),
    ("claude wants the system first", "claudesonnet45", chat(USER, SYSTEM), ("system",)),
    ("calls need results", "gpt4o", chat(USER, CALLS, USER), ("tool-results",)),
    ("every call needs one", "gpt4o", chat(USER, CALLS, Message("tool", (_result("b"),)), USER), ("tool-results",)),
    (
        "results need to follow their calls",
        "gpt4o",
        chat(USER, Message("assistant", (_call("a"),)), USER, Message("tool", (_result("a"),))),
        ("tool-results",),
    ),
    ("calls at the end need results too", "gpt4o", chat(USER, CALLS), ("tool-results",)),
    (
        "gemini takes a call at a time",
        "gemini25pro",
        chat(USER, CALLS, RESULTS, USER),
        ("parallel-tool-calls",),
    ),
    (
        "gemini needs results, one by one",
        "gemini25pro",
        chat(USER, CALLS, USER),
        ("tool-results", "parallel-tool-calls"),
    ),
    # Tools.
    *(
        (f"{name} takes no long description", name, chat(tools=(_tool(description="x" * 1025),)), adjusted)
        for name, adjusted in (("gpt4o", ("tools",)), ("gemini25pro", ("tools",)))
    ),
    ("gemini knows no references", "gemini25pro", chat(tools=(_tool(_REFERRING),)), ("schema",)),
    ("claude knows no references", "claudesonnet45", chat(tools=(_tool(_REFERRING),)), ("schema",)),
    ("gemini knows fewer keywords", "gemini25pro", chat(tools=(_tool(_CLOSED),)), ("schema",)),
    ("gemini knows no oneOf", "gemini25flash", chat(tools=(_tool(_EITHER),)), ("schema",)),
    ("claude has no oneOf on top", "claudesonnet45", chat(tools=(_tool(_EITHER),)), ("schema",)),
    ("claude wants an object", "claudesonnet45", chat(tools=(_tool('{"properties":{}}'),)), ("schema",)),
]


def _limited(request: ChatRequest, asked: str, **fields: Any) -> ChatRequest:
    """The same request with the limit that Claude must have: that it may be missing is another case."""
    limit = 64 if asked.startswith("claude") else request.max_tokens
    return msgspec.structs.replace(request, max_tokens=limit, **fields)


@pytest.mark.parametrize(("name", "asked", "request_", "adjusted"), FACTS, ids=[fact[0] for fact in FACTS])
@pytest.mark.parametrize("stream", [False, True])
def test_a_mended_request_is_taken(
    name: str, asked: str, request_: ChatRequest, adjusted: tuple[str, ...], stream: bool
) -> None:
    call = WIRE.encode(_limited(request_, asked, stream=stream), model(asked), "someone")
    reply = send(call)
    assert reply.status == 200, reply.text
    assert set(call.adjusted) == set(adjusted)


@pytest.mark.parametrize(("name", "asked", "request_", "adjusted"), FACTS, ids=[fact[0] for fact in FACTS])
def test_without_its_rule_it_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, asked: str, request_: ChatRequest, adjusted: tuple[str, ...]
) -> None:
    rules = [rule for rule in openai_native.RULES if rule.name and rule.name not in adjusted]
    monkeypatch.setattr(openai_native, "RULES", rules)
    reply = send(WIRE.encode(_limited(request_, asked), model(asked), "someone"))
    assert reply.status in (400, 500), reply.text


_RECORDED = Path(__file__).parents[1] / "simulator" / "recordings.jsonl"
_ROWS: list[dict[str, Any]] = [
    row for line in _RECORDED.read_text().splitlines() if (row := json.loads(line))["path"] == "/v1/chat/completions"
]


@pytest.mark.parametrize("row", _ROWS, ids=[f"{row['model']}-{row['variant']}" for row in _ROWS])
@pytest.mark.parametrize("relayed", [False, True])
def test_every_recorded_call_goes_through(row: dict[str, Any], relayed: bool) -> None:
    """What ARGO once refused is answered now, translated or relayed; told is what had to be changed, or nothing."""
    asked = model(row["model"])
    request = OpenAIChat().parse(json.dumps(row["request"]).encode(), RouteCall())
    assert WIRE.relays(request, asked)
    call = (WIRE.relay if relayed else WIRE.encode)(request, asked, "someone")
    assert send(call).status == 200
    if row["status"] == 400:
        assert call.adjusted


@pytest.mark.parametrize(
    ("asked", "fields", "sent"),
    [
        ("gpt4o", {"max_tokens": 5}, {"max_completion_tokens": 5}),
        ("gpt5", {"max_tokens": 5, "max_completion_tokens": 7}, {"max_completion_tokens": 5}),
        ("gemini25pro", {"max_completion_tokens": 5}, {"max_tokens": 5}),
        ("claudesonnet45", {}, {"max_tokens": 4096}),
        ("gpt4o", {"max_tokens": 99999}, {"max_completion_tokens": 16384}),
        ("gpt4o", {}, {}),
    ],
)
def test_a_limit_has_the_name_that_counts(asked: str, fields: Any, sent: Any) -> None:
    """OpenAI's users met a 400 that asks for the newer name; Gemini takes it, and lets the model go on and on."""
    body = json.loads(WIRE.encode(chat(**fields), model(asked), "someone").body)
    assert {name: body[name] for name in body if "tokens" in name} == sent


def test_system_content_is_one_text() -> None:
    system = Message("system", (Text("Be"), Text("brief")))
    call = WIRE.encode(chat(system, USER), model("gemini25pro"), "someone")
    assert json.loads(call.body)["messages"][0] == {"role": "system", "content": "Be\n\nbrief"}
    assert send(call).status == 200


def test_a_tools_picture_is_shown_by_the_user() -> None:
    picture = Image("data:image/png;base64,iVBORw0KGgo=", "low")
    answers = Message("tool", (ToolResult("a", (Text("See"), picture)), _result("b")))
    call = WIRE.encode(chat(USER, CALLS, answers), model("gpt4o"), "someone")
    assert json.loads(call.body)["messages"][2:] == [
        {"role": "tool", "tool_call_id": "a", "content": "See"},
        {"role": "tool", "tool_call_id": "b", "content": "Rain"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What the tool showed:"},
                {"type": "image_url", "image_url": {"url": picture.url, "detail": "low"}},
            ],
        },
    ]
    assert send(call).status == 200
