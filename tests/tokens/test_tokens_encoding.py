"""Tokens are counted and spelled as OpenAI's encodings have them, whatever the text."""

from __future__ import annotations

import functools
import threading
import warnings
from typing import Any

import pytest
import splintr
from hypothesis import given
from hypothesis import strategies as st

from argoproxy.tokens.encoding import Encoding, UnknownToken, encoding

ENCODINGS = ["o200k_base", "cl100k_base"]

TEXTS = [
    "", "a", "Hello, world!", "don't you're WE'LL", "  indented\n\n\tcode()\r\n", "1234567 89", "naïve façade Straße",
    "中文字符、日本語。", "🙂👩‍👩‍👧 e\u0301", "<|endoftext|>", "<|im_start|>user<|im_end|> <|endofprompt|>",
    '{"a":[1,2,{"b":"c"}]}', "\x00\x01\ufffd", "a" * 1000, " " * 1000, "ab" * 500,
]  # fmt: skip


@functools.cache
def peer(name: str) -> Any:
    """The same encoding as others have written it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import bpe_openai
    return bpe_openai.get_encoding(name)


@pytest.mark.parametrize("name", ENCODINGS)
@pytest.mark.parametrize("text", TEXTS)
def test_counts_agree_with_another_implementation(name: str, text: str) -> None:
    """Special tokens in a text are plain text."""
    assert encoding(name).count(text) == len(peer(name).encode_ordinary(text))


@given(name=st.sampled_from(ENCODINGS), text=st.text(st.characters(codec="utf-8"), max_size=60))
def test_counts_of_any_text_agree_with_another_implementation(name: str, text: str) -> None:
    assert encoding(name).count(text) == len(peer(name).encode_ordinary(text))


@given(name=st.sampled_from(ENCODINGS), text=st.text(st.characters(codec="utf-8"), max_size=60))
def test_tokens_of_a_text_spell_it(name: str, text: str) -> None:
    ids = peer(name).encode_ordinary(text)
    assert encoding(name).spell(tuple(ids)) == text


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb", "\ud83d\ude42"])
def test_halves_of_surrogate_pairs_are_counted(text: str) -> None:
    mended = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert encoding("o200k_base").count(text) == encoding("o200k_base").count(mended) > 0


class Refusing:
    """A library that has had enough."""

    def encode_ordinary(self, text: str) -> list[int]:
        raise ValueError("too long")


def test_what_the_library_refuses_is_estimated() -> None:
    refusing = Encoding("o200k_base", Refusing())  # type: ignore[arg-type]
    assert [refusing.count(text) for text in ("", "abcd", "abcde", "éé")] == [0, 1, 2, 1]


class Remembering:
    """A library that notes when it is told to forget."""

    forgot = 0

    def encode_ordinary(self, text: str) -> list[int]:
        return [0]

    def clear_cache(self) -> None:
        self.forgot += 1


def test_library_is_made_to_forget_now_and_then() -> None:
    """It remembers words of any length: 100,000 of 64 KB would be too many."""
    library = Remembering()
    counting = Encoding("o200k_base", library)  # type: ignore[arg-type]
    for _ in range(300):
        assert counting.count("x" * 65_536) == 1
    assert library.forgot == 2


@pytest.mark.parametrize(
    ("name", "ids", "place"),
    [
        ("o200k_base", [-1], 0),
        ("o200k_base", [1, 2, -(10**30)], 2),
        ("o200k_base", [10**30, 1], 0),
        ("o200k_base", [1, 200_019], 1),
        ("o200k_base", [199_998], 0),
        ("o200k_base", [2**32], 0),
        ("cl100k_base", [1, 100_277], 1),
        ("cl100k_base", [100_256], 0),
        ("cl100k_base", [5, 6, 199_999], 2),
    ],
)
def test_token_of_no_encoding_is_pointed_at(name: str, ids: list[int], place: int) -> None:
    with pytest.raises(UnknownToken) as caught:
        encoding(name).spell(ids)
    assert caught.value.place == place


@pytest.mark.parametrize(
    ("name", "token"), [("o200k_base", 199_999), ("o200k_base", 200_018), ("cl100k_base", 100_276)]
)
def test_special_tokens_have_a_spelling(name: str, token: int) -> None:
    assert encoding(name).spell([token]).startswith("<|endof")


def test_half_a_character_becomes_a_replacement() -> None:
    half = peer("o200k_base").encode_ordinary("𒀀")[:1]
    assert encoding("o200k_base").spell(half) == "\ufffd"


def test_nothing_spells_nothing() -> None:
    assert encoding("o200k_base").spell(()) == ""


def test_who_needs_what_another_thread_is_loading_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it would be loaded twice: 40 MB more."""
    codes, loads = Encoding("o200k_base"), []
    other = threading.Thread(target=codes.load)
    load = splintr.Tokenizer.from_pretrained

    class Loading:
        @staticmethod
        def from_pretrained(name: str) -> Any:
            loads.append(name)
            if len(loads) == 1:
                other.start()
                other.join(0.05)
            return load(name)

    monkeypatch.setattr(splintr, "Tokenizer", Loading)
    assert codes.count("Hello") == 1
    other.join()
    assert loads == ["o200k_base"]
