"""Chat Completions: what is asked is understood whole, or refused with the field's name."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from zope.interface.verify import verifyObject

from argoproxy.conversation import (
    ChatRequest,
    Image,
    Message,
    Opaque,
    OutputShape,
    Reasoning,
    RouteCall,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from argoproxy.dialects.openai_chat import OpenAIChat
from argoproxy.errors import ClientFault
from argoproxy.interfaces import IRenderingDialect

CHAT = OpenAIChat()
HELLO = [{"role": "user", "content": "Hello"}]
WEATHER = {"name": "get_weather", "parameters": {"type": "object"}}
TIME = {"name": "get_time", "description": "What time is it?"}
PICTURE = Image("data:image/png;base64,AA==", None, "messages[1].content[1].image_url")


def parse(messages: Any = HELLO, **fields: Any) -> ChatRequest:
    body = {"model": "gpt-4o", "messages": messages, **fields}
    return CHAT.parse(json.dumps(body).encode(), RouteCall())


def tools(*functions: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"type": "function", "function": function} for function in functions]


def call(name: str, arguments: str = "{}", call_id: str = "c1") -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def custom(name: str, text: str, call_id: str = "c1") -> dict[str, Any]:
    return {"id": call_id, "type": "custom", "custom": {"name": name, "input": text}}


def test_it_is_a_dialect() -> None:
    verifyObject(IRenderingDialect, CHAT)
    assert CHAT.name == "openai_chat"


# --- messages

MESSAGES: dict[str, tuple[dict[str, Any], Message]] = {
    "system": ({"role": "system", "content": "x"}, Message("system", (Text("x"),))),
    "developer is system": ({"role": "developer", "content": "x"}, Message("system", (Text("x"),))),
    "a name": ({"role": "user", "content": "x", "name": "Ann"}, Message("user", (Text("x"),), "Ann")),
    "no text is no part": ({"role": "user", "content": ""}, Message("user", ())),
    "text parts stay apart": (
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": ""}]},
        Message("user", (Text("a"), Text(""))),
    ),
    "system in parts": (
        {"role": "system", "content": [{"type": "text", "text": "a"}]},
        Message("system", (Text("a"),)),
    ),
    "images": (
        {
            "role": "user",
            "content": [
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA==", "detail": "low"}},
                {"type": "image_url", "image_url": {"url": "HTTPS://example.org/a.png"}},
            ],
        },
        Message(
            "user",
            (
                Image("data:image/png;base64,AA==", "low", "messages[1].content[0].image_url"),
                Image("HTTPS://example.org/a.png", None, "messages[1].content[1].image_url"),
            ),
        ),
    ),
    "assistant": ({"role": "assistant", "content": "x", "audio": None}, Message("assistant", (Text("x"),))),
    "assistant without content": ({"role": "assistant"}, Message("assistant", ())),
    "assistant's refusal": (
        {"role": "assistant", "content": None, "refusal": "no"},
        Message("assistant", (Text("no"),)),
    ),
    "assistant's refusal as a part": (
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]},
        Message("assistant", (Text("no"),)),
    ),
    "assistant's reasoning given back": (
        {"role": "assistant", "content": "x", "reasoning_content": "hm"},
        Message("assistant", (Reasoning("hm"), Text("x"))),
    ),
    "calls beside text": (
        {"role": "assistant", "content": "x", "tool_calls": [call("f", '{"a": 1}'), call("g", "", "c2")]},
        Message("assistant", (Text("x"), ToolCall("c1", "f", '{"a": 1}'), ToolCall("c2", "g", "{}"))),
    ),
    "a call of a tool that takes a text and isn't offered any more": (
        {"role": "assistant", "tool_calls": [custom("patch", 'a "b"')]},
        Message("assistant", (ToolCall("c1", "patch", '{"input":"a \\"b\\""}'),)),
    ),
    "calls alone": (
        {"role": "assistant", "content": None, "tool_calls": [call("f")], "function_call": None},
        Message("assistant", (ToolCall("c1", "f", "{}"),)),
    ),
    "a result": (
        {"role": "tool", "tool_call_id": "c1", "content": "3"},
        Message("tool", (ToolResult("c1", (Text("3"),)),)),
    ),
    "a result in parts": (
        {
            "role": "tool",
            "tool_call_id": "c1",
            "name": "f",
            "content": [
                {"type": "text", "text": "3"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
            ],
        },
        Message("tool", (ToolResult("c1", (Text("3"), PICTURE)),), "f"),
    ),
}


@pytest.mark.parametrize(("given", "neutral"), MESSAGES.values(), ids=MESSAGES)
def test_each_message_means_what_it_says(given: dict[str, Any], neutral: Message) -> None:
    assert parse([*HELLO, given]).messages == (Message("user", (Text("Hello"),)), neutral)


def test_deprecated_function_calls_and_their_answers_are_paired_by_name_and_place() -> None:
    history = parse(
        [
            {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
            {"role": "function", "name": "f", "content": "1"},
            {"role": "assistant", "content": "x", "function_call": {"name": "f", "arguments": "[]"}},
            {"role": "function", "name": "f", "content": None},
        ]
    ).messages
    assert history == (
        Message("assistant", (ToolCall("call_0", "f", "{}"),)),
        Message("tool", (ToolResult("call_0", (Text("1"),)),)),
        Message("assistant", (Text("x"), ToolCall("call_2", "f", "[]"))),
        Message("tool", (ToolResult("call_2", ()),)),
    )


# --- the other fields

FIELDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "nothing else": ({}, {"model": "gpt-4o", "stream": False, "n": 1, "timeout": None, "extras": {}, "bare": False}),
    "sampling": ({"temperature": 0, "top_p": 1, "n": 128}, {"temperature": 0.0, "top_p": 1.0, "n": 128}),
    "the hottest": ({"temperature": 2.0}, {"temperature": 2.0}),
    "limits": ({"max_tokens": 1, "max_completion_tokens": 9}, {"max_tokens": 1, "max_completion_tokens": 9}),
    "stop at a text": ({"stop": "END"}, {"stop": ("END",)}),
    "stop at texts": ({"stop": ["a", "", "b", "c", "d", "e"]}, {"stop": ("a", "b", "c", "d", "e")}),
    "stop at nothing": ({"stop": ""}, {"stop": ()}),
    "a stream": ({"stream": True}, {"stream": True, "include_usage": False}),
    "a stream with usage": (
        {"stream": True, "stream_options": {"include_usage": True, "include_obfuscation": False}},
        {"include_usage": True},
    ),
    "a stream with options of null": (
        {"stream": True, "stream_options": {"include_usage": None}},
        {"include_usage": False},
    ),
    "options of null": ({"stream_options": None}, {"include_usage": False}),
    "seconds": ({"timeout": 2.5}, {"timeout": 2.5, "extras": {}}),
    "whole seconds": ({"timeout": 1}, {"timeout": 1.0}),
    "the client's own user is given to nobody": ({"user": "mallory"}, {"extras": {}}),
    "not even if it is none": ({"user": {"name": 1}}, {"extras": {}}),
    "nulls": (
        {"n": None, "temperature": None, "tools": None, "stop": None, "timeout": None, "seed": None, "stream": None},
        {"n": 1, "temperature": None, "tools": (), "stop": (), "timeout": None, "extras": {}, "stream": False},
    ),
    "hints and who asks": (
        {"prompt_cache_key": "k", "prompt_cache_retention": "24h", "safety_identifier": "s"},
        {"extras": {}},
    ),
    "an effort": ({"reasoning_effort": "high"}, {"thinking": Thinking("adaptive", "high"), "extras": {}}),
    "no thinking": ({"reasoning_effort": "none"}, {"thinking": Thinking("off", "none")}),
    "thinking left to the model": ({"reasoning_effort": None}, {"thinking": None}),
    "any text": ({"response_format": {"type": "text"}}, {"shape": None, "extras": {}}),
    "an object": ({"response_format": {"type": "json_object"}}, {"shape": OutputShape(), "extras": {}}),
    "an object with a name": (
        {"response_format": {"type": "json_schema", "json_schema": {"name": "p"}}},
        {"shape": OutputShape(None, "p")},
    ),
    "a schema": (
        {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "p", "description": "A point", "schema": {"type": "object"}, "strict": True},
            }
        },
        {"shape": OutputShape(msgspec.Raw(b'{"type": "object"}'), "p", "A point", True), "extras": {}},
    ),
    "parallel calls": ({"parallel_tool_calls": False}, {"parallel_tool_calls": False}),
}


@pytest.mark.parametrize(("fields", "neutral"), FIELDS.values(), ids=FIELDS)
def test_each_field_means_what_it_says(fields: dict[str, Any], neutral: dict[str, Any]) -> None:
    request = parse(**fields)
    assert {name: getattr(request, name) for name in neutral} == neutral


def test_a_request_without_a_model_leaves_the_choice_to_the_catalogue() -> None:
    assert CHAT.parse(json.dumps({"messages": HELLO}).encode(), RouteCall()).model == ""


def test_fields_that_nobody_here_knows_are_kept_byte_for_byte() -> None:
    fields = b'"seed": 7 ,"logprobs":false,"web_search_options":{ "a" : 1 },"verbosity":"medium"'
    body = b'{"messages":[{"role":"user","content":"x"}],' + fields + b"}"
    extras = CHAT.parse(body, RouteCall()).extras
    assert {name: bytes(raw) for name, raw in extras.items()} == {
        "seed": b"7",
        "web_search_options": b'{ "a" : 1 }',
    }


def test_all_fields_are_kept_byte_for_byte_for_a_wire_that_speaks_the_same() -> None:
    body = b'{"messages":[ {"role":"user","content":"x"} ],"model":null ,"user":"mallory","seed": 7}'
    raw = CHAT.parse(body, RouteCall()).raw
    assert {name: bytes(value) for name, value in raw.items()} == {
        "messages": b'[ {"role":"user","content":"x"} ]',
        "model": b"null",
        "user": b'"mallory"',
        "seed": b"7",
    }


# --- tools

_WEATHER = Tool("get_weather", None, msgspec.Raw(b'{"type": "object"}'))
_TIME = Tool("get_time", "What time is it?")
BOTH = tools(WEATHER, TIME)


GRAMMAR = {"type": "grammar", "grammar": {"definition": "start: X", "syntax": "lark"}}


def patch(**fields: Any) -> dict[str, Any]:
    return {"type": "custom", "custom": {"name": "patch", **fields}}


def allowed(mode: str, *names: str) -> dict[str, Any]:
    named = [{"type": "function", "function": {"name": name}} for name in names]
    return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": named}}


TOOLS: dict[str, tuple[dict[str, Any], tuple[Tool, ...], ToolChoice | None]] = {
    "definitions": ({"tools": BOTH}, (_WEATHER, _TIME), None),
    "strict": ({"tools": tools({"name": "f", "strict": True, "parameters": None})}, (Tool("f", strict=True),), None),
    "none at all": ({"tools": [], "tool_choice": "auto"}, (), None),
    "no choice without tools": ({"tool_choice": "none"}, (), None),
    "auto": ({"tools": BOTH, "tool_choice": "auto"}, (_WEATHER, _TIME), ToolChoice("auto")),
    "none": ({"tools": BOTH, "tool_choice": "none"}, (_WEATHER, _TIME), ToolChoice("none")),
    "required": ({"tools": BOTH, "tool_choice": "required"}, (_WEATHER, _TIME), ToolChoice("required")),
    "named": (
        {"tools": BOTH, "tool_choice": {"type": "function", "function": {"name": "get_time"}}},
        (_WEATHER, _TIME),
        ToolChoice("named", "get_time"),
    ),
    "allowed": ({"tools": BOTH, "tool_choice": allowed("auto", "get_time")}, (_TIME,), ToolChoice("auto")),
    "allowed and required": (
        {"tools": BOTH, "tool_choice": allowed("required", "get_time", "get_weather")},
        (_WEATHER, _TIME),
        ToolChoice("required"),
    ),
    "a tool of the oldest kind": ({"tools": [{"function": TIME}]}, (_TIME,), None),
    "tools that take a text": (
        {
            "tools": [
                patch(description="Patches"),
                patch(format={"type": "text"}),
                patch(description="Patches", format=GRAMMAR),
                patch(format=GRAMMAR),
            ],
            "tool_choice": {"type": "custom", "custom": {"name": "patch"}},
        },
        (
            Tool("patch", "Patches", freeform=True),
            Tool("patch", freeform=True),
            Tool("patch", "Patches\n\nThe input must follow this grammar (lark):\nstart: X", freeform=True),
            Tool("patch", "The input must follow this grammar (lark):\nstart: X", freeform=True),
        ),
        ToolChoice("named", "patch"),
    ),
    "one that takes a text, allowed": (
        {
            "tools": [*BOTH, patch()],
            "tool_choice": {
                "type": "allowed_tools",
                "allowed_tools": {"mode": "required", "tools": [{"type": "custom", "custom": {"name": "patch"}}]},
            },
        },
        (Tool("patch", freeform=True),),
        ToolChoice("required"),
    ),
    "functions": ({"functions": [WEATHER, TIME]}, (_WEATHER, _TIME), None),
    "functions, none": ({"functions": [TIME], "function_call": "none"}, (_TIME,), ToolChoice("none")),
    "functions, named": (
        {"functions": [TIME], "function_call": {"name": "get_time"}},
        (_TIME,),
        ToolChoice("named", "get_time"),
    ),
    "no functions": ({"functions": [], "function_call": "auto"}, (), None),
}


@pytest.mark.parametrize(("fields", "expected", "choice"), TOOLS.values(), ids=TOOLS)
def test_tools_and_their_choice(fields: dict[str, Any], expected: tuple[Tool, ...], choice: ToolChoice | None) -> None:
    request = parse(**fields)
    assert (request.tools, request.tool_choice) == (expected, choice)


def test_calls_of_a_tool_that_takes_a_text_are_texts() -> None:
    request = parse([{"role": "assistant", "tool_calls": [custom("patch", 'a "b"'), call("f")]}], tools=[patch()])
    assert request.messages[0].parts == (ToolCall("c1", "patch", 'a "b"'), ToolCall("c1", "f", "{}"))


SEARCH = {"type": "web_search"}
HOSTED: dict[str, tuple[dict[str, Any], list[str], list[str]]] = {
    "a tool": ({"tools": [tools(TIME)[0], SEARCH]}, ["get_time"], ["tools[1]"]),
    "a choice": (
        {"tools": [SEARCH, *BOTH], "tool_choice": SEARCH},
        ["get_weather", "get_time"],
        ["tools[0]", "tool_choice"],
    ),
    "a call that needs one": ({"tools": [SEARCH], "tool_choice": "required"}, [], ["tools[0]", "tool_choice"]),
    "one that is allowed": (
        {
            "tools": [SEARCH, *BOTH],
            "tool_choice": {
                "type": "allowed_tools",
                "allowed_tools": {"mode": "auto", "tools": [SEARCH, *tools({"name": "get_time"})]},
            },
        },
        ["get_time"],
        ["tools[0]"],
    ),
}


@pytest.mark.parametrize(("fields", "names", "told"), HOSTED.values(), ids=HOSTED)
def test_what_argo_has_not_is_left_out_and_told_by_its_path(
    fields: dict[str, Any], names: list[str], told: list[str]
) -> None:
    request = parse(**fields)
    assert [tool.name for tool in request.tools] == names
    assert list(request.extras) == told


def test_deprecated_functions_are_called_one_by_one() -> None:
    assert parse(functions=[TIME]).parallel_tool_calls is False


# --- refusals


def user(*parts: Any) -> list[Any]:
    return [{"role": "user", "content": list(parts)}]


AUDIO = {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}}
FILE = {"type": "file", "file": {"file_data": "data:application/pdf;base64,aGk="}}


@pytest.mark.parametrize("part", [AUDIO, FILE, {"type": "tomorrow", "x": [1.5]}])
def test_what_has_no_words_is_kept_as_its_place_between_the_others(part: dict[str, Any]) -> None:
    words = {"type": "text", "text": "a"}
    [first, said] = parse([*HELLO, {**user(words, part, words)[0], "name": "Ann"}]).messages
    assert first == parse(HELLO).messages[0]
    assert (said.role, said.name) == ("user", "Ann")
    opaque = Opaque(part["type"], "messages[1].content[1]", len(json.dumps(part)))
    assert said.parts == (Text("a"), opaque, Text("a"))


@pytest.mark.parametrize(("sent", "message"), MESSAGES.values(), ids=MESSAGES)
def test_the_others_say_the_same_beside_it(sent: dict[str, Any], message: Message) -> None:
    """Messages are read in another way where one of them holds such a thing."""
    assert parse([*HELLO, sent, *user(AUDIO)]).messages[1] == message


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no messages": ({"messages": None}, "messages"),
    "empty messages": ({"messages": []}, "messages"),
    "messages as text": ({"messages": "Hello"}, "messages"),
    "a message as text": ({"messages": ["Hello"]}, "messages[0]"),
    "no role": ({"messages": [{"content": "x"}]}, "messages[0].role"),
    "an unknown role": ({"messages": [*HELLO, {"role": "robot", "content": "x"}]}, "messages[1].role"),
    "no content": ({"messages": [{"role": "user"}]}, "messages[0].content"),
    "content of null": ({"messages": [{"role": "user", "content": None}]}, "messages[0].content"),
    "content as a number": ({"messages": [*HELLO, *HELLO, {"role": "user", "content": 1}]}, "messages[2].content"),
    "a part as text": ({"messages": user("x")}, "messages[0].content[0]"),
    "a part without type": ({"messages": user({"text": "x"})}, "messages[0].content[0].type"),
    "an error beside sound": ({"messages": user(AUDIO, {"type": "text"})}, "messages[0].content[1].text"),
    "a picture of nothing beside sound": (
        {"messages": user(AUDIO, {"type": "image_url", "image_url": {}})},
        "messages[0].content[1].image_url.url",
    ),
    "a part without type beside sound": ({"messages": user(AUDIO, {"text": "x"})}, "messages[0].content[1].type"),
    "sound as instructions": ({"messages": [{"role": "system", "content": [AUDIO]}]}, "messages[0].content[0].type"),
    "a role beside sound": ({"messages": [*user(AUDIO), {"role": "x"}]}, "messages[1].role"),
    "an image in a system message": (
        {"messages": [{"role": "system", "content": [{"type": "image_url", "image_url": {"url": "https://x"}}]}]},
        "messages[0].content[0].type",
    ),
    "an image without address": (
        {"messages": user({"type": "image_url", "image_url": {}})},
        "messages[0].content[0].image_url.url",
    ),
    "an image that is a file of ours": (
        {"messages": user({"type": "image_url", "image_url": {"url": "file:///etc/passwd"}})},
        "messages[0].content[0].image_url.url",
    ),
    "a result without id": ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id"),
    "a custom call": (
        {"messages": [{"role": "assistant", "tool_calls": [{"id": "c", "type": "custom", "custom": {}}]}]},
        "messages[0].tool_calls[0].custom.name",
    ),
    "a call of an unknown type": (
        {"messages": [{"role": "assistant", "tool_calls": [{"id": "c", "type": "magic"}]}]},
        "messages[0].tool_calls[0].type",
    ),
    "a call that is none": ({"messages": [{"role": "assistant", "tool_calls": ["x"]}]}, "messages[0].tool_calls[0]"),
    "a call without name": (
        {"messages": [{"role": "assistant", "tool_calls": [{"id": "c", "function": {"arguments": ""}}]}]},
        "messages[0].tool_calls[0].function.name",
    ),
    "arguments as an object": (
        {"messages": [{"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": {}}}]}]},
        "messages[0].tool_calls[0].function.arguments",
    ),
    "an answer to no function": ({"messages": [{"role": "function", "name": "f", "content": "x"}]}, "messages[0].name"),
    "model as a number": ({"model": 4}, "model"),
    "stream as text": ({"stream": "yes"}, "stream"),
    "stream options without a stream": ({"stream_options": {"include_usage": True}}, "stream_options"),
    "stream options as a flag": ({"stream": True, "stream_options": True}, "stream_options"),
    "usage as text": ({"stream": True, "stream_options": {"include_usage": "x"}}, "stream_options.include_usage"),
    "n of 0": ({"n": 0}, "n"),
    "n above what is allowed": ({"n": 129}, "n"),
    "n as a flag": ({"n": True}, "n"),
    "a fraction of a reply": ({"n": 1.5}, "n"),
    "max_tokens of 0": ({"max_tokens": 0}, "max_tokens"),
    "max_tokens as text": ({"max_tokens": "9"}, "max_tokens"),
    "max_completion_tokens below 0": ({"max_completion_tokens": -1}, "max_completion_tokens"),
    "too hot": ({"temperature": 2.1}, "temperature"),
    "too cold": ({"temperature": -0.1}, "temperature"),
    "temperature as a flag": ({"temperature": True}, "temperature"),
    "top_p above 1": ({"top_p": 1.01}, "top_p"),
    "top_p below 0": ({"top_p": -1}, "top_p"),
    "stop as a number": ({"stop": 1}, "stop"),
    "a stop that is a number": ({"stop": ["a", 1]}, "stop[1]"),
    "no time": ({"timeout": 0}, "timeout"),
    "less than no time": ({"timeout": -1}, "timeout"),
    "timeout as text": ({"timeout": "5"}, "timeout"),
    "timeout as a flag": ({"timeout": True}, "timeout"),
    "tools as an object": ({"tools": {}}, "tools"),
    "a tool that is none": ({"tools": [*BOTH, "x"]}, "tools[2]"),
    "a custom tool without name": ({"tools": [*BOTH, {"type": "custom", "custom": {}}]}, "tools[2].custom.name"),
    "a grammar that isn't given": (
        {"tools": [{"type": "custom", "custom": {"name": "x", "format": {"type": "grammar"}}}]},
        "tools[0].custom.format.grammar",
    ),
    "a tool without name": ({"tools": tools({"description": "x"})}, "tools[0].function.name"),
    "parameters as text": ({"tools": tools(TIME, {"name": "f", "parameters": "{}"})}, "tools[1].function.parameters"),
    "an unknown choice": ({"tools": BOTH, "tool_choice": "maybe"}, "tool_choice"),
    "a choice of no type": ({"tools": BOTH, "tool_choice": {}}, "tool_choice.type"),
    "a custom choice that isn't there": (
        {"tools": BOTH, "tool_choice": {"type": "custom", "custom": {"name": "x"}}},
        "tool_choice",
    ),
    "a format without a type": ({"response_format": {}}, "response_format.type"),
    "a format that is unknown": ({"response_format": {"type": "xml"}}, "response_format.type"),
    "a format as text": ({"response_format": "json_object"}, "response_format"),
    "a schema that isn't given": ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
    "a schema without a name": (
        {"response_format": {"type": "json_schema", "json_schema": {"schema": {}}}},
        "response_format.json_schema.name",
    ),
    "a schema that is a list": (
        {"response_format": {"type": "json_schema", "json_schema": {"name": "p", "schema": []}}},
        "response_format.json_schema.schema",
    ),
    "an effort that is unknown": ({"reasoning_effort": "heroic"}, "reasoning_effort"),
    "a choice that isn't there": (
        {"tools": BOTH, "tool_choice": {"type": "function", "function": {"name": "x"}}},
        "tool_choice",
    ),
    "a choice without tools": ({"tool_choice": "required"}, "tool_choice"),
    "allowed, but unknown": (
        {"tools": BOTH, "tool_choice": allowed("auto", "get_time", "x")},
        "tool_choice.allowed_tools.tools[1]",
    ),
    "nothing allowed": ({"tools": BOTH, "tool_choice": allowed("auto")}, "tool_choice.allowed_tools.tools"),
    "allowed in an unknown way": (
        {"tools": BOTH, "tool_choice": allowed("maybe", "get_time")},
        "tool_choice.allowed_tools.mode",
    ),
    "parallel calls as text": ({"parallel_tool_calls": "no"}, "parallel_tool_calls"),
    "functions and tools": ({"functions": [TIME], "tools": BOTH}, "functions"),
    "parameters of a function as a list": ({"functions": [{"name": "f", "parameters": []}]}, "functions[0].parameters"),
    "a function that isn't there": ({"functions": [TIME], "function_call": {"name": "x"}}, "function_call"),
    "a named function without functions": ({"function_call": {"name": "x"}}, "function_call"),
    "a function that must be called, unnamed": ({"functions": [TIME], "function_call": "required"}, "function_call"),
}


@pytest.mark.parametrize(("fields", "param"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_is_a_400_that_names_the_field(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(ClientFault) as raised:
        parse(**{"messages": HELLO, **fields})
    assert (raised.value.status, raised.value.param) == (400, param)
    assert param in raised.value.message
    assert "\n" not in raised.value.message


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"temperature": NaN}', b'{"timeout": 1e999}'])
def test_what_is_no_json_object_is_a_400(body: bytes) -> None:
    with pytest.raises(ClientFault) as raised:
        CHAT.parse(body, RouteCall())
    assert (raised.value.status, raised.value.code) == (400, "invalid_json")


@given(st.lists(st.lists(st.builds(Text, st.text()), max_size=4), min_size=1, max_size=4))
def test_text_parts_are_read_one_by_one_without_loss(turns: list[list[Text]]) -> None:
    messages = [{"role": "user", "content": [{"type": "text", "text": part.text} for part in turn]} for turn in turns]
    assert [list(message.parts) for message in parse(messages).messages] == turns
