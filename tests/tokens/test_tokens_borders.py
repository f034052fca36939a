"""Cutting a text at a border never changes its count."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argoproxy.tokens import borders
from argoproxy.tokens.encoding import encoding

ENCODINGS = ["o200k_base", "cl100k_base"]

# Characters of every class that the encodings' patterns tell apart, and some that are hard to class.
LETTERS = "aZéǅʰ中かЖ\u0301\u200dſ"  # noqa: RUF001
OTHERS = " \t\n\r\x0b\x1c\x85\xa0\u2028\u30000159²Ⅻ٣'’.,;:!?-_/\\<>|(){}[]\"`~@#$%^&*+=、。！？：；🙂\x00\ufffd"  # noqa: RUF001
tricky = st.text(st.sampled_from(LETTERS + OTHERS), max_size=40)


def all_borders(text: str) -> list[int]:
    found = []
    end = len(text)
    while (end := borders.last(text, 0, end)) > 0:
        found.append(end)
    return found


@given(name=st.sampled_from(ENCODINGS), text=tricky | st.text(st.characters(codec="utf-8"), max_size=40))
def test_parts_count_as_much_as_the_whole(name: str, text: str) -> None:
    count = encoding(name).count
    for border in all_borders(text):
        assert count(text[:border]) + count(text[border:]) == count(text), (text[:border], text[border:])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("word", 0),
        ("two words", 3),
        ("three more words", 10),
        ("a  b", 1),
        (" b", 0),
        ("line\nline", 4),
        ("call()\n", 4),
        ("don't", 0),
        ("key,value", 3),
        ("abc123", 3),
        ("中文。中文", 2),
        ("......", 0),
        ("\n\n\n", 0),
    ],
)
def test_last_border(text: str, expected: int) -> None:
    assert borders.last(text, 0, len(text)) == expected


def test_border_is_found_far_from_the_end() -> None:
    text = "a b" + "c" * 50_000
    assert borders.last(text, 0, len(text)) == 1


def test_border_is_within_the_bounds() -> None:
    text = "a b c d e"
    assert borders.last(text, 3, 5) == 0
    assert borders.last(text, 3, 6) == 5
