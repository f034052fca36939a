"""How each API tells in a reply's headers what is left of limits."""

from __future__ import annotations

import pytest

from argoproxy.conversation import Limits, Standing, Verdict
from argoproxy.dialects import anthropic_limits, google_limits, openai_limits

ALLOWANCE = Limits(requests_per_minute=60, tokens_per_minute=600, tokens_per_day=86_400).of("key", "a")
NOW = 1_700_000_000.25


def _verdict(*ahead: float) -> Verdict:
    return Verdict(ALLOWANCE, tuple(Standing(*one) for one in zip(ALLOWANCE.rates, ahead, strict=True)))


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "0ms"),
        (0.0201, "21ms"),
        (1, "1s"),
        (1.5, "1.5s"),
        (59.999, "59.999s"),
        (60, "1m0s"),
        (360.25, "6m0.25s"),
        (3600, "1h0m0s"),
        (86_399, "23h59m59s"),
    ],
)
def test_openai_writes_times_as_go_does(seconds: float, written: str) -> None:
    assert openai_limits.duration(seconds) == written


def test_openai_tells_limit_rest_and_reset() -> None:
    assert openai_limits.headers(_verdict(2.0, 30.0, 100.0), NOW) == {
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-remaining-requests": "58",
        "x-ratelimit-reset-requests": "2s",
        "x-ratelimit-limit-tokens": "600",
        "x-ratelimit-remaining-tokens": "300",
        "x-ratelimit-reset-tokens": "30s",
    }


def test_of_several_limits_the_one_of_which_the_least_is_left_is_told() -> None:
    told = openai_limits.headers(_verdict(0.0, 30.0, 86_300.0), NOW)
    assert told["x-ratelimit-limit-tokens"] == "86400"
    assert told["x-ratelimit-remaining-tokens"] == "100"


def test_anthropic_tells_when_all_is_there_again() -> None:
    assert anthropic_limits.headers(_verdict(2.0, 60.0, 100.0), NOW) == {
        "anthropic-ratelimit-requests-limit": "60",
        "anthropic-ratelimit-requests-remaining": "58",
        "anthropic-ratelimit-requests-reset": "2023-11-14T22:13:23Z",
        "anthropic-ratelimit-tokens-limit": "600",
        "anthropic-ratelimit-tokens-remaining": "0",
        "anthropic-ratelimit-tokens-reset": "2023-11-14T22:14:21Z",
    }


def test_who_has_no_limits_is_told_of_none() -> None:
    verdict = Verdict(Limits(concurrency=1).of("key", "a"), ())
    assert [kind.headers(verdict, NOW) for kind in (openai_limits, anthropic_limits, google_limits)] == [{}, {}, {}]


def test_google_tells_of_none() -> None:
    assert google_limits.headers(_verdict(2.0, 30.0, 100.0), NOW) == {}
