"""
What the operator says of models' abilities: C{abilities:} of the file, checked field by field.

Which fields there are, and of what type, follows from L{argoproxy.conversation.Abilities}.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec import inspect

from argoproxy.config.faults import Misfit, UnknownKey
from argoproxy.config.kinds import Kind
from argoproxy.conversation import Abilities


@cache
def _types() -> Mapping[str, Any]:
    """Found out when there is something to check, which most configurations have not."""
    return {field.name: field.type for field in msgspec.structs.fields(Abilities)}


def _accept(value: object) -> Mapping[str, Mapping[str, Any]]:
    if not isinstance(value, Mapping):
        raise ValueError
    return MappingProxyType({str(pattern): _row(str(pattern), fields) for pattern, fields in value.items()})


def _row(pattern: str, fields: object) -> Mapping[str, Any]:
    if not isinstance(fields, Mapping):
        raise Misfit("a mapping of abilities", fields, (pattern,))
    return MappingProxyType({name: _field(pattern, name, value) for name, value in fields.items()})


def _field(pattern: str, name: str, value: object) -> Any:
    types = _types()
    if name not in types:
        raise UnknownKey(types, (pattern, name))
    try:
        return msgspec.convert(value, types[name])
    except msgspec.ValidationError:
        raise Misfit(_wanted(inspect.type_info(types[name])), value, (pattern, name)) from None


def _wanted(type_: inspect.Type) -> str:
    """What a field takes, in an operator's words."""
    if isinstance(type_, inspect.UnionType):
        return " or ".join(_wanted(one) for one in type_.types)
    if isinstance(type_, inspect.LiteralType):
        return " or ".join(map(str, type_.values))
    if isinstance(type_, inspect.VarTupleType | inspect.FrozenSetType):
        return f"a list of {_wanted(type_.item_type)}"
    if isinstance(type_, inspect.IntType):
        return f"a whole number from {type_.ge}"
    if isinstance(type_, inspect.FloatType):
        return (
            f"a number above {type_.gt} and below {type_.lt}" if type_.lt is not None else f"a number from {type_.ge}"
        )
    return _PLAIN[type(type_)]


_PLAIN: Mapping[type, str] = {inspect.BoolType: "true or false", inspect.NoneType: "null", inspect.StrType: "words"}

ABILITIES = Kind("a mapping of models, or patterns for them, to abilities", _accept, None)
