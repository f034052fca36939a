"""A call's arguments in a history, for wires that take nothing but an object there."""

from __future__ import annotations

import msgspec

_object = msgspec.json.Decoder(dict[str, msgspec.Raw])


def as_object(arguments: str) -> msgspec.Raw:
    """
    The arguments, byte for byte if they are an object. Nothing becomes an empty one; what is no object, because the
    model that wrote it erred, is put into one.
    """
    text = arguments.strip()
    if not text:
        return msgspec.Raw(b"{}")
    try:
        _object.decode(text)
        msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return msgspec.Raw(msgspec.json.encode({"arguments": text}))
    return msgspec.Raw(text.encode())
