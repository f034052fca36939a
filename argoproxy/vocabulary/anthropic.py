"""
Anthropic's words: the tables, and the shapes of tools, thinking, usage and errors that its dialect and its wire need.

Content blocks and messages are L{argoproxy.vocabulary.anthropic_blocks}, replies and their streams
L{argoproxy.vocabulary.anthropic_replies}. Facts are those of the API reference and of the official SDK's types. Who is
to blame for a bad request is not known here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeVar

import msgspec

from argoproxy.conversation import FinishReason, OutputShape, Thinking, Tool, ToolChoice, Usage

ERROR_TYPES: Mapping[int, str] = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}
"""What C{error.type} is for a status; others are C{invalid_request_error} below 500 and C{api_error} above."""

KNOWN_ERROR_TYPES = frozenset(ERROR_TYPES.values())
"""The values of C{error.type} that Anthropic's clients know: an upstream's own is kept if it is among them."""

STATUSES: Mapping[str, int] = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "conflict_error": 409,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""The status that an error has by its type, where it comes without one: in a stream, or under status 200."""

FINISH_REASONS: Mapping[str, FinishReason] = {
    "end_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "pause_turn": "stop",
    "refusal": "content_filter",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
}
"""What C{stop_reason} says; one that is not here says no more than that it ended."""

STOP_REASONS: Mapping[FinishReason, str] = {
    "content_filter": "refusal",
    "length": "max_tokens",
    "stop": "end_turn",
    "tool_calls": "tool_use",
}
"""How C{stop_reason} says it. A reply that was stopped by a string has C{stop_sequence} in place of C{end_turn}."""

Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
"""Anthropic's own are C{low} and above; ARGO takes the first two for some models."""


class ErrorObject(msgspec.Struct, frozen=True):
    """What went wrong."""

    type: str
    message: str


class ErrorDetails(msgspec.Struct, frozen=True):
    """The cause of an error as a word that programs can test. For some words the SDK has a class of errors."""

    error_code: str


class DetailedError(ErrorObject, frozen=True):
    """What went wrong, and why."""

    details: ErrorDetails


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True):
    """A whole error reply, and a stream's C{error} event."""

    type: Literal["error"] = "error"
    error: ErrorObject
    request_id: str | None = None


