"""
Field names in snake case, which Google's API takes beside those in camel case at every level.

What a client names itself stays as it is: arguments, results, schemas, labels.
"""

from __future__ import annotations

import re

import msgspec

from argoproxy.errors import ClientFault
from argoproxy.wire.json import Fields, begins

from .reading import decode, split

# Fields that hold the client's own names.
_CLIENTS_OWN = frozenset(
    {
        "args",
        "labels",
        "parameters",
        "parametersJsonSchema",
        "partMetadata",
        "response",
        "responseJsonSchema",
        "responseSchema",
    }
)
_SNAKE = re.compile(r"[a-z]+(?:_[a-z0-9]+)+")
_ANY_SNAKE = re.compile(rb'"[a-z]+_[a-z0-9_]+"')
_HUMP = re.compile(r"_([a-z0-9])")

_object = msgspec.json.Decoder(Fields)
_array = msgspec.json.Decoder(list[msgspec.Raw])
_encode = msgspec.json.Encoder().encode


def read_fields(body: bytes) -> Fields:
    """
    A body's top-level fields, with all of Google's names in camel case. Whatever needs no change is kept byte for byte.

    @raise ClientFault: it is not a JSON object.
    """
    try:
        return _camel(split(body))
    except RecursionError:
        raise ClientFault("The request is nested too deeply.", code="invalid_json") from None


def read_object(raw: msgspec.Raw, path: str) -> Fields:
    """
    The fields of an object within a body.

    @param path: where it stands.
    @raise ClientFault: it is no object.
    """
    fields: Fields = decode(_object, raw, path)
    return fields


def _camel(fields: Fields) -> Fields:
    named = ((_name(name), raw) for name, raw in fields.items())
    return {name: raw if name in _CLIENTS_OWN else _value(raw) for name, raw in named}


def _name(name: str) -> str:
    return _HUMP.sub(lambda hump: hump[1].upper(), name) if _SNAKE.fullmatch(name) else name


def _value(raw: msgspec.Raw) -> msgspec.Raw:
    is_object = begins(raw, b"{")
    if not (is_object or begins(raw, b"[")) or not _ANY_SNAKE.search(raw):
        return raw
    if is_object:
        return msgspec.Raw(_encode(_camel(_object.decode(raw))))
    return msgspec.Raw(_encode([_value(one) for one in _array.decode(raw)]))
