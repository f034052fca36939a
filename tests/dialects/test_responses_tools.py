"""Tools in OpenAI's Responses, and the choice among them."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from argoproxy.conversation import RouteCall, Tool, ToolChoice
from argoproxy.dialects.openai_responses import OpenAIResponses
from argoproxy.dialects.responses_replies import ResponsesRequest

DIALECT = OpenAIResponses()


def parse(**fields: Any) -> ResponsesRequest:
    return DIALECT.parse(json.dumps({"input": "Hi", **fields}).encode(), RouteCall())


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
        ({"type": "custom", "name": "g"}, ToolChoice("named", "g"), ["f", "g"]),
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
    request = parse(tools=[{"type": "web_search"}, F, {"type": "mcp", "server_label": "x"}], tool_choice="auto")
    assert [tool.name for tool in request.tools] == ["f"]
    assert set(request.extras) == {"tools[0]", "tools[2]"}
    assert msgspec.json.decode(request.extras["tools[2]"]) == {"type": "mcp", "server_label": "x"}


@pytest.mark.parametrize(
    ("tools", "choice", "names"),
    [
        ([G, {"type": "web_search"}], {"type": "web_search_preview"}, ["g"]),
        ([{"type": "local_shell"}], "required", []),
        (
            [G, {"type": "local_shell"}],
            {"type": "allowed_tools", "mode": "required", "tools": [{"type": "local_shell"}]},
            [],
        ),
    ],
)
def test_a_choice_that_needs_what_argo_has_not_is_left_out_and_told(
    tools: list[Any], choice: Any, names: list[str]
) -> None:
    request = parse(tools=tools, tool_choice=choice)
    assert [tool.name for tool in request.tools] == names
    assert request.tool_choice is None
    assert msgspec.json.decode(request.extras["tool_choice"]) == choice


def test_tools_that_take_a_text_are_told_their_grammar() -> None:
    grammar = {"type": "grammar", "syntax": "lark", "definition": "start: X"}
    patch = {"type": "custom", "name": "patch", "description": "Patches."}
    request = parse(tools=[patch, {**patch, "format": {"type": "text"}}, {**patch, "format": grammar}])
    assert request.tools[:2] == (Tool("patch", "Patches.", freeform=True),) * 2
    assert request.tools[2].description == "Patches.\n\nThe input must follow this grammar (lark):\nstart: X"
    assert request.extras == {}


def test_tools_in_a_namespace_have_its_name_in_front() -> None:
    inner = [F, {"type": "custom", "name": "p"}, {"type": "web_search"}]
    request = parse(tools=[G, {"type": "namespace", "name": "mcp__a__", "description": "x", "tools": inner}])
    assert [(tool.name, tool.freeform) for tool in request.tools] == [
        ("g", False),
        ("mcp__a__f", False),
        ("mcp__a__p", True),
    ]
    assert list(request.extras) == ["tools[1].tools[2]"]
