"""What the native Anthropic wire is asked, and that a strict ARGO takes it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from zope.interface.verify import verifyObject

from argoproxy.conversation import (
    DirectRequest,
    EmbeddingRequest,
    Failed,
    Finished,
    Head,
    Image,
    Message,
    OutputShape,
    Reasoning,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolCallBegun,
    ToolChoice,
    ToolResult,
    Used,
)
from argoproxy.errors import ClientFault
from argoproxy.interfaces import IRewordingRelay
from argoproxy.upstreams.anthropic_replies import MessageStream, WholeMessage
from argoproxy.upstreams.mending.freeform import Unwrapping
from argoproxy.upstreams.openai_splice import Refused
from argoproxy.upstreams.refusals import Refusal
from tests.simulator.asking import ARGUMENTS, PIXEL, SCHEMA

from .claude import MODELS, NATIVE, SONNET, STAMP, answer, encode, encoded, events, parsed, raw
from .wire import USER, model, send
from .wire import chat as request

IMAGE = Image(f"data:image/png;base64,{PIXEL}")
WEATHER = Tool("get_weather", "Tells it", raw(json.dumps(SCHEMA)))
TIME = Tool("get_time", None, raw(json.dumps(SCHEMA)))


def _called(*ids: str) -> Message:
    return Message("assistant", tuple(ToolCall(one, "get_weather", '{"city":"x"}') for one in ids))


def _answered(*ids: str) -> Message:
    return Message("tool", tuple(ToolResult(one, (Text("Rain"),)) for one in ids))


def test_a_plain_question() -> None:
    call = encode(request())
    assert call.url == "http://argo/v1/messages"
    assert json.loads(call.body) == {
        "model": "claudesonnet45",
        "user": "someone",
        "max_tokens": 4096,
        "messages": [{"role": "user", "content": "Hi"}],
    }
    assert call.headers == {"x-api-key": "someone", "anthropic-version": "2023-06-01"}
    assert (call.reply, call.accept, call.dropped, call.adjusted) == ("whole", "application/json", (), ("max_tokens",))


def test_a_stream_is_asked_for_as_such() -> None:
    call = encode(request(stream=True, max_tokens=5))
    assert (call.reply, call.accept, call.adjusted) == ("stream", "text/event-stream", ())
    assert json.loads(call.body)["stream"] is True


def test_the_clients_own_headers_of_this_language_go_along_and_the_users_name_wins() -> None:
    given = {"anthropic-beta": "a,b", "anthropic-version": "2024-01-01", "x-api-key": "mallory"}
    call = encode(request(headers=given))
    assert call.headers == {"x-api-key": "someone", "anthropic-beta": "a,b", "anthropic-version": "2024-01-01"}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_every_model_answers(name: str, stream: bool) -> None:
    reply = answer(request(stream=stream), name)
    assert '"Hi"' in reply.choices[0].text
    assert (reply.choices[0].reason, reply.usage.prompt > 0, reply.usage.completion > 0) == ("stop", True, True)


@pytest.mark.parametrize(
    ("messages", "system", "sent_messages"),
    [
        ((Message("system", (Text("Be brief"),)), USER), "Be brief", [("user", "Hi")]),
        (
            (Message("system", (Text("Be"), Text("brief"))), USER),
            [{"type": "text", "text": "Be"}, {"type": "text", "text": "brief"}],
            [("user", "Hi")],
        ),
        (
            (Message("system", (Text("Be"),)), USER, Message("system", (Text("brief"),))),
            [{"type": "text", "text": "Be"}, {"type": "text", "text": "brief"}],
            [("user", "Hi")],
        ),
        ((Message("system", (Text("Be brief"),)),), "Be brief", [("user", "Begin.")]),
        (
            (Message("assistant", (Text("Well"),)), USER),
            None,
            [("user", "Begin."), ("assistant", "Well"), ("user", "Hi")],
        ),
        (
            (USER, Message("user", (Text("there"),))),
            None,
            [("user", [{"type": "text", "text": "Hi"}, {"type": "text", "text": "there"}])],
        ),
        (
            (USER, Message("assistant", (Text(""),)), Message("user", (Text(" "), Text("x")))),
            None,
            [("user", [{"type": "text", "text": "Hi"}, {"type": "text", "text": "x"}])],
        ),
        (
            (USER, Message("assistant", (Text("a"), Reasoning("r", "sig"))), Message("assistant", (Text("b"),)), USER),
            None,
            [
                ("user", "Hi"),
                (
                    "assistant",
                    [
                        {"type": "text", "text": "a"},
                        {"type": "thinking", "thinking": "r", "signature": "sig"},
                        {"type": "text", "text": "b"},
                    ],
                ),
                ("user", "Hi"),
            ],
        ),
    ],
)
def test_messages_are_put_as_this_wire_takes_them(messages: Any, system: Any, sent_messages: Any) -> None:
    asked = request(*messages)
    body = encoded(asked)
    assert body.get("system") == system
    assert [(one["role"], one["content"]) for one in body["messages"]] == sent_messages
    assert answer(asked).choices[0].text


def test_a_system_message_that_moves_is_told() -> None:
    late = Message("system", (Text("Be brief"),))
    assert encode(request(USER, late)).adjusted[0] == "system"
    assert "system" not in encode(request(late, USER)).adjusted


@pytest.mark.parametrize(
    "reasoning", [Reasoning("", redacted="x"), Reasoning(""), Reasoning("", "sig"), Reasoning("unsealed")]
)
def test_thoughts_that_are_not_taken_back_are_left_out(reasoning: Reasoning) -> None:
    asked = request(USER, Message("assistant", (reasoning, Text("a"))), USER)
    assert encoded(asked)["messages"][1] == {"role": "assistant", "content": "a"}
    assert "thinking" in encode(asked).adjusted
    assert answer(asked).choices[0].text


def test_results_come_first_with_their_pictures_and_failures() -> None:
    results = Message(
        "tool",
        (ToolResult("a", (Text("one"), IMAGE)), ToolResult("b", (Text("no"),), True), ToolResult("c", ())),
    )
    asked = request(USER, _called("a", "b", "c"), results, Message("user", (IMAGE, Text("So?"))))
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}
    assert encoded(asked)["messages"][1:] == [
        {
            "role": "assistant",
            "content": [
                {"type": "tool_use", "id": one, "name": "get_weather", "input": {"city": "x"}}
                for one in ("a", "b", "c")
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "a", "content": [{"type": "text", "text": "one"}, picture]},
                {"type": "tool_result", "tool_use_id": "b", "content": "no", "is_error": True},
                {"type": "tool_result", "tool_use_id": "c"},
                picture,
                {"type": "text", "text": "So?"},
            ],
        },
    ]
    assert 'said: "one" and "no" and ""' in answer(asked).choices[0].text
    assert "image/png, 8 bytes" in answer(request(Message("user", (IMAGE, Text("So?"))))).choices[0].text


@pytest.mark.parametrize(
    "messages",
    [
        (USER, _called("a"), USER),
        (USER, _called("a", "b"), _answered("a")),
        (USER, _called("a"), _answered("a"), _called("b"), USER, _answered("b")),
        (USER, _called("a", "b"), _answered("a"), _answered("b")),
        (USER, _called("functions.x:0"), _answered("functions.x:0")),
        (USER, _called(""), _answered("")),
    ],
)
def test_every_call_has_its_result_in_the_next_message(messages: Any) -> None:
    assert answer(request(*messages, tools=(WEATHER,))).choices[0].text


@pytest.mark.parametrize(
    ("fields", "sent_fields"),
    [
        ({"temperature": 0.5}, {"temperature": 0.5}),
        ({"temperature": 1.7}, {"temperature": 1.0}),
        ({"top_p": 0.5, "top_k": 3}, {"top_p": 0.5, "top_k": 3}),
        ({"temperature": 0.5, "top_p": 0.5}, {"temperature": 0.5}),
        ({"stop": ("a", "\n", " ")}, {"stop_sequences": ["a"]}),
        ({"stop": ("\n",)}, {}),
        ({"max_completion_tokens": 7}, {"max_tokens": 7}),
        ({"include_usage": True, "timeout": 5.0, "n": 1}, {}),
        ({"tool_choice": ToolChoice("auto"), "parallel_tool_calls": False}, {}),
    ],
)
def test_settings_go_out_under_this_wires_names(fields: Any, sent_fields: Any) -> None:
    asked = request(**fields)
    body = encoded(asked)
    del body["model"], body["user"], body["messages"]
    assert body == {"max_tokens": 4096} | sent_fields
    assert answer(asked).choices[0].text


def test_models_that_have_their_own_temperature_get_none() -> None:
    call = encode(request(temperature=0.5, top_p=0.5), "claudeopus47")
    assert {"temperature", "top_p"}.isdisjoint(json.loads(call.body))
    assert call.adjusted == ("temperature", "top_p", "max_tokens")
    assert send(call).status == 200


@pytest.mark.parametrize(
    ("choice", "parallel", "sent_choice", "called"),
    [
        (None, None, None, ["get_weather", "get_time"]),
        (None, True, None, ["get_weather", "get_time"]),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}, ["get_weather"]),
        (ToolChoice("auto"), None, {"type": "auto"}, ["get_weather", "get_time"]),
        (ToolChoice("none"), None, {"type": "none"}, []),
        (ToolChoice("none"), False, {"type": "none"}, []),
        (ToolChoice("required"), None, {"type": "any"}, ["get_weather", "get_time"]),
        (ToolChoice("required"), False, {"type": "any", "disable_parallel_tool_use": True}, ["get_weather"]),
        (ToolChoice("named", "get_time"), None, {"type": "tool", "name": "get_time"}, ["get_time"]),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_tools_and_the_choice_of_them(
    choice: ToolChoice | None, parallel: bool | None, sent_choice: Any, called: list[str], stream: bool
) -> None:
    asked = request(
        Message("user", (Text("weather and time"),)),
        tools=(WEATHER, TIME),
        tool_choice=choice,
        parallel_tool_calls=parallel,
        stream=stream,
    )
    body = encoded(asked)
    assert body["tools"] == [
        {"name": "get_weather", "description": "Tells it", "input_schema": SCHEMA},
        {"name": "get_time", "input_schema": SCHEMA},
    ]
    assert body.get("tool_choice") == sent_choice
    (chosen,) = answer(asked).choices
    assert [call.name for call in chosen.calls] == called
    assert all(json.loads(call.arguments) == ARGUMENTS and call.id for call in chosen.calls)
    assert chosen.reason == ("tool_calls" if called else "stop")


@pytest.mark.parametrize(
    "schema",
    [
        None,
        "{}",
        '{"type":"object","properties":{"x":{"$ref":"#/$defs/x"}},"$defs":{"x":{"type":"string"}}}',
        '{"anyOf":[{"type":"object","properties":{"x":{"type":"string"}}}]}',
    ],
)
def test_schemas_are_such_as_are_taken(schema: str | None) -> None:
    tool = Tool("get_weather", None, None if schema is None else raw(schema), strict=True)
    call = encode(request(tools=(tool,), tool_choice=ToolChoice("required")))
    assert "strict" not in json.loads(call.body)["tools"][0]
    assert "strict" in call.adjusted
    assert send(call).status == 200


@pytest.mark.parametrize("stream", [False, True])
def test_freeform_tools_go_as_functions_and_come_back_as_texts(stream: bool) -> None:
    tool = Tool("patch", "Takes a patch", freeform=True)
    history = (USER, Message("assistant", (ToolCall("a", "patch", "*** begin"),)), _answered("a"))
    body = encoded(request(*history, tools=(tool,)))
    assert body["messages"][1]["content"][0]["input"] == {"input": "*** begin"}
    assert body["tools"][0]["input_schema"]["required"] == ["input"]
    (chosen,) = answer(request(tools=(tool,), tool_choice=ToolChoice("required"), stream=stream)).choices
    assert chosen.calls[0].arguments == "input"


def test_what_the_wire_has_no_word_for_is_listed() -> None:
    extras = {"seed": raw("1"), "logprobs": raw("false"), "logit_bias": raw("{}")}
    asked = request(Message("user", (Text("Hi"),), "ann"), extras=extras, shape=OutputShape(), stop=("\n",))
    assert encode(asked).dropped == ("seed", "response_format", "name", "stop")


@pytest.mark.parametrize(
    ("metadata", "kept"),
    [('{"user_id":"u"}', {"user_id": "u"}), ('{"user_id":"u","x":"y"}', None), ('{"a":"b"}', None), ("null", None)],
)
def test_metadata_of_this_language_goes_along(metadata: str, kept: Any) -> None:
    assert encoded(request(raw={"metadata": raw(metadata)})).get("metadata") == kept


@pytest.mark.parametrize(
    ("name", "limit", "reply"),
    [
        ("claudesonnet45", 21_333, "whole"),
        ("claudesonnet45", 21_334, "stream"),
        ("claudeopus41", 8192, "whole"),
        ("claudeopus41", 8193, "stream"),
    ],
)
def test_what_is_too_long_to_be_whole_is_asked_for_as_a_stream(name: str, limit: int, reply: str) -> None:
    """The events of either are the same, so that a client that doesn't stream sees no difference."""
    call = encode(request(max_tokens=limit), name)
    assert call.reply == reply
    assert '"Hi"' in answer(request(max_tokens=limit), name).choices[0].text
    assert '"Hi"' in answer(parsed(max_tokens=limit), name).choices[0].text


