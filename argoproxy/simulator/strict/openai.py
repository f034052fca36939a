"""
What the native OpenAI wire refuses, beside the rules on histories. Rows cite the recordings (model, variant).

Guesses: the 401s' wording, that names must be names, the wording on Gemini; and that C{gemini35flash} and
C{gemini31flashlite}, of which nothing was recorded, stumble over two token limits as C{gemini25pro} does
(C{gemini25flash} was recorded not to).
"""

from __future__ import annotations

import re
from typing import Any, Literal, Protocol

import msgspec

from argoproxy.simulator.model.asks import Choice, Tool
from argoproxy.simulator.model.models import ANTHROPIC, OPENAI, Model
from argoproxy.simulator.strict.anthropic import check_sampling
from argoproxy.simulator.strict.keywords import check_schema
from argoproxy.simulator.strict.refusal import Refusal, by_openai, not_iterable
from argoproxy.simulator.wires.shapes import convert

FIXED_SAMPLING = frozenset(["gpt5", "gpt5mini", "gpt55"])
"""
temperature_zero, temperature_half, temperature_two, top_p_only: 400. Of other gpt5s nothing is known: not refused.
"""
STUMBLES_OVER_BOTH_LIMITS = frozenset(["gemini25pro", "gemini35flash", "gemini31flashlite"])
"""gemini25pro, both_token_limits: 500."""
DESCRIPTION_LENGTH = 1024
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_HOTTEST = 2


class Sampling(Protocol):
    """What the rules on sampling look at."""

    @property
    def temperature(self) -> float | None:
        """How wild."""

    @property
    def top_p(self) -> float | None:
        """How wide."""

    @property
    def max_tokens(self) -> int | None:
        """The older limit."""

    @property
    def max_completion_tokens(self) -> int | None:
        """The newer limit."""


class FunctionTool(msgspec.Struct, frozen=True):
    """A tool's inside."""

    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None


class ToolShape(msgspec.Struct, frozen=True):
    """A tool; hosted and custom ones have another type."""

    type: str
    function: FunctionTool | None = None


class Named(msgspec.Struct, frozen=True):
    """A function's name."""

    name: str


class NamedChoice(msgspec.Struct, frozen=True):
    """A choice of one tool, or an entry of allowed ones."""

    type: Literal["function"]
    function: Named


class Allowed(msgspec.Struct, frozen=True):
    """Which tools are allowed."""

    mode: Literal["auto", "required"]
    tools: list[NamedChoice]


class AllowedChoice(msgspec.Struct, frozen=True):
    """A choice of some tools."""

    allowed_tools: Allowed


def check_limits(body: Sampling, model: Model, seed: bytes) -> None:
    """@raise Refusal: What is recorded of sampling parameters and limits."""
    if model.internal_id in FIXED_SAMPLING:
        _check_fixed(body)
    both = body.max_tokens is not None and body.max_completion_tokens is not None
    if both and model.internal_id in STUMBLES_OVER_BOTH_LIMITS:
        raise not_iterable()
    if model.family == ANTHROPIC:
        check_sampling(body.temperature, body.top_p, model, seed)
    if model.family == OPENAI and body.temperature is not None and not 0 <= body.temperature <= _HOTTEST:
        bound = "maximum" if body.temperature > _HOTTEST else "minimum"
        raise by_openai(f"Invalid 'temperature': decimal beyond the {bound} value.", "temperature", None)


def _check_fixed(body: Sampling) -> None:
    if body.temperature is not None and body.temperature != 1:
        told = f"'temperature' does not support {float(body.temperature)!r} with this model."
        only = "Only the default (1) value is supported."
        raise by_openai(f"Unsupported value: {told} {only}", "temperature", "unsupported_value")
    if body.top_p is not None:
        told = "Unsupported parameter: 'top_p' is not supported with this model."
        raise by_openai(told, "top_p", "unsupported_parameter")


def tools(given: list[ToolShape], model: Model, seed: bytes) -> tuple[Tool, ...]:
    """
    @return: The tools.
    @raise Refusal: 400 for one of another type, a long description, a name that is none, a refused keyword.
    """
    return tuple(_tool(tool, model, index, seed) for index, tool in enumerate(given))


def _tool(tool: ToolShape, model: Model, index: int, seed: bytes) -> Tool:
    if tool.type != "function" or tool.function is None:
        param = f"tools[{index}].type"
        raise by_openai(f"Invalid value: '{tool.type}'. Supported values are: 'function'.", param, "invalid_value")
    function = tool.function
    if len(function.description or "") > DESCRIPTION_LENGTH:
        param = f"tools[{index}].function.description"
        wanted = f"Expected a string with maximum length {DESCRIPTION_LENGTH}"
        found = f"but got a string with length {len(function.description or '')} instead"
        raise by_openai(f"Invalid '{param}': string too long. {wanted}, {found}.", param, "string_above_max_length")
    if not _NAME.fullmatch(function.name):
        param = f"tools[{index}].function.name"
        wanted = "Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
        raise by_openai(f"Invalid '{param}': string does not match pattern. {wanted}", param, "invalid_value")
    schema = function.parameters or {"type": "object", "properties": {}}
    check_schema(model.family, schema, index, seed)
    return Tool(function.name, schema)


def choice(given: Any, named: tuple[Tool, ...]) -> Choice:
    """
    @param named: The tools that there are.
    @return: The choice.
    @raise Refusal: 400 if it is none, or names a tool that there isn't.
    """
    if given is None:
        return Choice()
    if given in ("auto", "none", "required"):
        return Choice(given)
    made = _choice(given)
    for name in made.names:
        if name not in [tool.name for tool in named]:
            raise by_openai(f"Tool choice '{name}' not found in 'tools' parameter.", "tool_choice", None)
    return made


def _choice(given: Any) -> Choice:
    if isinstance(given, dict) and given.get("type") == "allowed_tools":
        allowed = convert(given, AllowedChoice).allowed_tools
        return Choice(allowed.mode, tuple(tool.function.name for tool in allowed.tools))
    return Choice("required", (convert(given, NamedChoice).function.name,))


def no_such_model(name: str) -> Refusal:
    """@return: The refusal of a model. (A guess, and that public names are refused, too.)"""
    return by_openai(
        f"The model '{name}' does not exist or you do not have access to it.", None, "model_not_found", 404
    )


def no_such_user() -> Refusal:
    """@return: The refusal of a Bearer that is no user. (That it is refused is known, how is a guess.)"""
    return Refusal(401, "Error code: 401 - the user in the Authorization header is not known", "AuthenticationError")
