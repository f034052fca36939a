"""
What the native Anthropic wire refuses: a table by model, and the rules. Rows cite the recordings (model, variant).

Guesses, after Anthropic's published rules: everything on histories but that they are refused (C{ARGO} passes the
service's wording on), temperature and forced tools beside thinking, the smallest budget, efforts that no recording
has.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import msgspec

from argoproxy.simulator.model.asks import Choice, Tool
from argoproxy.simulator.model.models import Model
from argoproxy.simulator.strict.keywords import check_schema
from argoproxy.simulator.strict.refusal import Refusal, by_anthropic
from argoproxy.simulator.wires.shapes import Message, Part

STREAMING_REQUIRED = (
    "Streaming is required for operations that may take longer than 10 minutes. "
    "See https://github.com/anthropics/anthropic-sdk-python#long-requests for more details"
)
_SLOWEST, _TOO_LONG = 3600 / 128_000, 600
_DOCS = "https://docs.claude.com/en/docs/build-with-claude/extended-thinking#max-tokens-and-context-window-size"
_SMALLEST_BUDGET = 1024
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")


class Rules(msgspec.Struct, frozen=True):
    """
    What one model takes.

    @ivar thinking: The values of C{thinking.type} that it takes.
    @ivar efforts: The values of C{output_config.effort}.
    @ivar sampling: How many of C{temperature} and C{top_p} it takes at once.
    @ivar whole: The C{max_tokens} above which a reply must be streamed, where that isn't told by the formula.
    """

    thinking: tuple[str, ...] = ("disabled", "enabled")
    efforts: tuple[str, ...] = ("none", "minimal", "low", "medium", "high")
    sampling: int = 1
    whole: int | None = None


_ALL_MODES = ("adaptive", "disabled", "enabled")
# thinking_*, output_config_effort_*, temperature_only, top_p_only, temperature_and_top_p of each model. That opus 4 and
# 4.1 must stream above 8,192 is known of "some old opus models" only; the Anthropic SDK's own table has them.
RULES = {
    "claudeopus47": Rules(("adaptive", "disabled"), ("low", "medium", "high", "xhigh", "max"), sampling=0),
    "claudeopus46": Rules(_ALL_MODES),
    "claudesonnet46": Rules(_ALL_MODES),
    "claudeopus45": Rules(),
    "claudesonnet45": Rules(),
    "claudehaiku45": Rules(),
    "claudeopus41": Rules(sampling=2, whole=8192),
    "claudeopus40": Rules(whole=8192),
    "claudeopus4": Rules(whole=8192),
}
_OTHERS = Rules(_ALL_MODES)


class Thinking(msgspec.Struct, frozen=True):
    """The C{thinking} parameter. C{display} is C{"summarized"} or C{"omitted"}."""

    type: str
    budget_tokens: int | None = None
    display: str | None = None


class AnthropicChoice(msgspec.Struct, frozen=True):
    """Anthropic's choice."""

    type: Literal["auto", "any", "none", "tool"]
    name: str | None = None
    disable_parallel_tool_use: bool = False

    def neutral(self) -> Choice:
        """@return: The choice."""
        mode = {"any": "required", "tool": "required"}.get(self.type, self.type)
        return Choice(mode, (self.name,) if self.type == "tool" and self.name else ())


def rules(model: Model) -> Rules:
    """@return: What a model takes; of models that no row knows, everything but both sampling parameters."""
    return RULES.get(model.internal_id, _OTHERS)


def check_sampling(temperature: float | None, top_p: float | None, model: Model, seed: bytes) -> None:
    """@raise Refusal: 400 as recorded, and for values that aren't between 0 and 1."""
    given = {"temperature": temperature, "top_p": top_p}
    for name, value in given.items():
        if value is None:
            continue
        if rules(model).sampling == 0:
            raise by_anthropic(f"`{name}` is deprecated for this model.", seed)
        if not 0 <= value <= 1:
            bound = "less than or equal to 1" if value > 1 else "greater than or equal to 0"
            raise by_anthropic(f"{name}: Input should be {bound}", seed)
    if None not in given.values() and rules(model).sampling < len(given):
        both = "`temperature` and `top_p` cannot both be specified for this model. Please use only one."
        raise by_anthropic(both, seed)


def check_thinking(thinking: Thinking | None, max_tokens: int, model: Model, seed: bytes) -> None:
    """@raise Refusal: 400 for a mode that the model hasn't, and a budget that doesn't fit, as recorded."""
    if thinking is None:
        return
    modes = rules(model).thinking
    if thinking.type == "enabled" and "enabled" not in modes:
        instead = 'Use "thinking.type.adaptive" and "output_config.effort" to control thinking behavior.'
        raise by_anthropic(f'"thinking.type.enabled" is not supported for this model. {instead}', seed)
    if thinking.type not in modes:
        tags = ", ".join(map(repr, modes))
        told = f"Input tag {thinking.type!r} found using 'type' does not match any of the expected tags: {tags}"
        raise by_anthropic(f"thinking: {told}", seed)
    budget = thinking.budget_tokens
    if thinking.type != "enabled":
        if budget is not None:
            raise by_anthropic(f"thinking.{thinking.type}.budget_tokens: Extra inputs are not permitted", seed)
    elif budget is None:
        raise by_anthropic("thinking.enabled.budget_tokens: Field required", seed)
    elif budget < _SMALLEST_BUDGET:
        wanted = f"Input should be greater than or equal to {_SMALLEST_BUDGET}"
        raise by_anthropic(f"thinking.enabled.budget_tokens: {wanted}", seed)
    elif budget >= max_tokens:
        must = "`max_tokens` must be greater than `thinking.budget_tokens`."
        raise by_anthropic(f"{must} Please consult our documentation at {_DOCS}", seed)


