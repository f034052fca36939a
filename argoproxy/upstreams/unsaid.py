"""What a client asked for and a wire has no word for, under the names that the client used."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

import msgspec

from argoproxy.conversation import ChatRequest
from argoproxy.vocabulary.openai import meaningful
from argoproxy.wire.json import NULL, begins, length

# Fields of the neutral language that not every wire has, and what clients call them: where it can't be told, the first.
_NAMES: Mapping[str, tuple[str, ...]] = {
    "top_k": ("top_k", "generationConfig.topK"),
    "thinking": ("thinking", "reasoning_effort", "reasoning", "output_config", "generationConfig.thinkingConfig"),
    "shape": ("response_format", "text", "generationConfig.responseMimeType"),
}

_CACHE_CONTROL = "cache_control"
# Bytes.
_SHORTEST_MARKED = len('{"cache_control":{}}') - 1
# A quote inside of a text has a backslash before it. What begins with plain bytes is searched for faster.
_MARK = re.compile(rb'"cache_control"(?<!\\"cache_control")\s*:\s*\{')


def unsaid(request: ChatRequest, said: Collection[str] = ()) -> tuple[str, ...]:
    """
    @param said: the fields of the neutral language, and those beside it, that the wire has words for.
    """
    beside = [name for name in meaningful(request.extras) if name not in said] if request.extras else ()
    known = [name for name in _NAMES if name not in said and getattr(request, name) is not None]
    marked = [_CACHE_CONTROL] if _marks_cache(request.raw) else []
    return (*beside, *(_written(request, name) for name in known), *marked)


def _marks_cache(raw: Mapping[str, msgspec.Raw]) -> bool:
    """Whether the client says, anywhere in its request, what the provider is to keep for the next one."""
    if begins(raw.get(_CACHE_CONTROL, NULL), b"{"):
        return True
    return any(map(_MARK.search, [value for value in raw.values() if length(value) > _SHORTEST_MARKED]))


def _written(request: ChatRequest, name: str) -> str:
    return next((one for one in _NAMES[name] if one.partition(".")[0] in request.raw), _NAMES[name][0])
