"""
JSON schemas in the words that a service knows: references put in place, refused keywords left out or said otherwise.

Names of properties and plain values aren't keywords and stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any
from urllib.parse import unquote

import msgspec

from argoproxy.conversation import Abilities

Schema = dict[str, Any]

_NAMED = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
_SINGLE = frozenset(
    {"items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames"}
    | {"additionalItems", "unevaluatedItems", "unevaluatedProperties"}
)
_LISTS = frozenset({"anyOf", "oneOf", "allOf", "prefixItems", "items"})
_DEFINITIONS = ("$defs", "definitions")
# A schema that grows beyond this by its references is cut: where, the model sees anything at all.
_MOST_NODES = 5000
_ANYTHING: Schema = {}

# Agents offer the same tools again with each of their requests: of schemas that were found to be plain, the hashes, and
# how many of them are kept.
_found_plain: set[int] = set()
_MOST_FOUND = 32_768


def plain(parameters: msgspec.Raw, abilities: Abilities) -> msgspec.Raw:
    """
    The schema as the model's service takes it: the same object if nothing in it is refused, or if it is nested so
    deeply that ARGO had better judge.
    """
    refusals = (abilities.schema_refused, abilities.schema_refused_on_top, abilities.schema_object)
    key = hash((bytes(parameters), *refusals))
    if key in _found_plain:
        return parameters
    schema = msgspec.json.decode(parameters)
    if not isinstance(schema, dict):
        return parameters
    try:
        after = _mended(schema, abilities)
    except RecursionError:
        return parameters
    if after != schema:
        return msgspec.Raw(msgspec.json.encode(after))
    _remember_plain(key)
    return parameters


def _remember_plain(key: int) -> None:
    if len(_found_plain) >= _MOST_FOUND:
        _found_plain.clear()
    _found_plain.add(key)


def _mended(schema: Schema, abilities: Abilities) -> Schema:
    refused = abilities.schema_refused
    after: Schema = _Inlining(schema).of(schema, ()) if "$ref" in refused else schema
    after = _on_top(_without(after, refused), abilities.schema_refused_on_top)
    if abilities.schema_object and after.get("type") != "object":
        after = {**after, "type": "object"}
    return after


class _Inlining:
    """Puts what references point at in their place. One that leads back to where it stands becomes anything at all."""

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._nodes = 0

    def of(self, schema: Any, above: tuple[str, ...]) -> Any:
        """
        A schema without references.

        @param above: the references that led here.
        """
        if not isinstance(schema, dict):
            return schema
        self._nodes += 1
        if self._nodes > _MOST_NODES:
            return _ANYTHING
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            return _rebuilt(schema, lambda part: self.of(part, above))
        beside = {name: value for name, value in schema.items() if name != "$ref" and name not in _DEFINITIONS}
        target = None if reference in above else _found(self._root, reference)
        if not isinstance(target, dict):
            return self.of(beside, above)
        return {**self.of(_undefined(target), (*above, reference)), **self.of(beside, above)}


def _undefined(schema: Schema) -> Schema:
    return {name: value for name, value in schema.items() if name not in _DEFINITIONS}


def _found(root: Schema, reference: str) -> Any:
    """What a reference inside of the document points at, or L{None}."""
    if reference != "#" and not reference.startswith("#/"):
        return None
    at: Any = root
    for step in unquote(reference[2:]).split("/") if reference != "#" else ():
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(at, dict):
            at = at.get(key)
        elif isinstance(at, list) and key.isdecimal() and int(key) < len(at):
            at = at[int(key)]
        else:
            return None
    return at


def _without(schema: Any, refused: Collection[str]) -> Any:
    """The same without the keywords that are refused, said in others where there are some."""
    if not isinstance(schema, dict):
        return schema
    inner = _rebuilt(schema, lambda part: _without(part, refused))
    for keyword in [name for name in inner if name in refused]:
        value = inner.pop(keyword)
        other = _OTHERWISE.get(keyword)
        if other is not None:
            inner = other(inner, value)
    return inner


def _on_top(schema: Schema, refused: Collection[str]) -> Schema:
    """The same without those keywords on its top level: what the alternatives describe may all be there."""
    while (keyword := next((name for name in schema if name in refused), None)) is not None:
        branches = schema[keyword]
        rest = {name: value for name, value in schema.items() if name != keyword}
        schema = _united(rest, branches, require=keyword == "allOf")
    return schema


def _united(schema: Schema, branches: Any, require: bool = True) -> Schema:
    """
    What all of these schemas describe, in one.

    @param require: whether what they require is still required.
    """
    for branch in branches if isinstance(branches, list) else ():
        if not isinstance(branch, dict):
            continue
        properties = {**_mapping(branch.get("properties")), **_mapping(schema.get("properties"))}
        required = [*_names(schema), *(_names(branch) if require else ())]
        rest = {name: value for name, value in branch.items() if name not in ("properties", "required")}
        joined = {"properties": properties} if properties else {}
        wanted = {"required": list(dict.fromkeys(required))} if required else {}
        schema = {**(rest if require else {}), **schema, **joined, **wanted}
    return schema


def _names(schema: Schema) -> list[str]:
    """What a schema requires."""
    required = schema.get("required")
    return [name for name in required if isinstance(name, str)] if isinstance(required, list) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


_OTHERWISE: Mapping[str, Callable[[Schema, Any], Schema]] = {
    "const": lambda schema, value: {"enum": [value], **schema},
    "oneOf": lambda schema, value: {"anyOf": value, **schema},
    "allOf": _united,
}
"""What says the same as a keyword that a service hasn't."""


def _rebuilt(schema: Schema, each: Callable[[Any], Any]) -> Schema:
    """The same with something done to each schema directly inside it."""
    rebuilt: Schema = {}
    for name, value in schema.items():
        if name in _NAMED and isinstance(value, dict):
            rebuilt[name] = {key: each(part) for key, part in value.items()}
        elif name in _LISTS and isinstance(value, list):
            rebuilt[name] = [each(part) for part in value]
        elif name in _SINGLE:
            rebuilt[name] = each(value)
        else:
            rebuilt[name] = value
    return rebuilt
