"""
What the gateway refuses goes through: each case is refused by the strict simulator as it is, and taken once mended.
"""

from __future__ import annotations

import msgspec
import pytest

from argoproxy.conversation import ChatRequest, Message, Text, Tool, ToolCall, ToolResult
from argoproxy.upstreams import argo_gateway
from argoproxy.upstreams.argo_gateway import ArgoGateway
from tests.upstreams.wire import USER, chat, model, send

_BASE = "http://argo/api/v1/resource"
GATEWAY = ArgoGateway(f"{_BASE}/chat/", f"{_BASE}/streamchat/", f"{_BASE}/embed/")

SYSTEM = Message("system", (Text("Be brief"),))
SAID = Message("assistant", (Text("Well"),))
CALLS = Message("assistant", (ToolCall("a", "f", "{}"), ToolCall("b", "f", "{}")))
RESULTS = Message("tool", (ToolResult("a", (Text("1"),)), ToolResult("b", (Text("2"),))))


def _tool(schema: bytes) -> Tool:
    return Tool("f", "", msgspec.Raw(schema))


REFERRING = _tool(b'{"type":"object","properties":{"a":{"$ref":"#/$defs/A"}},"$defs":{"A":{"type":"string"}}}')

FACTS: list[tuple[str, str, ChatRequest, tuple[str, ...]]] = [
    ("claude needs a user", "claudesonnet45", chat(SYSTEM), ("user-message",)),
    ("claude wants the user first", "claudesonnet45", chat(SAID, USER), ("user-message",)),
    ("gemini needs a user", "gemini25pro", chat(SYSTEM), ("user-message",)),
    ("claude takes no empty text", "claudesonnet45", chat(USER, Message("user", (Text(""),))), ("content",)),
    ("claude wants the system first", "claudesonnet45", chat(USER, SYSTEM), ("system",)),
    *(
        (f"{name} wants a result for each call", name, chat(USER, CALLS, USER), adjusted)
        for name, adjusted in (
            ("gpt4o", ("tool-results",)),
            ("claudesonnet45", ("tool-results",)),
            ("gemini25pro", ("tool-results", "parallel-tool-calls")),
        )
    ),
    ("gemini takes a call at a time", "gemini25pro", chat(USER, CALLS, RESULTS), ("parallel-tool-calls",)),
    ("gemini knows no references", "gemini25pro", chat(tools=(REFERRING,)), ("schema",)),
    ("claude knows no references", "claudesonnet45", chat(tools=(REFERRING,)), ("schema",)),
    ("claude wants an object", "claudesonnet45", chat(tools=(_tool(b'{"properties":{}}'),)), ("schema",)),
]
_IDS = [fact[0] for fact in FACTS]


@pytest.mark.parametrize(("name", "asked", "request_", "adjusted"), FACTS, ids=_IDS)
@pytest.mark.parametrize("stream", [False, True])
def test_a_mended_request_is_taken(
    name: str, asked: str, request_: ChatRequest, adjusted: tuple[str, ...], stream: bool
) -> None:
    call = GATEWAY.encode(msgspec.structs.replace(request_, stream=stream), model(asked), "someone")
    reply = send(call)
    assert reply.status == 200, reply.text
    assert call.adjusted == adjusted


@pytest.mark.parametrize(("name", "asked", "request_", "adjusted"), FACTS, ids=_IDS)
def test_without_its_rule_it_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, asked: str, request_: ChatRequest, adjusted: tuple[str, ...]
) -> None:
    rules = [rule for rule in argo_gateway.RULES if rule.name not in adjusted]
    monkeypatch.setattr(argo_gateway, "RULES", rules)
    reply = send(GATEWAY.encode(request_, model(asked), "someone"))
    assert reply.status in (400, 500), reply.text


@pytest.mark.parametrize(
    ("asked", "request_", "adjusted"),
    [
        ("gpt5", chat(temperature=0.5, top_p=0.5), ("temperature", "top_p")),
        ("claudesonnet45", chat(temperature=1.5), ("temperature",)),
        ("gpt4o", chat(tools=(Tool("f", "x" * 1025),)), ("tools",)),
        ("claudesonnet45", chat(tools=(Tool("f", "x" * 1025),)), ()),
        (
            "gpt4o",
            chat(SYSTEM, USER, raw={"messages": msgspec.Raw(b'[{"role":"developer","content":"Be brief"}]')}),
            ("developer-role",),
        ),
    ],
)
def test_what_the_services_behind_it_refuse_is_put_right_too(
    asked: str, request_: ChatRequest, adjusted: tuple[str, ...]
) -> None:
    """The simulated gateway is not as strict as the services are."""
    call = GATEWAY.encode(request_, model(asked), "someone")
    assert call.adjusted == adjusted
    assert send(call).status == 200


@pytest.mark.parametrize(
    ("fields", "dropped"),
    [
        ({"top_k": 5}, ("top_k",)),
        ({"extras": {"seed": msgspec.Raw(b"1"), "store": msgspec.Raw(b"false")}}, ("seed",)),
    ],
)
def test_what_the_gateway_has_no_word_for_is_told(fields: dict[str, object], dropped: tuple[str, ...]) -> None:
    assert GATEWAY.encode(chat(**fields), model("gpt4o"), "someone").dropped == dropped
