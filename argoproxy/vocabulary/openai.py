"""
OpenAI's words: the shapes of tools, calls and usage, and the tables that its dialects and its wires need.

Facts are those of the API reference and of the official SDK's types. Who is to blame for a bad request is not known
here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from argoproxy.conversation import Tool, ToolCall, ToolChoice, Usage

_NULL = msgspec.Raw(b"null")

NOOPS: Mapping[str, object] = {
    "best_of": 1,
    "frequency_penalty": 0,
    "logit_bias": {},
    "logprobs": False,
    "metadata": {},
    "modalities": ["text"],
    "presence_penalty": 0,
    "service_tier": "auto",
    "store": False,
    "suffix": "",
    "top_logprobs": 0,
    "verbosity": "medium",
}
"""Values that ask for nothing: what happens anyway. Leaving them out changes no reply."""

_LONGEST_NOOP = 64


def meaningful(extras: Mapping[str, msgspec.Raw]) -> dict[str, msgspec.Raw]:
    """The fields that ask for something: all but those in L{NOOPS}."""
    return {name: raw for name, raw in extras.items() if name not in NOOPS or not _asks_nothing(name, raw)}


def _asks_nothing(name: str, raw: msgspec.Raw) -> bool:
    if memoryview(raw).nbytes > _LONGEST_NOOP:
        return False
    value, noop = msgspec.json.decode(raw), NOOPS[name]
    # In Python False is 0, but to a legacy completion "logprobs": 0 asks for something.
    return value == noop and isinstance(value, bool) == isinstance(noop, bool)


class FunctionSpec(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A function that a model may call: the inner part of a tool, and the whole of a deprecated function."""

    name: str
    description: str | None = None
    parameters: msgspec.Raw = _NULL
    strict: bool | None = None

    @classmethod
    def of(cls, tool: Tool) -> FunctionSpec:
        parameters = _NULL if tool.parameters is None else tool.parameters
        return cls(name=tool.name, description=tool.description, parameters=parameters, strict=tool.strict)

    def tool(self) -> Tool:
        parameters = None if self.parameters == _NULL else self.parameters
        return Tool(self.name, self.description, parameters, self.strict)


class FunctionTool(msgspec.Struct, frozen=True, kw_only=True):
    """A tool of Chat Completions."""

    type: Literal["function"] = "function"
    function: FunctionSpec


class FunctionName(msgspec.Struct, frozen=True):
    """How a choice names a function."""

    name: str


class NamedTool(msgspec.Struct, frozen=True, kw_only=True):
    """A tool's name where Chat Completions choose one."""

    type: Literal["function"] = "function"
    function: FunctionName


def choice_shape(choice: ToolChoice) -> str | NamedTool:
    """C{tool_choice} as Chat Completions write it."""
    return choice.mode if choice.name is None else NamedTool(function=FunctionName(choice.name))


class FunctionCall(msgspec.Struct, frozen=True):
    """What is called with what: the inner part of a call, and the whole of a deprecated one."""

    name: str
    arguments: str


class FunctionToolCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call in a message of Chat Completions."""

    id: str
    type: Literal["function"] = "function"
    function: FunctionCall

    @classmethod
    def of(cls, call: ToolCall) -> FunctionToolCall:
        return cls(id=call.id, function=FunctionCall(call.name, call.arguments))

    def call(self) -> ToolCall:
        return ToolCall(self.id, self.function.name, self.function.arguments or "{}")


class CustomCall(msgspec.Struct, frozen=True):
    """What tool is given what text."""

    name: str
    input: str


class CustomToolCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call of a tool that takes a text, in a message of Chat Completions."""

    id: str
    type: Literal["custom"] = "custom"
    custom: CustomCall

    @classmethod
    def of(cls, call: ToolCall) -> CustomToolCall:
        return cls(id=call.id, custom=CustomCall(call.name, call.arguments))


class PromptDetails(msgspec.Struct, frozen=True):
    """What some of the prompt's tokens are."""

    cached_tokens: int = 0
    cache_write_tokens: int | msgspec.UnsetType = msgspec.UNSET


class CompletionDetails(msgspec.Struct, frozen=True):
    """What some of the completion's tokens are."""

    reasoning_tokens: int = 0


class CompletionUsage(msgspec.Struct, frozen=True, kw_only=True):
    """The usage of Chat Completions and legacy completions."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: PromptDetails = PromptDetails()
    completion_tokens_details: CompletionDetails = CompletionDetails()

    @classmethod
    def of(cls, usage: Usage) -> CompletionUsage:
        return cls(
            prompt_tokens=usage.prompt,
            completion_tokens=usage.completion,
            total_tokens=usage.total,
            prompt_tokens_details=PromptDetails(usage.cached, usage.cache_written or msgspec.UNSET),
            completion_tokens_details=CompletionDetails(usage.reasoning),
        )
