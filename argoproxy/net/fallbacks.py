"""The models that may serve a request when another has failed, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs

from argoproxy.errors import ClientFault

if TYPE_CHECKING:
    from .planning import Plan


def fails(status: int) -> bool:
    """Whether it is ARGO that can't serve, rather than the request that is wrong: another model may do better."""
    return status == 429 or status >= 500


@attrs.define(eq=False)
class Fallbacks:
    """
    @ivar _names: of the models, the best first.
    @ivar _plan: makes the plan in which a model of that name serves.
    """

    _names: list[str]
    _plan: Callable[[str], Plan]

    def next(self) -> Plan | None:
        """The plan for the next one that can serve; L{None} if there is none."""
        while self._names:
            try:
                return self._plan(self._names.pop(0))
            except ClientFault:
                # It isn't known, or not allowed to whoever asks, or there is no way to ask it for this.
                continue
        return None
