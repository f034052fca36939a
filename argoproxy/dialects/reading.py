"""
How a dialect reads a request: the body split into fields, the known ones decoded to a Struct, the rest kept.

All blame is said here, once: each fault names the field by its path, C{messages[2].content}.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import msgspec

from argoproxy.errors import ClientFault
from argoproxy.wire import json

S = TypeVar("S", bound=msgspec.Struct)

_MISSING = re.compile(r"^Object missing required field `(.*)`$")
_UNKNOWN = re.compile(r"^Invalid (?:enum )?value (.*)$", re.DOTALL)
_LONGEST_QUOTE = 80
_TYPE = re.compile(r"\b(?:str|int|float|bool)\b")
_TYPES = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}


def split(body: bytes) -> json.Fields:
    """
    A body's top-level fields.

    @raise ClientFault: it is not a JSON object.
    """
    try:
        return json.split(body)
    except json.Malformed as error:
        raise ClientFault(f"The request is not valid JSON: {error}.", code="invalid_json") from None


class Reader(Generic[S]):
    """
    Reads fields into a Struct whose fields are named (or renamed) as the API's.

    A C{null} counts as absent. Fields that the Struct lacks are the extras.
    """

    def __init__(self, shape: type[S]) -> None:
        self._shape = shape
        fields = msgspec.structs.fields(shape)
        self._fields = {field.encode_name: (field.name, msgspec.json.Decoder(field.type)) for field in fields}
        self._required = [(field.encode_name, field.name) for field in fields if field.required]

    def read(self, fields: Mapping[str, msgspec.Raw]) -> tuple[S, json.Fields]:
        """
        The Struct, and the extras.

        @raise ClientFault: a field is missing or of the wrong type.
        """
        known: dict[str, Any] = {}
        extras: json.Fields = {}
        for name, raw in fields.items():
            if raw == json.NULL:
                continue
            field = self._fields.get(name)
            if field is not None:
                known[field[0]] = decode(field[1], raw, name)
            else:
                extras[name] = raw
        for name, own in self._required:
            if own not in known:
                raise _missing(name)
        return self._shape(**known), extras


def decode(decoder: msgspec.json.Decoder[Any], raw: msgspec.Raw | bytes, path: str) -> Any:
    """
    A part of a request.

    @param path: where it stands in the body.
    @raise ClientFault: it is not of the decoder's type; C{param} has the path of what is wrong in it.
    """
    try:
        return decoder.decode(raw)
    except msgspec.DecodeError as error:
        reason = str(error)
    except RecursionError:
        raise ClientFault(f"'{path}' is nested too deeply.", code="invalid_json", param=path) from None
    # The last one is msgspec's own: what stands before it may quote the client.
    what, found, below = reason.rpartition(" - at `$")
    if found and below.endswith("`"):
        raise _blame(path + below[:-1], what)
    raise _blame(path, reason)


def _blame(where: str, reason: str) -> ClientFault:
    """
    The fault for what msgspec found wrong, in a client's words.

    @param reason: C{Expected `int`, got `str`}, C{Invalid value 'x'} and the like.
    """
    missing = _MISSING.match(reason)
    if missing is not None:
        return _missing(f"{where}.{missing.group(1)}")
    unknown = _UNKNOWN.match(reason)
    if unknown is not None:
        value = unknown.group(1)
        what = f"{value if len(value) <= _LONGEST_QUOTE else 'it'} is not supported"
        return ClientFault(f"Invalid value for '{where}': {what}.", code="invalid_value", param=where)
    code = "invalid_type" if ", got " in reason else "invalid_value"
    what = _TYPE.sub(lambda word: _TYPES[word.group()], reason[:1].lower() + reason[1:])
    return ClientFault(f"Invalid value for '{where}': {what}.", code=code, param=where)


def _missing(path: str) -> ClientFault:
    text = f"Missing required parameter: '{path}'."
    return ClientFault(text, code="missing_required_parameter", param=path)
