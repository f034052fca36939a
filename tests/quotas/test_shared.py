"""What becomes of requests while the store that keeps account of them is away."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
import msgspec
import pytest
from pytest_twisted import ensureDeferred
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from argoproxy.config import Config
from argoproxy.conversation import Allowance, Limits
from argoproxy.entrance import make_ledger
from argoproxy.errors import ProxyError
from argoproxy.quotas.scripts import ENTER, LEAVE, LOOK, RENEW
from argoproxy.quotas.shared import SharedLedger
from tests.running import started

pytest_plugins = ["tests.quotas.server"]

reactor: Any = _reactor

ALLOWANCE = Limits(requests_per_minute=10, tokens_per_minute=60, concurrency=2).of("key", "a")
PASSES: Sequence[object] = [0, "0.0", "6.0", "0.0"]


@attrs.define
class Connection:
    """
    A connection as txredisapi's.

    @ivar answer: what each command comes to.
    """

    answer: Any = attrs.field(factory=lambda: list(PASSES))
    evaluated: list[tuple[str, Sequence[str], Sequence[object]]] = attrs.field(factory=list)
    connected: int = 0
    trouble: str = ""

    def eval(self, script: str, keys: Sequence[str], arguments: Sequence[object]) -> Deferred[Any]:
        self.evaluated.append((script, keys, arguments))
        return self._answered()

    def disconnect(self) -> Deferred[None]:
        self.connected -= 1
        return succeed(None)

    def _answered(self) -> Deferred[Any]:
        if self.answer is None:
            return Deferred()
        if isinstance(self.answer, Deferred):
            return self.answer
        return fail(self.answer) if isinstance(self.answer, Exception) else succeed(self.answer)


class AwayTests(SynchronousTestCase):
    """A store that doesn't answer, with a clock for the time."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.connection = Connection()

    def ledger(self, *, lenient: bool = False) -> SharedLedger:
        return SharedLedger(self.clock, self.connect, lenient)

    def connect(self) -> Connection:
        self.connection.connected += 1
        return self.connection

    def test_nothing_is_connected_to_before_there_is_something_to_account_for(self) -> None:
        ledger = self.ledger()
        self.successResultOf(ledger.enter(Allowance()))
        assert self.connection.connected == 0
        self.successResultOf(ledger.enter(ALLOWANCE))
        self.successResultOf(ledger.enter(ALLOWANCE))
        assert self.connection.connected == 1
        ledger.close()
        assert (self.connection.connected, self.clock.getDelayedCalls()) == (0, [])

    def test_requests_are_refused_where_that_is_configured(self) -> None:
        self.connection.answer = ConnectionError("secret")
        refused = self.failureResultOf(self.ledger().enter(ALLOWANCE), ProxyError).value
        assert (refused.status, refused.code, refused.retry_after) == (503, "limits_unavailable", "1")

    def test_requests_go_on_unlimited_where_that_is_configured(self) -> None:
        self.connection.answer = ConnectionError("secret")
        ledger = self.ledger(lenient=True)
        verdict = self.successResultOf(ledger.enter(ALLOWANCE))
        assert (verdict.denied, verdict.standings) == (None, ())
        ledger.leave(verdict, 100)
        assert len(self.connection.evaluated) == 1

    def test_a_decision_takes_a_second_at_most_and_then_none_waits(self) -> None:
        self.connection.answer = None
        ledger = self.ledger()
        entering = ledger.enter(ALLOWANCE)
        self.clock.advance(0.9)
        self.assertNoResult(entering)
        self.clock.advance(0.2)
        self.failureResultOf(entering, ProxyError)
        assert ledger.away
        self.failureResultOf(ledger.enter(ALLOWANCE), ProxyError)
        assert len(self.connection.evaluated) == 1

    def test_it_is_told_once_that_the_store_is_away_and_that_it_is_there_again(self) -> None:
        self.connection.answer = ConnectionError("secret")
        ledger = self.ledger()
        with capturedLogs() as events:
            for _ in range(5):
                self.failureResultOf(ledger.enter(ALLOWANCE), ProxyError)
                self.clock.advance(1.0)
            self.connection.answer = list(PASSES)
            self.clock.advance(1.0)
            assert self.successResultOf(ledger.enter(ALLOWANCE)).denied is None
        assert self.connection.connected == 1
        assert [formatEvent(event) for event in events] == [
            "limits: the store is away (ConnectionError); requests are refused",
            "limits: the store is there again",
        ]

    def test_places_are_renewed_while_their_requests_run(self) -> None:
        ledger = self.ledger()
        verdict = self.successResultOf(ledger.enter(ALLOWANCE))
        self.clock.advance(20.0)
        self.clock.advance(20.0)
        assert [script for script, *_ in self.connection.evaluated] == [ENTER, RENEW, RENEW]
        _, keys, (seconds, *leases) = self.connection.evaluated[-1]
        assert (list(keys), seconds, leases) == (["{argoproxy}:key:a:places"], 60.0, [verdict.lease])
        ledger.leave(verdict, 0)
        self.clock.advance(100.0)
        assert [script for script, *_ in self.connection.evaluated][3:] == [LEAVE]
        assert self.clock.getDelayedCalls() == []

    def test_what_has_ended_while_it_was_away_is_told_when_it_is_there_again(self) -> None:
        ledger = self.ledger()
        early, late, stays = [self.successResultOf(ledger.enter(ALLOWANCE)) for _ in range(3)]
        self.connection.answer = ConnectionError("secret")
        ledger.leave(early, 5)
        ledger.leave(late, 7)
        self.connection.answer = 0
        self.connection.evaluated.clear()
        self.clock.advance(1.0)
        told = [(script, list(arguments)) for script, _, arguments in self.connection.evaluated]
        assert told == [
            (LOOK, [60]),
            # Whether the store has heard of this one is not known: tokens are not taken out twice.
            (LEAVE, [0, early.lease, 0]),
            (LEAVE, [1, late.lease, 7, 1.0]),
            (RENEW, [60.0, stays.lease]),
        ]
        ledger.leave(stays, 0)
        ledger.close()
        assert self.clock.getDelayedCalls() == []

    def test_a_place_that_was_taken_though_nobody_heard_of_it_is_given_back(self) -> None:
        self.connection.answer = None
        ledger = self.ledger()
        entering = ledger.enter(ALLOWANCE)
        self.clock.advance(1.1)
        self.failureResultOf(entering, ProxyError)
        ((_, _, (_, lease, *_)),) = self.connection.evaluated
        self.connection.answer = 0
        self.clock.advance(1.0)
        script, keys, arguments = self.connection.evaluated[-1]
        assert (script, list(keys), list(arguments)) == (LEAVE, ["{argoproxy}:key:a:places"], [0, lease, 0])
        ledger.close()

    def test_of_those_that_have_ended_only_so_many_are_kept(self) -> None:
        ledger = self.ledger()
        verdicts = [self.successResultOf(ledger.enter(ALLOWANCE)) for _ in range(1500)]
        self.connection.answer = ConnectionError("secret")
        for verdict in verdicts:
            ledger.leave(verdict, 1)
        self.connection.answer = 0
        self.connection.evaluated.clear()
        self.clock.advance(1.0)
        assert [script for script, *_ in self.connection.evaluated] == [LOOK, *[LEAVE] * 1000]
        ledger.close()

    def test_one_that_is_replaced_hears_of_the_requests_that_still_run(self) -> None:
        ledger = self.ledger()
        verdict = self.successResultOf(ledger.enter(ALLOWANCE))
        ledger.retire()
        self.clock.advance(20.0)
        assert self.connection.connected == 1
        ledger.leave(verdict, 5)
        assert [script for script, *_ in self.connection.evaluated] == [ENTER, RENEW, LEAVE]
        assert (self.connection.connected, self.clock.getDelayedCalls()) == (0, [])

    def test_one_that_is_replaced_decides_what_it_was_asked(self) -> None:
        waiting: Deferred[Any] = Deferred()
        self.connection.answer = waiting
        ledger = self.ledger()
        entering = ledger.enter(ALLOWANCE)
        ledger.retire()
        assert self.connection.connected == 1
        self.connection.answer = 0
        waiting.callback(list(PASSES))
        ledger.leave(self.successResultOf(entering), 0)
        assert (self.connection.connected, self.clock.getDelayedCalls()) == (0, [])

    def test_it_tells_what_is_wrong_and_nothing_of_what_somebody_has_sent(self) -> None:
        for error, trouble, told in (
            (ConnectionError("secret NOPERM this user has no permissions"), "", "NOPERM"),
            (TimeoutError("secret"), "could not auth: WRONGPASS invalid username-password pair", "WRONGPASS"),
            (TimeoutError("secret"), "[('SSL', '', 'certificate verify failed')]", "certificate verify failed"),
            (TimeoutError("secret"), "secret", "TimeoutError"),
        ):
            self.connection.answer, self.connection.trouble = error, trouble
            with capturedLogs() as events:
                self.failureResultOf(self.ledger().enter(ALLOWANCE), ProxyError)
            assert [formatEvent(event) for event in events] == [
                f"limits: the store is away ({told}); requests are refused"
            ]

    def test_leaving_while_it_goes_away_is_no_error(self) -> None:
        ledger = self.ledger()
        verdict = self.successResultOf(ledger.enter(ALLOWANCE))
        self.connection.answer = ConnectionError("secret")
        ledger.leave(verdict, 5)
        assert ledger.away
        ledger.close()
        assert self.clock.getDelayedCalls() == []


@ensureDeferred
async def test_a_server_that_is_not_there_any_more_is_away(redis_command: list[str], tmp_path: Path) -> None:
    port = int(redis_command[-1])
    ledger = make_ledger(Config(user="someone", limits_store=f"redis://127.0.0.1:{port}/3"), reactor, reactor.seconds)
    with started(redis_command, tmp_path, port):
        assert (await ledger.enter(ALLOWANCE)).denied is None
    with pytest.raises(ProxyError):
        await ledger.enter(ALLOWANCE)
    assert ledger.away
    ledger.close()


@ensureDeferred
async def test_a_password_is_given(redis_command: list[str], tmp_path: Path) -> None:
    port = int(redis_command[-1])
    config = Config(user="someone", limits_store=f"redis://127.0.0.1:{port}", limits_store_password="a password")
    with started([*redis_command, "--requirepass", "a password"], tmp_path, port):
        other = msgspec.structs.replace(config, limits_store_password="x")
        right, wrong = (make_ledger(one, reactor, reactor.seconds) for one in (config, other))
        assert (await right.enter(ALLOWANCE)).denied is None
        with pytest.raises(ProxyError):
            await wrong.enter(ALLOWANCE)
        right.close()
        wrong.close()
