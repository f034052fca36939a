"""
Tools that are described in a prompt, for models of a family without native ones.

How a client describes them is its own affair, so every JSON object in the prompt that has a C{name} and a schema
counts as a tool, if the prompt asks for C{<tool_call>} at all; and what stands in C{<tool_response>} tags in a user's
message, as open models are trained to read it, is a result. (A guess at what such a model would do.)
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


def prompted_tools(prompt: str) -> tuple[Tool, ...]:
    """@return: The tools that a system prompt describes."""
    if "<tool_call>" not in prompt:
        return ()
    return tuple(tool for found in _objects(prompt) for tool in _tools(found))


def prompted_results(text: str) -> tuple[str, ...]:
    """@return: The results that a user's message tells of."""
    return tuple(_RESULT.findall(text))


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
