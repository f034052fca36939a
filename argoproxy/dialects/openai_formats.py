"""What OpenAI's requests say of the reply itself: what its text must be, and how much the model thinks before it."""

from __future__ import annotations

import msgspec

from argoproxy.conversation import OutputShape, Thinking
from argoproxy.conversation.abilities import Effort
from argoproxy.errors import ClientFault

_NULL = msgspec.Raw(b"null")


class TextFormat(msgspec.Struct, frozen=True, tag_field="type", tag="text"):
    """Any text."""


class JsonFormat(msgspec.Struct, frozen=True, tag_field="type", tag="json_object"):
    """Any JSON object."""


class JsonSchema(msgspec.Struct, frozen=True, kw_only=True):
    """JSON that fits a schema."""

    name: str
    description: str | None = None
    schema: msgspec.Raw = _NULL
    strict: bool | None = None


class SchemaFormat(msgspec.Struct, frozen=True, tag_field="type", tag="json_schema"):
    """A schema as Chat Completions write it."""

    json_schema: JsonSchema


class FlatSchemaFormat(JsonSchema, frozen=True, kw_only=True, tag_field="type", tag="json_schema"):
    """A schema as Responses write it."""


ResponseFormat = TextFormat | JsonFormat | SchemaFormat
FlatFormat = TextFormat | JsonFormat | FlatSchemaFormat


def read_format(wanted: ResponseFormat | FlatFormat | None, path: str) -> OutputShape | None:
    """
    What the text must be; L{None} for anything.

    @param path: where the format stands.
    @raise ClientFault: the schema is none.
    """
    if wanted is None or isinstance(wanted, TextFormat):
        return None
    if isinstance(wanted, JsonFormat):
        return OutputShape()
    if isinstance(wanted, SchemaFormat):
        return _shape(wanted.json_schema, f"{path}.json_schema.schema")
    return _shape(wanted, f"{path}.schema")


def _shape(wanted: JsonSchema, path: str) -> OutputShape:
    if bytes(wanted.schema) == b"null":
        return OutputShape(None, wanted.name, wanted.description, wanted.strict)
    if not bytes(wanted.schema).startswith(b"{"):
        raise ClientFault(f"Invalid value for '{path}': expected an object.", code="invalid_type", param=path)
    return OutputShape(wanted.schema, wanted.name, wanted.description, wanted.strict)


def read_effort(effort: Effort | None, shown: bool | None = None) -> Thinking | None:
    """
    How much to think; L{None} where nothing is said of it.

    @param shown: whether the client wants to read it.
    """
    if effort == "none":
        return Thinking("off", effort, shown=shown)
    return None if effort is None and shown is None else Thinking("adaptive", effort, shown=shown)
