"""OpenAI's Responses: how requests are read. Replies are tested in test_responses_replies."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from zope.interface.verify import verifyObject

from argoproxy.conversation import (
    Message,
    OutputShape,
    Part,
    RouteCall,
    Text,
    Thinking,
)
from argoproxy.dialects.openai_responses import OpenAIResponses
from argoproxy.dialects.responses_replies import ResponsesRequest
from argoproxy.errors import ClientFault
from argoproxy.interfaces import IRenderingDialect

DIALECT = OpenAIResponses()


def parse(**fields: Any) -> ResponsesRequest:
    return DIALECT.parse(json.dumps({"input": "Hi", **fields}).encode(), RouteCall())


def refused(**fields: Any) -> ClientFault:
    with pytest.raises(ClientFault) as caught:
        parse(**fields)
    assert caught.value.status == 400
    return caught.value


def user(*parts: Part) -> Message:
    return Message("user", parts)


def test_it_provides_its_interface() -> None:
    assert verifyObject(IRenderingDialect, DIALECT)


def test_empty_instructions_are_none() -> None:
    assert parse(instructions="").messages == (user(Text("Hi")),)


def test_the_fields_that_the_neutral_language_has_are_read() -> None:
    request = parse(
        model="gpt-4o",
        stream=True,
        max_output_tokens=50,
        temperature=0.5,
        top_p=0.9,
        parallel_tool_calls=False,
        timeout=2,
    )
    assert (request.model, request.stream, request.timeout) == ("gpt-4o", True, 2)
    assert (request.max_tokens, request.max_completion_tokens) == (None, 50)
    assert (request.temperature, request.top_p, request.parallel_tool_calls) == (0.5, 0.9, False)
    assert (request.n, request.include_usage, request.extras) == (1, True, {})


def test_what_is_null_is_not_there() -> None:
    names = ["model", "instructions", "tools", "tool_choice", "temperature", "conversation", "previous_response_id"]
    names += ["background", "text", "reasoning", "metadata", "max_output_tokens"]
    request = msgspec.structs.replace(parse(**dict.fromkeys(names)), raw={})
    assert msgspec.json.encode(request) == msgspec.json.encode(msgspec.structs.replace(parse(), raw={}))


def test_all_fields_are_kept_byte_for_byte() -> None:
    raw = DIALECT.parse(b'{"input":"Hi","reasoning":{ "effort" : "low"},"x":null}', RouteCall()).raw
    assert {name: bytes(value) for name, value in raw.items()} == {
        "input": b'"Hi"',
        "reasoning": b'{ "effort" : "low"}',
        "x": b"null",
    }


G = {"type": "function", "name": "g"}

REFUSALS: dict[str, tuple[dict[str, object], str]] = {
    "no input": ({"input": None}, "input"),
    "empty input": ({"input": []}, "input"),
    "input that says nothing to a model": ({"input": [{"type": "web_search_call"}]}, "input"),
    "input of another type": ({"input": 5}, "input"),
    "an item that is none": ({"input": ["Hi"]}, "input[0]"),
    "an item's type of another type": ({"input": [{"type": 1}]}, "input[0].type"),
    "an item of an unknown type": (
        {"input": [{"role": "user", "content": ""}, {"type": "compaction_trigger"}]},
        "input[1].type",
    ),
    "a reference": ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "input[0]"),
    "a message without a role": ({"input": [{"content": "Hi"}]}, "input[0].role"),
    "a message of an unknown role": ({"input": [{"role": "tool", "content": "Hi"}]}, "input[0].role"),
    "a message without content": ({"input": [{"role": "user"}]}, "input[0].content"),
    "content of another type": ({"input": [{"role": "user", "content": 5}]}, "input[0].content"),
    "a part of an unknown type": (
        {"input": [{"role": "user", "content": [{"type": "input_text", "text": "a"}, {"type": "input_file"}]}]},
        "input[0].content[1].type",
    ),
    "a part without a type": ({"input": [{"role": "user", "content": [{"text": "a"}]}]}, "input[0].content[0].type"),
    "a text of another type": (
        {"input": [{"role": "user", "content": [{"type": "input_text", "text": 1}]}]},
        "input[0].content[0].text",
    ),
    "a picture in a file": (
        {"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "file_1"}]}]},
        "input[0].content[0].image_url",
    ),
    "a call without a name": ({"input": [{"type": "function_call", "call_id": "c", "arguments": ""}]}, "input[0].name"),
    "a result without an id": ({"input": [{"type": "function_call_output", "output": ""}]}, "input[0].call_id"),
    "a result of another type": (
        {"input": [{"type": "function_call_output", "call_id": "c", "output": {"a": 1}}]},
        "input[0].output",
    ),
    "reasoning of another type": ({"input": [{"type": "reasoning", "summary": ["Hm."]}]}, "input[0].summary[0]"),
    "an earlier response": ({"previous_response_id": "resp_1"}, "previous_response_id"),
    "a conversation": ({"conversation": {"id": "conv_1"}}, "conversation"),
    "work in the background": ({"background": True}, "background"),
    "a kept prompt": ({"prompt": {"id": "pmpt_1"}}, "prompt"),
    "instructions of another type": ({"instructions": ["x"]}, "instructions"),
    "a stream that is no boolean": ({"stream": "yes"}, "stream"),
    "too small a limit": ({"max_output_tokens": 0}, "max_output_tokens"),
    "too high a temperature": ({"temperature": 2.5}, "temperature"),
    "too high a share": ({"top_p": 1.5}, "top_p"),
    "no time": ({"timeout": 0}, "timeout"),
    "metadata that is no object": ({"metadata": "a"}, "metadata"),
    "reasoning options of another type": ({"reasoning": "high"}, "reasoning"),
    "a text format without a type": ({"text": {"format": {}}}, "text.format.type"),
    "a text format that is unknown": ({"text": {"format": {"type": "xml"}}}, "text.format.type"),
    "a schema without a name": ({"text": {"format": {"type": "json_schema", "schema": {}}}}, "text.format.name"),
    "a schema that is a list": (
        {"text": {"format": {"type": "json_schema", "name": "p", "schema": []}}},
        "text.format.schema",
    ),
    "an unknown effort": ({"reasoning": {"effort": "heroic"}}, "reasoning.effort"),
    "an unknown summary": ({"reasoning": {"summary": "long"}}, "reasoning.summary"),
    "an unknown verbosity": ({"text": {"verbosity": "endless"}}, "text.verbosity"),
    "an unknown truncation": ({"truncation": "some"}, "truncation"),
    "tools that are no list": ({"tools": {}}, "tools"),
    "a tool without a type": ({"tools": [{"name": "f"}]}, "tools[0].type"),
    "a function without a name": ({"tools": [{"type": "web_search"}, {"type": "function"}]}, "tools[1].name"),
    "parameters that are no object": (
        {"tools": [{"type": "function", "name": "f", "parameters": []}]},
        "tools[0].parameters",
    ),
    "an unknown choice": ({"tool_choice": "any"}, "tool_choice"),
    "a choice of no type": ({"tool_choice": {}}, "tool_choice.type"),
    "a choice of a tool without a name": ({"tool_choice": {"type": "custom"}}, "tool_choice.name"),
    "nothing allowed": (
        {"tools": [G], "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": []}},
        "tool_choice.tools",
    ),
    "allowed, but unknown": (
        {
            "tools": [G],
            "tool_choice": {
                "type": "allowed_tools",
                "mode": "auto",
                "tools": [{"type": "mcp", "server_label": "x"}, {"type": "custom", "name": "x"}],
            },
        },
        "tool_choice.tools[1]",
    ),
    "a custom tool without a name": ({"tools": [{"type": "custom"}]}, "tools[0].name"),
    "a grammar without its text": (
        {"tools": [{"type": "custom", "name": "x", "format": {"type": "grammar", "syntax": "lark"}}]},
        "tools[0].format.definition",
    ),
    "a namespace without a name": ({"tools": [{"type": "namespace", "tools": []}]}, "tools[0].name"),
    "a namespace with a function without a name": (
        {"tools": [{"type": "namespace", "name": "n", "tools": [{"type": "function"}]}]},
        "tools[0].tools[0].name",
    ),
    "a choice of a tool that is not there": ({"tool_choice": {"type": "function", "name": "g"}}, "tool_choice"),
    "a tool required and none there": ({"tool_choice": "required"}, "tool_choice"),
}


@pytest.mark.parametrize(("fields", "param"), REFUSALS.values(), ids=REFUSALS)
def test_what_is_refused_is_named(fields: dict[str, object], param: str) -> None:
    fault = refused(**fields)
    assert fault.param == param
    assert f"'{param}'" in fault.message


def test_metadata_are_texts() -> None:
    assert str(refused(metadata={"a": 1}).param).startswith("metadata")


@pytest.mark.parametrize("body", [b"", b"[]", b'{"input": "\\ud800"}', b'{"input": "a", "x": NaN}', b"\xff"])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(ClientFault) as caught:
        DIALECT.parse(body, RouteCall())
    assert caught.value.code == "invalid_json"


@pytest.mark.parametrize(
    ("reasoning", "thinking"),
    [
        ({}, None),
        ({"effort": None, "summary": None}, None),
        ({"effort": "high"}, Thinking("adaptive", "high")),
        ({"effort": "low", "summary": "auto"}, Thinking("adaptive", "low", shown=True)),
        ({"effort": "low", "generate_summary": "concise"}, Thinking("adaptive", "low", shown=True)),
        ({"effort": "low", "summary": "none"}, Thinking("adaptive", "low", shown=False)),
        ({"summary": "detailed"}, Thinking("adaptive", shown=True)),
        ({"effort": "none"}, Thinking("off", "none")),
    ],
)
def test_reasoning_says_how_much_to_think(reasoning: dict[str, Any], thinking: Thinking | None) -> None:
    request = parse(reasoning=reasoning)
    assert (request.thinking, request.extras) == (thinking, {})


@pytest.mark.parametrize(
    ("wanted", "shape"),
    [
        ({"type": "text"}, None),
        ({"type": "json_object"}, OutputShape()),
        (
            {"type": "json_schema", "name": "p", "schema": {"type": "object"}, "strict": True, "description": "A p"},
            OutputShape(msgspec.Raw(b'{"type": "object"}'), "p", "A p", True),
        ),
    ],
)
def test_the_format_says_what_the_text_must_be(wanted: dict[str, Any], shape: OutputShape | None) -> None:
    request = parse(text={"format": wanted})
    assert (request.shape, request.extras) == (shape, {})


@pytest.mark.parametrize(
    ("name", "value", "asks"),
    [
        ("include", ["reasoning.encrypted_content"], False),
        ("include", ["message.output_text.logprobs"], True),
        ("metadata", {"a": "b"}, False),
        ("reasoning", {"effort": None, "summary": None}, False),
        ("reasoning", {"effort": "high"}, False),
        ("reasoning", {"mode": "standard"}, False),
        ("client_metadata", {"a": "b"}, False),
        ("safety_identifier", "s", False),
        ("store", True, False),
        ("store", False, False),
        ("stream_options", {"include_obfuscation": False}, False),
        ("text", {"format": {"type": "text"}}, False),
        ("text", {"verbosity": "medium"}, False),
        ("text", {"format": {"type": "json_object"}}, False),
        ("truncation", "disabled", False),
        ("truncation", "auto", True),
        ("user", "somebody", False),
        ("background", False, False),
        ("top_logprobs", 0, False),
        ("top_logprobs", 5, True),
        ("prompt_cache_key", "k", False),
        ("seed", 1, True),
    ],
)
def test_fields_without_a_neutral_word_are_kept_if_they_ask_for_something(name: str, value: object, asks: bool) -> None:
    extras = parse(**{name: value}).extras
    assert {key: msgspec.json.decode(raw) for key, raw in extras.items()} == ({name: value} if asks else {})


@pytest.mark.parametrize(
    ("fields", "told"),
    [({"text": {"verbosity": "low"}}, "text.verbosity"), ({"reasoning": {"mode": "pro"}}, "reasoning.mode")],
)
def test_options_without_a_neutral_word_are_told_by_their_paths(fields: dict[str, Any], told: str) -> None:
    assert list(parse(**fields).extras) == [told]


@given(st.text(), st.text())
def test_any_text_is_read_unchanged(instructions: str, text: str) -> None:
    parts = [{"type": "input_text", "text": text}]
    request = parse(instructions=instructions, input=[{"role": "user", "content": parts}])
    assert request.messages[-1] == user(Text(text))
    assert (request.messages[0] == Message("system", (Text(instructions),))) == bool(instructions)


def test_faults_are_in_the_shape_of_openai() -> None:
    body = json.loads(DIALECT.error(ClientFault("No.", param="input")))
    assert body == {"error": {"message": "No.", "type": "invalid_request_error", "param": "input", "code": None}}
    assert DIALECT.statuses[529] == 503
