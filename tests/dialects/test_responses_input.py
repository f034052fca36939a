"""The input of OpenAI's Responses: every item means what it says, or is left out and told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from argoproxy.conversation import Image, Message, Part, Reasoning, RouteCall, Text, ToolCall, ToolResult
from argoproxy.dialects.openai_responses import OpenAIResponses
from argoproxy.dialects.responses_input import HOSTED
from argoproxy.dialects.responses_replies import ResponsesRequest

DIALECT = OpenAIResponses()
PIXEL = "data:image/png;base64,iVBORw0KGgo="


def parse(**fields: Any) -> ResponsesRequest:
    return DIALECT.parse(json.dumps({"input": "Hi", **fields}).encode(), RouteCall())


def user(*parts: Part) -> Message:
    return Message("user", parts)


def model(*parts: Part) -> Message:
    return Message("assistant", parts)


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
        (
            user(
                Text("Look:"),
                Image(PIXEL, "low", "input[0].content[1].image_url"),
                Image("https://example.org/a.png", None, "input[0].content[2].image_url"),
            ),
        ),
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
        (Message("tool", (ToolResult("c1", (Text("See"), Image(PIXEL, None, "input[0].output[1].image_url"))),)),),
    ),
    "a text for a tool that isn't offered any more, and what it answered": (
        [
            {"type": "custom_tool_call", "id": "ctc_1", "call_id": "c1", "name": "patch", "input": 'a "b"'},
            {"type": "custom_tool_call_output", "call_id": "c1", "name": "patch", "output": "42"},
        ],
        (model(ToolCall("c1", "patch", '{"input":"a \\"b\\""}')), ANSWERED),
    ),
    "a call of a tool in a namespace": (
        [{**CALL, "namespace": "mcp__files"}],
        (model(ToolCall("c1", "mcp__files__f", '{"a":1}')),),
    ),
    "a call with nothing": ([{**CALL, "arguments": ""}], (model(ToolCall("c1", "f", "{}")),)),
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


def test_calls_of_a_tool_that_takes_a_text_are_texts() -> None:
    call = {"type": "custom_tool_call", "call_id": "c1", "name": "patch", "input": 'a "b"'}
    request = parse(tools=[{"type": "custom", "name": "patch"}], input=[call, CALL])
    assert request.messages == (model(ToolCall("c1", "patch", 'a "b"'), CALLED),)


@pytest.mark.parametrize("kind", sorted(HOSTED))
def test_items_that_mean_nothing_to_argo_are_left_out_and_told(kind: str) -> None:
    request = parse(input=[CALL, {"type": kind, "call_id": None}, {**CALL, "call_id": "c2"}, RESULT])
    assert request.messages == (model(CALLED, ToolCall("c2", "f", '{"a":1}')), ANSWERED)
    assert list(request.extras) == ["input[1]"]


def test_what_answers_a_call_that_is_left_out_is_left_out_too() -> None:
    shell = {"type": "local_shell_call", "call_id": "c9", "status": "completed", "action": {"type": "exec"}}
    request = parse(input=[shell, {**RESULT, "call_id": "c9"}, CALL, RESULT])
    assert request.messages == (model(CALLED), ANSWERED)
    assert list(request.extras) == ["input[0]", "input[1]"]


def test_sealed_reasoning_is_told() -> None:
    sealed = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "sealed"}
    assert list(parse(input=[sealed, {"role": "user", "content": "Hi"}]).extras) == ["input[0]"]
