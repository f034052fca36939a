"""The keys that a call's arguments may hold, by the tools' schemas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from argoproxy.conversation import Tool

_DEEPEST = 32


def argument_keys(tools: Iterable[Tool]) -> frozenset[str]:
    """The names of all properties, at any depth, of any of these tools."""
    schemas = (msgspec.json.decode(tool.parameters) for tool in tools if tool.parameters is not None)
    return frozenset(name for schema in schemas for name in _named(schema, 0))


def _named(schema: Any, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    if isinstance(schema, dict):
        properties = schema.get("properties")
        yield from properties if isinstance(properties, dict) else ()
        yield from (name for value in schema.values() for name in _named(value, depth + 1))
    elif isinstance(schema, list):
        yield from (name for item in schema for name in _named(item, depth + 1))
