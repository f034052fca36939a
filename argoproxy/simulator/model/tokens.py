"""
The simulated models' tokens: a token is one word with the white space before it, and white space at the end is one
more.

So C{"Hello, big world\\n"} has four. No real encoding is like this; it makes cuts easy to foretell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice

import msgspec

_TOKEN = re.compile(r"\s*\S+|\s+\Z")


def count(text: str) -> int:
    """@return: How many tokens a text has."""
    return sum(1 for _ in _TOKEN.finditer(text))


class Cut(msgspec.Struct, frozen=True):
    """
    A text that was cut, or not.

    @ivar finish: C{"stop"}, C{"length"} or C{"stop_sequence"}.
    @ivar stopped_by: The stop string that was met.
    """

    text: str
    finish: str
    stopped_by: str | None


def cut(text: str, stop: Iterable[str], limit: int | None) -> Cut:
    """
    Cut a text before the first stop string in it, and after C{limit} tokens.

    @return: The finish is C{"length"} only if there was more to say.
    """
    places = [(place, word) for word in stop if word and (place := text.find(word)) >= 0]
    place, word = min(places, default=(len(text), None))
    kept = text[:place]
    if limit is not None:
        ends = [match.end() for match in islice(_TOKEN.finditer(kept), limit + 1)]
        if len(ends) > limit:
            return Cut(kept[: ends[limit - 1] if limit > 0 else 0], "length", None)
    return Cut(kept, "stop" if word is None else "stop_sequence", word)
