"""Temperature, C{top_p} and token limits as models take them."""

from __future__ import annotations

import msgspec

from argoproxy.conversation import Abilities, ChatRequest

from .rules import Rule


def _temperature(request: ChatRequest, abilities: Abilities) -> ChatRequest:
    """Within the range, or left out where the model has its own."""
    asked = request.temperature
    if asked is None or (abilities.temperature == "one" and asked == 1):
        return request
    taken = min(max(asked, 0.0), abilities.hottest) if abilities.temperature == "any" else None
    return request if taken == asked else msgspec.structs.replace(request, temperature=taken)


def _top_p(request: ChatRequest, abilities: Abilities) -> ChatRequest:
    """Left out where the model takes none, or not beside a temperature: that is the one that people mean."""
    both = request.temperature is not None and not abilities.temperature_with_top_p
    if request.top_p is None or (abilities.top_p and not both):
        return request
    return msgspec.structs.replace(request, top_p=None)


def _limit(request: ChatRequest, abilities: Abilities) -> ChatRequest:
    """No more than the model can say; of two limits the lower, where its wire takes one."""
    asked = {"max_tokens": request.max_tokens, "max_completion_tokens": request.max_completion_tokens}
    limits = {name: _capped(limit, abilities.output_limit) for name, limit in asked.items()}
    given = [limit for limit in limits.values() if limit is not None]
    if len(given) > 1 and abilities.token_limit_name is not None:
        limits = dict.fromkeys(limits, min(given))
    return request if limits == asked else msgspec.structs.replace(request, **limits)


def _limit_name(request: ChatRequest, abilities: Abilities) -> ChatRequest:
    """The limit under the one name that the model's wire takes."""
    name = abilities.token_limit_name
    if name is None or request.token_limit is None:
        return request
    other = "max_tokens" if name == "max_completion_tokens" else "max_completion_tokens"
    if getattr(request, other) is None:
        return request
    return msgspec.structs.replace(request, **{name: request.token_limit, other: None})


def _capped(limit: int | None, cap: int | None) -> int | None:
    return limit if limit is None or cap is None else min(limit, cap)


def _default_limit(request: ChatRequest, abilities: Abilities) -> ChatRequest:
    """Some limit where the model must have one and the client gave none; what it is to think comes on top."""
    default = abilities.token_limit_default
    if default is None or request.token_limit is not None:
        return request
    budget = (request.thinking.budget if request.thinking is not None else None) or 0
    return msgspec.structs.replace(request, max_tokens=_capped(default + budget, abilities.output_limit))


def needs_stream(request: ChatRequest, abilities: Abilities) -> bool:
    """Whether the native wires refuse to make so long a reply without streaming it."""
    limit, above = request.token_limit, abilities.streaming_above
    return limit is not None and above is not None and limit > above


SAMPLING = (Rule("temperature", _temperature), Rule("top_p", _top_p))
"""For every wire. Behind L{argoproxy.upstreams.mending.BESIDE_THINKING} where thinking has a say."""

LIMITS = (Rule("max_tokens", _limit), Rule("", _limit_name))
"""For the native wires. Before thinking: budgets must fit the limit."""

DEFAULT_LIMIT = (Rule("max_tokens", _default_limit),)
"""For wires that must be told a limit. Behind thinking, which may need room."""
