"""What a second worker gains, where load and workers share the cores so that requests per second can't tell."""

from __future__ import annotations

import heapq

from .scenarios import COST, Sample


def gain(one: Sample, several: Sample, unhurried: Sample, workers: int) -> float | None:
    """
    How many times the work of one core so many workers do on as many.

    It is what a request costs with one, divided by what it costs with several, times their number, times how evenly
    they share the work: the mean of their CPU times divided by the largest. L{None} where a sample can't tell.

    @param unhurried: of clients that ask equally often. Where all ask as fast as they are served, the load takes its
        time from the worker that shares its core, whose clients then ask for less.
    """
    busiest = heapq.nlargest(workers, unhurried.processes)
    alone, shared = COST.of(one), COST.of(several)
    if not alone or not shared or len(busiest) < workers:
        return None
    return alone / shared * sum(busiest) / max(busiest)
