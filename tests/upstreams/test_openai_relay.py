"""A client's own Chat Completions request goes on byte for byte, but for what must change."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from argoproxy.conversation import Abilities, Call, ChatRequest, OutputShape, RouteCall, Thinking, Tool
from argoproxy.dialects.openai_chat import OpenAIChat
from argoproxy.upstreams.openai_native import OpenAINative
from tests.simulator.asking import Argo
from tests.upstreams.wire import model, send

WIRE = OpenAINative("http://argo/v1/chat/completions", "http://argo/v1/embeddings")
HI = b'{"role":"user", "content" : "H\\u0069", "odd":[1.50]}'


def _parsed(body: bytes) -> ChatRequest:
    return OpenAIChat().parse(body, RouteCall())


def _relayed(body: bytes, name: str = "gpt4o") -> Call:
    request = _parsed(body)
    assert WIRE.relays(request, model(name))
    return WIRE.relay(request, model(name), "someone")


def _asked(name: str = "gpt4o", **fields: Any) -> tuple[Any, tuple[str, ...]]:
    """What goes on of a client's fields, and what is told."""
    call = _relayed(
        json.dumps({"model": "x", "messages": [{"role": "user", "content": "Hi"}], **fields}).encode(), name
    )
    reply = send(call)
    assert reply.status == 200, reply.text
    return json.loads(call.body), call.adjusted


def test_only_the_model_and_the_user_change() -> None:
    body = b'{"model":"argo:x","user":"thief","odd":{"a" : 1.50},"messages":[' + HI + b'],"temperature":1.0,"n":1}'
    call = _relayed(body)
    assert call == Call(
        url="http://argo/v1/chat/completions",
        body=b'{"model":"gpt4o","user":"someone","odd":{"a" : 1.50},"messages":[' + HI + b'],"temperature":1.0,"n":1}',
        reply="whole",
        headers={"Authorization": "Bearer someone"},
    )
    assert send(call).status == 200


def test_the_user_is_told_where_the_client_told_none() -> None:
    assert json.loads(_relayed(b'{"messages":[' + HI + b"]}").body)["user"] == "someone"


def test_nulls_and_what_is_for_the_proxy_stay_here() -> None:
    body, adjusted = _asked(timeout=5, tools=None, stop=None, temperature=None)
    assert sorted(body) == ["messages", "model", "user"]
    assert adjusted == ()


@pytest.mark.parametrize("options", [None, {"include_usage": True}, {"include_usage": False}, {"odd": [1]}])
def test_a_stream_is_asked_for_its_usage(options: Any) -> None:
    call = _relayed(
        json.dumps({"model": "x", "stream": True, "stream_options": options, "messages": [json.loads(HI)]}).encode()
    )
    assert (call.reply, call.accept) == ("stream", "text/event-stream")
    sent = json.loads(call.body)["stream_options"]
    assert sent == {**(options or {}), "include_usage": True}


@pytest.mark.parametrize(
    ("name", "fields", "sent", "adjusted"),
    [
        ("gpt5", {"temperature": 0.5, "top_p": 0.5}, {}, ("temperature", "top_p")),
        ("gpt5", {"temperature": 1}, {"temperature": 1}, ()),
        ("gpt4o", {"max_tokens": 5}, {"max_completion_tokens": 5}, ()),
        ("gemini25pro", {"max_tokens": 5, "max_completion_tokens": 5}, {"max_tokens": 5}, ()),
        (
            "claudesonnet45",
            {"temperature": 1.5},
            {"temperature": 1.0, "max_tokens": 4096},
            ("temperature", "max_tokens"),
        ),
        ("gpt4o", {"seed": 7, "logprobs": True}, {"seed": 7, "logprobs": True}, ()),
        ("gpt4o", {"tools": [], "tool_choice": "none", "parallel_tool_calls": True}, {}, ()),
    ],
)
def test_settings_change_where_they_must(name: str, fields: Any, sent: Any, adjusted: tuple[str, ...]) -> None:
    body, told = _asked(name, **fields)
    assert {key: body[key] for key in body if key not in ("model", "user", "messages")} == sent
    assert told == adjusted


_ASSISTANT = {"role": "assistant", "content": "Well", "odd": 1}
_CALL = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
_OTHER = {**_CALL, "id": "b"}
_USER = {"role": "user", "content": "Hi", "odd": [1]}

