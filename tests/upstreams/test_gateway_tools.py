"""Every family is told of tools, called in, and answered in its own words on the gateway."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from argoproxy.conversation import (
    Abilities,
    Call,
    ChatRequest,
    Event,
    Family,
    Head,
    Image,
    Message,
    Model,
    Text,
    TextDelta,
    Tool,
    ToolCall,
    ToolCallArguments,
    ToolCallBegun,
    ToolChoice,
    ToolResult,
)
from argoproxy.upstreams.argo_gateway import ArgoGateway
from tests.web import CHAT, Got, Web

GATEWAY = ArgoGateway("http://argo/chat/", "http://argo/streamchat/", "http://argo/embed/")
OK = Head(200, "application/json")
GPT, CLAUDE, GEMINI, OTHER = (
    Model(internal_id=family, names=(family,), family=family, abilities=Abilities(native_tools=family != "unknown"))
    for family in ("openai", "anthropic", "google", "unknown")
)
_SCHEMA: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}}
_EMPTY: dict[str, Any] = {"type": "object", "properties": {}}
WEATHER = Tool("get_weather", "Tells it", msgspec.Raw(json.dumps(_SCHEMA).encode()), strict=True)
STOP = Tool("stop_all")
USER = Message("user", (Text("Hi"),))
PICTURE = Image("data:image/png;base64,AA==")
_PICTURE = {"type": "image_url", "image_url": {"url": PICTURE.url}}


def _asked(model: Model, *messages: Message, **fields: Any) -> Call:
    request = ChatRequest(model="x", prompts=(messages or (USER,),), **{"tools": (WEATHER, STOP), **fields})
    return GATEWAY.encode(request, model, "someone")


def _body(model: Model, *messages: Message, **fields: Any) -> Any:
    return json.loads(_asked(model, *messages, **fields).body)


def test_openais_tools() -> None:
    function = {"name": "get_weather", "description": "Tells it", "parameters": _SCHEMA, "strict": True}
    stop = {"type": "function", "function": {"name": "stop_all"}}
    assert _body(GPT)["tools"] == [{"type": "function", "function": function}, stop]


def test_anthropics_tools() -> None:
    weather = {"name": "get_weather", "description": "Tells it", "input_schema": _SCHEMA}
    assert _body(CLAUDE)["tools"] == [weather, {"name": "stop_all", "input_schema": _EMPTY}]


def test_googles_tools() -> None:
    weather = {"name": "get_weather", "description": "Tells it", "parameters": _SCHEMA}
    assert _body(GEMINI)["tools"] == [weather, {"name": "stop_all", "parameters": _EMPTY}]


_ONE = {"disable_parallel_tool_use": True}
_NAMED = {"type": "function", "function": {"name": "stop_all"}}


@pytest.mark.parametrize(
    ("model", "choice", "parallel", "sent"),
    [
        (GPT, None, None, None),
        (GPT, None, False, None),
        (GPT, ToolChoice("auto"), None, "auto"),
        (GPT, ToolChoice("none"), None, "none"),
        (GPT, ToolChoice("required"), None, "required"),
        (GPT, ToolChoice("named", "stop_all"), None, _NAMED),
        (CLAUDE, None, None, None),
        (CLAUDE, None, True, None),
        (CLAUDE, None, False, {"type": "auto", **_ONE}),
        (CLAUDE, ToolChoice("auto"), None, {"type": "auto"}),
        (CLAUDE, ToolChoice("auto"), False, {"type": "auto", **_ONE}),
        (CLAUDE, ToolChoice("none"), False, {"type": "none"}),
        (CLAUDE, ToolChoice("required"), None, {"type": "any"}),
        (CLAUDE, ToolChoice("required"), False, {"type": "any", **_ONE}),
        (CLAUDE, ToolChoice("named", "stop_all"), None, {"type": "tool", "name": "stop_all"}),
        (CLAUDE, ToolChoice("named", "stop_all"), False, {"type": "tool", "name": "stop_all", **_ONE}),
        (GEMINI, None, False, None),
        (GEMINI, ToolChoice("auto"), None, "AUTO"),
        (GEMINI, ToolChoice("none"), None, "NONE"),
        (GEMINI, ToolChoice("required"), None, "ANY"),
        (
            GEMINI,
            ToolChoice("named", "stop_all"),
            None,
            {"mode": "FUNCTION_CALLING", "allowed_function_names": ["stop_all"]},
        ),
        (OTHER, ToolChoice("required"), False, None),
    ],
)
def test_the_choice_is_each_familys(model: Model, choice: ToolChoice | None, parallel: bool | None, sent: Any) -> None:
    assert _body(model, tool_choice=choice, parallel_tool_calls=parallel).get("tool_choice") == sent


def test_without_tools_no_field_speaks_of_them() -> None:
    for model in (GPT, CLAUDE, GEMINI, OTHER):
        assert _body(model, tools=()).keys() == {"user", "model", "messages"}


_SAID = Message(
    "assistant", (Text("Look"), ToolCall("a", "get_weather", '{"city": "X"}'), ToolCall("b", "stop_all", ""))
)
_TOLD = Message("tool", (ToolResult("a", (Text("It "), PICTURE, Text("rains"))), ToolResult("b", (), failed=True)))


def test_a_history_for_claude_has_blocks_and_the_results_first() -> None:
    body = _body(
        CLAUDE, USER, _SAID, _TOLD, USER, Message("user", (PICTURE, Text(" "))), Message("assistant", (Text("Ah"),))
    )
    assert body["messages"] == [
        {"role": "user", "content": "Hi"},
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "Look"},
                {"type": "tool_use", "id": "a", "name": "get_weather", "input": {"city": "X"}},
                {"type": "tool_use", "id": "b", "name": "stop_all", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "a", "content": "It \n\nrains"},
                {"type": "tool_result", "tool_use_id": "b", "content": "", "is_error": True},
                {"type": "text", "text": "What the tool showed:"},
                _PICTURE,
                {"type": "text", "text": "Hi"},
                _PICTURE,
                {"type": "text", "text": " "},
            ],
        },
        {"role": "assistant", "content": "Ah"},
    ]


@pytest.mark.parametrize("model", [GPT, GEMINI])
def test_a_history_for_others_is_openais(model: Model) -> None:
    messages = _body(model, USER, _SAID, _TOLD)["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant", "tool", "tool", "user"]
    assert messages[1]["tool_calls"][0] == {
        "id": "a",
        "type": "function",
        "function": {"name": "get_weather", "arguments": '{"city": "X"}'},
    }
    assert messages[2] == {"role": "tool", "tool_call_id": "a", "content": "It \n\nrains"}
    assert _PICTURE in messages[4]["content"]


def test_claude_gets_no_text_without_a_word_and_an_object_for_arguments() -> None:
    said = Message("assistant", (Text(" "), ToolCall("a", "stop_all", "not JSON")))
    [_, message, _] = _body(CLAUDE, USER, said, Message("tool", (ToolResult("a", ()),)))["messages"]
    [block] = message["content"]
    assert block["input"] == {"arguments": "not JSON"}


def test_calls_of_other_families_get_ids_that_fit() -> None:
    said = Message("assistant", (ToolCall("", "stop_all", "{}"), ToolCall("a:b", "stop_all", "{}")))
    told = Message("tool", (ToolResult("", (Text("one"),), name="stop_all"), ToolResult("a:b", (Text("two"),))))
    [_, message, results] = _body(CLAUDE, USER, said, told)["messages"]
    assert [block["id"] for block in message["content"]] == ["call_1", "call_2"]
    assert [block["tool_use_id"] for block in results["content"]] == ["call_1", "call_2"]


# Replies


def _events(call: Call, response: Any, choice: int = 0) -> list[Event]:
    decoder = GATEWAY.decoder(call, OK, choice)
    return decoder.feed(json.dumps({"response": response}).encode()) + decoder.close()


def _read(call: Call, response: Any, choice: int = 0) -> tuple[str, list[tuple[str, str, str]]]:
    """The text, and the calls' ids, names and arguments."""
    events = _events(call, response, choice)
    text = "".join(event.text for event in events if isinstance(event, TextDelta))
    begun = [event for event in events if isinstance(event, ToolCallBegun)]
    arguments = [event.fragment for event in events if isinstance(event, ToolCallArguments)]
    return text, [(one.id, one.name, given) for one, given in zip(begun, arguments, strict=True)]


