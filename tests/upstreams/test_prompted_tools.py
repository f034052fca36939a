"""Models without tools of their own are told of them in words, and their calls are read out of theirs."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from argoproxy.conversation import ChatRequest, Image, Message, Text, Tool, ToolCall, ToolChoice, ToolResult
from argoproxy.upstreams.prompted_tools import in_prompt, prompted_calls

WEATHER = Tool("get_weather", "Tells it", msgspec.Raw(b'{"type":"object","properties":{"city":{"type":"string"}}}'))
STOP = Tool("stop_all")
TOOLS = (WEATHER, STOP)
USER = Message("user", (Text("Hi"),))
SYSTEM = Message("system", (Text("Be brief"),))


def _spoken(*messages: Message, **fields: Any) -> tuple[Message, ...]:
    request = in_prompt(ChatRequest(model="x", prompts=(messages,), **fields))
    assert (request.tools, request.tool_choice, request.parallel_tool_calls) == ((), None, None)
    return request.messages


def _instructions(**fields: Any) -> str:
    [system, user] = _spoken(USER, **fields)
    [text] = system.parts
    assert (system.role, user) == ("system", USER)
    assert isinstance(text, Text)
    return text.text


def test_the_tools_are_described_with_the_way_to_call_them() -> None:
    lines = _instructions(tools=TOOLS).splitlines()
    example = '<tool_call>{"name": "the_tool", "arguments": {"key": "value"}}</tool_call>'
    assert example in lines
    assert [json.loads(line) for line in lines[-2:]] == [
        {
            "name": "get_weather",
            "description": "Tells it",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
        {"name": "stop_all", "parameters": {"type": "object", "properties": {}}},
    ]


def test_they_stand_behind_the_systems_own_words() -> None:
    [system, user] = _spoken(SYSTEM, USER, tools=TOOLS)
    assert (system.parts[0], user) == (Text("Be brief"), USER)
    assert len(system.parts) == 2


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "only if you need it"),
        ({"tool_choice": ToolChoice("auto")}, "only if you need it"),
        ({"tool_choice": ToolChoice("required")}, "You must call at least one tool"),
        ({"tool_choice": ToolChoice("named", "stop_all")}, "You must call the tool stop_all"),
        ({"parallel_tool_calls": False}, "no more than one tool"),
    ],
)
def test_the_choice_is_told(fields: Any, told: str) -> None:
    assert told in _instructions(tools=TOOLS, **fields)
    assert ("no more than one" in _instructions(tools=TOOLS, **fields)) == (fields.get("parallel_tool_calls") is False)


def test_without_a_choice_to_call_no_tool_is_described() -> None:
    told = _instructions(tools=TOOLS, tool_choice=ToolChoice("none"))
    assert "No tool" in told
    assert "<tool_call>" not in told
    assert "get_weather" not in told


def test_without_tools_nothing_is_said() -> None:
    assert _spoken(SYSTEM, USER) == (SYSTEM, USER)
    assert _spoken(tools=()) == ()


def test_calls_and_results_are_told_in_the_same_tags() -> None:
    image = Image("data:image/png;base64,AA==")
    spoken = _spoken(
        USER,
        Message(
            "assistant", (Text("Look"), ToolCall("a", "get_weather", '{"city":"X"}'), ToolCall("b", "stop_all", ""))
        ),
        Message("tool", (ToolResult("a", (Text("It "), image, Text("rains"))),)),
        Message("tool", (ToolResult("b", (Text("no"),), failed=True), ToolResult("c", (), name="other"))),
        USER,
    )
    assert spoken[1:] == (
        Message(
            "assistant",
            (
                Text("Look"),
                Text('<tool_call>{"name":"get_weather","arguments":{"city":"X"}}</tool_call>'),
                Text('<tool_call>{"name":"stop_all","arguments":{}}</tool_call>'),
            ),
        ),
        Message(
            "user",
            (
                Text('<tool_response>{"name":"get_weather","content":"It \\n\\nrains"}</tool_response>'),
                image,
                Text('<tool_response>{"name":"stop_all","content":"no","failed":true}</tool_response>'),
                Text('<tool_response>{"name":"other"}</tool_response>'),
            ),
        ),
        USER,
    )


_CALL = '{"name": "get_weather", "arguments": {"city": "X"}}'


@pytest.mark.parametrize(
    "block",
    [
        f"<tool_call>{_CALL}</tool_call>",
        f"<tool_call>\n{_CALL}\n</tool_call>",
        f"<tool_call>\n```json\n{_CALL}\n```\n</tool_call>",
        f"<tool_call>```{_CALL}```</tool_call>",
        f"<tool_call>[{_CALL}]</tool_call>",
        f"<tool_call>{_CALL}",
        f"<tool_call>{_CALL}\n",
        """<tool_call>{'name': 'get_weather', 'arguments': {'city': 'X'}}</tool_call>""",
        '<tool_call>{"name": "get_weather", "arguments": {"city": "X",},}</tool_call>',
        '<tool_call>{"arguments": {"city": "X"}, "name": "get_weather"}</tool_call>',
        '<tool_call>{"name": "get_weather", "parameters": {"city": "X"}}</tool_call>',
        '<tool_call>{"name": "get_weather", "input": {"city": "X"}}</tool_call>',
        '<tool_call>{"name": "get_weather", "arguments": "{\\"city\\": \\"X\\"}"}</tool_call>',
        '<tool_call>{"type": "function", "name": "get_weather", "arguments": {"city": "X"}}</tool_call>',
    ],
)
@pytest.mark.parametrize(("before", "behind"), [("", ""), ("Let me look.\n", "")])
def test_a_call_is_found_and_taken_out(block: str, before: str, behind: str) -> None:
    text, [call] = prompted_calls(before + block + behind, TOOLS)
    assert (text, call) == (before.strip(), ToolCall("", "get_weather", '{"city":"X"}'))


@pytest.mark.parametrize(
    ("city", "meant"),
    [
        ("X</tool_call>Y", "X</tool_call>Y"),
        ("<tool_call>", "<tool_call>"),
        ('the "old" one', 'the "old" one'),
        ("two\nlines", "two\nlines"),
        ("}}", "}}"),
    ],
)
def test_marks_inside_of_a_string_are_text(city: str, meant: str) -> None:
    block = f'<tool_call>{{"name": "get_weather", "arguments": {{"city": "{city}"}}}}</tool_call>'
    text, [call] = prompted_calls(block + " behind", TOOLS)
    assert (text, json.loads(call.arguments)) == ("behind", {"city": meant})


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f'A<tool_call>{_CALL}</tool_call>B<tool_call>{{"name": "stop_all"}}</tool_call>C', "ABC"),
        (f'<tool_call>{_CALL}\n{{"name": "stop_all"}}</tool_call>', ""),
        (f'<tool_call>[{_CALL}, {{"name": "stop_all"}}]</tool_call>', ""),
        (
            f'<tool_call>{_CALL}</tool_call><tool_call>oh</tool_call><tool_call>{{"name": "stop_all"}}',
            "<tool_call>oh</tool_call>",
        ),
    ],
)
def test_all_calls_are_found(text: str, kept: str) -> None:
    left, calls = prompted_calls(text, TOOLS)
    assert (left, [(call.name, call.arguments) for call in calls]) == (
        kept,
        [("get_weather", '{"city":"X"}'), ("stop_all", "{}")],
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "No call\n",
        _CALL,
        "<tool_call>",
        "<tool_call></tool_call>",
        "<tool_call>get_weather(city='X')</tool_call>",
        '<tool_call>{"name": "get_weather", "arguments": {"city": "X"</tool_call>',
        '<tool_call>{"name": "get_weather", "arguments": ["X"]}</tool_call>',
        '<tool_call>{"name": "unknown", "arguments": {}}</tool_call>',
        '<tool_call>{"arguments": {}}</tool_call>',
        f"<tool_call>{_CALL} and more</tool_call>",
        f'<tool_call>{_CALL}{{"name": "unknown"}}</tool_call>',
    ],
)
def test_what_is_no_call_stays_as_it_is(text: str) -> None:
    assert prompted_calls(text, TOOLS) == (text, [])


@pytest.mark.parametrize(
    "text",
    [
        "<tool_call>" * 90_000,
        '<tool_call>{"' * 70_000,
        "<tool_call>{" + " " * 10**6,
        ("<tool_call>" + " " * 300) * 3000,
    ],
    ids=lambda text: text[:20],
)
def test_a_hostile_text_stays_as_it_is(text: str) -> None:
    assert prompted_calls(text, TOOLS) == (text, [])
