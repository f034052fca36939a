"""Waiting before a worker is started again: longer each time, bounded, and short again behind one that lived."""

from __future__ import annotations

from argoproxy.workers.backoff import Backoff


def test_each_delay_is_twice_the_one_before_up_to_a_bound() -> None:
    backoff = Backoff()
    delays = [backoff.delay(0.0) for _ in range(12)]
    assert delays[:4] == [0.1, 0.2, 0.4, 0.8]
    assert delays[-3:] == [30.0, 30.0, 30.0]
    assert delays == sorted(delays)


def test_it_begins_anew_behind_one_that_lived_for_a_while() -> None:
    backoff = Backoff()
    before = [backoff.delay(59.9) for _ in range(5)]
    assert (before[-1], backoff.delay(60.0), backoff.delay(0.0)) == (1.6, 0.1, 0.2)