_LEAK = "{'id': 'toolu_1', 'input': {'city': 'it's'}, 'name': 'get_weather', 'type': 'tool_use'}"
_NATIVE = {"id": "toolu_1", "input": {"city": "Y"}, "name": "get_weather", "type": "tool_use"}
_PROMPTED = '<tool_call>{"name": "get_weather", "arguments": {"city": "X"}}</tool_call>'
_GEMINI: dict[str, Any] = {"id": None, "name": "stop_all", "args": {}}


def test_what_claude_leaks_is_called() -> None:
    call = _asked(CLAUDE)
    found = ("toolu_1", "get_weather", '{"city":"it\'s"}')
    assert _read(call, {"content": f"Look.{_LEAK}", "tool_calls": []}) == ("Look.", [found])
    assert _read(call, f"Look.{_LEAK}") == ("Look.", [found])
    assert _read(call, {"content": [{"type": "text", "text": f"Look.{_LEAK}"}]}) == ("Look.", [found])


def test_a_call_that_is_leaked_and_made_is_one() -> None:
    both = {"content": f"Look.{_LEAK}", "tool_calls": [_NATIVE, {**_NATIVE, "id": "toolu_2"}]}
    made = ("get_weather", '{"city": "Y"}')
    assert _read(_asked(CLAUDE), both) == ("Look.", [("toolu_1", *made), ("toolu_2", *made)])


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (_asked(GPT), _LEAK),
        (_asked(GEMINI), _LEAK),
        (_asked(OTHER), _LEAK),
        (_asked(CLAUDE, tools=()), _LEAK),
        (_asked(CLAUDE, tools=(STOP,)), _LEAK),
        (_asked(CLAUDE, tool_choice=ToolChoice("none")), _LEAK),
        (_asked(CLAUDE), _PROMPTED),
        (_asked(OTHER, tool_choice=ToolChoice("none")), _PROMPTED),
        (_asked(OTHER, tools=()), _PROMPTED),
    ],
)
def test_text_is_text_where_no_call_is_to_be_expected_in_it(call: Call, text: str) -> None:
    assert _read(call, text) == (text, [])


