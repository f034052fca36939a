"""The native OpenAI wire: what it is asked, and what comes back from the simulator that plays it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from zope.interface.verify import verifyObject

from argoproxy.conversation import (
    Abilities,
    Call,
    DirectRequest,
    EmbeddingRequest,
    Failed,
    Finished,
    Head,
    Image,
    Message,
    OutputShape,
    Text,
    TextDelta,
    Thinking,
    Tool,
    ToolCall,
    ToolCallArguments,
    ToolCallBegun,
    ToolChoice,
    ToolResult,
    Used,
    Vectors,
)
from argoproxy.errors import ClientFault
from argoproxy.interfaces import IRelay
from argoproxy.upstreams.openai_native import OpenAINative
from argoproxy.upstreams.openai_replies import ChatStream, EmbeddingList, WholeChat
from argoproxy.upstreams.refusals import Refusal
from tests.simulator.asking import Argo
from tests.upstreams.wire import USER, chat, events, model, send

WIRE = OpenAINative("http://argo/v1/chat/completions", "http://argo/v1/embeddings")
TOOL = Tool("get_weather", "Tells it", msgspec.Raw(b'{"type":"object","properties":{"city":{"type":"string"}}}'))


def _body(request: Any, name: str = "gpt4o") -> Any:
    return json.loads(WIRE.encode(request, model(name), "someone").body)


def test_a_plain_question() -> None:
    call = WIRE.encode(chat(), model("gpt4o"), "someone")
    assert call == Call(
        url="http://argo/v1/chat/completions",
        body=b'{"model":"gpt4o","messages":[{"role":"user","content":"Hi"}],"user":"someone"}',
        reply="whole",
        accept="application/json",
        headers={"Authorization": "Bearer someone"},
    )


def test_a_stream_always_tells_its_usage() -> None:
    call = WIRE.encode(chat(stream=True), model("gpt4o"), "someone")
    assert (call.reply, call.accept) == ("stream", "text/event-stream")
    assert (_body(chat(stream=True))["stream"], _body(chat(stream=True))["stream_options"]) == (
        True,
        {"include_usage": True},
    )


@pytest.mark.parametrize(
    ("fields", "sent"),
    [
        ({"temperature": 0.0, "top_p": 0.5, "stop": ("a", "b")}, {"temperature": 0, "top_p": 0.5, "stop": ["a", "b"]}),
        (
            {"tools": (TOOL,), "tool_choice": ToolChoice("required"), "parallel_tool_calls": False},
            {
                "tools": [
                    {
                        "type": "function",
                        "function": {
                            "name": "get_weather",
                            "description": "Tells it",
                            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
                        },
                    }
                ],
                "tool_choice": "required",
                "parallel_tool_calls": False,
            },
        ),
        (
            {"tools": (Tool("f", strict=True),), "tool_choice": ToolChoice("named", "f")},
            {
                "tools": [{"type": "function", "function": {"name": "f", "strict": True}}],
                "tool_choice": {"type": "function", "function": {"name": "f"}},
            },
        ),
        ({"tool_choice": ToolChoice("none"), "parallel_tool_calls": True}, {}),
        ({"shape": OutputShape()}, {"response_format": {"type": "json_object"}}),
        (
            {"shape": OutputShape(msgspec.Raw(b'{"type":"object"}'), "answer", "What it is", True)},
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {
                        "name": "answer",
                        "description": "What it is",
                        "schema": {"type": "object"},
                        "strict": True,
                    },
                }
            },
        ),
        ({"extras": {"seed": msgspec.Raw(b"7"), "logprobs": msgspec.Raw(b"true")}}, {"seed": 7}),
        ({"thinking": Thinking("enabled", "high")}, {}),
    ],
)
def test_settings_go_out_in_openais_words(fields: Any, sent: Any) -> None:
    body = _body(chat(**fields))
    assert {name: body[name] for name in body if name not in ("model", "messages", "user")} == sent


@pytest.mark.parametrize(
    ("name", "thinking", "effort", "adjusted"),
    [
        ("gpt5", Thinking("enabled", "low"), "low", ()),
        ("gpt5", Thinking("off", "none"), "minimal", ("thinking",)),
        ("gpt51", Thinking("off", "none"), "none", ()),
        ("gpto3", Thinking("enabled", "xhigh"), "high", ("thinking",)),
        ("gpt55", Thinking("enabled", "max"), "xhigh", ("thinking",)),
        ("gpt5", Thinking("enabled", None, 9000), "high", ("thinking",)),
        ("gemini25pro", Thinking("enabled", None, 1000), "minimal", ("thinking",)),
        ("gpt4o", Thinking("enabled", "high"), None, ("thinking",)),
        ("gpt5", Thinking("adaptive"), None, ("thinking",)),
        ("claudesonnet45", Thinking("enabled", "high"), None, ("thinking",)),
    ],
)
def test_thinking_is_an_effort(name: str, thinking: Thinking, effort: str | None, adjusted: tuple[str, ...]) -> None:
    call = WIRE.encode(chat(thinking=thinking, max_tokens=9), model(name), "someone")
    assert json.loads(call.body).get("reasoning_effort") == effort
    assert tuple(one for one in call.adjusted if one != "max_tokens") == adjusted


@pytest.mark.parametrize(
    ("name", "fields", "dropped"),
    [
        ("gpt4o", {"extras": {"logprobs": msgspec.Raw(b"true"), "store": msgspec.Raw(b"false")}}, ("logprobs",)),
        ("gpt4o", {"top_k": 5, "shape": OutputShape()}, ("top_k",)),
        ("gemini25pro", {"shape": OutputShape()}, ("response_format",)),
        ("claudesonnet45", {"shape": OutputShape(), "raw": {"text": msgspec.Raw(b"{}")}}, ("text",)),
    ],
)
def test_what_the_wire_has_no_word_for_is_told(name: str, fields: Any, dropped: tuple[str, ...]) -> None:
    call = WIRE.encode(chat(**fields), model(name), "someone")
    assert call.dropped == dropped
    assert "response_format" not in json.loads(call.body) or name == "gpt4o"


def test_a_developer_of_the_clients_is_told_of() -> None:
    raw = {"messages": msgspec.Raw(b'[{"role": "developer", "content": "Be brief"}]')}
    request = chat(Message("system", (Text("Be brief"),)), raw=raw)
    assert WIRE.encode(request, model("gpt4o"), "someone").adjusted == ("developer-role",)
    said = {"messages": msgspec.Raw(b'[{"role": "user", "content": "\\"developer\\" or \'developer\'"}]')}
    assert WIRE.encode(chat(raw=said), model("gpt4o"), "someone").adjusted == ()


def test_ids_that_clients_have_not_are_made_up() -> None:
    history = (
        USER,
        Message("assistant", (ToolCall("", "f", "{}"),)),
        Message("tool", (ToolResult("", (Text("1"),), name="f"),)),
    )
    call = WIRE.encode(chat(*history), model("gpt4o"), "someone")
    assistant, tool = json.loads(call.body)["messages"][1:]
    assert assistant["tool_calls"][0]["id"] == tool["tool_call_id"] != ""
    assert (send(call).status, call.adjusted) == (200, ())


@pytest.mark.parametrize("name", ["gpt4o", "gpt5", "gemini25pro", "claudesonnet45"])
@pytest.mark.parametrize("stream", [False, True])
def test_text_comes_back_with_its_usage(name: str, stream: bool) -> None:
    call = WIRE.encode(chat(stream=stream), model(name), "someone")
    found = events(WIRE, call)
    text = "".join(event.text for event in found if isinstance(event, TextDelta))
    assert "Hi" in text
    assert [type(event) for event in found[-2:]] == [Finished, Used]
    assert found[-2] == Finished("stop")
    used = found[-1]
    assert isinstance(used, Used)
    assert used.usage.prompt > 0
    assert used.usage.completion > 0


@pytest.mark.parametrize("name", ["gpt4o", "gemini25pro", "claudesonnet45"])
@pytest.mark.parametrize("stream", [False, True])
def test_calls_come_back_and_their_results_go_in(name: str, stream: bool) -> None:
    request = chat(Message("user", (Text("What is the weather?"),)), tools=(TOOL,), stream=stream)
    found = events(WIRE, WIRE.encode(request, model(name), "someone"))
    [begun] = [event for event in found if isinstance(event, ToolCallBegun)]
    arguments = "".join(event.fragment for event in found if isinstance(event, ToolCallArguments))
    assert (begun.name, Finished("tool_calls") in found) == ("get_weather", True)
    assert list(json.loads(arguments)) == ["city"]
    history = (
        *request.messages,
        Message("assistant", (ToolCall(begun.id, begun.name, arguments),)),
        Message("tool", (ToolResult(begun.id, (Text("Rain and wind"),)),)),
    )
    again = events(WIRE, WIRE.encode(chat(*history, tools=(TOOL,), stream=stream), model(name), "someone"))
    assert "Rain and wind" in "".join(event.text for event in again if isinstance(event, TextDelta))


@pytest.mark.parametrize("stream", [False, True])
def test_a_freeform_tool_is_a_function_on_the_way(stream: bool) -> None:
    tool = Tool("apply_patch", "Patches", freeform=True)
    history = (Message("assistant", (ToolCall("a", "apply_patch", "*** Begin"),)), Message("tool", (_done("a"),)))
    body = _body(chat(USER, *history, tools=(tool,)))
    assert body["tools"][0]["function"]["parameters"]["required"] == ["input"]
    assert body["messages"][1]["tool_calls"][0]["function"]["arguments"] == '{"input":"*** Begin"}'
    request = chat(Message("user", (Text("Apply the patch"),)), tools=(tool,), stream=stream)
    found = events(WIRE, WIRE.encode(request, model("gpt4o"), "someone"))
    [arguments] = [event.fragment for event in found if isinstance(event, ToolCallArguments)]
    assert (arguments, found[-2]) == ("input", Finished("tool_calls"))


def _done(identity: str) -> ToolResult:
    return ToolResult(identity, (Text("Done"),))


def test_pictures_are_seen() -> None:
    message = Message("user", (Text("What is it?"), Image("data:image/png;base64,iVBORw0KGgo=")))
    found = events(WIRE, WIRE.encode(chat(message), model("gpt4o"), "someone"))
    assert "image/png, 8 bytes" in "".join(event.text for event in found if isinstance(event, TextDelta))


def test_a_shape_is_kept() -> None:
    shape = OutputShape(msgspec.Raw(b'{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]}'))
    found = events(WIRE, WIRE.encode(chat(shape=shape), model("gpt4o"), "someone"))
    text = "".join(event.text for event in found if isinstance(event, TextDelta))
    assert isinstance(json.loads(text)["a"], int)


def test_what_must_be_streamed_is_streamed() -> None:
    """Claude's long replies are put together from a stream, also where the client waits for the whole."""
    asked = model("claudesonnet45")
    assert WIRE.encode(chat(max_tokens=21333), asked, "someone").reply == "whole"
    call = WIRE.encode(chat(max_tokens=21334), asked, "someone")
    assert (call.reply, json.loads(call.body)["stream"]) == ("stream", True)
    assert not WIRE.relays(chat(max_tokens=21334, raw={"messages": msgspec.Raw(b"[{}]")}), asked)


