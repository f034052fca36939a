"""
What a prompt asks for in words: tools, for models of a family without native ones, and a form of the reply.

How a client words it is its own affair. Every JSON object in the prompt that has a C{name} and a schema counts as a
tool, if the prompt asks for C{<tool_call>} at all; and what stands in C{<tool_response>} tags in a user's message, as
open models are trained to read it, is a result. Where a sentence bids the model to reply in JSON, the last JSON object
in the prompt that looks like a schema is the form. (Guesses at what such a model would do.)
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from argoproxy.simulator.model.asks import Spoken, Tool

_SCHEMAS = ("parameters", "input_schema", "schema")
_DECODER = json.JSONDecoder()
_RESULT = re.compile(r"<tool_response>(.*?)</tool_response>", re.DOTALL)
_BIDS = re.compile(r"\b(?:reply|respond|answer|return|output)\b[^.!?\n]{0,200}\bJSON\b", re.IGNORECASE)
_TYPES = frozenset(["object", "array", "string", "number", "integer", "boolean", "null"])
_KEYWORDS = {"properties": dict, "$ref": str, "enum": list, "anyOf": list, "oneOf": list, "allOf": list, "items": dict}


def prompted_tools(prompt: str) -> tuple[Tool, ...]:
    """@return: The tools that a system prompt describes."""
    if "<tool_call>" not in prompt:
        return ()
    return tuple(tool for found in _objects(prompt) for tool in _tools(found))


def prompted_results(text: str) -> tuple[str, ...]:
    """@return: The results that a user's message tells of."""
    return tuple(_RESULT.findall(text))


def prompted_form(prompt: str, field: dict[str, Any] | None = None) -> dict[str, Any] | None:
    """
    @param prompt: What the system and the user said.
    @param field: What a field of the request says of the form: it wins, if it says more than that there is one.
    @return: The schema that the reply is to fit, an empty one for any JSON object, or None if no JSON is asked for.
    """
    if field or not ("JSON" in prompt or "json" in prompt) or not _BIDS.search(prompt):
        return field
    return next((found for found in reversed(list(_objects(prompt))) if _is_schema(found)), {})


def written(calls: tuple[Spoken, ...]) -> str:
    """@return: Calls as such a model writes them."""
    documents = [{"name": call.name, "arguments": call.arguments} for call in calls]
    return "\n".join(f"<tool_call>{json.dumps(document, ensure_ascii=False)}</tool_call>" for document in documents)


def _objects(text: str) -> Iterator[Any]:
    place = text.find("{")
    while place >= 0:
        try:
            found, end = _DECODER.raw_decode(text, place)
        except ValueError:
            end = place + 1
        except RecursionError:
            return
        else:
            yield found
        place = text.find("{", end)


def _is_schema(found: dict[str, Any]) -> bool:
    kind = found.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    if kinds and all(isinstance(one, str) and one in _TYPES for one in kinds):
        return True
    return any(isinstance(found.get(key), shape) for key, shape in _KEYWORDS.items())


def _tools(found: Any) -> Iterator[Tool]:
    if isinstance(found, dict) and isinstance(found.get("function"), dict):
        found = found["function"]
    if isinstance(found, dict) and isinstance(found.get("name"), str):
        schemas = [found[key] for key in _SCHEMAS if isinstance(found.get(key), dict)]
        if schemas:
            yield Tool(found["name"], schemas[0])