_HISTORIES: list[tuple[str, list[Any], list[Any], tuple[str, ...]]] = [
    (
        "gpt4o",
        [{"role": "developer", "content": "Be brief", "odd": 1}, _USER],
        [{"role": "system", "content": "Be brief", "odd": 1}, _USER],
        ("developer-role",),
    ),
    (
        "gpt4o",
        [
            _USER,
            {"role": "assistant", "content": None, "tool_calls": [_CALL], "odd": 1},
            _answer := {
                "role": "tool",
                "tool_call_id": "a",
                "content": "1",
                "odd": 1,
            },
        ],
        [_USER, {"role": "assistant", "content": "", "tool_calls": [_CALL], "odd": 1}, _answer],
        ("content",),
    ),
    (
        "gpt4o",
        [_USER, {"role": "assistant", "tool_calls": [_CALL]}, _answer],
        [_USER, {"role": "assistant", "tool_calls": [_CALL], "content": ""}, _answer],
        ("content",),
    ),
    (
        "gpt4o",
        [_USER, {**_ASSISTANT, "tool_calls": None, "audio": None}],
        [_USER, _ASSISTANT],
        (),
    ),
    (
        "gpt4o",
        [_USER, {**_ASSISTANT, "reasoning_content": "Hm"}],
        [_USER, _ASSISTANT],
        ("thinking",),
    ),
    (
        "gpt4o",
        [_USER, {"role": "assistant", "content": "", "tool_calls": [_CALL], "odd": 1}, _USER],
        [
            _USER,
            {"role": "assistant", "content": "", "tool_calls": [_CALL], "odd": 1},
            {
                "role": "tool",
                "tool_call_id": "a",
                "content": "The tool call was interrupted before it gave a result.",
            },
            _USER,
        ],
        ("tool-results",),
    ),
    (
        "gemini25pro",
        [
            {"role": "system", "content": [{"type": "text", "text": "Be"}, {"type": "text", "text": "brief"}]},
            _USER,
        ],
        [{"role": "system", "content": "Be\n\nbrief"}, _USER],
        ("content",),
    ),
    (
        "gpt4o",
        [{"role": "system", "content": [{"type": "text", "text": "Be"}, {"type": "text", "text": "brief"}]}, _USER],
        [{"role": "system", "content": [{"type": "text", "text": "Be"}, {"type": "text", "text": "brief"}]}, _USER],
        (),
    ),
    (
        "gemini25pro",
        [
            _USER,
            {"role": "assistant", "content": "", "tool_calls": [_CALL, _OTHER]},
            _answer,
            {**_answer, "tool_call_id": "b"},
            _USER,
        ],
        [
            _USER,
            {"role": "assistant", "content": "", "tool_calls": [_CALL]},
            {"role": "tool", "tool_call_id": "a", "content": "1"},
            {"role": "assistant", "content": "", "tool_calls": [_OTHER]},
            {"role": "tool", "tool_call_id": "b", "content": "1"},
            _USER,
        ],
        ("parallel-tool-calls",),
    ),
    (
        "gpt4o",
        [
            _USER,
            {"role": "assistant", "content": "", "tool_calls": [_CALL]},
            {
                "role": "tool",
                "tool_call_id": "a",
                "content": [
                    {"type": "text", "text": "See"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
                ],
            },
        ],
        [
            _USER,
            {"role": "assistant", "content": "", "tool_calls": [_CALL]},
            {"role": "tool", "tool_call_id": "a", "content": "See"},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What the tool showed:"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
                ],
            },
        ],
        (),
    ),
]


@pytest.mark.parametrize(("name", "messages", "sent", "adjusted"), _HISTORIES)
def test_messages_change_where_they_must(
    name: str, messages: list[Any], sent: list[Any], adjusted: tuple[str, ...]
) -> None:
    body, told = _asked(name, messages=messages)
    assert body["messages"] == sent
    assert told == adjusted


@pytest.mark.parametrize(
    ("name", "messages"), [(name, messages) for name, messages, _, adjusted in _HISTORIES if adjusted]
)
def test_unchanged_those_messages_are_refused(name: str, messages: list[Any]) -> None:
    """But for a field that the simulator doesn't look at."""
    if any("reasoning_content" in message for message in messages):
        return
    reply = Argo().complete(name, messages=messages)
    assert reply.status in (400, 500)


def test_messages_beside_a_changed_one_keep_their_bytes() -> None:
    developer = b'{"role":"developer","content":"Be brief"}'
    call = _relayed(b'{"model":"x","messages":[' + developer + b"," + HI + b"]}")
    assert b'{"role":"system","content":"Be brief"},' + HI + b"]" in call.body


_LONG = {"type": "function", "odd": 1, "function": {"name": "f", "odd": 2, "description": "x" * 1025}}
_SHORT = {"type": "function", "odd": 1, "function": {"name": "g", "odd": 2, "description": "x"}}


def test_a_long_description_is_cut_and_the_rest_kept() -> None:
    body, adjusted = _asked(tools=[_LONG, _SHORT], tool_choice="auto")
    cut, kept = body["tools"]
    assert cut == {**_LONG, "function": {"name": "f", "odd": 2, "description": "x" * 1023 + "…"}}
    assert (kept, body["tool_choice"], adjusted) == (_SHORT, "auto", ("tools",))