def check_beside_thinking(thinks: bool, temperature: float | None, forced: bool, seed: bytes) -> None:
    """@raise Refusal: 400 for what can't go with thinking. (A guess, after Anthropic's published rules.)"""
    if thinks and temperature not in (None, 1):
        only = "`temperature` may only be set to 1 when thinking is enabled or in adaptive mode."
        raise by_anthropic(only, seed)
    if thinks and forced:
        raise by_anthropic("Thinking may not be enabled when tool_choice forces tool use.", seed)


def check_effort(effort: str | None, model: Model, seed: bytes) -> None:
    """@raise Refusal: 400 for an effort that the model doesn't know (claudeopus47, output_config_effort_none)."""
    known = rules(model).efforts
    if effort is not None and effort not in known:
        listed = f"{', '.join(map(repr, known[:-1]))} or {known[-1]!r}"
        raise by_anthropic(f"output_config.effort: Input should be {listed}", seed)


def check_streaming(max_tokens: int, model: Model) -> None:
    """@raise Refusal: 500 for a long call that isn't streamed, before anything is asked."""
    whole = rules(model).whole
    if max_tokens * _SLOWEST > _TOO_LONG or (whole is not None and max_tokens > whole):
        raise Refusal(500, STREAMING_REQUIRED, "api_error")


def check_messages(messages: Sequence[Message], seed: bytes) -> None:
    """@raise Refusal: 400 for roles, empty texts and messages, and thinking that nobody could have thought."""
    if not messages:
        raise by_anthropic("messages: at least one message is required", seed)
    for index, message in enumerate(messages):
        _check_role(message.role, index, seed)
    if messages[0].role != "user":
        raise by_anthropic('messages: first message must use the "user" role', seed)
    for index, message in enumerate(messages):
        last = index == len(messages) - 1 and message.role == "assistant"
        if not message.content and not last:
            optional = "all messages must have non-empty content except for the optional final assistant message"
            raise by_anthropic(f"messages.{index}: {optional}", seed)
        for place, part in enumerate(message.parts()):
            _check_block(part, f"messages.{index}.content.{place}", seed)


def _check_role(role: str, index: int, seed: bytes) -> None:
    if role == "system":
        instead = 'The Messages API accepts a top-level `system` parameter, not "system" as an input message role.'
        raise by_anthropic(f'messages: Unexpected role "system". {instead}', seed)
    if role not in ("user", "assistant"):
        raise by_anthropic(f"messages.{index}.role: Input should be 'user' or 'assistant'", seed)


def _check_block(part: Part, where: str, seed: bytes) -> None:
    if part.type == "text" and not part.text:
        raise by_anthropic("messages: text content blocks must be non-empty", seed)
    if part.type == "redacted_thinking":
        raise by_anthropic(f"{where}: Invalid `data` in `redacted_thinking` block", seed)
    if part.type == "thinking" and not part.thinking:
        raise by_anthropic(f"{where}.thinking: each thinking block must contain thinking", seed)
    if part.type == "thinking" and not part.signature:
        raise by_anthropic(f"{where}.thinking.signature: Field required", seed)


def check_system(system: str | Sequence[Part] | None, seed: bytes) -> None:
    """@raise Refusal: 400 for an empty text block."""
    if not isinstance(system, str) and any(not part.text for part in system or ()):
        raise by_anthropic("system: text content blocks must be non-empty", seed)


def check_tools(tools: Sequence[Tool], seed: bytes, model: Model) -> None:
    """@raise Refusal: 400 for a name that is none, and a schema that is refused."""
    for index, tool in enumerate(tools):
        if not _NAME.fullmatch(tool.name):
            wanted = "String should match pattern '^[a-zA-Z0-9_-]{1,128}$'"
            raise by_anthropic(f"tools.{index}.custom.name: {wanted}", seed)
        check_schema(model.family, tool.schema, index, seed)


def check_named(choice: Choice, tools: Sequence[Tool], seed: bytes) -> None:
    """@raise Refusal: 400 for a choice of a tool that there isn't."""
    for name in choice.names:
        if name not in [tool.name for tool in tools]:
            raise by_anthropic(f"Tool '{name}' not found in provided tools", seed)


def check_blocks(messages: Sequence[Message], seed: bytes) -> None:
    """@raise Refusal: 400 where a C{tool_use} block has no result in the next message, or a result no call."""
    waiting: list[str | None] = []
    for index, message in enumerate([*messages, Message("user", "")]):
        given = [part.tool_use_id for part in message.parts() if part.type == "tool_result"]
        orphans = [str(name) for name in waiting if name not in given]
        if orphans:
            raise by_anthropic(_orphaned(index - 1, orphans), seed)
        for place, name in enumerate(given):
            if name not in waiting:
                raise by_anthropic(_unexpected(index, place, name), seed)
        waiting = [part.id for part in message.parts() if part.type == "tool_use"]


def _orphaned(index: int, names: Sequence[str]) -> str:
    found = f"`tool_use` ids were found without `tool_result` blocks immediately after: {', '.join(names)}."
    must = "Each `tool_use` block must have a corresponding `tool_result` block in the next message."
    return f"messages.{index}: {found} {must}"


def _unexpected(index: int, place: int, name: str | None) -> str:
    found = f"unexpected `tool_use_id` found in `tool_result` blocks: {name}."
    must = "Each `tool_result` block must have a corresponding `tool_use` block in the previous message."
    return f"messages.{index}.content.{place}: {found} {must}"
