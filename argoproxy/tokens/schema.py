"""
What the definitions of tools cost, by the rule that OpenAI has published (its cookbook's page on counting tokens).

The rule knows flat schemas only. Here it is applied at every level: what is nested is read by the model too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from argoproxy.conversation import Tool

from .encoding import Encoding
from .tally import Said, Sum

_TOOL = {"o200k_base": 7, "cl100k_base": 10}
_TOOLS = 12
_PROPERTIES = 3
_PROPERTY = 3
_CHOICES = -3
_CHOICE = 3


class _Schema(msgspec.Struct, frozen=True):
    """The parts of a JSON schema that the rule counts, and those that have schemas inside."""

    type: str | list[str] | None = None
    description: str | None = None
    enum: list[msgspec.Raw] | None = None
    properties: Mapping[str, _Schema | bool] | None = None
    items: _Schema | list[_Schema | bool] | bool | None = None
    any_of: list[_Schema | bool] | None = msgspec.field(default=None, name="anyOf")
    one_of: list[_Schema | bool] | None = msgspec.field(default=None, name="oneOf")
    all_of: list[_Schema | bool] | None = msgspec.field(default=None, name="allOf")
    definitions: Mapping[str, _Schema | bool] | None = msgspec.field(default=None, name="$defs")

    @property
    def kind(self) -> str:
        """Its type, or types."""
        return self.type if isinstance(self.type, str) else "|".join(self.type or ())

    def inner(self) -> Iterator[_Schema]:
        """The schemas right inside this one."""
        several = self.items if isinstance(self.items, list) else [self.items]
        for group in (
            (self.properties or {}).values(),
            several,
            self.any_of or (),
            self.one_of or (),
            self.all_of or (),
            (self.definitions or {}).values(),
        ):
            yield from (one for one in group if isinstance(one, _Schema))


_decoder = msgspec.json.Decoder(_Schema)


def said(tools: Iterable[Tool], encoding: Encoding) -> Iterator[Said]:
    """The texts and overheads of these tools, of which there is one at least."""
    yield _TOOLS
    for tool in tools:
        yield _TOOL[encoding.name]
        yield f"{tool.name}:{_undotted(tool.description)}"
        if tool.parameters is not None:
            yield from _summed(bytes(tool.parameters), encoding)


def _summed(raw: bytes, encoding: Encoding) -> Iterator[Said]:
    """A schema's, as one sum: an agent offers the same tools again with each of its requests."""
    known = encoding.remembered_sum(raw)
    if known is not None:
        yield known
        return
    yield Sum(raw)
    yield from _parameters(raw)
    yield Sum(None)


def _parameters(raw: bytes) -> Iterator[str | int]:
    """A schema's. One that is no usual JSON schema counts as the text that it is."""
    try:
        waiting = [_decoder.decode(raw)]
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        yield raw.decode("utf-8", "replace")
        return
    while waiting:
        schema = waiting.pop()
        waiting.extend(schema.inner())
        if schema.properties:
            yield _PROPERTIES
        for name, one in (schema.properties or {}).items():
            yield _PROPERTY
            yield from _property(name, one)


def _property(name: str, schema: _Schema | bool) -> Iterator[str | int]:
    if isinstance(schema, bool):
        yield name
        return
    if schema.enum is not None:
        yield _CHOICES
        for choice in schema.enum:
            yield _CHOICE
            yield bytes(choice).decode("utf-8", "replace").strip('"')
    yield f"{name}:{schema.kind}:{_undotted(schema.description)}"


def _undotted(description: str | None) -> str:
    return (description or "").removesuffix(".")