@pytest.mark.parametrize(
    ("model", "response"),
    [(GEMINI, {"content": None, "tool_calls": [_GEMINI, _GEMINI]}), (OTHER, _PROMPTED * 2)],
)
def test_calls_without_ids_get_some_by_their_request_and_order(model: Model, response: Any) -> None:
    first, later = _asked(model), _asked(model, USER, _SAID, _TOLD)
    ids = [
        [call[0] for call in _read(call, response, choice)[1]] for call, choice in ((first, 0), (first, 1), (later, 0))
    ]
    assert ids[0] == [call[0] for call in _read(first, response)[1]]
    made = [identity for turn in ids for identity in turn]
    assert len(set(made)) == len(made) == 6
    assert all(identity.startswith("call_") and len(identity) <= 40 for identity in made)


@pytest.mark.parametrize("model", [GPT, CLAUDE, GEMINI, OTHER])
def test_a_client_that_takes_one_call_gets_the_first(model: Model) -> None:
    call = _asked(model, parallel_tool_calls=False)
    response = {"content": _PROMPTED * 2 if model is OTHER else "", "tool_calls": [{**_NATIVE, "id": "1"}, _GEMINI]}
    [(_, name, _)] = _read(call, response)[1]
    assert name == "get_weather"


@pytest.mark.parametrize(
    "function", [{"name": "stop_all"}, {"name": "stop_all", "arguments": ""}, {"name": "stop_all", "arguments": {}}]
)
def test_no_arguments_are_an_empty_object(function: Any) -> None:
    openai = {"tool_calls": [{"id": "a", "type": "function", "function": function}]}
    anthropic = {"tool_calls": [{"id": "a", "type": "tool_use", "name": "stop_all", "input": None}]}
    for response in (openai, anthropic, {"tool_calls": [{"id": "a", "name": "stop_all"}]}):
        assert _read(_asked(GPT), response) == ("", [("a", "stop_all", "{}")])


