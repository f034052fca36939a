"""A key opens for its owner until it expires or is taken back."""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from argoproxy.config.keys import ApiKey
from argoproxy.keys import token
from argoproxy.keys.ring import Ring

FIRST, SECOND = token.new(), token.new()


def _key(name: str, of: str, expires: str | None = None) -> ApiKey:
    return ApiKey(name=name, sha256=token.digest(of), expires=expires)


def _ring(clock: Clock, *keys: ApiKey) -> Ring[str]:
    ring: Ring[str] = Ring(lambda key: key.name, clock.seconds)
    ring.replace(keys)
    return ring


def test_a_key_has_256_bits_and_is_nobody_elses() -> None:
    made = {token.new() for _ in range(100)}
    assert len(made) == 100
    assert {len(one) for one in made} == {len("argo-") + 43}
    assert all(one.startswith("argo-") and one.isascii() for one in made)


def test_a_key_opens_for_its_owner() -> None:
    ring = _ring(Clock(), _key("first", FIRST), _key("second", SECOND))
    assert (ring.owner(FIRST), ring.owner(SECOND)) == ("first", "second")


@pytest.mark.parametrize("other", ["", "argo-", FIRST[:-1], FIRST + "a", FIRST.upper(), token.digest(FIRST), "é\ud800"])
def test_nothing_else_does(other: str) -> None:
    assert _ring(Clock(), _key("first", FIRST)).owner(other) is None


def test_a_key_that_is_taken_back_opens_no_more() -> None:
    ring = _ring(Clock(), _key("first", FIRST))
    ring.replace([_key("second", SECOND)])
    assert (ring.owner(FIRST), ring.owner(SECOND)) == (None, "second")


@pytest.mark.parametrize(
    ("expires", "last"),
    [
        ("1970-01-01", 86_399.9),
        ("1970-01-01T10:00:00", 35_999.9),
        ("1970-01-01T10:00:00Z", 35_999.9),
        ("1970-01-01 10:00:00+01:00", 32_399.9),
    ],
)
def test_a_key_is_good_until_it_expires(expires: str, last: float) -> None:
    clock = Clock()
    ring = _ring(clock, _key("first", FIRST, expires))
    clock.advance(last)
    assert ring.owner(FIRST) == "first"
    clock.advance(0.2)
    assert ring.owner(FIRST) is None
