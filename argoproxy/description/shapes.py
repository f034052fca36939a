"""
Structs as a schema can tell them: copies of those that read requests and write replies.

msgspec makes the schemas. A copy is needed for what it doesn't take: defaults that are raw bytes, and unions that are
only ever written. And a reply may be ARGO's own: what is always empty in one that is made here may be anything then,
and what is left out may be there as C{null}.
"""

from __future__ import annotations

import inspect
import re
from functools import reduce
from operator import or_
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

_MARKUP = re.compile(r"[A-Z]\{([^{}]*)\}")


def words(doc: str) -> str:
    """A docstring's text as plain words, without what it says of fields."""
    text = inspect.cleandoc(doc).partition("\n@")[0].strip()
    return _MARKUP.sub(r"`\1`", " ".join(text.split()))


class Copies:
    """Copies of Structs, one of each."""

    def __init__(self) -> None:
        self._made: dict[type, type[msgspec.Struct]] = {}

    def of(self, kind: Any) -> Any:
        """The same type with copies of all Structs in it."""
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            return self._copy(kind)
        if kind is None or kind is type(None) or get_origin(kind) is Literal:
            return kind
        if get_origin(kind) is Annotated:
            return Annotated[(self.of(get_args(kind)[0]), *kind.__metadata__)]
        if get_origin(kind) in (Union, UnionType):
            return reduce(or_, map(self.of, get_args(kind)))
        inner = tuple(one if one is Ellipsis else self.of(one) for one in get_args(kind))
        return get_origin(kind)[inner] if inner else kind

    def _copy(self, kind: type[msgspec.Struct]) -> type[msgspec.Struct]:
        if kind not in self._made:
            tag_field, tag = _tag(kind)
            fields = [self._field(field) for field in msgspec.structs.fields(kind) if field.encode_name != tag_field]
            self._made[kind] = msgspec.defstruct(
                kind.__name__.lstrip("_"),
                fields,
                tag_field=tag_field,
                tag=tag,
                kw_only=True,
                module=kind.__module__.rpartition(".")[2],
                namespace={"__doc__": words(kind.__doc__ or "")},
            )
        return self._made[kind]

    def _field(self, field: msgspec.structs.FieldInfo) -> tuple[str, Any, Any]:
        kind = self._free(field.type)
        if field.default is msgspec.UNSET:
            kind = kind | None
        told: dict[str, Any] = {"default": field.default, "default_factory": field.default_factory}
        if isinstance(field.default, msgspec.Raw):
            told["default"] = msgspec.UNSET
        return field.name, kind, msgspec.field(name=field.encode_name, **told)

    def _free(self, kind: Any) -> Any:
        """Of what is always empty, anything."""
        if kind is None or kind is type(None):
            return Any
        return tuple[Any, ...] if kind == tuple[()] else self.of(kind)


def _tag(kind: type[msgspec.Struct]) -> tuple[str | None, str | int | None]:
    """What tells a Struct from others: its tag, or a field that has one value only."""
    config = kind.__struct_config__
    if config.tag_field is not None:
        return config.tag_field, config.tag
    for field in msgspec.structs.fields(kind):
        if get_origin(field.type) is Literal and len(get_args(field.type)) == 1:
            return field.encode_name, get_args(field.type)[0]
    return None, None
