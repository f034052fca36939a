"""What the gateway is asked, byte by byte as it matters."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from zope.interface.verify import verifyObject

from argoproxy.conversation import (
    Abilities,
    Call,
    ChatRequest,
    DirectRequest,
    EmbeddingRequest,
    Head,
    Image,
    Message,
    Model,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from argoproxy.interfaces import IUpstream
from argoproxy.upstreams.argo_gateway import ArgoGateway
from argoproxy.upstreams.gateway_replies import TextStream, VectorList, WholeMessage
from argoproxy.upstreams.refusals import Refusal

GATEWAY = ArgoGateway("http://argo/chat/", "http://argo/streamchat/", "http://argo/embed/")
GPT = Model(internal_id="gpt4o", names=("argo:gpt-4o",), family="openai")
CLAUDE = Model(
    internal_id="claudesonnet45",
    names=("argo:claude-sonnet-4.5",),
    family="anthropic",
    abilities=Abilities(gateway_token_cap=21000, user_first=True),
)
GEMINI = Model(
    internal_id="gemini25pro", names=("argo:gemini-2.5-pro",), family="google", abilities=Abilities(user_first=True)
)
SYSTEMLESS = Model(
    internal_id="gpto1mini", names=("argo:o1-mini",), family="openai", abilities=Abilities(system_role=False)
)

USER = Message("user", (Text("Hi"),))
SYSTEM = Message("system", (Text("Be"), Text("brief")))
ASSISTANT = Message("assistant", (Text("Well"),))


def _request(*messages: Message, **fields: Any) -> ChatRequest:
    return ChatRequest(model="x", prompts=(messages or (USER,),), **fields)


def _call(request: Any, model: Model = GPT) -> Call:
    return GATEWAY.encode(request, model, "someone")


def _body(request: Any, model: Model = GPT) -> Any:
    return json.loads(_call(request, model).body)


def test_a_plain_question() -> None:
    call = _call(_request())
    assert call.url == "http://argo/chat/"
    assert call.body == b'{"user":"someone","model":"gpt4o","messages":[{"role":"user","content":"Hi"}]}'
    assert (call.reply, call.accept, call.dropped, call.adjusted) == ("message", "application/json", (), ())


def test_a_stream_is_asked_of_the_streaming_resource() -> None:
    call = _call(_request(stream=True))
    assert (call.url, call.reply, call.accept) == ("http://argo/streamchat/", "text", "text/plain")


@pytest.mark.parametrize(
    ("fields", "sent"),
    [
        ({"temperature": 0.0}, {"temperature": 0.0}),
        ({"top_p": 0.5, "stop": ("a", "b")}, {"top_p": 0.5, "stop": ["a", "b"]}),
        ({"max_tokens": 5}, {"max_tokens": 5}),
        ({"max_completion_tokens": 6}, {"max_completion_tokens": 6}),
        ({"max_tokens": 5, "max_completion_tokens": 6}, {"max_tokens": 5, "max_completion_tokens": 6}),
        ({"include_usage": True, "timeout": 5.0, "parallel_tool_calls": False}, {}),
    ],
)
def test_settings_go_out_under_the_gateways_names(fields: Any, sent: Any) -> None:
    body = _body(_request(**fields))
    del body["user"], body["model"], body["messages"]
    assert body == sent


@pytest.mark.parametrize(
    ("messages", "model", "sent"),
    [
        ((SYSTEM, USER), GPT, [("system", "Be\n\nbrief"), ("user", "Hi")]),
        ((SYSTEM, USER), GEMINI, [("system", "Be\n\nbrief"), ("user", "Hi")]),
        ((SYSTEM, USER), SYSTEMLESS, [("user", "Be\n\nbrief"), ("user", "Hi")]),
        ((SYSTEM,), GPT, [("system", "Be\n\nbrief")]),
        ((SYSTEM,), CLAUDE, [("system", "Be\n\nbrief"), ("user", "Begin.")]),
        ((SYSTEM,), GEMINI, [("system", "Be\n\nbrief"), ("user", "Begin.")]),
        ((ASSISTANT, USER), GPT, [("assistant", "Well"), ("user", "Hi")]),
        ((ASSISTANT, USER), CLAUDE, [("user", "Begin."), ("assistant", "Well"), ("user", "Hi")]),
        ((SYSTEM, ASSISTANT), CLAUDE, [("system", "Be\n\nbrief"), ("user", "Begin."), ("assistant", "Well")]),
        ((Message("assistant", ()), USER), GPT, [("assistant", ""), ("user", "Hi")]),
    ],
)
def test_messages_are_put_as_the_family_takes_them(messages: Any, model: Model, sent: Any) -> None:
    body = _body(_request(*messages), model)
    assert [(message["role"], message["content"]) for message in body["messages"]] == sent


def test_names_go_along() -> None:
    body = _body(_request(Message("user", (Text("Hi"),), name="ann")))
    assert body["messages"] == [{"role": "user", "content": "Hi", "name": "ann"}]


def test_pictures_go_as_parts_among_the_text() -> None:
    parts = (Text("What?"), Image("data:image/png;base64,AA=="), Image("data:x", detail="low"))
    [message] = _body(_request(Message("user", parts)))["messages"]
    assert message["content"] == [
        {"type": "text", "text": "What?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
        {"type": "image_url", "image_url": {"url": "data:x", "detail": "low"}},
    ]


_TOOL = Tool("f", "Does f", msgspec.Raw(b'{"type":"object"}'), strict=True)


def test_tools_are_asked_without_streaming_in_openais_shape() -> None:
    history = (
        USER,
        Message("assistant", (ToolCall("call_1", "f", '{"a":1}'), ToolCall("call_2", "f", "{}"))),
        Message("tool", (ToolResult("call_1", (Text("one"),)),)),
        Message("tool", (ToolResult("call_2", (Text("two"),)),)),
    )
    call = _call(_request(*history, tools=(_TOOL, Tool("g")), tool_choice=ToolChoice("required"), stream=True))
    body = json.loads(call.body)
    assert call.url == "http://argo/chat/"
    assert call.reply == "message"
    assert body["tools"] == [
        {
            "type": "function",
            "function": {"name": "f", "description": "Does f", "parameters": {"type": "object"}, "strict": True},
        },
        {"type": "function", "function": {"name": "g"}},
    ]
    assert body["tool_choice"] == "required"
    assert body["messages"][1:] == [
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}},
                {"id": "call_2", "type": "function", "function": {"name": "f", "arguments": "{}"}},
            ],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "one"},
        {"role": "tool", "tool_call_id": "call_2", "content": "two"},
    ]


def test_a_tool_can_be_named() -> None:
    body = _body(_request(tools=(_TOOL,), tool_choice=ToolChoice("named", "f")))
    assert body["tool_choice"] == {"type": "function", "function": {"name": "f"}}


def test_what_the_wire_has_no_word_for_is_listed() -> None:
    extras = {"seed": msgspec.Raw(b"1"), "logprobs": msgspec.Raw(b"true")}
    assert _call(_request(extras=extras)).dropped == ("seed", "logprobs")
    assert _call(EmbeddingRequest(model="x", inputs=("a",), extras=extras)).dropped == ("seed", "logprobs")


def test_long_claude_replies_are_streamed_and_those_with_tools_capped() -> None:
    call = _call(_request(max_tokens=30000), CLAUDE)
    assert (call.url, json.loads(call.body)["max_tokens"], call.adjusted) == ("http://argo/streamchat/", 30000, ())
    assert _call(_request(max_tokens=21000), CLAUDE).url == "http://argo/chat/"
    call = _call(_request(max_tokens=30000, tools=(_TOOL,)), CLAUDE)
    sent, told = json.loads(call.body)["max_tokens"], call.adjusted
    assert (call.url, sent, told) == ("http://argo/chat/", 21000, ("max_tokens",))
    assert _call(_request(max_tokens=30000), GPT).url == "http://argo/chat/"


def test_embeddings() -> None:
    call = _call(EmbeddingRequest(model="x", inputs=("a", "b"), dimensions=7))
    assert call.url == "http://argo/embed/"
    assert call.body == b'{"user":"someone","model":"gpt4o","prompt":["a","b"]}'


@pytest.mark.parametrize(
    ("resource", "stream", "url"),
    [
        ("chat", False, "http://argo/chat/"),
        ("chat", True, "http://argo/streamchat/"),
        ("embed", False, "http://argo/embed/"),
        ("embed", True, "http://argo/embed/"),
    ],
)
def test_direct_calls_keep_every_field_but_user_and_model(resource: str, stream: bool, url: str) -> None:
    fields = {"user": msgspec.Raw(b'"mallory"'), "odd": msgspec.Raw(b"[1.50]"), "model": msgspec.Raw(b'"gpt-4o"')}
    call = _call(DirectRequest(model="gpt-4o", resource=resource, stream=stream, fields=fields))
    assert call.url == url
    assert call.body == b'{"user":"someone","odd":[1.50],"model":"gpt4o"}'


@pytest.mark.parametrize(
    ("reply", "head", "decoder"),
    [
        ("text", Head(200, "text/plain; charset=utf-8"), TextStream),
        ("text", Head(200, ""), TextStream),
        ("text", Head(200, "application/json"), WholeMessage),
        ("text", Head(200, "text/html; charset=utf-8"), Refusal),
        ("message", Head(200, "application/json"), WholeMessage),
        ("message", Head(200, "Text/HTML"), Refusal),
        ("message", Head(204), Refusal),
        ("message", Head(302), Refusal),
        ("vectors", Head(200, "application/json"), VectorList),
        ("vectors", Head(500), Refusal),
    ],
)
def test_the_head_and_the_call_choose_the_decoder(reply: str, head: Head, decoder: type) -> None:
    assert type(GATEWAY.decoder(Call(url="", body=b"", reply=reply), head, 0)) is decoder


@pytest.mark.parametrize(("parallel", "one"), [(None, False), (True, False), (False, True)])
def test_a_client_that_takes_one_call_gets_one(parallel: bool | None, one: bool) -> None:
    """The gateway has no word for it: the others are left out of the reply."""
    call = _call(_request(tools=(_TOOL,), parallel_tool_calls=parallel))
    assert (call.one_call, call.dropped) == (one, ())


def test_the_gateway_keeps_its_interface() -> None:
    verifyObject(IUpstream, GATEWAY)
