"""
How much a model is to think, said so that it understands: Anthropic's modes and budgets, or an effort alone.

An effort and a budget stand for each other by L{argoproxy.conversation.abilities.BUDGETS}.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from argoproxy.conversation import Abilities, ChatRequest, Thinking
from argoproxy.conversation.abilities import BUDGETS, EFFORTS

from .rules import Rule


def _anthropic(request: ChatRequest, abilities: Abilities) -> ChatRequest:
    """Thinking in one of the modes that the model has, an effort that it knows, and a budget that fits its limit."""
    asked = request.thinking
    if asked is None:
        return request
    taken = _in_its_modes(asked, request.token_limit, abilities)
    if taken is not None and taken.mode != "off" and _forced(request):
        taken = None
    return request if taken == asked else msgspec.structs.replace(request, thinking=taken)


def _in_its_modes(asked: Thinking, limit: int | None, abilities: Abilities) -> Thinking | None:
    if asked.mode == "off" or asked.effort == "none":
        return Thinking("off", shown=asked.shown) if "disabled" in abilities.thinking else None
    wants_budget = asked.budget is not None and asked.mode == "enabled" and "enabled" in abilities.thinking
    if "adaptive" in abilities.thinking and not wants_budget:
        return Thinking("adaptive", _nearest(_effort(asked), abilities.efforts), None, asked.shown)
    if "enabled" not in abilities.thinking:
        return None
    budget = _fitting(asked.budget or BUDGETS.get(asked.effort or "high", 0), limit, abilities)
    effort = _nearest(asked.effort, abilities.efforts) if wants_budget else None
    return None if budget is None else Thinking("enabled", effort, budget, asked.shown)


def _fitting(budget: int, limit: int | None, abilities: Abilities) -> int | None:
    """The budget, or what of the limit there is for one; L{None} if the limit leaves too little."""
    budget = max(budget, abilities.least_budget)
    if limit is None or budget < limit:
        return budget
    share = max(int(limit * abilities.budget_share), abilities.least_budget)
    return share if share < limit else None


def _forced(request: ChatRequest) -> bool:
    """Whether a tool must be called: Anthropic's models don't think then."""
    return request.tool_choice is not None and request.tool_choice.mode in ("required", "named")


def _effort_alone(request: ChatRequest, abilities: Abilities) -> ChatRequest:
    """An effort that the model knows, for wires that have nothing else; nothing for models that know none."""
    asked = request.thinking
    if asked is None:
        return request
    effort = _nearest(_effort(asked), () if abilities.thinking else abilities.efforts, off=asked.mode == "off")
    taken = None if effort is None else Thinking("off" if effort == "none" else "enabled", effort, None, asked.shown)
    same = taken is not None and taken.effort == asked.effort and asked.budget is None
    return request if same else msgspec.structs.replace(request, thinking=taken)


def _effort(asked: Thinking) -> str | None:
    """The effort that is asked for: by its name, or by a budget."""
    if asked.mode == "off":
        return "none"
    if asked.effort is not None or asked.budget is None:
        return asked.effort
    return next((effort for effort, budget in BUDGETS.items() if asked.budget <= budget), "max")


def _nearest(asked: str | None, known: Sequence[str], off: bool = False) -> str | None:
    """The known effort nearest to the one that is asked for, none at all only if that is it."""
    ranks: dict[str, int] = {effort: rank for rank, effort in enumerate(EFFORTS)}
    among = [effort for effort in known if effort != "none" or off or asked == "none"]
    if asked not in ranks or not among:
        return None
    return min(among, key=lambda effort: abs(ranks[effort] - ranks[asked]))


def _beside(request: ChatRequest, abilities: Abilities) -> ChatRequest:
    """Without a temperature but 1 beside thinking: Anthropic's models take no other."""
    if not _thinks(request) or request.temperature in (None, 1):
        return request
    return msgspec.structs.replace(request, temperature=None)


def _narrow(request: ChatRequest, abilities: Abilities) -> ChatRequest:
    """Without C{top_k} beside thinking."""
    return msgspec.structs.replace(request, top_k=None) if _thinks(request) and request.top_k is not None else request


def _thinks(request: ChatRequest) -> bool:
    return request.thinking is not None and request.thinking.mode != "off"


THINKING = (Rule("thinking", _anthropic),)
"""For Anthropic's wire. Between the limits and the default limit."""

BESIDE_THINKING = (Rule("temperature", _beside), Rule("top_k", _narrow))
"""For Anthropic's wire, behind L{THINKING}: after its published rules on extended thinking."""

EFFORT = (Rule("thinking", _effort_alone),)
"""For OpenAI's wire, which has C{reasoning_effort} alone."""
