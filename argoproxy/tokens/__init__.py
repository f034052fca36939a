"""Counts tokens as models do, in slices, never failing a request over it. What usage means is the caller's business."""

from .counter import Counter
from .tally import Tally

__all__ = ["Counter", "Tally"]
