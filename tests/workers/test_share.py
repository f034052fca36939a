"""Bounds of the whole proxy are shared out among its workers."""

from __future__ import annotations

from typing import Any

import pytest

from argoproxy.config import Config
from argoproxy.workers.share import share, shares, shortage


def _parts(slots: int, **bounds: Any) -> list[Config]:
    config = Config(user="someone", **bounds)
    return [share(config, slot, slots) for slot in range(slots)]


@pytest.mark.parametrize(
    ("most", "slots", "parts"),
    [
        (None, 3, [None, None, None]),
        (90, 3, [30, 30, 30]),
        (11, 4, [3, 3, 3, 2]),
        (2, 4, [1, 1, 1, 1]),
        (7, 1, [7]),
    ],
)
def test_connections_and_those_who_wait_are_shared_out(most: int | None, slots: int, parts: list[int | None]) -> None:
    assert [one.max_connections for one in _parts(slots, max_connections=most)] == parts
    assert [one.max_queue for one in _parts(slots, max_queue=most)] == parts


def test_where_nobody_may_wait_nobody_may() -> None:
    assert [one.max_queue for one in _parts(2, max_queue=0)] == [0, 0]


def test_calls_are_shared_out_by_wire() -> None:
    parts = _parts(2, max_upstream={"gateway": 5, "openai_native": 1})
    assert [one.max_upstream for one in parts] == [
        {"gateway": 3, "openai_native": 1},
        {"gateway": 2, "openai_native": 1},
    ]


def test_all_else_is_each_worker_s() -> None:
    config = Config(user="someone", max_connections_per_address=8, max_queue_wait=3.0)
    assert share(config, 1, 4) == config


def test_people_are_told_what_each_has() -> None:
    assert shares(Config(user="someone"), 4) == ""
    config = Config(user="someone", max_connections=100, max_queue=0, max_upstream={"gateway": 10})
    assert shares(config, 4) == "max_connections 25, max_queue 0, max_upstream (gateway) 3"


@pytest.mark.parametrize(
    ("most", "slots", "short"), [(None, 2, [0, 0]), (90, 3, [0, 0, 0]), (11, 4, [0, 0, 0, 1]), (1, 2, [0, 0])]
)
def test_by_how_much_a_share_is_the_smaller_is_known(most: int | None, slots: int, short: list[int]) -> None:
    config = Config(user="someone", max_connections=most)
    assert [shortage(config, slot, slots) for slot in range(slots)] == short
