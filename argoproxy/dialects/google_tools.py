"""Tools in Google's requests: functions, tools that Google runs itself, and which the model may or must call."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from argoproxy.conversation import Tool, ToolChoice
from argoproxy.vocabulary.google import FUNCTION_MODES
from argoproxy.wire.json import Fields

from .google_names import read_object
from .google_parts import read_schema, refused, require_object
from .openai_tools import fitting, only
from .reading import decode

_NULL = msgspec.Raw(b"null")
_UNSET = (b"null", b"false")
_FUNCTIONS = "functionDeclarations"
_CALLING = "functionCallingConfig"
_STREAMED = "streamFunctionCallArguments"


class FunctionDeclaration(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A function. What it returns has no place in other APIs, and changes no call."""

    name: str
    description: str | None = None
    parameters: msgspec.Raw = _NULL
    parameters_json_schema: msgspec.Raw = _NULL


class FunctionCallingConfig(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Whether the model calls functions, and which."""

    mode: str | None = None
    allowed_function_names: tuple[str, ...] | None = None
    stream_function_call_arguments: bool | None = None


class ToolConfig(msgspec.Struct, frozen=True, rename="camel"):
    """How tools are used, as far as it is about functions."""

    function_calling_config: FunctionCallingConfig | None = None


_declarations = msgspec.json.Decoder(tuple[FunctionDeclaration, ...])
_config = msgspec.json.Decoder(ToolConfig)


def read_tools(tools: Sequence[msgspec.Raw]) -> tuple[tuple[Tool, ...], Fields]:
    """
    The functions; and by their paths (C{tools[0].googleSearch}) the tools that Google would run itself.

    @raise ClientFault: one is no tool.
    """
    functions: list[Tool] = []
    others: Fields = {}
    for index, raw in enumerate(tools):
        for name, value in read_object(raw, f"tools[{index}]").items():
            path = f"tools[{index}].{name}"
            if bytes(value) == b"null":
                continue
            if name == _FUNCTIONS:
                functions.extend(_declared(value, path))
            else:
                others[path] = value
    return tuple(functions), others


def chosen(given: msgspec.Raw, tools: tuple[Tool, ...]) -> tuple[tuple[Tool, ...], ToolChoice | None, Fields]:
    """
    The functions that the model may call, how, and by their paths what else C{toolConfig} asks for.

    @raise ClientFault: it asks for functions that aren't there.
    """
    if bytes(given) == b"null":
        return tools, None, {}
    config = decode(_config, given, "toolConfig").function_calling_config or FunctionCallingConfig()
    others = {f"toolConfig.{name}": raw for name, raw in _asking(read_object(given, "toolConfig")).items()}
    path = f"toolConfig.{_CALLING}"
    if config.stream_function_call_arguments:
        others[f"{path}.{_STREAMED}"] = msgspec.Raw(b"true")
    choice = _choice(config.mode, f"{path}.mode")
    if choice is not None and choice.mode != "none" and config.allowed_function_names:
        tools = only(tools, config.allowed_function_names, f"{path}.allowedFunctionNames")
    return tools, fitting(choice, tools, f"{path}.mode"), others


def _asking(fields: Fields) -> Fields:
    return {name: raw for name, raw in fields.items() if name != _CALLING and bytes(raw) not in _UNSET}


def _choice(mode: str | None, path: str) -> ToolChoice | None:
    if mode is None or mode.upper() == "MODE_UNSPECIFIED":
        return None
    known = FUNCTION_MODES.get(mode.upper())
    if known is None:
        raise refused(path, f"expected one of {', '.join(FUNCTION_MODES)}", "invalid_value")
    return ToolChoice(known)


def _declared(raw: msgspec.Raw, path: str) -> list[Tool]:
    declarations: tuple[FunctionDeclaration, ...] = decode(_declarations, raw, path)
    return [_tool(one, f"{path}[{index}]") for index, one in enumerate(declarations)]


def _tool(declaration: FunctionDeclaration, path: str) -> Tool:
    """A function as it is declared: its parameters in either of the languages for schemas."""
    written = declaration.parameters_json_schema
    if bytes(written) != b"null":
        require_object(written, f"{path}.parametersJsonSchema")
        return Tool(declaration.name, declaration.description, written)
    if bytes(declaration.parameters) == b"null":
        return Tool(declaration.name, declaration.description)
    return Tool(declaration.name, declaration.description, read_schema(declaration.parameters, f"{path}.parameters"))
