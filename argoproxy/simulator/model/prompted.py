"""
Tools that are described in a prompt, for models of a family without native ones.

How a client describes them is its own affair, so every JSON object in the prompt that has a C{name} and a schema
counts as a tool, if the prompt asks for C{<tool_call>} at all. (A guess at what such a model would do.)
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from argoproxy.simulator.model.asks import Spoken, Tool

_SCHEMAS = ("parameters", "input_schema", "schema")
_DECODER = json.JSONDecoder()


def prompted_tools(prompt: str) -> tuple[Tool, ...]:
    """@return: The tools that a system prompt describes."""
    if "<tool_call>" not in prompt:
        return ()
    return tuple(tool for found in _objects(prompt) for tool in _tools(found))


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
        else:
            yield found
        place = text.find("{", end)


def _tools(found: Any) -> Iterator[Tool]:
    if isinstance(found, dict) and isinstance(found.get("function"), dict):
        found = found["function"]
    if isinstance(found, dict) and isinstance(found.get("name"), str):
        schemas = [found[key] for key in _SCHEMAS if isinstance(found.get(key), dict)]
        if schemas:
            yield Tool(found["name"], schemas[0])
