"""What a dialect refuses is said once, with the path of the field at fault."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
import pytest

from argoproxy.dialects.reading import Reader, decode, split
from argoproxy.errors import ClientFault


class Inner(msgspec.Struct):
    size: int
    kind: Literal["a", "b"] = "a"


class One(msgspec.Struct, tag_field="type", tag="one"):
    text: str


class Two(msgspec.Struct, tag_field="type", tag="two"):
    inner: Inner


class Shape(msgspec.Struct, kw_only=True):
    name: str
    share: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    items: Annotated[tuple[str | int, ...], msgspec.Meta(min_length=1)] = ("x",)
    many: tuple[One | Two, ...] = ()
    on: bool = False
    renamed: int = msgspec.field(default=0, name="other-name")


READER = Reader(Shape)


def read(body: bytes) -> tuple[Shape, dict[str, bytes]]:
    shape, extras = READER.read(split(body))
    return shape, {name: bytes(raw) for name, raw in extras.items()}


def test_known_fields_are_decoded_and_the_others_kept_byte_for_byte() -> None:
    shape, extras = read(b'{"name":"n","other-name":3,"seed": 7,"deep":{ "a" : [1,  2] }}')
    assert (shape.name, shape.renamed) == ("n", 3)
    assert extras == {"seed": b"7", "deep": b'{ "a" : [1,  2] }'}


def test_null_counts_as_absent() -> None:
    shape, extras = read(b'{"name":"n","share":null,"items":null,"seed":null}')
    assert shape == Shape(name="n")
    assert extras == {}


REFUSED = {
    "missing": (b"{}", "name", "missing_required_parameter", "Missing required parameter: 'name'."),
    "null where one is required": (
        b'{"name":null}',
        "name",
        "missing_required_parameter",
        "Missing required parameter: 'name'.",
    ),
    "a wrong type": (
        b'{"name":1}',
        "name",
        "invalid_type",
        "Invalid value for 'name': expected `string`, got `integer`.",
    ),
    "a boolean for a number": (
        b'{"name":"n","share":true}',
        "share",
        "invalid_type",
        "Invalid value for 'share': expected `number | null`, got `boolean`.",
    ),
    "out of range": (
        b'{"name":"n","share":2}',
        "share",
        "invalid_value",
        "Invalid value for 'share': expected `number` <= 1.0.",
    ),
    "an empty list": (
        b'{"name":"n","items":[]}',
        "items",
        "invalid_value",
        "Invalid value for 'items': expected `array` of length >= 1.",
    ),
    "inside a list": (
        b'{"name":"n","items":[1,"a",2.5]}',
        "items[2]",
        "invalid_type",
        "Invalid value for 'items[2]': expected `integer | string`, got `number`.",
    ),
    "missing inside": (
        b'{"name":"n","many":[{"type":"one","text":""},{"type":"two"}]}',
        "many[1].inner",
        "missing_required_parameter",
        "Missing required parameter: 'many[1].inner'.",
    ),
    "wrong, three levels down": (
        b'{"name":"n","many":[{"type":"two","inner":{"size":"x"}}]}',
        "many[0].inner.size",
        "invalid_type",
        "Invalid value for 'many[0].inner.size': expected `integer`, got `string`.",
    ),
    "an unknown kind": (
        b'{"name":"n","many":[{"type":"three"}]}',
        "many[0].type",
        "invalid_value",
        "Invalid value for 'many[0].type': 'three' is not supported.",
    ),
    "an unknown word": (
        b'{"name":"n","many":[{"type":"two","inner":{"size":1,"kind":"c"}}]}',
        "many[0].inner.kind",
        "invalid_value",
        "Invalid value for 'many[0].inner.kind': 'c' is not supported.",
    ),
    "no kind": (
        b'{"name":"n","many":[{"text":"x"}]}',
        "many[0].type",
        "missing_required_parameter",
        "Missing required parameter: 'many[0].type'.",
    ),
    "a renamed field": (
        b'{"name":"n","other-name":"x"}',
        "other-name",
        "invalid_type",
        "Invalid value for 'other-name': expected `integer`, got `string`.",
    ),
}


@pytest.mark.parametrize(("body", "param", "code", "message"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_names_the_field(body: bytes, param: str, code: str, message: str) -> None:
    with pytest.raises(ClientFault) as raised:
        read(body)
    fault = raised.value
    assert (fault.status, fault.param, fault.code, fault.message) == (400, param, code, message)


QUOTING = [
    (list[Literal["a"]], b'["x - at `$.y`\\n"]', "list[0]"),
    (Literal["a"], b'"x - at `$.y`"', "list"),
]


@pytest.mark.parametrize(("of", "raw", "param"), QUOTING)
def test_a_value_that_reads_like_a_path_is_none(of: object, raw: bytes, param: str) -> None:
    with pytest.raises(ClientFault) as raised:
        decode(msgspec.json.Decoder(of), raw, "list")
    assert raised.value.param == param


def test_a_long_value_is_not_quoted() -> None:
    with pytest.raises(ClientFault) as raised:
        decode(msgspec.json.Decoder(Literal["a"]), b'"' + b"x" * 1000 + b'"', "kind")
    assert raised.value.message == "Invalid value for 'kind': it is not supported."


def test_nesting_that_only_the_decoder_finds_too_deep_is_refused() -> None:
    raw = b"[" * 100_000 + b"]" * 100_000
    with pytest.raises(ClientFault) as raised:
        decode(msgspec.json.Decoder(), raw, "items")
    assert (raised.value.param, raised.value.code) == ("items", "invalid_json")


def test_a_body_that_is_no_json_has_no_field_at_fault() -> None:
    with pytest.raises(ClientFault) as raised:
        split(b'{"name": NaN}')
    assert (raised.value.status, raised.value.code, raised.value.param) == (400, "invalid_json", None)
    assert raised.value.message.startswith("The request is not valid JSON: ")
