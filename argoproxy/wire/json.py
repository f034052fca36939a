"""
JSON as the proxy takes it: strict, one level at a time.

A body is split into its top-level fields, each kept byte for byte; whoever knows a field decodes it. Meaning and
blame are the caller's: this module only says what is not JSON.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

Fields = dict[str, msgspec.Raw]
Place = tuple[str | int, ...]
"""Where a value stands: the names of fields and the indexes of items on the way to it."""

NULL = msgspec.Raw(b"null")

_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")
_items = msgspec.json.Decoder(list[msgspec.Raw])
_fields = msgspec.json.Decoder(Fields)
# More would cost many times their room, and hold everybody else up while they are read.
_MOST_VALUES = 5_000_000

# Pieces in which a body is looked through for long texts, and what is left of a piece at either side: there an escape
# ends that began before it.
_PIECE = 16_384
_EDGE = 16
# What is only in texts and names.
_TEXTUAL = re.compile(rb"[^\s\[\]{},:0-9.+\-eEtrufalsn]")

_anything = msgspec.json.Decoder()


class Malformed(ValueError):
    """The bytes are not a JSON object. The text says why, and quotes nothing of them."""


def split(body: bytes) -> Fields:
    """
    The top-level fields of a JSON object; of a name that comes twice, the last.

    @raise Malformed: it is none, or holds what JSON or Unicode can't: C{NaN}, C{1e999}, lone surrogates, bytes that
        aren't UTF-8, or nesting without end.
    """
    bones = _bones(body)
    if len(bones) > _MOST_VALUES and sum(map(bones.count, (b",", b"[", b"{"))) > _MOST_VALUES:
        raise Malformed("it has too many values")
    try:
        fields = _fields.decode(body)
        # Parts that are kept raw are only skimmed; a second reading finds what is wrong inside them.
        _anything.decode(bones)
    except msgspec.ValidationError as error:
        out_of_range = "out of range" in str(error)
        raise Malformed("a number is out of range" if out_of_range else "the body must be a JSON object") from None
    except msgspec.DecodeError as error:
        raise Malformed(_plain(str(error), body)) from None
    except UnicodeDecodeError:
        raise Malformed("it is not valid UTF-8") from None
    except RecursionError:
        raise Malformed("it is nested too deeply") from None
    return fields


def _bones(body: bytes) -> bytes:
    """
    A body without the insides of its long texts, such as files in base64. If the body is JSON, a piece of it that has
    no quote and something that only texts have is all inside of one; if it is plain ASCII, nothing can be wrong in it.
    """
    kept: list[bytes] = []
    done = 0
    for start in range(0, len(body) - _PIECE, _PIECE):
        end = start + _PIECE
        if _is_plain_text(body, start, end):
            kept.append(body[done : start + _EDGE])
            done = end - _EDGE
    return b"".join([*kept, body[done:]])


def _is_plain_text(body: bytes, start: int, end: int) -> bool:
    if body.find(b'"', start, end) >= 0 or body.find(b"\\", start, end) >= 0:
        return False
    return _TEXTUAL.search(body, start, end) is not None and body[start:end].isascii()


def begins(raw: msgspec.Raw, start: bytes) -> bool:
    """Whether a value begins with these bytes. Values may be large, and are not copied for this."""
    return memoryview(raw)[: len(start)] == start


def length(raw: msgspec.Raw) -> int:
    """The bytes of a value."""
    return memoryview(raw).nbytes


def place(path: str) -> Place:
    """The place that a path such as C{messages[2].content} names."""
    return tuple(int(index) if index else name for index, name in _STEP.findall(path))


def put(raw: msgspec.Raw, values: Mapping[Place, msgspec.Raw]) -> msgspec.Raw:
    """
    JSON with other values at some places; all others stay byte for byte.

    @param values: at places that there are, none of them within another.
    """
    if () in values:
        return values[()]
    below: dict[str | int, dict[Place, msgspec.Raw]] = {}
    for (step, *rest), value in values.items():
        below.setdefault(step, {})[tuple(rest)] = value
    held = _items.decode(raw) if begins(raw, b"[") else _fields.decode(raw)
    for step, inner in below.items():
        held[step] = put(held[step], inner)  # type: ignore[index]
    return msgspec.Raw(msgspec.json.encode(held))


def _plain(reason: str, body: bytes) -> str:
    """What msgspec says, in a client's words. It takes half of a surrogate pair for a text that was cut off."""
    if "truncated" not in reason:
        return reason.removeprefix("JSON is malformed: ")
    halves = b"\\ud" in body.lower()
    return "it ends too early, or holds half of a surrogate pair" if halves else "it ends too early"
