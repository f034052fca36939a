"""A call that a model wrote into its text, once its object is read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from argoproxy.conversation import ToolCall


def written_call(fields: Mapping[str, Any], arguments: str) -> ToolCall | None:
    """
    The call; L{None} if it is none. It is, if it has a name, and an object for its arguments or the JSON of one, or
    nothing.

    @param arguments: the key of its arguments.
    @return: its id is empty if it has none, or one that is no text.
    """
    name, identity = fields.get("name"), fields.get("id")
    given = _object(fields.get(arguments))
    if not isinstance(name, str) or given is None:
        return None
    return ToolCall(identity if isinstance(identity, str) else "", name, _json(given))


def _object(given: Any) -> dict[str, Any] | None:
    if given is None or given == "":
        return {}
    if isinstance(given, str):
        try:
            given = json.loads(given, strict=False)
        except (ValueError, RecursionError):
            return None
    return given if isinstance(given, dict) else None


def _json(value: dict[str, Any]) -> str:
    """Half of a surrogate pair, which JSON can escape and UTF-8 can't say, becomes a question mark."""
    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError:
        return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode()
