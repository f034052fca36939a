"""
Tools in OpenAI's requests: the definitions of Chat Completions, and which of them the model may or must call.

What both of OpenAI's APIs have in common is here too; the definitions of Responses are
L{argoproxy.dialects.responses_tools}, the deprecated C{functions} L{argoproxy.dialects.openai_functions}.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from argoproxy.conversation import Tool, ToolChoice
from argoproxy.errors import ClientFault
from argoproxy.vocabulary.openai import FunctionName, FunctionSpec, FunctionTool
from argoproxy.wire.json import NULL, Fields, begins

from .openai_freeform import CustomSpec
from .reading import decode

Mode = Literal["auto", "required"]
Tools = tuple[msgspec.Raw, ...]
Choice = msgspec.Raw
"""In any of its forms: which is told by its C{type}, if it is no word."""


class Wish(msgspec.Struct, frozen=True):
    """
    What a choice asks for.

    @ivar allowed: by their names, which tools are left; L{None} in place of a hosted one, which has no name.
    @ivar path: where those stand.
    """

    choice: ToolChoice
    allowed: tuple[str | None, ...] | None = None
    path: str = ""


class Toolbox(msgspec.Struct, frozen=True):
    """
    What a request says of tools.

    @ivar left_out: by its path, what ARGO hasn't: hosted tools, and choices that need them.
    """

    tools: tuple[Tool, ...]
    choice: ToolChoice | None
    left_out: Fields


class _NamedChoice(msgspec.Struct, frozen=True):
    """Call this function."""

    function: FunctionName

    def wish(self) -> Wish:
        return Wish(ToolChoice("named", self.function.name))


class _CustomChoice(msgspec.Struct, frozen=True):
    """Call this custom tool."""

    custom: FunctionName

    def wish(self) -> Wish:
        return Wish(ToolChoice("named", self.custom.name))


class _AllowedTool(msgspec.Struct, frozen=True):
    """A tool's name. Hosted tools have neither."""

    function: FunctionName | None = None
    custom: FunctionName | None = None

    @property
    def name(self) -> str | None:
        named = self.function or self.custom
        return None if named is None else named.name


class _AllowedTools(msgspec.Struct, frozen=True):
    mode: Mode
    tools: tuple[_AllowedTool, ...]


class _AllowedChoice(msgspec.Struct, frozen=True):
    """Call any of these, or also none."""

    allowed_tools: _AllowedTools

    def wish(self) -> Wish:
        names = tuple(tool.name for tool in self.allowed_tools.tools)
        return Wish(ToolChoice(self.allowed_tools.mode), names, "tool_choice.allowed_tools.tools")


class _CustomTool(msgspec.Struct, frozen=True):
    custom: CustomSpec


class Kind(msgspec.Struct, frozen=True):
    """What tells tools, and choices of them, apart."""

    type: str


class _ChatKind(msgspec.Struct, frozen=True):
    """The same in Chat Completions, where old clients leave it out."""

    type: str = "function"


_kind = msgspec.json.Decoder(Kind)
_chat_kind = msgspec.json.Decoder(_ChatKind)
_word = msgspec.json.Decoder(Literal["auto", "none", "required"])
_function = msgspec.json.Decoder(FunctionTool)
_custom = msgspec.json.Decoder(_CustomTool)
_CHOICES: Mapping[str, msgspec.json.Decoder[Any]] = {
    "function": msgspec.json.Decoder(_NamedChoice),
    "custom": msgspec.json.Decoder(_CustomChoice),
    "allowed_tools": msgspec.json.Decoder(_AllowedChoice),
}


def read_tools(tools: Tools, choice: Choice) -> Toolbox:
    """
    The tools that the model may call, and how. Tools outside C{allowed_tools} are left out.

    @raise ClientFault: one is no tool, or they don't fit the choice.
    """
    known: list[Tool] = []
    left_out: Fields = {}
    for index, raw in enumerate(tools):
        path = f"tools[{index}]"
        reads = _READERS.get(decode(_chat_kind, raw, path).type)
        if reads is None:
            left_out[path] = raw
        else:
            known.append(reads(raw, path))
    return settled(known, left_out, choice, _CHOICES)


def settled(
    tools: Iterable[Tool], left_out: Fields, choice: Choice, shapes: Mapping[str, msgspec.json.Decoder[Any]]
) -> Toolbox:
    """
    The tools that a choice leaves.

    @param left_out: the tools that ARGO hasn't, by their paths.
    @param choice: C{null} where there is none.
    @param shapes: by its type, what reads a choice; each has a C{wish}.
    @raise ClientFault: the choice is none, or asks for what isn't there.
    """
    known = tuple(tools)
    if choice == NULL:
        return Toolbox(known, None, left_out)
    wish = _wish(choice, shapes)
    if wish is None:
        return Toolbox(known, None, {**left_out, "tool_choice": choice})
    if wish.allowed is not None:
        known = only(known, wish.allowed, wish.path)
    if not known and left_out and wish.choice.mode == "required":
        return Toolbox(known, None, {**left_out, "tool_choice": choice})
    return Toolbox(known, fitting(wish.choice, known, "tool_choice"), left_out)


def _wish(choice: Choice, shapes: Mapping[str, msgspec.json.Decoder[Any]]) -> Wish | None:
    """What a choice asks for; L{None} if it is a tool that ARGO hasn't."""
    if not begins(choice, b"{"):
        return Wish(ToolChoice(decode(_word, choice, "tool_choice")))
    shape = shapes.get(decode(_kind, choice, "tool_choice").type)
    if shape is None:
        return None
    wish: Wish = decode(shape, choice, "tool_choice").wish()
    return wish


def checked(spec: FunctionSpec, path: str) -> Tool:
    """
    The tool that a function is.

    @param path: where its parameters stand.
    @raise ClientFault: they are no JSON schema's object.
    """
    tool = spec.tool()
    if tool.parameters is not None and not begins(tool.parameters, b"{"):
        raise ClientFault(f"Invalid value for '{path}': expected an object.", code="invalid_type", param=path)
    return tool


def only(tools: Sequence[Tool], names: Sequence[str | None], path: str) -> tuple[Tool, ...]:
    """
    Those tools that have one of these names.

    @param names: L{None} is for none of them.
    @param path: where the names stand.
    @raise ClientFault: a name is none of theirs, or there is none.
    """
    known = {tool.name for tool in tools}
    for index, name in enumerate(names):
        if name is not None and name not in known:
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


def _read_function(raw: msgspec.Raw, path: str) -> Tool:
    return checked(decode(_function, raw, path).function, f"{path}.function.parameters")


def _read_custom(raw: msgspec.Raw, path: str) -> Tool:
    tool: Tool = decode(_custom, raw, path).custom.tool()
    return tool


_READERS: Mapping[str, Callable[[msgspec.Raw, str], Tool]] = {"function": _read_function, "custom": _read_custom}


def _unknown(name: str, path: str) -> ClientFault:
    return ClientFault(f"Invalid value for '{path}': no tool is named '{name}'.", code="invalid_value", param=path)