class ToolSpec(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    A tool that the client runs.

    @ivar type: C{custom}, or nothing. Tools of all other types are the provider's own.
    """

    name: str
    description: str | None = None
    input_schema: msgspec.Raw
    strict: bool | None = None
    type: Literal["custom"] | None = None

    @classmethod
    def of(cls, tool: Tool) -> ToolSpec:
        """A schema must be there: a tool without parameters takes an empty object."""
        schema = msgspec.Raw(b'{"type":"object","properties":{}}') if tool.parameters is None else tool.parameters
        return cls(name=tool.name, description=tool.description, input_schema=schema, strict=tool.strict)

    def tool(self) -> Tool:
        return Tool(self.name, self.description, self.input_schema, self.strict)


_MODES: Mapping[str, Literal["auto", "none", "required", "named"]] = {
    "auto": "auto",
    "any": "required",
    "none": "none",
    "tool": "named",
}
_CHOICES = {mode: kind for kind, mode in _MODES.items()}


class ChoiceShape(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    C{tool_choice}.

    @ivar name: of the one tool, where the type is C{tool}.
    """

    type: Literal["auto", "any", "tool", "none"]
    name: str | None = None
    disable_parallel_tool_use: bool | None = None

    @classmethod
    def of(cls, choice: ToolChoice | None, parallel: bool | None) -> ChoiceShape | None:
        """
        The shape for a choice; L{None} where there is nothing to say.

        @param parallel: whether the model may make several calls at once.
        """
        single = True if parallel is False else None
        if choice is None:
            return cls(type="auto", disable_parallel_tool_use=True) if single else None
        kind = _CHOICES[choice.mode]
        if kind == "none":
            return cls(type="none")
        return cls(type=kind, name=choice.name, disable_parallel_tool_use=single)  # type: ignore[arg-type]

    def choice(self) -> ToolChoice:
        """What it asks for. For type C{tool} without a name, the neutral choice has none either."""
        return ToolChoice(_MODES[self.type], self.name if self.type == "tool" else None)

    def parallel(self) -> bool | None:
        """Whether the model may make several calls at once, where the client says so."""
        return None if self.disable_parallel_tool_use is None else not self.disable_parallel_tool_use


class ThinkingShape(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """C{thinking}: whether the model thinks, how long, and whether that is shown."""

    type: Literal["enabled", "adaptive", "between_tools", "disabled"]
    budget_tokens: int | None = None
    display: Literal["summarized", "omitted"] | None = None

    @classmethod
    def of(cls, thinking: Thinking) -> ThinkingShape:
        """
        The shape for it. What a model takes is not known here: that C{enabled} needs a budget and C{adaptive} takes
        none is for the caller to see to.
        """
        if thinking.mode == "off":
            return cls(type="disabled")
        display = None if thinking.shown is None else _DISPLAYS[thinking.shown]
        return cls(type=thinking.mode, budget_tokens=thinking.budget, display=display)


_DISPLAYS: Mapping[bool, Literal["summarized", "omitted"]] = {True: "summarized", False: "omitted"}
_THINKING_MODES: Mapping[str, Literal["off", "adaptive", "enabled"]] = {
    "enabled": "enabled",
    "adaptive": "adaptive",
    "between_tools": "adaptive",
    "disabled": "off",
}


class JsonFormat(msgspec.Struct, frozen=True, kw_only=True):
    """C{output_config.format}, and the C{output_format} that it was in the beta."""

    type: Literal["json_schema"] = "json_schema"
    schema: msgspec.Raw

    def shape(self) -> OutputShape:
        return OutputShape(schema=self.schema)


class OutputConfig(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """C{output_config}."""

    effort: Effort | None = None
    format: JsonFormat | None = None


def thinking_of(shape: ThinkingShape | None, effort: str | None) -> Thinking | None:
    """What C{thinking} and C{output_config.effort} ask for together. An effort alone leaves it to the model."""
    if shape is None:
        return None if effort is None else Thinking("adaptive", effort)
    shown = None if shape.display is None else shape.display == "summarized"
    return Thinking(_THINKING_MODES[shape.type], effort, shape.budget_tokens, shown)


class OutputDetails(msgspec.Struct, frozen=True):
    """What some of the output's tokens are."""

    thinking_tokens: int = 0


_Usage = TypeVar("_Usage", bound="MessageUsage")


class MessageUsage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    A reply's usage, or what an event of a stream tells of it: C{message_start} the input, C{message_delta} the output,
    or the sums of both.

    @ivar input_tokens: those of the prompt that no cache took part in.
    @ivar output_tokens_details: where the model thought.
    """

    input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    output_tokens: int | None = None
    output_tokens_details: OutputDetails | None = None

    @classmethod
    def of(cls: type[_Usage], usage: Usage) -> _Usage:
        return cls(
            input_tokens=max(0, usage.prompt - usage.cached - usage.cache_written),
            cache_creation_input_tokens=usage.cache_written,
            cache_read_input_tokens=usage.cached,
            output_tokens=usage.completion,
            output_tokens_details=OutputDetails(usage.reasoning) if usage.reasoning else None,
        )

    def then(self, later: MessageUsage) -> MessageUsage:
        """What is known after a later event: its numbers are sums, those that it lacks stay."""
        told = {name: value for name, value in msgspec.structs.asdict(later).items() if value is not None}
        return msgspec.structs.replace(self, **told)

    def usage(self) -> Usage:
        cached, written = self.cache_read_input_tokens or 0, self.cache_creation_input_tokens or 0
        return Usage(
            prompt=(self.input_tokens or 0) + cached + written,
            completion=self.output_tokens or 0,
            cached=cached,
            reasoning=0 if self.output_tokens_details is None else self.output_tokens_details.thinking_tokens,
            cache_written=written,
        )
