"""How Google's API tells what is left of the limits: not at all, but in an error's details."""

from __future__ import annotations

from collections.abc import Mapping

from argoproxy.conversation import Verdict


def headers(verdict: Verdict, now: float) -> Mapping[str, str]:
    """None."""
    return {}
