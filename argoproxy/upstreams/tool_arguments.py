"""A call's arguments in a history, for wires that take nothing but an object there."""

from __future__ import annotations

import msgspec


def as_object(arguments: str) -> msgspec.Raw:
    """
    The arguments, byte for byte if they are an object. Nothing becomes an empty one; what is no object, because the
    model that wrote it erred, is put into one.
    """
    text = arguments.strip()
    if not text:
        return msgspec.Raw(b"{}")
    try:
        known = isinstance(msgspec.json.decode(text), dict)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        known = False
    return msgspec.Raw(text.encode() if known else msgspec.json.encode({"arguments": text}))
