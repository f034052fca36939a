"""
Keywords of JSON schemas that services refuse in tools.

That C{$ref} and others are refused for Gemini and Claude is known, the exact lists are guesses: Google's after its
published Schema object, Anthropic's after its API's published limits.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from argoproxy.simulator.model.models import ANTHROPIC, GOOGLE
from argoproxy.simulator.strict.refusal import by_anthropic, by_google

_GOOGLE = """
    $ref $defs definitions $schema $id $anchor $comment additionalProperties patternProperties propertyNames
    unevaluatedProperties unevaluatedItems oneOf allOf not if then else const contains prefixItems uniqueItems
    multipleOf exclusiveMinimum exclusiveMaximum dependentRequired dependentSchemas examples strict
"""
GOOGLE_REFUSES = frozenset(_GOOGLE.split())
ANTHROPIC_REFUSES = frozenset(["$ref"])
ANTHROPIC_REFUSES_ON_TOP = ("oneOf", "allOf", "anyOf")
_NAMED = ("properties", "patternProperties", "$defs", "definitions")
_SCHEMAS = ("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")


def check_schema(family: str, schema: dict[str, Any], index: int, seed: bytes) -> None:
    """
    @param index: The tool's place.
    @raise Refusal: 400 if the family's service refuses a keyword in the tool's schema.
    """
    if family == GOOGLE:
        for keyword in keywords(schema):
            if keyword in GOOGLE_REFUSES:
                where = f"'tools[0].function_declarations[{index}].parameters'"
                unknown = f'Unknown name "{keyword}" at {where}: Cannot find field.'
                raise by_google(f"Invalid JSON payload received. {unknown}")
    if family == ANTHROPIC:
        where = f"tools.{index}.custom.input_schema"
        if schema.get("type") != "object":
            raise by_anthropic(f"{where}.type: Field required", seed)
        if any(keyword in schema for keyword in ANTHROPIC_REFUSES_ON_TOP):
            never = "input_schema does not support oneOf, allOf, or anyOf at the top level"
            raise by_anthropic(f"{where}: {never}", seed)
        if any(keyword in ANTHROPIC_REFUSES for keyword in keywords(schema)):
            raise by_anthropic(f"{where}: JSON schema is invalid: $ref is not supported", seed)


def keywords(schema: Any) -> Iterator[str]:
    """@return: The keywords used anywhere in a schema; names of properties, and values, are none."""
    if not isinstance(schema, dict):
        return
    for key, value in schema.items():
        yield key
        if key in _NAMED and isinstance(value, dict):
            for part in value.values():
                yield from keywords(part)
        elif key in _SCHEMAS:
            yield from keywords(value)
        elif key in _LISTS and isinstance(value, list):
            for part in value:
                yield from keywords(part)
