"""The items of an array, found while the bytes come."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from argoproxy.wire.items import Items

_item = msgspec.json.Decoder(msgspec.Raw)


def _pieces(body: bytes, size: int) -> list[bytes]:
    return [body[place : place + size] for place in range(0, len(body), size)]


def _taken(pieces: Iterable[bytes], end: bytes = b"]") -> tuple[list[bytes], bytes]:
    """The items of C{rows}, and the rest."""
    items = Items(b"rows", end, _item)
    found = [bytes(one) for piece in pieces for one in items.feed(piece)]
    return found, items.close()


BODIES = {
    "none": (b'{"rows":[]}', b"]", [], b'{"rows":[]}'),
    "one": (b'{"rows":[[1.50]]}', b"]", [b"[1.50]"], b'{"rows":[]}'),
    "white space": (
        b' {\n"rows" : [ [1, 2] ,\t[] \n] , "x": 1 } ',
        b"]",
        [b"[1, 2]", b"[]"],
        b' {\n"rows" : [ \n] , "x": 1 } ',
    ),
    "objects": (
        b'{"object":"list","rows":[{"a":[1]},{"a":[2]}],"u":{"v":1}}',
        b"}",
        [b'{"a":[1]}', b'{"a":[2]}'],
        b'{"object":"list","rows":[],"u":{"v":1}}',
    ),
}


@pytest.mark.parametrize(("body", "end", "found", "rest"), BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_items_come_byte_for_byte_wherever_it_is_cut(
    body: bytes, end: bytes, found: list[bytes], rest: bytes, size: int
) -> None:
    assert _taken(_pieces(body, size), end) == (found, rest)


UNEXPECTED = {
    "nothing": b"",
    "another name": b'{"other":[[1]]}',
    "behind a number": b'{"x":1,"rows":[[1]]}',
    "behind an object": b'{"x":{"rows":[[2]]},"rows":[[1]]}',
    "behind an escape": b'{"x":"\\"","rows":[[1]]}',
    "no array": b'{"rows":{"a":[1]}}',
    "no object": b'[{"rows":[[1]]}]',
    "arrays inside": b'{"rows":[[[1],[2]],[[3]]]}',
    "a long beginning": b'{"x":"' + b"x" * 5000 + b'"  ,"rows":[[1]]}',
}


@pytest.mark.parametrize("body", UNEXPECTED.values(), ids=UNEXPECTED)
@pytest.mark.parametrize("size", [1, 100])
def test_what_is_not_as_expected_stays_as_it_is(body: bytes, size: int) -> None:
    assert _taken(_pieces(body, size)) == ([], body)


@pytest.mark.parametrize("end", [b"", b",", b",]}", b" [2]]}", b",[2}", b"]", b"]}x", b",,[2]]}", b",{}]}"])
@pytest.mark.parametrize("size", [1, 100])
def test_what_is_wrong_behind_an_item_is_left(end: bytes, size: int) -> None:
    found, rest = _taken(_pieces(b'{"rows":[[1]' + end, size))
    assert found[0] == b"[1]"
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(rest)


@given(
    st.lists(st.lists(st.floats(allow_nan=False, allow_infinity=False))),
    st.dictionaries(st.sampled_from(["a", "b"]), st.text()),
    st.integers(1, 60),
    st.sampled_from([None, 1]),
)
def test_any_rows_are_found(rows: list[list[float]], beside: dict[str, Any], size: int, indent: int | None) -> None:
    body = json.dumps({"rows": rows, **beside}, indent=indent).encode()
    found, rest = _taken(_pieces(body, size))
    assert [json.loads(one) for one in found] == rows
    assert json.loads(rest) == {"rows": [], **beside}