PATCH = Tool("apply_patch", "Applies it", freeform=True)


@pytest.mark.parametrize("model", [GPT, CLAUDE, GEMINI, OTHER])
def test_a_tool_that_takes_a_text_is_a_function_with_one_string(model: Model) -> None:
    said = Message("assistant", (ToolCall("a", "apply_patch", 'say "no"'),))
    call = _asked(model, USER, said, Message("tool", (ToolResult("a", ()),)), tools=(PATCH,))
    wrapped = {"input": 'say "no"'}
    arguments = json.dumps(wrapped)
    responses: dict[Family, Any] = {
        "openai": {"tool_calls": [{"id": "b", "function": {"name": "apply_patch", "arguments": arguments}}]},
        "anthropic": {"tool_calls": [{"id": "b", "name": "apply_patch", "input": wrapped}]},
        "google": {"tool_calls": [{"id": "b", "name": "apply_patch", "args": wrapped}]},
        "unknown": f'<tool_call>{{"id": "b", "name": "apply_patch", "arguments": {arguments}}}</tool_call>',
    }
    assert _read(call, responses[model.family]) == ("", [("b", "apply_patch", 'say "no"')])
    assert "say " in json.dumps(json.loads(call.body)["messages"])
    assert "input" in call.body.decode()


# Through the whole proxy, before a strict ARGO

MODELS = ["gpt-4o", "claude-sonnet-4.5", "gemini-2.5-pro", "llama-4"]
NATIVE = MODELS[:3]
_ASKED = [{"role": "user", "content": "How are weather and traffic?"}]


def _function(name: str, **parameters: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": parameters, "required": list(parameters)}
    return {"type": "function", "function": {"name": name, "description": "Tells it", "parameters": schema}}


_TOOLS: list[Any] = [_function("get_weather", city={"type": "string"}), _function("get_traffic"), _function("now")]


@pytest.fixture
def web() -> Iterator[Web]:
    """With a model of a family that nobody knows."""
    web = Web()
    web.simulator.set_models([*web.simulator.roster.rows, {"id": "Llama 4", "internal_id": "llama4"}])
    assert web.post("/refresh", b"").status == 200
    yield web
    web.stop()


def _message(got: Got) -> Any:
    """The reply's message, of a stream or not, as a client would send it back."""
    assert got.status == 200, got.body
    if not got.body.startswith(b"data:"):
        return {name: value for name, value in got.json()["choices"][0]["message"].items() if value is not None}
    calls: list[Any] = []
    for chunk in got.sse()[:-1]:
        for delta in (choice["delta"] for choice in chunk["choices"]):
            for piece in delta.get("tool_calls") or ():
                if piece["index"] == len(calls):
                    calls.append({"id": piece["id"], "type": "function", "function": piece["function"]})
                else:
                    calls[-1]["function"]["arguments"] += piece["function"]["arguments"]
    return {"role": "assistant", "content": got.text(), **({"tool_calls": calls} if calls else {})}


def _names(message: Any) -> list[str]:
    return [call["function"]["name"] for call in message.get("tool_calls", ())]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", MODELS)
def test_a_round_trip_with_parallel_calls(web: Web, model: str, stream: bool) -> None:
    fields: dict[str, Any] = {"model": model, "tools": _TOOLS, "stream": stream}
    called = _message(web.post(CHAT, {**fields, "messages": _ASKED}))
    assert _names(called) == ["get_weather", "get_traffic"]
    assert [json.loads(call["function"]["arguments"]) for call in called["tool_calls"]] == [{"city": "city"}, {}]
    assert called.get("content", "") == ("Let me look." if "claude" in model else "")
    results = [
        {"role": "tool", "tool_call_id": call["id"], "content": f"It is {place}."}
        for place, call in enumerate(called["tool_calls"])
    ]
    # What the models without tools are told in words, the simulator takes for the user's own.
    silent = _TOOLS[2:] if model == "llama-4" else _TOOLS
    answer = _message(web.post(CHAT, {**fields, "tools": silent, "messages": [*_ASKED, called, *results]}))
    assert not _names(answer)
    assert "It is 0." in answer["content"]
    assert "It is 1." in answer["content"]


@pytest.mark.parametrize("model", NATIVE)
@pytest.mark.parametrize(
    ("choice", "names"),
    [
        ("auto", []),
        ("none", []),
        ("required", ["get_weather"]),
        ({"type": "function", "function": {"name": "now"}}, ["now"]),
        (
            {
                "type": "allowed_tools",
                "allowed_tools": {"mode": "required", "tools": [{"type": "function", "function": {"name": "now"}}]},
            },
            ["now"],
        ),
    ],
)
def test_every_choice_is_understood(web: Web, model: str, choice: Any, names: list[str]) -> None:
    assert _names(_message(web.chat("Hello", model, tools=_TOOLS, tool_choice=choice))) == names


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "now"}}, "none"])
def test_no_choice_is_refused(web: Web, model: str, choice: Any) -> None:
    assert web.chat("Hello", model, tools=_TOOLS, tool_choice=choice).status == 200


