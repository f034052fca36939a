"""
A key as its owner has it: 256 random bits, written behind C{argo-}.

So many bits can't be guessed, however fast the digest that is kept of them is made; and a slow one would let anybody
keep the proxy busy.
"""

from __future__ import annotations

import hashlib
import secrets

_PREFIX = "argo-"
_BYTES = 32


def new() -> str:
    """A key that nobody has."""
    return _PREFIX + secrets.token_urlsafe(_BYTES)


def digest(key: str) -> str:
    """What is kept of it."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