def test_a_schema_is_mended_in_its_place() -> None:
    schema = {"type": "object", "properties": {"a": {"const": 1}}, "additionalProperties": False}
    tool = {"type": "function", "function": {"name": "f", "parameters": schema}}
    body, adjusted = _asked("gemini25pro", tools=[tool])
    assert body["tools"][0]["function"]["parameters"] == {"type": "object", "properties": {"a": {"enum": [1]}}}
    assert adjusted == ("schema",)


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("gpt4o", {"n": 2}),
        ("gpt4o", {"functions": [{"name": "f"}]}),
        (
            "gpt4o",
            {
                "messages": [
                    {"role": "user", "content": "Hi"},
                    {"role": "assistant", "content": "", "function_call": {"name": "f", "arguments": "{}"}},
                ]
            },
        ),
        (
            "gpt4o",
            {
                "tools": [_SHORT, _LONG],
                "tool_choice": {
                    "type": "allowed_tools",
                    "allowed_tools": {"mode": "auto", "tools": [{"type": "function", "function": {"name": "g"}}]},
                },
            },
        ),
        ("claudesonnet45", {"max_tokens": 30000}),
    ],
)
def test_what_needs_translation_is_not_relayed(name: str, fields: Any) -> None:
    body = {"model": "x", "messages": [{"role": "user", "content": "Hi"}], **fields}
    assert not WIRE.relays(_parsed(json.dumps(body).encode()), model(name))


_AUDIO = b'{"type":"input_audio","input_audio":{"data":"aGk=","format":"wav"},"more":1.50}'
_HEARD = b'{"role":"user","content":[{"type":"text","text":"\\u0048i"}, ' + _AUDIO + b"]}"


@pytest.mark.parametrize("name", ["gpt4o", "gemini25pro"])
def test_what_nobody_here_knows_goes_on_to_models_that_could_take_it(name: str) -> None:
    call = _relayed(b'{"model":"x","messages":[' + HI + b"," + _HEARD + b"]}", name)
    assert _HEARD in call.body
    assert send(call).status == 200
    request = _parsed(b'{"model":"x","messages":[' + _HEARD + b"]}")
    assert not WIRE.relays(request, model("claudesonnet45"))


def test_what_nobody_here_knows_stays_where_the_rest_of_its_message_changes() -> None:
    heard = _HEARD.replace(b"\\u0048i", b"")
    picky = msgspec.structs.replace(model("gpt4o"), abilities=Abilities(attachments=True, empty_text=False))
    request = _parsed(b'{"model":"x","messages":[' + HI + b"," + heard + b"]}")
    told = json.loads(WIRE.relay(request, picky, "someone").body)["messages"]
    assert told == [json.loads(HI), {"role": "user", "content": [json.loads(_AUDIO)]}]


def test_a_request_that_was_changed_since_is_not_relayed() -> None:
    request = _parsed(b'{"model":"x","messages":[' + HI + b"]}")
    assert WIRE.relays(request, model("gpt4o"))
    assert not WIRE.relays(msgspec.structs.replace(request, raw={}), model("gpt4o"))
    more = msgspec.structs.replace(request, prompts=((*request.messages, *request.messages),))
    assert not WIRE.relays(more, model("gpt4o"))


def test_a_shape_goes_on_to_models_that_honour_it() -> None:
    request = _parsed(b'{"model":"x","response_format":{"type": "json_object"},"messages":[' + HI + b"]}")
    shaped = msgspec.structs.replace(request, shape=OutputShape())
    assert b'"response_format":{"type": "json_object"}' in WIRE.relay(shaped, model("gpt4o"), "someone").body
    assert not WIRE.relays(shaped, model("gemini25pro"))


def test_a_tool_that_takes_a_text_is_not_relayed() -> None:
    request = _parsed(json.dumps({"model": "x", "messages": [_USER], "tools": [_SHORT]}).encode())
    assert WIRE.relays(request, model("gpt4o"))
    freeform = msgspec.structs.replace(request, tools=(Tool("g", freeform=True),))
    assert not WIRE.relays(freeform, model("gpt4o"))


@pytest.mark.parametrize(("name", "effort"), [("gpt5", "minimal"), ("gpt51", "none"), ("gpt4o", None)])
def test_an_effort_is_one_that_the_model_knows(name: str, effort: str | None) -> None:
    request = _parsed(b'{"model":"x","reasoning_effort":"none","messages":[' + HI + b"]}")
    asked = msgspec.structs.replace(request, thinking=Thinking("off", "none"))
    call = WIRE.relay(asked, model(name), "someone")
    assert json.loads(call.body).get("reasoning_effort") == effort
    assert call.adjusted == (() if effort == "none" else ("thinking",))
