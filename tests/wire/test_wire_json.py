"""Strict JSON, one level at a time."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from argoproxy.wire.json import Malformed, begins, length, place, put, split

PLAIN = {
    "empty": (b"{}", {}),
    "white space around": (b' \n\t{"a" : 1}\r\n', {"a": b"1"}),
    "bytes are kept": (
        b'{"a":1.50,"b":{ "c" : [1,  2] },"d":"\\u00e9"}',
        {"a": b"1.50", "b": b'{ "c" : [1,  2] }', "d": b'"\\u00e9"'},
    ),
    "the last of two": (b'{"a":1,"a":2}', {"a": b"2"}),
    "null is a value": (b'{"a":null}', {"a": b"null"}),
    "characters beyond ASCII": ('{"é":"😀"}'.encode(), {"é": '"😀"'.encode()}),
    "a pair of surrogates": (b'{"a":"\\ud83d\\ude00"}', {"a": b'"\\ud83d\\ude00"'}),
    "an escaped backslash before u": (b'{"a":"\\\\ud83d"}', {"a": b'"\\\\ud83d"'}),
    "large, but a double": (b'{"a":1e308,"b":1e-400}', {"a": b"1e308", "b": b"1e-400"}),
    "text that looks like a large number": (b'{"a":"1e999"}', {"a": b'"1e999"'}),
}


@pytest.mark.parametrize(("body", "fields"), PLAIN.values(), ids=PLAIN)
def test_fields_come_apart_byte_for_byte(body: bytes, fields: dict[str, bytes]) -> None:
    assert {name: bytes(raw) for name, raw in split(body).items()} == fields


MALFORMED = {
    "nothing": b"",
    "white space": b"  ",
    "an array": b"[1]",
    "a string": b'"a"',
    "null": b"null",
    "two objects": b"{}{}",
    "something behind": b"{} x",
    "a comma at the end": b'{"a":1,}',
    "single quotes": b"{'a':1}",
    "a comment": b'{"a":1/**/}',
    "NaN": b'{"a":NaN}',
    "NaN inside": b'{"a":[{"b":NaN}]}',
    "Infinity": b'{"a":Infinity}',
    "minus Infinity": b'{"a":-Infinity}',
    "too large": b'{"a":1e999}',
    "too large inside": b'{"a":[{"b":-1E+999}]}',
    "too many digits": b'{"a":[' + b"9" * 400 + b".0]}",
    "half a pair": b'{"a":"\\ud83d"}',
    "the other half": b'{"a":{"b":"\\uDE00"}}',
    "half a pair in a name": b'{"\\ud83d":1}',
    "bytes that are no UTF-8": b'{"a":"\xff"}',
    "bytes that are no UTF-8 inside": b'{"a":["\xc3("]}',
    "an encoded surrogate": b'{"a":"\xed\xa0\x80"}',
    "a control character": b'{"a":"\x01"}',
    "nested without end": b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a zero in front": b'{"a":01}',
    "UTF-16": '{"a":1}'.encode("utf-16"),
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed):
        split(body)


WHOLE = b'{"a": {"b": [1, "x\\n\xc3\xa9"]}, "c": null}'


@pytest.mark.parametrize("length", range(len(WHOLE)))
def test_a_body_that_is_cut_anywhere_is_refused(length: int) -> None:
    with pytest.raises(Malformed):
        split(WHOLE[:length])


def test_a_refusal_quotes_nothing() -> None:
    for body in MALFORMED.values():
        with pytest.raises(Malformed) as raised:
            split(b'{"secret":"hunter2",' + body)
        assert "hunter2" not in str(raised.value)


REASONS = [
    (b"[1]", "the body must be a JSON object"),
    (b'{"a":1', "it ends too early"),
    (b'{"a":[1e999]}', "a number is out of range"),
    (b'{"a":"\xff"}', "it is not valid UTF-8"),
    (b'{"a":' + b"[" * 100_000, "it is nested too deeply"),
]


@pytest.mark.parametrize(("body", "reason"), REASONS)
def test_a_refusal_says_why(body: bytes, reason: str) -> None:
    with pytest.raises(Malformed) as raised:
        split(body)
    assert str(raised.value) == reason


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), VALUES), st.booleans())
def test_any_json_object_comes_apart_and_means_the_same(value: dict[str, Any], ascii_only: bool) -> None:
    fields = split(json.dumps(value, ensure_ascii=ascii_only).encode())
    assert {name: json.loads(bytes(raw)) for name, raw in fields.items()} == value


def test_a_bomb_of_values_is_refused_before_it_is_read() -> None:
    with pytest.raises(Malformed, match="too many values"):
        split(b'{"x": [' + b"[]," * 2_600_000 + b"0]}")


LONG = b"base64+/" * 10_000


def test_a_long_text_of_many_commas_is_one_value() -> None:
    body = b'{"x": "' + b"Values,like,these," * 300_000 + b'"}'
    assert list(split(body)) == ["x"]


@pytest.mark.parametrize(
    ("before", "behind"),
    [
        (b"[1e999,", b"]"),
        (b"[", b",1e999]"),
        (b'["\xff",', b"]"),
        (b"[", b',"\xc3("]'),
        (b"[", b"x]"),
        (b"[NaN,", b"]"),
    ],
)
def test_what_is_wrong_beside_long_texts_is_found(before: bytes, behind: bytes) -> None:
    for filling in (b'"%b"' % LONG, b"0," * 40_000 + b'"%b"' % LONG):
        with pytest.raises(Malformed):
            split(b'{"x":%b%b%b}' % (before, filling, behind))


@pytest.mark.parametrize("wrong", [b"\xff", b"\xed\xa0\x80", b"\x01", b"\\ud83d", b"\\q", b"\xc3"])
@pytest.mark.parametrize("place", [0, 5, 16_370, 16_384, 40_000, len(LONG) - 1, len(LONG)])
def test_what_is_wrong_in_a_long_text_is_found(wrong: bytes, place: int) -> None:
    for lead in range(0, 20, 3):
        with pytest.raises(Malformed):
            split(b'{"%b":["%b"]}' % (b"x" * lead, LONG[:place] + wrong + LONG[place:]))


@pytest.mark.parametrize("whole", ["é".encode(), b"\\u00e9", b"\\ud83d\\ude00", "😀".encode(), b'\\"', b"\\\\"])
@pytest.mark.parametrize("place", range(16_384 - 14, 16_384))
def test_characters_of_several_bytes_in_a_long_text_are_whole(whole: bytes, place: int) -> None:
    text = LONG[:place] + whole + LONG[place:]
    assert bytes(split(b'{"a":"%b"}' % text)["a"]) == b'"%b"' % text


def test_a_path_names_a_place() -> None:
    assert place("messages[0].content[12].source") == ("messages", 0, "content", 12, "source")
    assert place("model") == ("model",)


def test_values_are_put_at_their_places_and_the_rest_stays_byte_for_byte() -> None:
    raw = msgspec.Raw(b'[{"a":{"b":1.50,"c":[ 1, 2 ]}},"\\u0061",{"a":"x"}]')
    values = {(0, "a", "c", 1): msgspec.Raw(b'"new"'), (2, "a"): msgspec.Raw(b"null")}
    assert bytes(put(raw, values)) == b'[{"a":{"b":1.50,"c":[1,"new"]}},"\\u0061",{"a":null}]'
    assert bytes(put(raw, {(): msgspec.Raw(b"3")})) == b"3"


@pytest.mark.parametrize(
    ("value", "start", "does"),
    [(b'{"a":1}', b"{", True), (b'{"a":1}', b'{"a"', True), (b'{"a":1}', b"[", False), (b"{", b'{"', False)],
)
def test_how_a_value_begins(value: bytes, start: bytes, does: bool) -> None:
    assert begins(msgspec.Raw(value), start) is does


def test_how_long_a_value_is() -> None:
    assert length(msgspec.Raw(b'{"a":1}')) == 7