def test_limits_beyond_the_models_own_are_lowered() -> None:
    assert encoded(request(max_tokens=10**6, stream=True))["max_tokens"] == 64_000


@pytest.mark.parametrize(
    "asked", [EmbeddingRequest(model="x", inputs=("a",)), DirectRequest(model="x", resource="chat", fields={})]
)
def test_nothing_but_conversations_is_said_here(asked: Any) -> None:
    with pytest.raises(ClientFault) as refused:
        encode(asked)
    assert refused.value.status == 400
    assert not NATIVE.relays(asked, model(SONNET))


@pytest.mark.parametrize(
    ("reply", "found", "decoder"),
    [
        ("whole", Head(200, "application/json"), WholeMessage),
        ("whole", Head(200), WholeMessage),
        ("stream", Head(200, "text/event-stream; charset=utf-8"), MessageStream),
        ("stream", Head(200, "application/json"), WholeMessage),
        ("stream", Head(200, "text/html"), Refusal),
        ("stream", Head(529, "application/json"), Refusal),
        ("whole", Head(204), Refusal),
    ],
)
def test_the_head_and_the_call_choose_the_decoder(reply: str, found: Head, decoder: type) -> None:
    call = msgspec.structs.replace(encode(request()), reply=reply)
    assert type(NATIVE.decoder(call, found, 0)) is decoder
    wrapped = msgspec.structs.replace(call, tools=(Tool("x", freeform=True),))
    assert type(NATIVE.decoder(wrapped, found, 0)) is Unwrapping or decoder is Refusal
    splice = NATIVE.splice(call, parsed(), found, STAMP)
    assert isinstance(splice, Refused) is (decoder is Refusal)


