"""Google's tools: functions in either language for schemas, tools that only Google runs, and which must be called."""

from __future__ import annotations

import json
from typing import Any

import pytest

from argoproxy.conversation import RouteCall, ToolChoice
from argoproxy.dialects.google_genai import GoogleGenAI
from argoproxy.dialects.google_requests import GenerateRequest
from argoproxy.errors import ClientFault
from tests.dialects.outcomes import outcome

F = {"name": "f", "description": "Does f.", "parameters": {"type": "OBJECT", "properties": {"a_b": {"type": "STRING"}}}}
G = {"name": "g", "parametersJsonSchema": {"type": "object", "properties": {"A": {"type": "X"}}}}
H = {"name": "h", "response": {"type": "STRING"}, "behavior": "BLOCKING"}
TOOLS = [{"functionDeclarations": [F, G]}, {"functionDeclarations": [H]}]


def parse(**fields: Any) -> GenerateRequest:
    body = json.dumps({"contents": "hi", **fields}).encode()
    return GoogleGenAI().parse(body, RouteCall({"model": "m"}))


def test_functions_are_read_in_either_language() -> None:
    f, g, h = parse(tools=TOOLS).tools
    assert (f.name, f.description, g.name, g.description, h.name) == ("f", "Does f.", "g", None, "h")
    assert f.parameters is not None
    assert g.parameters is not None
    assert json.loads(bytes(f.parameters)) == {"type": "object", "properties": {"a_b": {"type": "string"}}}
    assert json.loads(bytes(g.parameters)) == G["parametersJsonSchema"]
    assert h.parameters is None


def test_snake_case_is_read_too() -> None:
    (tool,) = parse(tools=[{"function_declarations": [{"name": "f", "parameters_json_schema": {"any_of": []}}]}]).tools
    assert tool.parameters is not None
    assert bytes(tool.parameters) == b'{"any_of": []}'


def test_tools_that_google_runs_are_told_by_their_paths() -> None:
    request = parse(
        tools=[{"google_search": {}, "functionDeclarations": [F], "urlContext": None}, {"codeExecution": {}}],
        toolConfig={"retrievalConfig": {"languageCode": "en"}, "includeServerSideToolInvocations": False},
    )
    assert [tool.name for tool in request.tools] == ["f"]
    assert set(request.extras) == {"tools[0].googleSearch", "tools[1].codeExecution", "toolConfig.retrievalConfig"}


CHOICES: list[tuple[Any, ToolChoice | None, list[str]]] = [
    (None, None, ["f", "g", "h"]),
    ({}, None, ["f", "g", "h"]),
    ({"mode": "MODE_UNSPECIFIED", "allowedFunctionNames": ["f"]}, None, ["f", "g", "h"]),
    ({"mode": "AUTO"}, ToolChoice("auto"), ["f", "g", "h"]),
    ({"mode": "auto"}, ToolChoice("auto"), ["f", "g", "h"]),
    ({"mode": "ANY"}, ToolChoice("required"), ["f", "g", "h"]),
    ({"mode": "NONE"}, ToolChoice("none"), ["f", "g", "h"]),
    ({"mode": "NONE", "allowedFunctionNames": ["f"]}, ToolChoice("none"), ["f", "g", "h"]),
    ({"mode": "VALIDATED"}, ToolChoice("auto"), ["f", "g", "h"]),
    ({"mode": "VALIDATED", "allowedFunctionNames": ["h"]}, ToolChoice("auto"), ["h"]),
    ({"mode": "ANY", "allowed_function_names": ["h", "f"]}, ToolChoice("required"), ["f", "h"]),
    ({"mode": "ANY", "allowedFunctionNames": []}, ToolChoice("required"), ["f", "g", "h"]),
]


@pytest.mark.parametrize(("calling", "choice", "names"), CHOICES)
def test_the_mode_says_which_must_be_called(calling: Any, choice: ToolChoice | None, names: list[str]) -> None:
    request = parse(tools=TOOLS, tool_config={"function_calling_config": calling})
    assert (request.tool_choice, [tool.name for tool in request.tools]) == (choice, names)
    assert request.extras == {}


def test_without_functions_there_is_nothing_to_choose() -> None:
    assert parse(toolConfig={"functionCallingConfig": {"mode": "AUTO"}}).tool_choice is None
    assert parse(toolConfig=None).tool_choice is None


def test_arguments_in_pieces_can_not_be_had() -> None:
    config = {"functionCallingConfig": {"mode": "AUTO", "streamFunctionCallArguments": True}}
    request = parse(tools=TOOLS, toolConfig=config)
    assert set(request.extras) == {"toolConfig.functionCallingConfig.streamFunctionCallArguments"}


def _choosing(**calling: Any) -> dict[str, Any]:
    return {"tools": TOOLS, "toolConfig": {"functionCallingConfig": calling}}


_DECLARED = "tools[0].functionDeclarations"
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"tools": {}}, "tools"),
    ({"tools": [1]}, "tools[0]"),
    ({"tools": [{"functionDeclarations": {}}]}, _DECLARED),
    ({"tools": [{"functionDeclarations": [{}]}]}, f"{_DECLARED}[0].name"),
    ({"tools": [{"functionDeclarations": [{"name": "f", "parameters": []}]}]}, f"{_DECLARED}[0].parameters"),
    (
        {"tools": [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": 1}]}]},
        f"{_DECLARED}[0].parametersJsonSchema",
    ),
    ({"toolConfig": []}, "toolConfig"),
    ({"toolConfig": {"functionCallingConfig": {"mode": 1}}}, "toolConfig.functionCallingConfig.mode"),
    (_choosing(mode="SOME"), "toolConfig.functionCallingConfig.mode"),
    (
        _choosing(mode="ANY", allowedFunctionNames=["f", "x"]),
        "toolConfig.functionCallingConfig.allowedFunctionNames[1]",
    ),
    ({"toolConfig": {"functionCallingConfig": {"mode": "ANY"}}}, "toolConfig.functionCallingConfig.mode"),
]


@pytest.mark.parametrize(("fields", "param"), REFUSED)
def test_what_is_refused_is_named(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(ClientFault) as caught:
        parse(**fields)
    assert (caught.value.status, caught.value.param) == (400, param)
    assert f"'{param}'" in caught.value.message


@pytest.mark.parametrize("depth", range(20, 700, 23))
@pytest.mark.parametrize(
    "body",
    [
        '{"contents": "x", "tools": [{"functionDeclarations": [{"name": "f", "parameters": %s}]}]}',
        '{"contents": "x", "generationConfig": {"responseSchema": %s}}',
    ],
)
def test_no_depth_of_a_schema_is_more_than_a_400(body: str, depth: int) -> None:
    deep = '{"items":' * depth + "{}" + "}" * depth
    found = outcome(lambda: GoogleGenAI().parse((body % deep).encode(), RouteCall({"model": "m"})))
    if isinstance(found, ClientFault):
        assert found.code == "invalid_json"
        return
    schemas = [tool.parameters for tool in found.tools] + ([found.shape.schema] if found.shape else [])
    assert [bytes(schema or b"") for schema in schemas] == [deep.encode()]
