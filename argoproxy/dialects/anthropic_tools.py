"""
Tools in Anthropic's requests, and which of them the model may or must call.

Those that Anthropic itself runs or defines (C{web_search_20250305}, C{bash_20250124}, …) are known to its own models
alone: to others they can't be given.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from argoproxy.conversation import Tool, ToolChoice
from argoproxy.errors import ClientFault
from argoproxy.vocabulary.anthropic import ChoiceShape, ToolSpec
from argoproxy.wire.json import Fields, begins

from .openai_tools import fitting
from .reading import decode


class _Kind(msgspec.Struct, frozen=True):
    """What tells the tools apart. Those of the client need no type."""

    type: str | None = None
    name: str | None = None


class Toolbox(msgspec.Struct, frozen=True):
    """
    What a request says about tools.

    @ivar left_out: by their paths, what only Anthropic's own models know.
    """

    tools: tuple[Tool, ...]
    choice: ToolChoice | None
    parallel: bool | None
    left_out: Fields


_kind = msgspec.json.Decoder(_Kind)
_spec = msgspec.json.Decoder(ToolSpec)


def read_tools(raws: Sequence[msgspec.Raw], shape: ChoiceShape | None) -> Toolbox:
    """
    The tools that any model may call, and how.

    @raise ClientFault: one is no tool, or the choice asks for what isn't there.
    """
    tools: list[Tool] = []
    left_out: Fields = {}
    absent: set[str | None] = set()
    for index, raw in enumerate(raws):
        path = f"tools[{index}]"
        kind = decode(_kind, raw, path)
        if kind.type in (None, "custom"):
            tools.append(_tool(raw, path))
        else:
            left_out[path] = raw
            absent.add(kind.name)
    choice = None if shape is None else _choice(shape)
    if choice is not None and left_out and _needs(choice, tools, absent):
        left_out["tool_choice"] = msgspec.Raw(msgspec.json.encode(shape))
        choice = None
    parallel = None if shape is None else shape.parallel()
    return Toolbox(tuple(tools), fitting(choice, tools, "tool_choice"), parallel, left_out)


def require_object(raw: msgspec.Raw, path: str) -> None:
    """@raise ClientFault: it is not a JSON object."""
    if not begins(raw, b"{"):
        raise ClientFault(f"Invalid value for '{path}': expected an object.", code="invalid_type", param=path)


def _tool(raw: msgspec.Raw, path: str) -> Tool:
    spec: ToolSpec = decode(_spec, raw, path)
    require_object(spec.input_schema, f"{path}.input_schema")
    return spec.tool()


def _choice(shape: ChoiceShape) -> ToolChoice:
    choice = shape.choice()
    if choice.mode == "named" and choice.name is None:
        path = "tool_choice.name"
        text = f"Missing required parameter: '{path}'."
        raise ClientFault(text, code="missing_required_parameter", param=path)
    return choice


def _needs(choice: ToolChoice, tools: Sequence[Tool], absent: set[str | None]) -> bool:
    """Whether a choice can't be met without the tools that are left out."""
    return choice.name in absent if choice.mode == "named" else choice.mode == "required" and not tools
