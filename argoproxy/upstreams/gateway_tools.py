"""
How the gateway speaks of tools: in the words of the model's family, each of which is a row of L{MANNERS}. What comes
back is L{argoproxy.upstreams.gateway_calls}.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs
import msgspec

from argoproxy.conversation import ChatRequest, Family, Message, Tool, ToolChoice
from argoproxy.vocabulary.anthropic import ChoiceShape, ToolSpec
from argoproxy.vocabulary.openai import FunctionSpec, FunctionTool, choice_shape

from . import gateway_anthropic, openai_messages

Wire = dict[str, Any]

_ANYTHING = msgspec.Raw(b'{"type":"object","properties":{}}')
_GOOGLE_MODES: Mapping[str, str] = {"auto": "AUTO", "none": "NONE", "required": "ANY"}


class _GoogleTool(msgspec.Struct, frozen=True, omit_defaults=True):
    """A tool for Gemini. Parameters must be there."""

    name: str
    parameters: msgspec.Raw
    description: str | None = None


class _GoogleChoice(msgspec.Struct, frozen=True, kw_only=True):
    """The one way to name tools to Gemini."""

    mode: str = "FUNCTION_CALLING"
    allowed_function_names: tuple[str, ...]


@attrs.frozen
class Manner:
    """
    How a family's models are spoken to.

    @ivar history: a conversation with its calls and results.
    @ivar tool: a tool's description.
    @ivar choice: which tools the model may or must call, and whether several at once; L{None} where there is nothing to
        say.
    """

    history: Callable[[Iterable[Message]], list[Wire]]
    tool: Callable[[Tool], Any]
    choice: Callable[[ToolChoice | None, bool | None], Any]


def tool_fields(request: ChatRequest, family: Family) -> Wire:
    """The fields that tell a model of its tools; none where there are no tools."""
    if not request.tools:
        return {}
    manner = MANNERS[family]
    choice = manner.choice(request.tool_choice, request.parallel_tool_calls)
    fields: Wire = {"tools": [manner.tool(tool) for tool in request.tools]}
    return fields if choice is None else {**fields, "tool_choice": choice}


def _openai_tool(tool: Tool) -> FunctionTool:
    return FunctionTool(function=FunctionSpec.of(tool))


def _openai_choice(choice: ToolChoice | None, parallel: bool | None) -> Any:
    """There is no word here for calls one by one."""
    return None if choice is None else choice_shape(choice)


def _anthropic_tool(tool: Tool) -> ToolSpec:
    return msgspec.structs.replace(ToolSpec.of(tool), strict=None)


def _google_tool(tool: Tool) -> _GoogleTool:
    return _GoogleTool(tool.name, _ANYTHING if tool.parameters is None else tool.parameters, tool.description)


def _google_choice(choice: ToolChoice | None, parallel: bool | None) -> Any:
    """There is no word here for calls one by one."""
    if choice is None:
        return None
    if choice.name is not None:
        return _GoogleChoice(allowed_function_names=(choice.name,))
    return _GOOGLE_MODES[choice.mode]


_OPENAI = Manner(openai_messages.messages, _openai_tool, _openai_choice)

MANNERS: Mapping[Family, Manner] = {
    "openai": _OPENAI,
    "anthropic": Manner(gateway_anthropic.messages, _anthropic_tool, ChoiceShape.of),
    # That Gemini's histories are written as OpenAI's is a guess.
    "google": Manner(openai_messages.messages, _google_tool, _google_choice),
    # Only asked for histories, unless a configuration says that such a model has tools.
    "unknown": _OPENAI,
}
