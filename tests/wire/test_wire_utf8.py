"""UTF-8 comes out whole, however it is cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argoproxy.wire.utf8 import Utf8

TEXT = "a é € 😀 \u2028 \x00 z"


def decoded(pieces: list[bytes]) -> str:
    utf8 = Utf8()
    return "".join([utf8.feed(piece) for piece in pieces]) + utf8.close()


def test_whole() -> None:
    assert decoded([TEXT.encode()]) == TEXT


def test_byte_by_byte() -> None:
    data = TEXT.encode()
    assert decoded([data[index : index + 1] for index in range(len(data))]) == TEXT


def test_a_character_is_held_back_until_it_is_whole() -> None:
    utf8 = Utf8()
    assert [utf8.feed(byte) for byte in (b"\xf0", b"\x9f", b"\x98", b"\x80")] == ["", "", "", "😀"]
    assert utf8.close() == ""


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_character_that_is_cut_off_becomes_a_replacement(length: int) -> None:
    assert decoded(["😀".encode()[:length]]) == "\ufffd"


@pytest.mark.parametrize("data", [b"\xff", b"a\xc3(b", b"\xed\xa0\x80"])
def test_what_is_no_utf8_costs_nobody_the_rest(data: bytes) -> None:
    text = decoded([b"<", data, b">"])
    assert "\ufffd" in text
    assert text[0] + text[-1] == "<>"


@given(st.text(), st.lists(st.integers(0, 200)))
def test_any_cut_gives_the_same_text(text: str, cuts: list[int]) -> None:
    data, places = text.encode(), sorted(cuts)
    pieces = [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]
    assert decoded(pieces) == text
