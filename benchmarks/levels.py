"""Whether a figure that is read again and again stays where it is, or grows."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence

import attrs
import msgspec

# What is reserved and learnt once comes in this part of the time.
_SETTLING = 1 / 3
_FEWEST = 6


@attrs.frozen
class Figure:
    """
    @ivar most: by which share of itself it may seem to grow in the time that is looked at.
    @ivar least: by how much it may in any case.
    """

    name: str
    most: float
    least: float


class Trend(msgspec.Struct, frozen=True):
    """
    @ivar level: its median, once it has settled.
    @ivar growth: by how much it has grown since then, by its trend.
    @ivar verdict: C{flat}, C{growing}, or C{too few} to tell.
    """

    figure: str
    level: float
    growth: float
    verdict: str


def trend(figure: Figure, values: Sequence[float]) -> Trend:
    """
    How a figure went, by the median of the slopes between all pairs: a few that are far off change nothing.

    @param values: at even distances in time; at least one.
    """
    settled = values[int(len(values) * _SETTLING) :]
    level = statistics.median(settled)
    pairs = itertools.combinations(enumerate(settled), 2)
    slopes = [(late - early) / (after - before) for (before, early), (after, late) in pairs]
    growth = statistics.median(slopes) * (len(settled) - 1) if slopes else 0.0
    verdict = "growing" if growth > max(figure.least, level * figure.most) else "flat"
    return Trend(figure.name, level, growth, verdict if len(settled) >= _FEWEST else "too few")
