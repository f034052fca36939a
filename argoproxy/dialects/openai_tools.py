"""
Tools in OpenAI's requests: the definitions of Chat Completions, and which of them the model may or must call.

The deprecated C{functions} are L{argoproxy.dialects.openai_functions}.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal

import msgspec

from argoproxy.conversation import Tool, ToolChoice
from argoproxy.errors import ClientFault
from argoproxy.vocabulary.openai import FunctionName, FunctionSpec, FunctionTool, NamedTool


class NamedChoice(msgspec.Struct, frozen=True, tag_field="type", tag="function"):
    """Call this one."""

    function: FunctionName


class AllowedTools(msgspec.Struct, frozen=True):
    """Call any of these, or also none."""

    mode: Literal["auto", "required"]
    tools: tuple[NamedTool, ...]


class AllowedChoice(msgspec.Struct, frozen=True, tag_field="type", tag="allowed_tools"):
    """Call only some of the tools."""

    allowed_tools: AllowedTools


Tools = tuple[FunctionTool, ...]
Choice = Literal["auto", "none", "required"] | NamedChoice | AllowedChoice


def read_tools(tools: Tools, choice: Choice | None) -> tuple[tuple[Tool, ...], ToolChoice | None]:
    """
    The tools that the model may call, and how. Tools outside C{allowed_tools} are left out.

    @raise ClientFault: they don't fit each other.
    """
    known = tuple(checked(item.function, f"tools[{index}].function.parameters") for index, item in enumerate(tools))
    if isinstance(choice, AllowedChoice):
        allowed = choice.allowed_tools
        names = [item.function.name for item in allowed.tools]
        return only(known, names, "tool_choice.allowed_tools.tools"), ToolChoice(allowed.mode)
    return known, fitting(_neutral(choice), known, "tool_choice")


def checked(spec: FunctionSpec, path: str) -> Tool:
    """
    The tool that a function is.

    @param path: where its parameters stand.
    @raise ClientFault: they are no JSON schema's object.
    """
    tool = spec.tool()
    if tool.parameters is not None and not bytes(tool.parameters).startswith(b"{"):
        raise ClientFault(f"Invalid value for '{path}': expected an object.", code="invalid_type", param=path)
    return tool


def only(tools: Sequence[Tool], names: Collection[str], path: str) -> tuple[Tool, ...]:
    """
    Those tools that have one of these names.

    @param path: where the names stand.
    @raise ClientFault: a name is none of theirs, or there is none.
    """
    known = {tool.name for tool in tools}
    for index, name in enumerate(names):
        if name not in known:
            raise _unknown(name, f"{path}[{index}]")
    if not names:
        raise ClientFault(f"Invalid value for '{path}': it names no tool.", code="invalid_value", param=path)
    return tuple(tool for tool in tools if tool.name in names)


def fitting(choice: ToolChoice | None, tools: Sequence[Tool], path: str) -> ToolChoice | None:
    """
    A choice that these tools allow. Without tools there is nothing to choose.

    @param path: where the choice stands.
    @raise ClientFault: it asks for a tool that isn't there.
    """
    if choice is None or choice.mode in ("auto", "none"):
        return choice if tools else None
    if not tools:
        raise ClientFault(f"'{path}' asks for a tool, and there is none.", code="invalid_value", param=path)
    if choice.name is not None and all(tool.name != choice.name for tool in tools):
        raise _unknown(choice.name, path)
    return choice


def _neutral(choice: Literal["auto", "none", "required"] | NamedChoice | None) -> ToolChoice | None:
    if choice is None:
        return None
    if isinstance(choice, NamedChoice):
        return ToolChoice("named", choice.function.name)
    return ToolChoice(choice)


def _unknown(name: str, path: str) -> ClientFault:
    return ClientFault(f"Invalid value for '{path}': no tool is named '{name}'.", code="invalid_value", param=path)
