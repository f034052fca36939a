"""How Anthropic's API tells in a reply's headers what is left of the limits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timezone

from argoproxy.conversation import Verdict
from argoproxy.conversation.allowance import UNITS


def headers(verdict: Verdict, now: float) -> Mapping[str, str]:
    """For requests and for tokens: the limit, what is left, and when all of it is there again, by RFC 3339."""
    told: dict[str, str] = {}
    for unit in UNITS:
        standing = verdict.least(unit)
        if standing is not None:
            full = datetime.fromtimestamp(math.ceil(now + standing.ahead), timezone.utc)
            told[f"anthropic-ratelimit-{unit}-limit"] = str(standing.rate.limit)
            told[f"anthropic-ratelimit-{unit}-remaining"] = str(standing.remaining)
            told[f"anthropic-ratelimit-{unit}-reset"] = full.strftime("%Y-%m-%dT%H:%M:%SZ")
    return told