def test_only_the_first_call_counts_for_those_who_take_no_more() -> None:
    assert WIRE.encode(chat(tools=(TOOL,), parallel_tool_calls=False), model("gpt4o"), "someone").one_call
    assert not WIRE.encode(chat(tools=(TOOL,)), model("gpt4o"), "someone").one_call


@pytest.mark.parametrize(
    ("name", "dimensions", "sent"), [("v3small", 5, 5), ("v3large", 5, 5), ("ada002", 5, None), ("v3large", None, None)]
)
def test_embeddings_are_asked_as_numbers(name: str, dimensions: int | None, sent: int | None) -> None:
    request = EmbeddingRequest(model="x", inputs=("a", (1, 2)), dimensions=dimensions)
    call = WIRE.encode(request, model(name), "someone")
    body = json.loads(call.body)
    assert call.url == "http://argo/v1/embeddings"
    assert call.headers == {"Authorization": "Bearer someone"}
    assert (body["input"], body["encoding_format"], body.get("dimensions")) == (["a", [1, 2]], "float", sent)
    assert (body["model"], body["user"]) == (name, "someone")


def test_vectors_come_back_shortened_by_argo_and_for_token_ids() -> None:
    request = EmbeddingRequest(model="x", inputs=((1, 2), (3,)), dimensions=5)
    vectors, used = events(WIRE, WIRE.encode(request, model("v3small"), "someone"))
    assert isinstance(vectors, Vectors)
    assert [len(json.loads(bytes(row))) for row in vectors.rows] == [5, 5]
    assert isinstance(used, Used)
    assert used.usage.prompt == 3


