"""How OpenAI's API tells in a reply's headers what is left of the limits."""

from __future__ import annotations

import math
from collections.abc import Mapping

from argoproxy.conversation import Verdict
from argoproxy.conversation.allowance import UNITS


def headers(verdict: Verdict, now: float) -> Mapping[str, str]:
    """For requests and for tokens: the limit, what is left, and after how long all of it is there again."""
    told: dict[str, str] = {}
    for unit in UNITS:
        standing = verdict.least(unit)
        if standing is not None:
            told[f"x-ratelimit-limit-{unit}"] = str(standing.rate.limit)
            told[f"x-ratelimit-remaining-{unit}"] = str(standing.remaining)
            told[f"x-ratelimit-reset-{unit}"] = duration(standing.ahead)
    return told


def duration(seconds: float) -> str:
    """As OpenAI writes it: C{20ms}, C{1.5s}, C{6m0s}, C{23h59m0s}."""
    milliseconds = math.ceil(seconds * 1000)
    if milliseconds < 1000:
        return f"{milliseconds}ms"
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    whole = (f"{hours}h" if hours else "") + (f"{minutes}m" if hours or minutes else "")
    return f"{whole}{rest / 1000:g}s"