def test_a_refusal_is_told_in_the_services_own_words() -> None:
    call = encode(request(max_tokens=5))
    refused = msgspec.structs.replace(call, body=call.body.replace(b'"max_tokens":5', b'"max_tokens":0'))
    (failed,) = events(refused)
    assert isinstance(failed, Failed)
    assert (failed.fault.status, failed.fault.kind) == (400, "invalid_request_error")
    assert failed.fault.message == "max_tokens: Input should be greater than or equal to 1"


@pytest.mark.parametrize("stream", [False, True])
def test_a_reply_says_the_same_however_it_is_cut(stream: bool) -> None:
    ask = (Message("user", (Text("weather"),)),)
    call = encode(request(*ask, tools=(WEATHER,), stream=stream, thinking=Thinking("enabled", None, 1500)))
    whole = events(call)
    assert [type(event) for event in whole if type(event) in (ToolCallBegun, Finished, Used)] == [
        ToolCallBegun,
        Finished,
        Used,
    ]
    assert events(call, 1) == events(call, 7) == whole


def test_a_user_whom_argo_does_not_know_gets_a_401() -> None:
    for stream in (False, True):
        call = encode(request(stream=stream), user="unregistered")
        (failed,) = events(call)
        assert isinstance(failed, Failed)
        assert (failed.fault.status, failed.fault.code) == (401, "argo_authentication")


def test_the_wire_keeps_its_interface_and_sees_to_no_shapes() -> None:
    verifyObject(IRewordingRelay, NATIVE)
    assert not NATIVE.shapes(model(SONNET))
