"""What every ledger must do, in memory and on a server that several share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_twisted import blockon, ensureDeferred
from zope.interface.verify import verifyObject

from argoproxy.conversation import Allowance, Limits
from argoproxy.interfaces import ILedger
from tests.quotas.ledgers import InMemory, Shared
from tests.running import Running

pytest_plugins = ["tests.quotas.server"]

Kind = InMemory | Shared


@pytest.fixture(params=["memory", "redis"])
def one(request: pytest.FixtureRequest) -> Any:
    """A ledger of each kind, with nothing in it."""
    return InMemory() if request.param == "memory" else request.getfixturevalue("first")


@pytest.fixture
def first(redis: Running) -> Iterator[Shared]:
    """One of those that share a server, on which there is nothing yet."""
    shared = Shared(redis.port)
    blockon(shared.connection.flushall())
    yield shared
    shared.close()


@pytest.fixture
def second(redis: Running) -> Iterator[Shared]:
    """Another one."""
    shared = Shared(redis.port)
    yield shared
    shared.close()


def _of(name: str = "a", **limits: int) -> Allowance:
    return Limits(**limits).of("key", name)


async def _enter(one: Kind, allowance: Allowance, times: int = 1) -> list[bool]:
    """Whether each of some requests may begin; they end at once."""
    allowed = []
    for _ in range(times):
        verdict = await one.enter(allowance)
        allowed.append(verdict.denied is None)
        if verdict.denied is None:
            one.leave(verdict)
    return allowed


def test_it_is_a_ledger(one: Kind) -> None:
    assert verifyObject(ILedger, one.ledger)
    assert not one.ledger.away


@ensureDeferred
async def test_nothing_limits_who_has_no_limits(one: Kind) -> None:
    assert await _enter(one, Allowance(), 20) == [True] * 20


@ensureDeferred
async def test_all_requests_of_a_minute_may_come_at_once_and_come_back_one_by_one(one: Kind) -> None:
    allowance = _of(requests_per_minute=3)
    assert await _enter(one, allowance, 4) == [True, True, True, False]
    await one.passes(19)
    assert await _enter(one, allowance) == [False]
    await one.passes(1)
    assert await _enter(one, allowance, 2) == [True, False]
    await one.passes(120)
    assert await _enter(one, allowance, 4) == [True, True, True, False]


@ensureDeferred
async def test_it_tells_how_much_there_is_and_when_all_of_it(one: Kind) -> None:
    allowance = _of(requests_per_minute=3, tokens_per_minute=600)
    verdict = await one.enter(allowance)
    requests, tokens = verdict.least("requests"), verdict.least("tokens")
    assert requests is not None
    assert tokens is not None
    assert (requests.remaining, tokens.remaining) == (2, 600)
    assert requests.ahead == pytest.approx(20, abs=0.5)
    one.leave(verdict, 100)
    tokens = (await one.enter(allowance)).least("tokens")
    assert tokens is not None
    assert tokens.remaining in (500, 501, 502)
    assert tokens.ahead == pytest.approx(10, abs=0.5)


@ensureDeferred
async def test_who_is_denied_is_told_how_long_to_wait(one: Kind) -> None:
    allowance = _of(requests_per_minute=3)
    await _enter(one, allowance, 3)
    verdict = await one.enter(allowance)
    assert verdict.denied == allowance.rates[0]
    assert verdict.wait == pytest.approx(20, abs=0.5)
    await one.passes(20)
    assert await _enter(one, allowance) == [True]


@ensureDeferred
async def test_tokens_are_taken_afterwards_and_debt_waits(one: Kind) -> None:
    allowance = _of(tokens_per_minute=60)
    first, second = await one.enter(allowance), await one.enter(allowance)
    assert (first.denied, second.denied) == (None, None)
    one.leave(first, 50)
    one.leave(second, 50)
    verdict = await one.enter(allowance)
    assert verdict.denied == allowance.rates[0]
    assert verdict.wait == pytest.approx(41, abs=0.5)
    assert [standing.remaining for standing in verdict.standings] == [0]
    await one.passes(42)
    assert await _enter(one, allowance) == [True]


@ensureDeferred
async def test_tokens_of_a_day_are_kept_beside_those_of_a_minute(one: Kind) -> None:
    allowance = _of(tokens_per_minute=60, tokens_per_day=100)
    one.leave(await one.enter(allowance), 100)
    await one.passes(60)
    verdict = await one.enter(allowance)
    assert verdict.denied is not None
    assert verdict.denied.told() == "100 tokens per day for this key"
    assert verdict.wait == pytest.approx(864 - 60, abs=1)
    least = verdict.least("tokens")
    assert least is not None
    assert (least.rate.limit, least.remaining) == (100, 0)


@ensureDeferred
async def test_who_is_denied_has_used_nothing(one: Kind) -> None:
    tight, wide = _of("tight", requests_per_minute=1), _of("wide", requests_per_minute=2, concurrency=1)
    await _enter(one, tight)
    assert await _enter(one, wide + tight, 5) == [False] * 5
    assert await _enter(one, wide, 3) == [True, True, False]


@ensureDeferred
async def test_a_request_without_a_place_uses_no_rate(one: Kind) -> None:
    allowance = _of(requests_per_minute=2, concurrency=1)
    running = await one.enter(allowance)
    assert await _enter(one, allowance, 3) == [False] * 3
    one.leave(running)
    assert await _enter(one, allowance, 2) == [True, False]


@ensureDeferred
async def test_places_are_free_again_when_their_requests_end(one: Kind) -> None:
    allowance = _of(concurrency=2)
    first, second = await one.enter(allowance), await one.enter(allowance)
    third = await one.enter(allowance)
    assert third.denied == allowance.places[0]
    one.leave(first)
    fourth = await one.enter(allowance)
    assert fourth.denied is None
    assert await _enter(one, allowance) == [False]
    one.leave(second)
    one.leave(fourth)
    assert await _enter(one, allowance, 3) == [True] * 3


@ensureDeferred
async def test_each_has_their_own(one: Kind) -> None:
    assert await _enter(one, _of("a", requests_per_minute=1), 2) == [True, False]
    assert await _enter(one, _of("b", requests_per_minute=1), 2) == [True, False]
    user = Limits(requests_per_minute=1).of("user", "a")
    assert await _enter(one, user, 2) == [True, False]


@ensureDeferred
async def test_a_request_that_runs_for_long_keeps_its_place(one: Kind) -> None:
    allowance = _of(concurrency=1)
    running = await one.enter(allowance)
    await one.passes(200)
    assert await _enter(one, allowance) == [False]
    one.leave(running)
    assert await _enter(one, allowance) == [True]


@ensureDeferred
async def test_those_who_share_a_server_share_what_there_is(first: Shared, second: Shared) -> None:
    allowance = _of(requests_per_minute=3, concurrency=1)
    running = await first.enter(allowance)
    assert await _enter(second, allowance) == [False]
    first.leave(running)
    assert await _enter(first, allowance) + await _enter(second, allowance, 2) == [True, True, False]


@ensureDeferred
async def test_the_places_of_a_process_that_has_crashed_become_free(first: Shared, second: Shared) -> None:
    crashed, other = first, second
    allowance = _of(concurrency=1)
    await crashed.enter(allowance)
    await other.passes(50)
    assert await _enter(other, allowance) == [False]
    await other.passes(11)
    assert await _enter(other, allowance) == [True]


@ensureDeferred
async def test_a_server_that_has_forgotten_its_scripts_is_told_them_again(first: Shared) -> None:
    allowance = _of(requests_per_minute=3)
    assert await _enter(first, allowance, 2) == [True, True]

    await first.connection.script_flush()
    assert await _enter(first, allowance, 2) == [True, False]


@ensureDeferred
async def test_all_that_is_kept_expires(first: Shared) -> None:
    verdict = await first.enter(_of(requests_per_minute=3, tokens_per_minute=60, concurrency=1))
    first.leave(verdict, 5)
    await first.enter(_of("other", concurrency=1))

    keys = await first.connection.keys("*")
    assert len(keys) == 3
    assert all(key.startswith("{argoproxy}:") for key in keys)
    assert all([await first.connection.ttl(key) > 0 for key in keys])
