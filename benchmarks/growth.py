"""Whether a cost is flat, linear or worse in the size of what is asked for: by the slope of its logarithm."""

from __future__ import annotations

import math
from collections.abc import Sequence

_FLAT = 0.1
_LINEAR = 1.25


def slope(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """
    The exponent of the power of the size that the cost goes with, by least squares.

    What a request costs at any size makes it smaller, so that it is never too large for a cost that is linear.
    """
    xs, ys = ([math.log(value) for value in values] for values in (sizes, costs))
    x_mean, y_mean = sum(xs) / len(xs), sum(ys) / len(ys)
    products = sum((x - x_mean) * (y - y_mean) for x, y in zip(xs, ys, strict=True))
    return products / sum((x - x_mean) ** 2 for x in xs)


def verdict(sizes: Sequence[float], costs: Sequence[float]) -> str:
    """
    C{flat}, C{linear} or C{worse}. The larger half of the sizes decides, and the last step of all, where what is
    constant matters least.

    @param sizes: at least three, rising.
    """
    middle = (len(sizes) - 1) // 2
    late = max(slope(sizes[begin:], costs[begin:]) for begin in (middle, len(sizes) - 2))
    if max(late, slope(sizes, costs)) < _FLAT:
        return "flat"
    return "linear" if late <= _LINEAR else "worse"
