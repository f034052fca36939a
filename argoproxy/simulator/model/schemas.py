"""
Values that fit a JSON schema, as small and as dull as can be. Not a validator: what contradicts itself gets no value
that fits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

_DEEP = 6
_FAR = 1e9
_FORMATS = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "time": "12:00:00Z",
    "duration": "P1D",
    "email": "someone@example.org",
    "hostname": "example.org",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.org/",
    "url": "https://example.org/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}

# Items and characters: whoever wants more than that gets fewer.
_MOST = 10_000
_NO_SCHEMA = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


def sample(schema: Any) -> Any:
    """
    @param schema: A JSON schema; references within it are followed. What is none allows anything.
    @return: A value that fits it, always the same one.
    """
    try:
        return _Sampler(schema if isinstance(schema, dict) else {}).value(schema, "value", 0)
    except _NO_SCHEMA:
        return "value"


def sample_object(schema: Mapping[str, Any]) -> dict[str, Any]:
    """@return: An object that fits the schema, or an empty one where the schema wants no object."""
    value = sample({"type": "object", **schema})
    return value if isinstance(value, dict) else {}


class _Sampler:
    """Makes values for one schema, whose references it knows how to follow."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root

    def value(self, schema: Any, name: str, depth: int) -> Any:
        """@param name: The property that the value is for: strings take it as their text."""
        if not isinstance(schema, dict):
            return name
        for key in ("const", "default"):
            if key in schema:
                return schema[key]
        if schema.get("enum"):
            return schema["enum"][0]
        if "$ref" in schema:
            return self.value(self._target(schema["$ref"]), name, depth + 1)
        for key in ("anyOf", "oneOf"):
            if schema.get(key):
                return self.value(self._choose(schema[key], depth), name, depth + 1)
        if schema.get("allOf"):
            return self.value(self._merged(schema), name, depth)
        return self._typed(schema, name, depth)

    def _target(self, reference: str) -> Any:
        """@return: What a reference such as C{#/$defs/Place} points at, or an empty schema."""
        found: Any = self._root
        for step in reference.removeprefix("#").strip("/").split("/"):
            if step:
                found = found.get(step.replace("~1", "/").replace("~0", "~"), {}) if isinstance(found, dict) else {}
        return found

    def _choose(self, schemas: list[Any], depth: int) -> Any:
        """@return: The first of the alternatives; deep down the last, which ends the recursion in practice."""
        return schemas[0] if depth < _DEEP else schemas[-1]

    def _merged(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """@return: A schema and its C{allOf} as one."""
        merged = {key: value for key, value in schema.items() if key != "allOf"}
        for part in schema["allOf"]:
            solved = self._target(part["$ref"]) if "$ref" in part else part
            properties = {**merged.get("properties", {}), **solved.get("properties", {})}
            required = [*merged.get("required", []), *solved.get("required", [])]
            merged = {**merged, **solved, "properties": properties, "required": required}
        return merged

    def _typed(self, schema: Mapping[str, Any], name: str, depth: int) -> Any:
        kinds = schema.get("type")
        kind = kinds[0] if isinstance(kinds, list) and kinds else kinds
        if not isinstance(kind, str):
            kind = next((kind for mark, kind in _TELLTALES.items() if mark in schema), "string")
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            return self._array(schema, name, depth)
        make = _SCALARS.get(kind.lower())
        return make(schema, name) if make else None

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        """@return: All properties near the top, only what is required further down (schemas may hold themselves)."""
        required = schema.get("required", [])
        properties = schema.get("properties", {})
        wanted = properties if depth < 2 else [key for key in properties if key in required]
        made = {key: self.value(properties[key], key, depth + 1) for key in wanted}
        return made | {str(key): key for key in required if key not in made}

    def _array(self, schema: Mapping[str, Any], name: str, depth: int) -> list[Any]:
        fixed = [self.value(item, name, depth + 1) for item in schema.get("prefixItems", [])]
        fewest = schema.get("minItems", 1 if depth < _DEEP and schema.get("maxItems", 1) else 0)
        items = schema.get("items", {"type": "string"})
        more = [self.value(items, name, depth + 1) for _ in range(min(fewest, _MOST) - len(fixed))]
        if schema.get("uniqueItems") and all(isinstance(item, str) for item in more):
            more = [item if place == 0 else f"{item}{place}" for place, item in enumerate(more)]
        return fixed + more


def _string(schema: Mapping[str, Any], name: str) -> str:
    text = _FORMATS.get(schema.get("format", ""), name)
    fewest, most = schema.get("minLength", 0), schema.get("maxLength")
    return text.ljust(min(fewest, _MOST), "x")[:most]


def _integer(schema: Mapping[str, Any], name: str) -> int:
    lowest = schema.get("minimum", math.floor(schema.get("exclusiveMinimum", -_FAR)) + 1)
    highest = schema.get("maximum", math.ceil(schema.get("exclusiveMaximum", _FAR)) - 1)
    step = schema.get("multipleOf", 1)
    value = math.ceil(max(lowest, min(1, highest)) / step) * step
    return int(value if value <= highest else math.floor(highest / step) * step)


def _number(schema: Mapping[str, Any], name: str) -> float:
    if "multipleOf" in schema:
        return _integer(schema, name)
    lowest = schema.get("minimum", schema.get("exclusiveMinimum", -_FAR))
    highest = schema.get("maximum", schema.get("exclusiveMaximum", _FAR))
    return 1.5 if lowest < 1.5 < highest else float(lowest + highest) / 2


_SCALARS: dict[str, Callable[[Mapping[str, Any], str], Any]] = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": lambda schema, name: True,
}
_TELLTALES = {"properties": "object", "required": "object", "items": "array", "minimum": "number", "maximum": "number"}
