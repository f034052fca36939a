"""
JSON as the proxy takes it: strict, one level at a time.

A body is split into its top-level fields, each kept byte for byte; whoever knows a field decodes it. Meaning and
blame are the caller's: this module only says what is not JSON.
"""

from __future__ import annotations

import re

import msgspec

Fields = dict[str, msgspec.Raw]

_fields = msgspec.json.Decoder(Fields)
_anything = msgspec.json.Decoder()

# What msgspec lets pass inside a part that it keeps raw: lone surrogates, and numbers that no double can hold.
_SUSPECT = re.compile(rb"\\u[dD][89a-fA-F]|[0-9][eE]\+?[0-9]{3}|[0-9]{300}")


class Malformed(ValueError):
    """The bytes are not a JSON object. The text says why, and quotes nothing of them."""


def split(body: bytes) -> Fields:
    """
    The top-level fields of a JSON object; of a name that comes twice, the last.

    @raise Malformed: it is none, or holds what JSON or Unicode can't: C{NaN}, C{1e999}, lone surrogates, bytes that
        aren't UTF-8, or nesting without end.
    """
    try:
        fields = _fields.decode(body)
        if _SUSPECT.search(body) is not None:
            _anything.decode(body)
        if not body.isascii():
            body.decode("utf-8")
    except msgspec.ValidationError as error:
        out_of_range = "out of range" in str(error)
        raise Malformed("a number is out of range" if out_of_range else "the body must be a JSON object") from None
    except msgspec.DecodeError as error:
        raise Malformed(_plain(str(error))) from None
    except UnicodeDecodeError as error:
        raise Malformed(f"invalid UTF-8 at byte {error.start}") from None
    except RecursionError:
        raise Malformed("it is nested too deeply") from None
    return fields


def _plain(reason: str) -> str:
    """What msgspec says, in a client's words."""
    return reason.removeprefix("JSON is malformed: ").replace("Input data was truncated", "it ends too early")
