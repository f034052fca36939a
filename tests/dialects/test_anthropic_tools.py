"""Tools of Anthropic's requests: the client's own are read, Anthropic's own are left out and told."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from argoproxy.conversation import ChatRequest, RouteCall, Tool, ToolChoice
from argoproxy.dialects.anthropic_messages import AnthropicMessages
from argoproxy.errors import ClientFault

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
WEATHER = {"name": "get_weather", "description": "How is it?", "input_schema": SCHEMA}
TIME = {"type": "custom", "name": "get_time", "input_schema": {"type": "object"}, "strict": True, "defer_loading": True}
SEARCH = {"type": "web_search_20250305", "name": "web_search", "max_uses": 5}
BASH = {"type": "bash_20250124", "name": "bash"}


def parse(**fields: Any) -> ChatRequest:
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}], **fields}
    return AnthropicMessages().parse(json.dumps(body).encode(), RouteCall())


def told(request: ChatRequest) -> dict[str, Any]:
    return {name: json.loads(bytes(raw)) for name, raw in request.extras.items()}


def test_the_clients_own_tools_are_read_whole() -> None:
    assert parse(tools=[WEATHER, TIME]).tools == (
        Tool("get_weather", "How is it?", msgspec.Raw(json.dumps(SCHEMA).encode())),
        Tool("get_time", None, msgspec.Raw(b'{"type": "object"}'), True),
    )


def test_a_type_of_null_is_the_clients_own() -> None:
    assert [tool.name for tool in parse(tools=[{**WEATHER, "type": None}]).tools] == ["get_weather"]


def test_anthropics_own_tools_are_left_out_and_told_by_their_paths() -> None:
    request = parse(tools=[WEATHER, SEARCH, TIME, BASH])
    assert [tool.name for tool in request.tools] == ["get_weather", "get_time"]
    assert told(request) == {"tools[1]": SEARCH, "tools[3]": BASH}


CHOICES: list[tuple[dict[str, Any], ToolChoice, bool | None]] = [
    ({"type": "auto"}, ToolChoice("auto"), None),
    ({"type": "any", "disable_parallel_tool_use": True}, ToolChoice("required"), False),
    ({"type": "tool", "name": "get_time", "disable_parallel_tool_use": False}, ToolChoice("named", "get_time"), True),
    ({"type": "none"}, ToolChoice("none"), None),
]


@pytest.mark.parametrize(("choice", "neutral", "parallel"), CHOICES)
def test_a_choice_says_which_tools_and_how_many_calls(
    choice: dict[str, Any], neutral: ToolChoice, parallel: bool | None
) -> None:
    request = parse(tools=[WEATHER, TIME], tool_choice=choice)
    assert (request.tool_choice, request.parallel_tool_calls) == (neutral, parallel)


def test_without_tools_there_is_nothing_to_choose() -> None:
    assert parse(tool_choice={"type": "auto"}).tool_choice is None


OUT_OF_REACH = [
    ([WEATHER, SEARCH], {"type": "tool", "name": "web_search"}),
    ([SEARCH], {"type": "any"}),
]


@pytest.mark.parametrize(("tools", "choice"), OUT_OF_REACH)
def test_a_choice_that_needs_what_is_left_out_is_left_out_with_it(tools: list[Any], choice: dict[str, Any]) -> None:
    request = parse(tools=tools, tool_choice=choice)
    assert request.tool_choice is None
    assert told(request)["tool_choice"] == choice


WITHIN_REACH = [
    ([WEATHER, SEARCH], {"type": "any"}, ToolChoice("required")),
    ([WEATHER, SEARCH], {"type": "tool", "name": "get_weather"}, ToolChoice("named", "get_weather")),
    ([WEATHER, SEARCH], {"type": "auto"}, ToolChoice("auto")),
    ([WEATHER, SEARCH], None, None),
]


@pytest.mark.parametrize(("tools", "choice", "neutral"), WITHIN_REACH)
def test_a_choice_that_can_be_met_stays(tools: list[Any], choice: Any, neutral: ToolChoice | None) -> None:
    request = parse(tools=tools, tool_choice=choice)
    assert request.tool_choice == neutral
    assert list(request.extras) == ["tools[1]"]


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "tools as an object": ({"tools": {}}, "tools"),
    "a tool as text": ({"tools": ["x"]}, "tools[0]"),
    "a tool without name": ({"tools": [WEATHER, {"input_schema": {}}]}, "tools[1].name"),
    "a tool without schema": ({"tools": [{"name": "f"}]}, "tools[0].input_schema"),
    "a schema as text": ({"tools": [{"name": "f", "input_schema": "{}"}]}, "tools[0].input_schema"),
    "a schema of null": ({"tools": [{"name": "f", "input_schema": None}]}, "tools[0].input_schema"),
    "a choice as text": ({"tools": [WEATHER], "tool_choice": "auto"}, "tool_choice"),
    "an unknown choice": ({"tools": [WEATHER], "tool_choice": {"type": "maybe"}}, "tool_choice.type"),
    "a choice without type": ({"tools": [WEATHER], "tool_choice": {}}, "tool_choice.type"),
    "a choice without name": ({"tools": [WEATHER], "tool_choice": {"type": "tool"}}, "tool_choice.name"),
    "a tool that isn't there": (
        {"tools": [WEATHER, SEARCH], "tool_choice": {"type": "tool", "name": "x"}},
        "tool_choice",
    ),
    "any of none": ({"tool_choice": {"type": "any"}}, "tool_choice"),
}


@pytest.mark.parametrize(("fields", "param"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_is_a_400_that_names_the_field(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(ClientFault) as raised:
        parse(**fields)
    assert (raised.value.status, raised.value.param) == (400, param)
    assert param in raised.value.message
