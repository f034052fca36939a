"""
Structured outputs for wires that have none: ask for the shape in words, see whether the reply fits, ask once more.

Only texts and requests are dealt with here; who makes the calls, and what becomes of a reply that never fits, is
decided elsewhere.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from .conversation import ChatRequest, Message, OutputShape, Text

_FENCED = re.compile(r"\A\s*```[\w-]*[ \t]*\n(.*?)\n?[ \t]*```\s*\Z", re.DOTALL)
_SHOWN = 300


def asked(request: ChatRequest, shape: OutputShape) -> ChatRequest:
    """The same request, asking for the shape in words; the words stand behind the client's own system messages."""
    words = Message("system", (Text(_instructions(shape)),))
    prompts = tuple(_after_system(prompt, words) for prompt in request.prompts)
    return msgspec.structs.replace(request, prompts=prompts, shape=None)


def again(request: ChatRequest, said: str, problem: str) -> ChatRequest:
    """The request that follows a reply that doesn't fit."""
    turns = (Message("assistant", (Text(said),)), Message("user", (Text(_repair(problem)),)))
    prompts = tuple((*prompt, *turns) for prompt in request.prompts)
    return msgspec.structs.replace(request, prompts=prompts)


def bare(said: str) -> str:
    """The JSON in a reply: all of it, or what stands in the one fence around it."""
    found = _FENCED.match(said)
    return (found.group(1) if found else said).strip()


def misfit(text: str, shape: OutputShape) -> str | None:
    """What is wrong with a text that is to have a shape, in words for the model; L{None} if nothing is."""
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as error:
        return f"it is not valid JSON ({error})"
    if not isinstance(value, dict) and shape.schema is None:
        return "it is not a JSON object"
    return None if shape.schema is None else _against(value, msgspec.json.decode(shape.schema))


def bad_schema(schema: Any) -> str | None:
    """What is wrong with a schema itself; L{None} if nothing is."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return error.message[:_SHOWN]
    return None


def _against(value: Any, schema: Any) -> str | None:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    # An empty registry: a schema that refers to an address elsewhere must not make us fetch it.
    validator = Draft202012Validator(schema, registry=Registry())
    try:
        error = best_match(validator.iter_errors(value))
    except (Unresolvable, RecursionError):
        return None
    if error is None:
        return None
    return f"at {error.json_path}: {error.message[:_SHOWN]}"


def _instructions(shape: OutputShape) -> str:
    if shape.schema is None:
        return "Reply with one valid JSON object and nothing else: no explanation, no Markdown, no code fence."
    described = f" ({shape.description})" if shape.description else ""
    return (
        f"Reply with one JSON value named {shape.name}{described} and nothing else: no explanation, no Markdown, no "
        f"code fence. It must be valid against this JSON Schema:\n{bytes(shape.schema).decode()}"
    )


def _repair(problem: str) -> str:
    return f"That reply can't be used: {problem}. Reply again with the corrected JSON alone."


def _after_system(prompt: tuple[Message, ...], words: Message) -> tuple[Message, ...]:
    place = next((place for place, message in enumerate(prompt) if message.role != "system"), len(prompt))
    return (*prompt[:place], words, *prompt[place:])
