"""
What is done to bytes and JSON that were right, so that they are wrong in ways that nobody has thought of.

How many are tried is C{FUZZ_EXAMPLES}: few by default, many under C{make fuzz}. Cases are drawn like all else: a test
that is parametrized, too, would be wrapped by pytest-twisted once for each of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "100"))

fuzzing = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)
"""Decorates what is tried."""

# What means something to one of the readers.
_WORDS = (
    b"\n\n",
    b"\r\n",
    b"data: ",
    b"data: [DONE]\n\n",
    b"event: error\n",
    b"event: message_stop\ndata: {}\n\n",
    b": comment\n\n",
    b"null",
    b"{}",
    b"[]",
    b'"',
    b"\\",
    b"}",
    b"]",
    b",",
    b"NaN",
    b"-1",
    b"1e999",
    b"\\ud800",
    b"\xff\xfe",
    b"\xc3",
    b"\0",
    b'{"error": {"message": "no"}}',
    b'{"error": null}',
    b"[" * 2000,
)
_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
_KEYS = st.sampled_from(["type", "text", "content", "role", "id", "name", "arguments", "input", "index", "parts", "x"])
VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3), max_leaves=6
)


def wrong_bytes(right: bytes) -> st.SearchStrategy[bytes]:
    """The same bytes with up to three things done to them."""
    places = st.integers(0, len(right))
    words = st.sampled_from(_WORDS) | st.binary(max_size=6)
    change = st.tuples(st.sampled_from(_CHANGES), places, places, words)
    return st.lists(change, max_size=3).map(lambda changes: _changed(right, changes))


Change = Callable[[bytes, int, int, bytes], bytes]
_CHANGES: tuple[Change, ...] = (
    lambda data, a, b, word: data[:a],
    lambda data, a, b, word: data[:a] + word + data[a:],
    lambda data, a, b, word: data[: min(a, b)] + data[max(a, b) :],
    lambda data, a, b, word: data[: max(a, b)] + data[min(a, b) :],
    lambda data, a, b, word: data[:a] + word + data[a + len(word) :],
)
"""Cut off, put in, taken out, doubled, written over."""


def _changed(data: bytes, changes: Sequence[tuple[Change, int, int, bytes]]) -> bytes:
    for change, a, b, word in changes:
        data = change(data, a, b, word)
    return data


@st.composite
def wrong_json(draw: st.DrawFn, right: Any) -> Any:
    """The same value with up to three of its parts replaced by others, or left out."""
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(right))
        place = draw(st.sampled_from(places)) if places else ()
        right = _replaced(right, place, draw(st.just(_LEFT_OUT) | VALUES))
    return right


_LEFT_OUT = object()


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield (*path, key)
        yield from _places(part, (*path, key))


def _replaced(value: Any, path: tuple[Any, ...], other: Any) -> Any:
    if not path:
        return {} if other is _LEFT_OUT else other
    key, *rest = path
    if len(path) == 1 and other is _LEFT_OUT:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        kept = [(name, part) for name, part in items if name != key]
        return dict(kept) if isinstance(value, dict) else [part for _, part in kept]
    inner = _replaced(value[key], tuple(rest), other)
    if isinstance(value, dict):
        return {**value, key: inner}
    return [inner if place == key else part for place, part in enumerate(value)]


def pieces(length: int) -> st.SearchStrategy[list[int]]:
    """Where bytes are cut into pieces, in order."""
    return st.lists(st.integers(0, length), max_size=8).map(sorted)
