"""
How models are spelled: the public names made from ARGO's list, and the many ways in which clients write them.

Nothing here knows which models there are.
"""

from __future__ import annotations

import re

PREFIX = "argo:"

_PROVIDERS = (PREFIX, "openai:", "anthropic:", "google:", "gemini:", "models:")

# Claude's tier and generation come in either order; the o-series with and without "gpt-".
_VARIANTS = (
    (re.compile(r"^claude-([a-z]+)-(\d{1,2}(?:[.-]\d{1,2})?)(?=-|$)"), r"claude-\2-\1"),
    (re.compile(r"^claude-(\d{1,2}(?:[.-]\d{1,2})?)-([a-z]+)(?=-|$)"), r"claude-\2-\1"),
    (re.compile(r"^(o\d)"), r"gpt-\1"),
    (re.compile(r"^gpt-(o\d)"), r"\1"),
)

# What vendors put behind a name: the day of a snapshot (20250929, 2024-08-06), or a word for the newest.
_SNAPSHOT = re.compile(r"-(?:20\d{6}|20\d\d-\d\d-\d\d|latest)$")

_LONGEST_SHOWN = 100


def public(display: str) -> tuple[str, ...]:
    """
    The public names of a model, the preferred one first.

    @param display: its name as ARGO's list writes it for people: C{Claude Sonnet 4.5}.
    """
    name = "-".join(display.lower().removeprefix(PREFIX).split())
    names = [name, *(pattern.sub(other, name) for pattern, other in _VARIANTS if pattern.search(name))]
    return tuple(PREFIX + one for one in names)


def key(spelling: str) -> str:
    """
    What all spellings of one name have in common: case, prefixes, C{/} for C{:}, dashes for dots don't count.
    """
    text = "-".join(spelling.lower().replace("/", ":").split())
    while text.startswith(_PROVIDERS):
        text = text.partition(":")[2]
    return text.replace(".", "-")


def undated(name: str) -> str:
    """A L{key} without the day of a snapshot, or C{latest}, at its end."""
    return _SNAPSHOT.sub("", name)


def shown(spelling: str) -> str:
    """A client's spelling, fit to be shown: not long, and nothing in it that does something to a terminal."""
    short = spelling if len(spelling) <= _LONGEST_SHOWN else spelling[: _LONGEST_SHOWN - 1] + "…"
    return "".join(letter if letter.isprintable() else "?" for letter in short)
