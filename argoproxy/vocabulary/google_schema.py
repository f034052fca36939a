"""
Google's schemas: OpenAPI's, with types in upper case. What JSON Schema has no word for (C{nullable}) is left as it is.

The official Python SDK writes the keywords in snake case; numbers of 64 bits may be texts, as in all of Google's JSON.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

_KEYWORDS: Mapping[str, str] = {
    "additional_properties": "additionalProperties",
    "any_of": "anyOf",
    "defs": "$defs",
    "max_items": "maxItems",
    "max_length": "maxLength",
    "max_properties": "maxProperties",
    "min_items": "minItems",
    "min_length": "minLength",
    "min_properties": "minProperties",
    "property_ordering": "propertyOrdering",
    "ref": "$ref",
}
_COUNTS = frozenset({"maxItems", "maxLength", "maxProperties", "minItems", "minLength", "minProperties"})
_NAMED = frozenset({"$defs", "definitions", "properties"})
_SCHEMAS = frozenset({"additionalProperties", "allOf", "anyOf", "items", "not", "oneOf", "prefixItems"})
_UNSPECIFIED = "TYPE_UNSPECIFIED"
_WRITTEN_COUNT = re.compile(r"[0-9]{1,18}")


def json_schema(raw: msgspec.Raw) -> msgspec.Raw:
    """
    The JSON Schema that a schema of Google's is.

    @raise RecursionError: it is nested too deeply.
    """
    return _with_types(raw, str.lower)


def openapi_schema(raw: msgspec.Raw) -> msgspec.Raw:
    """
    A JSON Schema with its types as Google writes them.

    @raise RecursionError: it is nested too deeply.
    """
    return _with_types(raw, str.upper)


def _with_types(raw: msgspec.Raw, case: Callable[[str], str]) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(_schema(msgspec.json.decode(raw), case)))


def _schema(schema: Any, case: Callable[[str], str]) -> Any:
    """A schema, or a list of some; whatever else stands where one should is left to whom it is given."""
    if isinstance(schema, list):
        return [_schema(one, case) for one in schema]
    if not isinstance(schema, dict):
        return schema
    known: dict[str, Any] = {_KEYWORDS.get(keyword, keyword): value for keyword, value in schema.items()}
    if known.get("type") == _UNSPECIFIED:
        del known["type"]
    return {keyword: _value(keyword, value, case) for keyword, value in known.items()}


def _value(keyword: str, value: Any, case: Callable[[str], str]) -> Any:
    if keyword == "type":
        return _cased(value, case)
    if keyword in _COUNTS and isinstance(value, str) and _WRITTEN_COUNT.fullmatch(value):
        return int(value)
    if keyword in _SCHEMAS:
        return _schema(value, case)
    if keyword in _NAMED and isinstance(value, dict):
        return {name: _schema(one, case) for name, one in value.items()}
    return value


def _cased(value: Any, case: Callable[[str], str]) -> Any:
    """A type, or a list of some."""
    if isinstance(value, str):
        return case(value)
    return [_cased(one, case) for one in value] if isinstance(value, list) else value
