"""Embeddings: unit vectors made from a text's hash, the same on each machine and in each run."""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Sequence
from functools import lru_cache


def text_vector(text: str, length: int) -> list[float]:
    """@return: The unit vector of a text: equal texts have equal vectors."""
    return _vector(b"text:" + text.encode(), length)


def token_vector(ids: Sequence[int], length: int) -> list[float]:
    """@return: The unit vector of a list of token ids. It isn't the vector of the text that they stand for."""
    return _vector(b"ids:" + ",".join(map(str, ids)).encode(), length)


def shortened(vector: Sequence[float], length: int) -> list[float]:
    """@return: The first numbers of a vector, made a unit vector again."""
    return _unit(vector[:length])


@lru_cache(maxsize=64)
def _cached(seed: bytes, length: int) -> tuple[float, ...]:
    data = hashlib.shake_256(seed).digest(4 * length)
    return tuple(_unit([number / 2**31 - 1.0 for number in struct.unpack(f"<{length}I", data)]))


def _vector(seed: bytes, length: int) -> list[float]:
    return list(_cached(hashlib.sha256(seed).digest(), length))


def _unit(numbers: Sequence[float]) -> list[float]:
    norm = math.sqrt(math.fsum(number * number for number in numbers)) or 1.0
    return [number / norm for number in numbers]
