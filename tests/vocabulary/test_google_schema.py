"""Google's schemas become JSON Schema, and names that clients chose stay theirs."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from google.genai import types
from hypothesis import given
from hypothesis import strategies as st

from argoproxy.vocabulary.google_schema import json_schema, openapi_schema

CASES: list[tuple[Any, Any]] = [
    ({}, {}),
    ({"type": "OBJECT"}, {"type": "object"}),
    ({"type": "string"}, {"type": "string"}),
    ({"type": ["STRING", "NULL"]}, {"type": ["string", "null"]}),
    ({"type": "TYPE_UNSPECIFIED", "enum": ["A"]}, {"enum": ["A"]}),
    ({"type": 5}, {"type": 5}),
    ({"type": "STRING", "nullable": True}, {"type": "string", "nullable": True}),
    ({"type": "ARRAY", "items": {"type": "INTEGER"}}, {"type": "array", "items": {"type": "integer"}}),
    ({"items": [{"type": "INTEGER"}, True]}, {"items": [{"type": "integer"}, True]}),
    ({"anyOf": [{"type": "A"}, {"type": "B"}]}, {"anyOf": [{"type": "a"}, {"type": "b"}]}),
    ({"any_of": [{"type": "A"}]}, {"anyOf": [{"type": "a"}]}),
    ({"additionalProperties": {"type": "A"}}, {"additionalProperties": {"type": "a"}}),
    ({"additional_properties": False}, {"additionalProperties": False}),
    ({"$defs": {"X": {"type": "A"}}}, {"$defs": {"X": {"type": "a"}}}),
    ({"defs": {"any_of": {"ref": "#/$defs/X"}}}, {"$defs": {"any_of": {"$ref": "#/$defs/X"}}}),
    ({"min_items": "3", "maxLength": 4}, {"minItems": 3, "maxLength": 4}),
    ({"minItems": "many", "max_items": "9" * 5000}, {"minItems": "many", "maxItems": "9" * 5000}),
    ({"property_ordering": ["any_of"]}, {"propertyOrdering": ["any_of"]}),
    # What stands where a schema should is left to whom it is given.
    ({"properties": ["type"], "items": "A"}, {"properties": ["type"], "items": "A"}),
    # Names and values are the client's own.
    (
        {"properties": {"type": {"type": "STRING", "enum": ["STRING"]}, "any_of": {"type": "NUMBER"}}},
        {"properties": {"type": {"type": "string", "enum": ["STRING"]}, "any_of": {"type": "number"}}},
    ),
    (
        {
            "default": {"type": "A", "any_of": 1},
            "example": {"type": "A"},
            "required": ["type"],
            "description": "STRING",
        },
        {
            "default": {"type": "A", "any_of": 1},
            "example": {"type": "A"},
            "required": ["type"],
            "description": "STRING",
        },
    ),
]


@pytest.mark.parametrize(("schema", "expected"), CASES)
def test_a_schema_of_googles_becomes_json_schema(schema: Any, expected: Any) -> None:
    assert json.loads(bytes(json_schema(_raw(schema)))) == expected


def test_types_can_be_written_as_google_does() -> None:
    schema = {"type": "object", "properties": {"type": {"type": "string"}, "many": {"items": {"type": "integer"}}}}
    written = json.loads(bytes(openapi_schema(_raw(schema))))
    assert types.Schema.model_validate(written).properties == {
        "type": types.Schema(type=types.Type.STRING),
        "many": types.Schema(items=types.Schema(type=types.Type.INTEGER)),
    }


_SCHEMAS = st.recursive(
    st.fixed_dictionaries({"type": st.sampled_from(["string", "number", "null"])}),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"type": st.just("array"), "items": inner}),
        st.fixed_dictionaries({"anyOf": st.lists(inner, max_size=3)}),
        st.fixed_dictionaries({"type": st.just("object"), "properties": st.dictionaries(st.text(), inner, max_size=3)}),
    ),
)


@given(_SCHEMAS)
def test_a_schema_comes_back_from_googles_case(schema: Any) -> None:
    assert json.loads(bytes(json_schema(openapi_schema(_raw(schema))))) == schema


def _raw(schema: Any) -> msgspec.Raw:
    return msgspec.Raw(json.dumps(schema).encode())
