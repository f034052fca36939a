"""The keys that are good, by their digests."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

import attrs

from argoproxy.config.keys import ApiKey

from .token import digest

T = TypeVar("T")


@attrs.frozen
class _Held(Generic[T]):
    sha256: str
    expires_at: float | None
    owner: T


@attrs.define(eq=False)
class Ring(Generic[T]):
    """
    @ivar _made: what stands for a key's owner; made once for each key.
    @ivar _wall_clock: seconds since the epoch.
    """

    _made: Callable[[ApiKey], T]
    _wall_clock: Callable[[], float]
    _held: dict[str, _Held[T]] = attrs.field(factory=dict, init=False)

    def replace(self, keys: Iterable[ApiKey]) -> None:
        """Have these keys, and no others."""
        self._held = {key.sha256: _Held(key.sha256, key.expires_at, self._made(key)) for key in keys}

    def owner(self, token: str) -> T | None:
        """Whose key it is; C{None} if it is nobody's, or not any more."""
        found = digest(token)
        held = self._held.get(found)
        # The table's own comparison stops at the first difference, though of digests, which nobody can choose.
        if held is None or not hmac.compare_digest(held.sha256, found):
            return None
        if held.expires_at is not None and held.expires_at <= self._wall_clock():
            return None
        return held.owner
