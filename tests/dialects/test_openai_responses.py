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
    Image,
    Message,
    Part,
    Reasoning,
    RouteCall,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from argoproxy.dialects.openai_responses import OpenAIResponses
from argoproxy.dialects.responses_replies import ResponsesRequest
from argoproxy.errors import ClientFault
from argoproxy.interfaces import IRenderingDialect

DIALECT = OpenAIResponses()
PIXEL = "data:image/png;base64,iVBORw0KGgo="


def parse(**fields: Any) -> ResponsesRequest:
    return DIALECT.parse(json.dumps({"input": "Hi", **fields}).encode(), RouteCall())


def refused(**fields: Any) -> ClientFault:
    with pytest.raises(ClientFault) as caught:
        parse(**fields)
    assert caught.value.status == 400
    return caught.value


def user(*parts: Part) -> Message:
    return Message("user", parts)


def model(*parts: Part) -> Message:
    return Message("assistant", parts)


def test_it_provides_its_interface() -> None:
    assert verifyObject(IRenderingDialect, DIALECT)


CALL = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": '{"a":1}', "status": "x"}
RESULT = {"type": "function_call_output", "call_id": "c1", "output": "42"}
ANSWERED = Message("tool", (ToolResult("c1", (Text("42"),)),))
CALLED = ToolCall("c1", "f", '{"a":1}')
THOUGHT = {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}]}

INPUTS: dict[str, tuple[object, tuple[Message, ...]]] = {
    "a string": ("Hi", (user(Text("Hi")),)),
    "an empty string": ("", (user(),)),
    "a message without a type": ([{"role": "user", "content": "Hi"}], (user(Text("Hi")),)),
    "a message with a null type": ([{"type": None, "role": "user", "content": "Hi"}], (user(Text("Hi")),)),
    "a message with its type": ([{"type": "message", "role": "user", "content": "Hi"}], (user(Text("Hi")),)),
    "the roles": (
        [{"role": role, "content": role} for role in ("system", "developer", "user", "assistant")],
        (
            Message("system", (Text("system"),)),
            Message("system", (Text("developer"),)),
            user(Text("user")),
            model(Text("assistant")),
        ),
    ),
    "parts of a user's message": (
        [
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "Look:"},
                    {"type": "input_image", "image_url": PIXEL, "detail": "low"},
                    {"type": "input_image", "image_url": "https://example.org/a.png"},
                ],
            }
        ],
        (user(Text("Look:"), Image(PIXEL, "low"), Image("https://example.org/a.png")),),
    ),
    "a message of the model, given back as it came": (
        [
            {
                "type": "message",
                "id": "msg_1",
                "status": "completed",
                "role": "assistant",
                "content": [
                    {"type": "output_text", "text": "Yes.", "annotations": [], "logprobs": []},
                    {"type": "refusal", "refusal": "No."},
                ],
            }
        ],
        (model(Text("Yes."), Text("No.")),),
    ),
    "two texts of the model stay two": (
        [{"role": "assistant", "content": "One."}, {"role": "assistant", "content": "Two."}],
        (model(Text("One.")), model(Text("Two."))),
    ),
    "a call and its result": (
        [CALL, RESULT],
        (model(CALLED), ANSWERED),
    ),
    "a result in parts": (
        [
            {
                "type": "function_call_output",
                "call_id": "c1",
                "output": [{"type": "input_text", "text": "See"}, {"type": "input_image", "image_url": PIXEL}],
            }
        ],
        (Message("tool", (ToolResult("c1", (Text("See"), Image(PIXEL))),)),),
    ),
    "an empty result": (
        [{"type": "function_call_output", "call_id": "c1", "output": ""}],
        (Message("tool", (ToolResult("c1", ()),)),),
    ),
    "thoughts, words and calls of one turn are one message": (
        [THOUGHT, {"role": "assistant", "content": "I'll look."}, CALL, {**CALL, "call_id": "c2"}],
        (model(Reasoning("Hm."), Text("I'll look."), CALLED, ToolCall("c2", "f", '{"a":1}')),),
    ),
    "words behind a call are of its message, since the result must come next": (
        [CALL, {"role": "assistant", "content": "Wait."}, RESULT],
        (model(CALLED, Text("Wait.")), ANSWERED),
    ),
    "calls of two turns are two messages": (
        [CALL, RESULT, CALL],
        (model(CALLED), ANSWERED, model(CALLED)),
    ),
    "signed reasoning": (
        [{**THOUGHT, "encrypted_content": "sig", "content": None}],
        (model(Reasoning("Hm.", "sig")),),
    ),
    "reasoning in full goes before its summary": (
        [{**THOUGHT, "content": [{"type": "reasoning_text", "text": "a"}, {"type": "reasoning_text", "text": "b"}]}],
        (model(Reasoning("a\n\nb")),),
    ),
    "sealed reasoning says nothing": (
        [
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "sealed"},
            {"role": "user", "content": "Hi"},
        ],
        (user(Text("Hi")),),
    ),
}


