"""
Tools in OpenAI's Responses: written flatter than those of Chat Completions, and of more types.

A namespace, in which Codex puts the tools of a server, is a name that its tools' names begin with: the models behind
ARGO know nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from argoproxy.conversation import Tool, ToolChoice
from argoproxy.vocabulary.openai import FunctionSpec
from argoproxy.wire.json import Fields

from .openai_freeform import FlatCustomSpec
from .openai_tools import Choice, Kind, Mode, Toolbox, Wish, checked, settled
from .reading import decode

Homes = Mapping[str, tuple[str, str]]
"""The namespace and the name in it of each tool that has one, by the name that the model knows."""


class _NamedChoice(msgspec.Struct, frozen=True):
    """Call this one, be it a function or custom."""

    name: str

    def wish(self) -> Wish:
        return Wish(ToolChoice("named", self.name))


class _AllowedTool(msgspec.Struct, frozen=True):
    type: str
    name: str | None = None


class _AllowedChoice(msgspec.Struct, frozen=True):
    """Call any of these, or also none."""

    mode: Mode
    tools: tuple[_AllowedTool, ...]

    def wish(self) -> Wish:
        names = tuple(tool.name if tool.type in _READERS else None for tool in self.tools)
        return Wish(ToolChoice(self.mode), names, "tool_choice.tools")


class _Namespace(msgspec.Struct, frozen=True):
    """Tools with a common name."""

    name: str
    tools: tuple[msgspec.Raw, ...] = ()


_kind = msgspec.json.Decoder(Kind)
_function = msgspec.json.Decoder(FunctionSpec)
_custom = msgspec.json.Decoder(FlatCustomSpec)
_namespace = msgspec.json.Decoder(_Namespace)
_named = msgspec.json.Decoder(_NamedChoice)
_CHOICES: Mapping[str, msgspec.json.Decoder[Any]] = {
    "function": _named,
    "custom": _named,
    "allowed_tools": msgspec.json.Decoder(_AllowedChoice),
}


def full_name(namespace: str | None, name: str) -> str:
    """The name by which the model knows a tool."""
    return f"{namespace.rstrip('_')}__{name}" if namespace else name


def read_tools(tools: Sequence[msgspec.Raw], choice: Choice) -> tuple[Toolbox, Homes]:
    """
    The tools that the model may call, and how. Hosted ones, and all of other types, are left out.

    @raise ClientFault: one is no tool, or they don't fit the choice.
    """
    known: list[Tool] = []
    homes: dict[str, tuple[str, str]] = {}
    left_out: Fields = {}
    for path, namespace, raw in _spread(tools):
        reads = _READERS.get(decode(_kind, raw, path).type)
        if reads is None:
            left_out[path] = raw
            continue
        tool = reads(raw, path)
        if namespace:
            full = full_name(namespace, tool.name)
            homes[full] = (namespace, tool.name)
            tool = msgspec.structs.replace(tool, name=full)
        known.append(tool)
    return settled(known, left_out, choice, _CHOICES), homes


def _spread(tools: Sequence[msgspec.Raw]) -> Iterator[tuple[str, str, msgspec.Raw]]:
    """Each tool with its path and its namespace, if it has one."""
    for index, raw in enumerate(tools):
        path = f"tools[{index}]"
        if decode(_kind, raw, path).type != "namespace":
            yield path, "", raw
            continue
        namespace: _Namespace = decode(_namespace, raw, path)
        for place, inner in enumerate(namespace.tools):
            yield f"{path}.tools[{place}]", namespace.name, inner


def _read_function(raw: msgspec.Raw, path: str) -> Tool:
    return checked(decode(_function, raw, path), f"{path}.parameters")


def _read_custom(raw: msgspec.Raw, path: str) -> Tool:
    tool: Tool = decode(_custom, raw, path).tool()
    return tool


_READERS: Mapping[str, Callable[[msgspec.Raw, str], Tool]] = {"function": _read_function, "custom": _read_custom}
