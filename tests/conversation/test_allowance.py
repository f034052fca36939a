"""What somebody may use."""

from __future__ import annotations

import pytest

from argoproxy.conversation import Allowance, Limits, Standing


def test_no_limits_are_no_allowance() -> None:
    assert Limits().of("key", "a") == Allowance()


def test_what_limits_a_request_is_in_words_and_has_a_name_of_its_own() -> None:
    limits = Limits(requests_per_minute=60, tokens_per_minute=1000, tokens_per_day=5000, concurrency=4)
    allowance = limits.of("key", "a") + limits.of("user", "a") + limits.of("key", "b")
    assert [rate.told() for rate in allowance.rates[:3]] == [
        "60 requests per minute for this key",
        "1000 tokens per minute for this key",
        "5000 tokens per day for this key",
    ]
    assert allowance.places[1].told() == "4 requests at once for this user"
    single = Limits(requests_per_minute=1, tokens_per_day=1, concurrency=1).of("key", "a")
    assert [*(rate.told() for rate in single.rates), single.places[0].told()] == [
        "1 request per minute for this key",
        "1 token per day for this key",
        "1 request at once for this key",
    ]
    names = [one.name for one in allowance.rates] + [one.name for one in allowance.places]
    assert len(set(names)) == 12


@pytest.mark.parametrize(
    ("ahead", "remaining"),
    [(0.0, 7), (60 / 7, 6), (60 / 7 + 1e-9, 6), (60 / 7 - 1e-9, 6), (60.0, 0), (60 - 60 / 7, 1), (600.0, 0)],
)
def test_fractions_of_seconds_take_nothing_away(ahead: float, remaining: int) -> None:
    (rate,) = Limits(requests_per_minute=7).of("key", "a").rates
    assert Standing(rate, ahead).remaining == remaining
    assert (ahead - rate.room > 0) == (remaining == 0)