@pytest.mark.parametrize(("given", "messages"), INPUTS.values(), ids=INPUTS)
def test_every_form_of_input_is_read(given: object, messages: tuple[Message, ...]) -> None:
    assert parse(input=given).messages == messages


@pytest.mark.parametrize(("given", "messages"), INPUTS.values(), ids=INPUTS)
def test_instructions_are_a_system_message_in_front(given: object, messages: tuple[Message, ...]) -> None:
    request = parse(input=given, instructions="Be brief.")
    assert request.messages == (Message("system", (Text("Be brief."),)), *messages)


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
    request = parse(**dict.fromkeys(names))
    assert msgspec.json.encode(request) == msgspec.json.encode(parse())


REFUSALS: dict[str, tuple[dict[str, object], str]] = {
    "no input": ({"input": None}, "input"),
    "empty input": ({"input": []}, "input"),
    "input of another type": ({"input": 5}, "input"),
    "an item that is none": ({"input": ["Hi"]}, "input[0]"),
    "an item's type of another type": ({"input": [{"type": 1}]}, "input[0].type"),
    "an item of an unknown type": (
        {"input": [{"role": "user", "content": ""}, {"type": "web_search_call"}]},
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
    "a choice of a hosted tool": ({"tool_choice": {"type": "web_search_preview"}}, "tool_choice.type"),
    "a choice of a tool that is not there": ({"tool_choice": {"type": "function", "name": "g"}}, "tool_choice"),
    "a tool required and none there": ({"tool_choice": "required"}, "tool_choice"),
    "a tool required and only hosted ones there": (
        {"tool_choice": "required", "tools": [{"type": "web_search"}]},
        "tool_choice",
    ),
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


F = {"type": "function", "name": "f", "description": "Does.", "parameters": {"type": "object"}, "strict": True}
G = {"type": "function", "name": "g"}


def test_functions_are_read() -> None:
    tools = parse(tools=[F, G]).tools
    assert [tool.name for tool in tools] == ["f", "g"]
    assert (tools[0].description, tools[0].strict) == ("Does.", True)
    assert tools[0].parameters is not None
    assert msgspec.json.decode(tools[0].parameters) == {"type": "object"}
    assert tools[1] == Tool("g")


@pytest.mark.parametrize(
    ("choice", "neutral", "names"),
    [
        ("auto", ToolChoice("auto"), ["f", "g"]),
        ("none", ToolChoice("none"), ["f", "g"]),
        ("required", ToolChoice("required"), ["f", "g"]),
        ({"type": "function", "name": "g"}, ToolChoice("named", "g"), ["f", "g"]),
        (
            {
                "type": "allowed_tools",
                "mode": "required",
                "tools": [{"type": "web_search"}, {"type": "function", "name": "g"}],
            },
            ToolChoice("required"),
            ["g"],
        ),
        (None, None, ["f", "g"]),
    ],
)
def test_every_form_of_choice_is_read(choice: object, neutral: ToolChoice | None, names: list[str]) -> None:
    request = parse(tools=[F, G], tool_choice=choice)
    assert request.tool_choice == neutral
    assert [tool.name for tool in request.tools] == names


@pytest.mark.parametrize("choice", ["auto", "none"])
def test_without_tools_there_is_nothing_to_choose(choice: str) -> None:
    assert parse(tool_choice=choice).tool_choice is None


def test_tools_that_argo_has_not_are_told_by_their_paths() -> None:
    request = parse(tools=[{"type": "web_search"}, F, {"type": "custom", "name": "apply_patch"}], tool_choice="auto")
    assert [tool.name for tool in request.tools] == ["f"]
    assert set(request.extras) == {"tools[0]", "tools[2]"}
    assert msgspec.json.decode(request.extras["tools[2]"]) == {"type": "custom", "name": "apply_patch"}


@pytest.mark.parametrize(
    ("name", "value", "asks"),
    [
        ("include", ["reasoning.encrypted_content"], False),
        ("include", ["message.output_text.logprobs"], True),
        ("metadata", {"a": "b"}, False),
        ("reasoning", {"effort": None, "summary": None}, False),
        ("reasoning", {"effort": "high"}, True),
        ("store", True, False),
        ("store", False, False),
        ("stream_options", {"include_obfuscation": False}, False),
        ("text", {"format": {"type": "text"}}, False),
        ("text", {"verbosity": "medium"}, False),
        ("text", {"verbosity": "low"}, True),
        ("text", {"format": {"type": "json_object"}}, True),
        ("truncation", "disabled", False),
        ("truncation", "auto", True),
        ("user", "somebody", False),
        ("background", False, False),
        ("top_logprobs", 0, False),
        ("top_logprobs", 5, True),
        ("prompt_cache_key", "k", True),
        ("seed", 1, True),
    ],
)
def test_fields_without_a_neutral_word_are_kept_if_they_ask_for_something(name: str, value: object, asks: bool) -> None:
    extras = parse(**{name: value}).extras
    assert {key: msgspec.json.decode(raw) for key, raw in extras.items()} == ({name: value} if asks else {})


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