@pytest.mark.parametrize("model", MODELS)
def test_one_call_at_a_time(web: Web, model: str) -> None:
    got = web.post(CHAT, {"model": model, "messages": _ASKED, "tools": _TOOLS, "parallel_tool_calls": False})
    assert _names(_message(got)) == ["get_weather"]
    assert got.header("x-argoproxy-dropped") is None


@pytest.mark.parametrize("maker", MODELS)
@pytest.mark.parametrize("model", MODELS)
def test_another_models_history_is_taken(web: Web, model: str, maker: str) -> None:
    called = _message(web.post(CHAT, {"model": maker, "messages": _ASKED, "tools": _TOOLS}))
    results = [{"role": "tool", "tool_call_id": call["id"], "content": "It rains."} for call in called["tool_calls"]]
    history = [
        *_ASKED,
        called,
        *results,
        {"role": "assistant", "content": "Well"},
        {"role": "user", "content": "Thanks"},
    ]
    assert "Thanks" in _message(web.post(CHAT, {"model": model, "messages": history, "tools": _TOOLS}))["content"]


@pytest.mark.parametrize("model", NATIVE)
def test_a_result_with_a_picture_is_seen(web: Web, model: str) -> None:
    call = {"id": "a", "type": "function", "function": {"name": "now", "arguments": "{}"}}
    picture = [{"type": "text", "text": "It rains."}, {"type": "image_url", "image_url": {"url": PICTURE.url}}]
    history = [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "a", "content": picture},
    ]
    assert web.post(CHAT, {"model": model, "messages": history, "tools": _TOOLS}).status == 200
    assert PICTURE.url in json.dumps(web.asked()["messages"][-1]["content"])


@pytest.mark.parametrize("stream", [False, True])
def test_what_claude_leaks_reaches_the_client_as_a_call(web: Web, stream: bool) -> None:
    leaks = _LEAK + _LEAK.replace("toolu_1", "toolu_2").replace("get_weather", "now")
    message = _message(web.chat(f"[sim:say=Let me look.{leaks}]", "claude-sonnet-4.5", tools=_TOOLS, stream=stream))
    assert message["content"] == "Let me look."
    assert _names(message) == ["get_weather", "now"]


@pytest.mark.parametrize("stream", [False, True])
def test_a_call_in_tags_that_nobody_can_read_stays_text(web: Web, stream: bool) -> None:
    message = _message(web.chat("[sim:say=So: <tool_call>oh</tool_call>]", "llama-4", tools=_TOOLS, stream=stream))
    assert message["content"] == "So: <tool_call>oh</tool_call>"
    assert not _names(message)
