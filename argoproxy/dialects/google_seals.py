"""
Signatures as Google's clients keep them: bytes, in base64 of either alphabet.

The seals of other providers are texts that come back unchanged only if all of their characters do, so they go out as
the base64 of a marked text. A signature without the mark is Google's own.
"""

from __future__ import annotations

import base64
from typing import NamedTuple

_SIGNATURE = b"argoproxy:signature:"
_REDACTED = b"argoproxy:redacted:"


class Seal(NamedTuple):
    """A seal: a signature, or what a provider gives in place of what was thought."""

    signature: str | None = None
    redacted: str | None = None


def thought_signature(signature: str | None, redacted: str | None = None) -> str | None:
    """What a C{thoughtSignature} holds; L{None} where nothing is sealed."""
    if redacted is not None:
        return _written(_REDACTED, redacted)
    return None if signature is None else _written(_SIGNATURE, signature)


def seal(written: str | None) -> Seal:
    """What a C{thoughtSignature} of a client's says."""
    if not written:
        return Seal()
    try:
        content = base64.b64decode(plain_base64(written))
    except ValueError:
        return Seal(written)
    if content.startswith(_REDACTED):
        return Seal(None, _text(content[len(_REDACTED) :]))
    if content.startswith(_SIGNATURE):
        return Seal(_text(content[len(_SIGNATURE) :]))
    return Seal(written)


def plain_base64(text: str) -> str:
    """
    The same bytes in the plain alphabet, with padding.

    @raise ValueError: it is base64 of neither alphabet.
    """
    bare = text.rstrip("=").replace("-", "+").replace("_", "/")
    plain = bare + "=" * (-len(bare) % 4)
    try:
        base64.b64decode(plain, validate=True)
    except ValueError:
        raise ValueError("not base64") from None
    return plain


def _written(mark: bytes, text: str) -> str:
    return base64.b64encode(mark + text.encode()).decode()


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")
