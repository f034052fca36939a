"""A tally counts the same however its text comes, in slices, and holds no more than it must."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zope.interface.verify import verifyObject

from argoproxy.interfaces import ITally
from argoproxy.tokens import Tally
from argoproxy.tokens.encoding import Encoding, encoding
from argoproxy.tokens.tally import SLICE, Sum

CODES = encoding("o200k_base")
ENGLISH = (
    "It was the best of times, it was the worst of times; we don't know which, said the 3rd of 1,000 people.\n"
    '    "And yet," they went on, (e.g. in 2026) `it` moves: naïve café-goers\' cups -- 100% full!\n\n'
)
CHINESE = "这是一个很长的句子，没有任何空格。我们仍然要正确地数它！"  # noqa: RUF001
CODE = "def f(x: int) -> str:\n    if x > 10:\n        return {'a': [1, 2, 3]}\n\n\n"
JSON = '{"rows":[{"id":"a1b2","n":12345,"text":"no blanks_here"}],"more":null}'


class Watched(Encoding):
    """Notes what it is asked to count."""

    slices: list[str]

    def count(self, text: str) -> int:
        self.slices.append(text)
        return CODES.count(text)


def watched() -> Watched:
    codes = Watched("o200k_base")
    codes.slices = []
    return codes


def counted(pieces: Iterable[str]) -> int:
    tally = Tally(CODES)
    for piece in pieces:
        tally.add(piece)
    while tally.step():
        pass
    return tally.total()


def test_provides_the_interface() -> None:
    assert verifyObject(ITally, Tally(CODES))


def test_nothing_costs_nothing() -> None:
    tally = Tally(CODES)
    tally.add("")
    assert not tally.step()
    assert tally.total() == 0


@pytest.mark.parametrize("size", [1, 3, 4, 100, 2047, 2048, 2049, 10_000, 10**6])
@pytest.mark.parametrize("text", [ENGLISH * 60, CHINESE * 150, CODE * 150, JSON * 120], ids=["en", "zh", "py", "json"])
def test_pieces_count_as_the_whole_text(text: str, size: int) -> None:
    assert counted(text[at : at + size] for at in range(0, len(text), size)) == CODES.count(text)


@settings(max_examples=50)
@given(
    st.lists(st.sampled_from([ENGLISH, CHINESE, CODE, JSON, "it's", " ", "\n", "🙂", "\ud83d", "-"]), max_size=120),
    st.lists(st.integers(1, 3000), min_size=1, max_size=20),
)
def test_chunking_of_text_does_not_matter(parts: list[str], sizes: list[int]) -> None:
    """Wherever the upstream cuts. All of these have borders at least every 64 KB, so nothing is cut in a word."""
    text, at = "".join(parts), 0
    pieces: list[str] = []
    while at < len(text):
        pieces.append(text[at : at + sizes[len(pieces) % len(sizes)]])
        at += len(pieces[-1])
    assert counted(pieces) == counted([text])


@pytest.mark.parametrize("unit", ["a", " ", "\n", "🙂", "é", "-", "中", "ab"])
def test_text_without_borders_is_nearly_exact(unit: str) -> None:
    """It must be cut somewhere: one or two tokens for each 64 KB."""
    text = unit * (300_000 // len(unit))
    bound = 2 * (4 * len(text) // SLICE + 1)
    whole = CODES.count(text)
    assert abs(counted([text]) - whole) <= bound
    assert abs(counted(text[at : at + 500] for at in range(0, len(text), 500)) - whole) <= bound


@pytest.mark.parametrize("text", [ENGLISH * 2000, CHINESE * 10_000, "x" * 10**6, "🙂" * 100_000])
def test_slices_are_small(text: str) -> None:
    """No more than 64 KB are counted in a step, and none is counted before."""
    codes = watched()
    other = "x" + text
    tally = Tally(codes, iter([text, other]))
    seen, more = 0, True
    while more:
        more = tally.step()
        assert sum(len(one.encode()) for one in codes.slices[seen:]) <= SLICE
        seen = len(codes.slices)
    assert "".join(codes.slices) == text + other


@pytest.mark.parametrize("text", [ENGLISH, ENGLISH * 2000, "x" * 10**6])
def test_a_text_that_comes_again_is_not_counted_again(text: str) -> None:
    codes = watched()
    totals = []
    for _ in range(2):
        tally = Tally(codes, iter(["a", text, 3, text]))
        while tally.step():
            pass
        totals.append(tally.total())
        counted_once = "".join(codes.slices).replace("a", "", 1)
        assert counted_once in (text, text + "a")
    assert totals[0] == totals[1] == 2 * counted([text]) + 3 + CODES.count("a")


def test_what_is_remembered_is_bounded_and_holds_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("argoproxy.tokens.encoding._MOST_KNOWN", 10)
    codes = Encoding("o200k_base")
    for number in range(25):
        codes.remember(f"{ENGLISH}{number}", number)
    assert len(codes._known) <= 10
    assert all(isinstance(one, int) for pair in codes._known.items() for one in pair)
    assert codes.remembered(f"{ENGLISH}24") == 24
    assert codes.remembered(f"{ENGLISH}0") is None


def test_a_growing_text_is_not_remembered() -> None:
    codes = watched()
    tally = Tally(codes)
    tally.add(ENGLISH * 3000)
    while tally.step():
        pass
    assert codes.remembered(ENGLISH * 3000) is None


def test_adding_counts_one_slice_at_most() -> None:
    codes = watched()
    tally = Tally(codes)
    tally.add(ENGLISH * 3000)
    assert len(codes.slices) == 1
    assert len(codes.slices[0]) <= SLICE
    assert 0 < tally.total() < CODES.count(ENGLISH * 3000)


def test_growing_text_is_not_kept() -> None:
    """What is held back of a stream is a few kilobytes, however long it runs."""
    codes = watched()
    tally = Tally(codes)
    given_, most = 0, 0
    for _ in range(20_000):
        tally.add("four ")
        given_ += 5
        most = max(most, given_ - sum(map(len, codes.slices[-1:])))
        if codes.slices:
            given_ -= len(codes.slices.pop())
    assert most <= 2100


def test_small_texts_take_one_step() -> None:
    tally = Tally(CODES, iter(["Hello", 3, " there", "", 4]))
    tally.add("and more")
    assert tally.total() == 0
    assert not tally.step()
    assert tally.total() == sum(map(CODES.count, ["Hello", " there", "and more"])) + 7


def test_texts_are_counted_each_on_its_own() -> None:
    tally = Tally(CODES, iter(["to", "geth", "er"]))
    assert not tally.step()
    assert tally.total() == sum(map(CODES.count, ["to", "geth", "er"])) != CODES.count("together")


def test_many_small_texts_take_several_steps() -> None:
    """Fetching them is work, too."""
    tally = Tally(CODES, iter([1] * 5000))
    assert tally.step()
    assert tally.total() < 5000
    while tally.step():
        pass
    assert tally.total() == 5000


def test_step_between_additions_counts_what_is_there() -> None:
    tally = Tally(CODES)
    tally.add("one two")
    assert not tally.step()
    tally.add(" three")
    assert not tally.step()
    assert tally.total() == 3


def test_the_sum_of_several_texts_is_remembered() -> None:
    codes = watched()
    long = ENGLISH * 1000
    tally = Tally(codes, iter(["before", Sum(b"schema"), 7, long, "more", Sum(None), "behind"]))
    while tally.step():
        pass
    apart = CODES.count("before") + CODES.count("behind")
    assert codes.remembered_sum(b"schema") == tally.total() - apart
    assert codes.remembered_sum(b"another") is None


def test_a_text_is_not_taken_for_what_its_bytes_say() -> None:
    codes = watched()
    codes.remember_sum(b"the same bytes, as a schema", 1000)
    tally = Tally(codes, iter(["the same bytes, as a schema"]))
    tally.step()
    assert tally.total() == CODES.count("the same bytes, as a schema")


def test_a_text_that_grows_beside_a_known_one_is_not_taken_for_it() -> None:
    codes = Encoding("o200k_base")
    known = ENGLISH * 3000
    tally = Tally(codes, iter([known]))
    tally.step()
    tally.add(ENGLISH * 100)
    while tally.step():
        pass
    assert codes.remembered(known) in (None, counted([known]))
