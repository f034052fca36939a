"""When ARGO is not worth an attempt any more."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from argoproxy.net.breaker import Breaker


def _after(failures: Sequence[float]) -> Breaker:
    breaker = Breaker()
    for now in failures:
        breaker.failed(now)
    return breaker


@pytest.mark.parametrize(
    ("failures", "is_open"),
    [
        ([], False),
        ([0.0] * 19, False),
        ([0.0] * 20, True),
        ([each * 0.5 for each in range(20)], True),
        ([0.0, *[10.0] * 19], True),
        ([0.0, *[10.1] * 19], False),
        ([0.0, *[10.1] * 20], True),
        ([float(each) for each in range(1000)], False),
    ],
)
def test_it_opens_at_twenty_failures_within_ten_seconds(failures: Sequence[float], is_open: bool) -> None:
    assert _after(failures).open is is_open


def test_who_opened_it_is_told_and_nobody_else() -> None:
    breaker = Breaker()
    assert [breaker.failed(0.0) for _ in range(30)] == [*[False] * 19, True, *[False] * 10]


def test_a_success_between_makes_them_count_anew() -> None:
    breaker = _after([0.0] * 19)
    breaker.succeeded()
    assert [breaker.failed(0.0) for _ in range(19)] == [False] * 19
    assert breaker.failed(0.0)


def test_a_success_that_comes_late_doesnt_close_it() -> None:
    breaker = _after([0.0] * 20)
    breaker.succeeded()
    assert breaker.open


def test_when_it_was_closed_it_opens_at_twenty_more() -> None:
    breaker = _after([0.0] * 25)
    breaker.close()
    assert not breaker.open
    assert [breaker.failed(1.0) for _ in range(20)].index(True) == 19
