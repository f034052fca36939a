"""
Whole replies as OpenAI's own description of its API has them.

ARGO says C{null} where that description has a field or none, and leaves out fields of Gemini's models that it requires.
Clients that are generated from it, or check by it, refuse such replies. Only those fields are touched.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from argoproxy.wire.json import Fields

_NULL = msgspec.Raw(b"null")
# Of OpenAI's OpenAPI document: what is required and may be null, and what may be left out and not be null.
_REQUIRED: Mapping[str, Fields] = {"choice": {"logprobs": _NULL}, "message": {"content": _NULL, "refusal": _NULL}}
_NEVER_NULL: Mapping[str, frozenset[str]] = {
    "reply": frozenset({"system_fingerprint", "usage"}),
    "message": frozenset({"annotations", "function_call", "tool_calls"}),
}

_encode = msgspec.json.encode
_fields = msgspec.json.Decoder(Fields)
_items = msgspec.json.Decoder(list[msgspec.Raw])


def described(body: bytes) -> bytes:
    """
    A reply with what must be there and without what mustn't; as it is, if nothing is amiss.

    @param body: a JSON object with C{choices} that are objects.
    """
    reply = _fields.decode(body)
    told = _put_right("reply", reply)
    choices = _items.decode(reply["choices"])
    right = [_choice(choice) for choice in choices]
    if any(one is not other for one, other in zip(choices, right, strict=True)):
        told = {**told, "choices": msgspec.Raw(_encode(right))}
    return body if told is reply else _encode(told)


def _choice(raw: msgspec.Raw) -> msgspec.Raw:
    choice = _fields.decode(raw)
    told = _put_right("choice", choice)
    if "message" in choice:
        message = _fields.decode(choice["message"])
        right = _put_right("message", message)
        told = told if right is message else {**told, "message": msgspec.Raw(_encode(right))}
    return raw if told is choice else msgspec.Raw(_encode(told))


def _put_right(kind: str, fields: Fields) -> Fields:
    """The same object where nothing is amiss."""
    unwelcome = [name for name in _NEVER_NULL.get(kind, ()) if name in fields and fields[name] == _NULL]
    missing = {name: raw for name, raw in _REQUIRED.get(kind, {}).items() if name not in fields}
    if not unwelcome and not missing:
        return fields
    return {name: raw for name, raw in fields.items() if name not in unwelcome} | missing
