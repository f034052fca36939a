"""Tools in OpenAI's Responses: written flatter than those of Chat Completions, and of more types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from argoproxy.conversation import Tool, ToolChoice
from argoproxy.vocabulary.openai import FunctionSpec

from .openai_tools import checked, fitting, only
from .reading import decode


class _Kind(msgspec.Struct, frozen=True):
    type: str


class ToolName(msgspec.Struct, frozen=True):
    """A tool where a choice names it. Hosted ones have no name."""

    type: str
    name: str | None = None


class NamedChoice(msgspec.Struct, frozen=True, tag_field="type", tag="function"):
    """Call this one."""

    name: str


class AllowedChoice(msgspec.Struct, frozen=True, tag_field="type", tag="allowed_tools"):
    """Call only some of the tools."""

    mode: Literal["auto", "required"]
    tools: tuple[ToolName, ...]


Choice = Literal["auto", "none", "required"] | NamedChoice | AllowedChoice

_kind = msgspec.json.Decoder(_Kind)
_function = msgspec.json.Decoder(FunctionSpec)


def read_tools(tools: Sequence[msgspec.Raw]) -> tuple[tuple[Tool, ...], dict[str, msgspec.Raw]]:
    """
    The tools that are functions; and by their paths those that ARGO has not: hosted ones, and all of other types.

    @raise ClientFault: one is no tool.
    """
    functions: list[Tool] = []
    others: dict[str, msgspec.Raw] = {}
    for index, raw in enumerate(tools):
        path = f"tools[{index}]"
        if decode(_kind, raw, path).type == "function":
            functions.append(checked(decode(_function, raw, path), f"{path}.parameters"))
        else:
            others[path] = raw
    return tuple(functions), others


def chosen(choice: Choice | None, tools: tuple[Tool, ...]) -> tuple[tuple[Tool, ...], ToolChoice | None]:
    """
    The tools that the model may call, and how.

    @raise ClientFault: the choice asks for tools that aren't there.
    """
    if isinstance(choice, AllowedChoice):
        names = [tool.name for tool in choice.tools if tool.type == "function" and tool.name is not None]
        return only(tools, names, "tool_choice.tools"), ToolChoice(choice.mode)
    if isinstance(choice, NamedChoice):
        return tools, fitting(ToolChoice("named", choice.name), tools, "tool_choice")
    return tools, fitting(None if choice is None else ToolChoice(choice), tools, "tool_choice")
