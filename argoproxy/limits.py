"""How long a reply may take. The clock is not needed here: only which of the limits counts."""

from __future__ import annotations

import math
from collections.abc import Mapping

from .errors import ClientFault


def time_allowed(
    asked: float | None, query: Mapping[str, str], default: float | None, client_side: str | None = None
) -> float | None:
    """
    Seconds for the whole reply: the smallest that the request gives, else the operator's default.

    @param asked: C{timeout} from the body.
    @param query: where C{timeout} may stand too.
    @param client_side: what the client's SDK will wait, C{x-stainless-read-timeout}, if that is to be honoured.
    @raise ClientFault: the query's is not a number of seconds above 0.
    """
    if asked is None and client_side is None and not query:
        return default
    limits = [limit for limit in (asked, _from_query(query), _seconds(client_side)) if limit is not None]
    return min(limits, default=default)


def _from_query(query: Mapping[str, str]) -> float | None:
    text = query.get("timeout")
    if text is None:
        return None
    seconds = _seconds(text)
    if seconds is None:
        text = "Invalid 'timeout': expected a number of seconds above 0."
        raise ClientFault(text, code="invalid_value", param="timeout")
    return seconds


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if seconds > 0 and math.isfinite(seconds) else None
