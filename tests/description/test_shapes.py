"""Copies of Structs have schemas where the Structs themselves have none, and say what their wire says."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from argoproxy.description.shapes import Copies, words


class _Named(msgspec.Struct, rename="camel"):
    """
    A C{thing} that is
    named.

    @ivar long_name: its name.
    """

    long_name: str
    kept: msgspec.Raw = msgspec.Raw(b"null")


class _Cat(msgspec.Struct):
    name: str
    type: Literal["cat"] = "cat"


class _Dog(msgspec.Struct):
    type: Literal["dog"] = "dog"


class _Written(msgspec.Struct):
    empty: None = None
    none: tuple[()] = ()
    left_out: str | msgspec.UnsetType = msgspec.UNSET
    pets: tuple[_Cat | _Dog, ...] = ()
    counts: dict[str, Annotated[int, msgspec.Meta(ge=0)]] = {}


def _schema(kind: Any) -> Any:
    [_], components = msgspec.json.schema_components([Copies().of(kind)])
    return components[kind.__name__.lstrip("_")]


def test_a_docstring_becomes_plain_words_without_its_fields() -> None:
    assert words(_Named.__doc__ or "") == "A `thing` that is named."


def test_raw_bytes_may_be_anything_and_need_not_be_there() -> None:
    schema = _schema(_Named)
    assert schema["properties"] == {"longName": {"type": "string"}, "kept": {}}
    assert schema["required"] == ["longName"]
    assert schema["description"] == "A `thing` that is named."


def test_what_is_always_empty_is_free() -> None:
    properties = _schema(_Written)["properties"]
    assert properties["empty"] == {"default": None}
    assert properties["none"] == {"type": "array", "default": ()}


def test_what_is_left_out_may_be_null() -> None:
    schema = _schema(_Written)
    assert schema["properties"]["left_out"] == {"anyOf": [{"type": "string"}, {"type": "null"}]}
    assert "left_out" not in schema["required"]


def test_structs_of_a_union_are_told_apart_by_the_field_that_has_one_value() -> None:
    items = _schema(_Written)["properties"]["pets"]["items"]
    assert items["discriminator"]["propertyName"] == "type"
    assert set(items["discriminator"]["mapping"]) == {"cat", "dog"}


def test_bounds_stay() -> None:
    assert _schema(_Written)["properties"]["counts"]["additionalProperties"] == {"type": "integer", "minimum": 0}


def test_a_struct_is_copied_once() -> None:
    copies = Copies()
    assert copies.of(_Cat) is copies.of(_Cat)
