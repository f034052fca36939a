"""A model as both sides need to know it."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Literal

import msgspec

from .abilities import Abilities

Family = Literal["openai", "anthropic", "google", "unknown"]


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """
    One of ARGO's models.

    @ivar internal_id: what ARGO calls it: C{gpt4o}.
    @ivar names: the public names, the preferred one first: C{argo:claude-sonnet-4.5}, C{argo:claude-4.5-sonnet}.
    @ivar created: seconds since the epoch, as ARGO tells it, else 0.
    @ivar encoding: the token encoding: C{o200k_base} or C{cl100k_base}; an estimate for other families.
    @ivar abilities: what it takes and what it refuses.
    """

    internal_id: str
    names: tuple[str, ...]
    family: Family
    kind: Literal["chat", "embedding"] = "chat"
    created: int = 0
    encoding: str = "o200k_base"
    abilities: Abilities = Abilities()

    @property
    def name(self) -> str:
        """The preferred public name."""
        return self.names[0]

    def fits(self, pattern: str) -> bool:
        """Whether a shell pattern, in any case, fits its id or one of its names, with C{argo:} or without."""
        plain = (name.partition(":")[2] for name in self.names)
        return any(fnmatchcase(name.lower(), pattern.lower()) for name in (self.internal_id, *self.names, *plain))