def test_embedding_fields_that_nobody_knows_are_told_of() -> None:
    request = EmbeddingRequest(model="x", inputs=("a",), extras={"odd": msgspec.Raw(b"1")})
    assert WIRE.encode(request, model("v3small"), "someone").dropped == ("odd",)


def test_argos_own_calls_are_not_on_this_wire() -> None:
    with pytest.raises(ClientFault, match="on the gateway wire only"):
        WIRE.encode(DirectRequest(model="x", resource="chat", fields={}), model("gpt4o"), "someone")


@pytest.mark.parametrize(
    ("reply", "head", "decoder"),
    [
        ("stream", Head(200, "text/event-stream; charset=utf-8"), ChatStream),
        ("stream", Head(200, "application/json"), WholeChat),
        ("whole", Head(200, "application/json"), WholeChat),
        ("vectors", Head(200, "application/json"), EmbeddingList),
        ("stream", Head(200, "text/html"), Refusal),
        ("whole", Head(400, "application/json"), Refusal),
        ("whole", Head(204), Refusal),
    ],
)
def test_the_head_and_the_call_choose_the_decoder(reply: str, head: Head, decoder: type) -> None:
    assert type(WIRE.decoder(Call(url="", body=b"", reply=reply), head, 0)) is decoder


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("fault", "status", "message"),
    [
        ("nested-error", 400, "Unsupported value: 'temperature' does not support 0.5 with this model."),
        ("error-200", 502, "Internal server error"),
        ("429", 429, "Rate limit reached. Please try again later."),
        ("html-502", 502, "ARGO answered with status 502"),
        ("traceback", 502, "ARGO answered with status 500"),
        ("auth-notice", 401, "IMPORTANT AUTHENTICATION NOTICE FROM ARGO"),
    ],
)
def test_faults_are_told_in_the_innermost_words(stream: bool, fault: str, status: int, message: str) -> None:
    [failed] = events(WIRE, WIRE.encode(chat(stream=stream), model("gpt4o"), "someone"), Argo(fault=fault))
    assert isinstance(failed, Failed)
    assert (failed.fault.status, failed.fault.message[: len(message)]) == (status, message)


def test_an_error_in_the_middle_of_a_stream() -> None:
    found = events(WIRE, WIRE.encode(chat(stream=True), model("gpt4o"), "someone"), Argo(fault="error-event"))
    assert isinstance(found[0], TextDelta)
    assert isinstance(found[-1], Failed)


def test_abilities_are_the_models_not_the_wires() -> None:
    """What the operator says of a model is what counts."""
    asked = msgspec.structs.replace(model("gpt5"), abilities=Abilities())
    call = WIRE.encode(chat(temperature=0.5, top_p=0.5, max_tokens=5), asked, "someone")
    assert (json.loads(call.body)["temperature"], json.loads(call.body)["max_tokens"]) == (0.5, 5)
    assert call.adjusted == ()


def test_it_keeps_its_interface() -> None:
    verifyObject(IRelay, WIRE)
