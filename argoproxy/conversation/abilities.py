"""What a model takes and what it refuses, as data. Who puts right what it would refuse is not known here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
ThinkingType = Literal["disabled", "enabled", "adaptive"]

Count = Annotated[int, msgspec.Meta(ge=1)]
Share = Annotated[float, msgspec.Meta(gt=0, lt=1)]
Heat = Annotated[float, msgspec.Meta(ge=0)]

EFFORTS: tuple[Effort, ...] = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
"""All of them, the least first."""

BUDGETS: Mapping[str, int] = {
    "minimal": 1024,
    "low": 1024,
    "medium": 8192,
    "high": 24576,
    "xhigh": 32768,
    "max": 32768,
}
"""
How many tokens of thinking an effort stands for. Google's OpenAI compatibility page has the first four; the others are
ours.
"""


class Abilities(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """
    One model's. The defaults are those of a model of which nothing is known: everything is taken as it comes.

    @ivar temperature: C{any} within the range, C{one} for no other value than 1, C{none} for none at all.
    @ivar hottest: the highest temperature; the lowest is 0.
    @ivar top_p: whether it takes C{top_p}.
    @ivar temperature_with_top_p: whether it takes both at once.
    @ivar token_limit_name: the one name of the token limit on the OpenAI wire, or L{None} for the client's.
    @ivar token_limit_default: the token limit to send where the client gave none, or L{None} if it may be missing.
    @ivar context_limit: the tokens of prompt and reply together, or L{None} if not known.
    @ivar output_limit: the highest token limit that it takes, or L{None} if not known.
    @ivar gateway_token_cap: the highest token limit that the gateway takes without streaming.
    @ivar streaming_above: the token limit above which the native wire must be asked for a stream.
    @ivar thinking: the values of Anthropic's C{thinking.type} that it takes; empty where it has no such field.
    @ivar efforts: the efforts that it takes; empty where it can't be told how much to think.
    @ivar budget_share: what of the token limit a budget may take where the client's own doesn't fit.
    @ivar least_budget: the smallest budget.
    @ivar system_role: whether it takes system messages at all.
    @ivar late_system: whether it takes them behind others.
    @ivar system_parts: whether their content may be a list of parts.
    @ivar user_first: whether the user must begin the conversation.
    @ivar empty_text: whether texts and messages may be empty.
    @ivar parallel_calls: whether a message of the history may hold several calls.
    @ivar images: whether it sees.
    @ivar attachments: whether messages of users may hold files, sound and the like on the OpenAI wire.
    @ivar structured: whether it honours C{response_format} on the OpenAI wire.
    @ivar dimensions: whether an embedding model makes shorter vectors by itself.
    @ivar native_tools: whether the gateway gives it tools in a shape of its family.
    @ivar tool_description_length: the longest description of a tool on OpenAI's wire, or L{None} for any.
    @ivar schema_refused: keywords that are refused anywhere in a tool's schema.
    @ivar schema_refused_on_top: keywords that are refused on its top level.
    @ivar schema_object: whether its top level must say that it is an object.
    """

    temperature: Literal["any", "one", "none"] = "any"
    hottest: Heat = 2.0
    top_p: bool = True
    temperature_with_top_p: bool = True
    token_limit_name: Literal["max_tokens", "max_completion_tokens"] | None = None
    token_limit_default: Count | None = None
    context_limit: Count | None = None
    output_limit: Count | None = None
    gateway_token_cap: Count | None = None
    streaming_above: Count | None = None
    thinking: tuple[ThinkingType, ...] = ()
    efforts: tuple[Effort, ...] = ()
    budget_share: Share = 0.8
    least_budget: Count = 1024
    system_role: bool = True
    late_system: bool = True
    system_parts: bool = True
    user_first: bool = False
    empty_text: bool = True
    parallel_calls: bool = True
    images: bool = True
    attachments: bool = False
    structured: bool = False
    dimensions: bool = False
    native_tools: bool = True
    tool_description_length: Count | None = None
    schema_refused: frozenset[str] = frozenset()
    schema_refused_on_top: frozenset[str] = frozenset()
    schema_object: bool = False
