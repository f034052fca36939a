"""
What the gateway wire refuses, beside the rules on histories.

Known: a missing user, the families' tool shapes, Claude's 21,000 tokens on C{chat/}, the families' histories. Guesses:
statuses and wording, and that tool schemas are refused as on the native wires.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from argoproxy.simulator.model.asks import Choice, Tool
from argoproxy.simulator.model.models import ANTHROPIC, GOOGLE, OPENAI, Model
from argoproxy.simulator.strict.anthropic import AnthropicChoice
from argoproxy.simulator.strict.keywords import check_schema
from argoproxy.simulator.strict.refusal import Refusal, by_anthropic
from argoproxy.simulator.wires.shapes import Message, convert

CLAUDE_CHAT_TOKENS = 21_000


class OpenAIFunction(msgspec.Struct, frozen=True):
    """A tool's inside, in OpenAI's shape."""

    name: str
    description: str = ""
    parameters: dict[str, Any] = {}


class OpenAITool(msgspec.Struct, frozen=True):
    """A tool in OpenAI's shape."""

    type: Literal["function"]
    function: OpenAIFunction

    def neutral(self) -> Tool:
        """@return: The tool."""
        return Tool(self.function.name, self.function.parameters)


class AnthropicTool(msgspec.Struct, frozen=True):
    """A tool in Anthropic's shape."""

    name: str
    input_schema: dict[str, Any]
    description: str = ""

    def neutral(self) -> Tool:
        """@return: The tool."""
        return Tool(self.name, self.input_schema)


class GoogleTool(msgspec.Struct, frozen=True):
    """A tool in Google's shape."""

    name: str
    parameters: dict[str, Any]
    description: str = ""

    def neutral(self) -> Tool:
        """@return: The tool."""
        return Tool(self.name, self.parameters)


class NamedFunction(msgspec.Struct, frozen=True):
    """The name in OpenAI's named choice."""

    name: str


class OpenAIChoice(msgspec.Struct, frozen=True):
    """OpenAI's choice of one tool."""

    type: Literal["function"]
    function: NamedFunction

    def neutral(self) -> Choice:
        """@return: The choice."""
        return Choice("required", (self.function.name,))


class GoogleChoice(msgspec.Struct, frozen=True):
    """Google's choice of some tools."""

    mode: Literal["FUNCTION_CALLING"]
    allowed_function_names: list[str]

    def neutral(self) -> Choice:
        """@return: The choice."""
        return Choice("required", tuple(self.allowed_function_names))


_AnyTool = OpenAITool | AnthropicTool | GoogleTool
_AnyChoice = OpenAIChoice | AnthropicChoice | GoogleChoice
_TOOLS: dict[str, type[_AnyTool]] = {OPENAI: OpenAITool, ANTHROPIC: AnthropicTool, GOOGLE: GoogleTool}
_CHOICES: dict[str, type[_AnyChoice]] = {OPENAI: OpenAIChoice, ANTHROPIC: AnthropicChoice, GOOGLE: GoogleChoice}
_WORDS: dict[str, dict[str, str]] = {
    OPENAI: {"auto": "auto", "none": "none", "required": "required"},
    ANTHROPIC: {},
    GOOGLE: {"AUTO": "auto", "NONE": "none", "ANY": "required"},
}


def tools(given: Sequence[Any], model: Model, seed: bytes) -> tuple[Tool, ...]:
    """
    @return: The tools, which must be in the shape of the model's family.
    @raise Refusal: 400 if they are not, or the family has no tools.
    """
    shape = _TOOLS.get(model.family)
    if shape is None:
        raise Refusal(400, f"tools are not supported for {model.internal_id}")
    neutral = tuple(convert(tool, shape).neutral() for tool in given)
    for index, tool in enumerate(neutral):
        check_schema(model.family, tool.schema, index, seed)
    return neutral


def choice(given: Any, model: Model) -> Choice:
    """
    @return: The choice, which must be in the shape of the model's family.
    @raise Refusal: 400 if it is not.
    """
    shape = _CHOICES.get(model.family)
    if given is None or shape is None:
        return Choice()
    if isinstance(given, str) and given in _WORDS[model.family]:
        return Choice(_WORDS[model.family][given])
    return convert(given, shape).neutral()


def check_limit(limit: int | None, model: Model) -> None:
    """
    @raise Refusal: 500 where Claude is asked for more than 21,000 tokens on C{chat/}. (Status and text are a guess.)
    """
    if model.family == ANTHROPIC and limit is not None and limit > CLAUDE_CHAT_TOKENS:
        raise Refusal(500, "Streaming is required for operations that may take longer than 10 minutes")


def check_family_history(messages: Sequence[Message], model: Model, seed: bytes) -> None:
    """@raise Refusal: 400 where calls and results aren't in the shape of the model's family."""
    for index, message in enumerate(messages):
        blocks = [part.type for part in message.parts() if part.type in ("tool_use", "tool_result")]
        if model.family == ANTHROPIC and (message.tool_calls or message.role in ("tool", "function")):
            raise by_anthropic(f"messages.{index}: tool calls and results must be content blocks", seed)
        if model.family != ANTHROPIC and blocks:
            raise Refusal(400, f"Invalid value: '{blocks[0]}'. Supported values are: 'text' and 'image_url'.")
