"""
Vectors on their way to a client: read, checked, and cut to fewer dimensions. How they are written is known elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from argoproxy.errors import ClientFault, UpstreamFault

MOST_INPUTS = 2048
"""OpenAI's limit on the inputs of one request."""

_numbers = msgspec.json.Decoder(tuple[float, ...])


def read(row: msgspec.Raw) -> Sequence[float]:
    """
    A vector's numbers.

    @raise UpstreamFault: it is none.
    """
    try:
        return _numbers.decode(row)
    except msgspec.DecodeError:
        raise garbage("a vector that is none") from None


def cut(numbers: Sequence[float], wanted: int, param: str) -> Sequence[float]:
    """
    The first numbers, made a unit vector again, as OpenAI's own C{dimensions} does.

    @param param: where the client says how many it wants.
    @raise ClientFault: the vector has fewer.
    """
    if wanted > len(numbers):
        why = f"it is {wanted}, and the model's vectors have only {len(numbers)} numbers"
        raise ClientFault(f"Invalid value for '{param}': {why}.", code="invalid_value", param=param)
    kept = numbers[:wanted]
    length = math.hypot(*kept) or 1.0
    return [number / length for number in kept]


def check_count(vectors: int, inputs: int) -> None:
    """
    @raise UpstreamFault: there are more or fewer vectors than inputs.
    """
    if vectors != inputs:
        raise garbage(f"{vectors} vectors for {inputs} inputs")


def garbage(what: str) -> UpstreamFault:
    """The fault for what is no reply to a request for vectors."""
    return UpstreamFault(502, f"The upstream returned {what}.", code="upstream_garbage")
