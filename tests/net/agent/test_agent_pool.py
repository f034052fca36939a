"""Connections that are kept: which, how many, for how long, and what happens if one is closed as it is used."""

from __future__ import annotations

import pytest
from twisted.internet.error import ConnectionDone, TimeoutError
from twisted.python.failure import Failure
from twisted.web.client import ResponseFailed, ResponseNeverReceived

from argoproxy.net.agent import LlhttpAgent, UnansweredAgain
from tests.net.agent.lines import OK, RESET, URL, Client, Line, client


@pytest.fixture
def asker() -> Client:
    return client()


def _opened(asker: Client, count: int) -> list[Line]:
    """So many connections that are idle, in the order in which they became so."""
    for _ in range(count):
        asker.ask()
    for line in asker.world.lines:
        line.say(OK)
        line.clear()
    return asker.world.lines


def _close(asker: Client) -> list[object]:
    fired: list[object] = []
    assert isinstance(asker.agent, LlhttpAgent)
    asker.agent.close().addCallback(fired.append)
    return fired


def test_there_is_no_bound_on_those_in_use(asker: Client) -> None:
    for _ in range(500):
        asker.ask()
    assert len(asker.world.lines) == 500


def test_the_one_that_was_used_last_is_used_first(asker: Client) -> None:
    first, second, third = _opened(asker, 3)
    asker.ask()
    assert [bool(line.sent) for line in (first, second, third)] == [False, False, True]
    asker.ask()
    assert [bool(line.sent) for line in (first, second, third)] == [False, True, False]


def test_at_most_128_are_idle_and_the_oldest_go(asker: Client) -> None:
    lines = _opened(asker, 130)
    assert [index for index, line in enumerate(lines) if line.closed] == [0, 1]


def test_after_a_minute_of_idleness_it_is_closed(asker: Client) -> None:
    first, second = _opened(asker, 2)
    asker.turn(30)
    asker.whole()
    asker.turn(29.9)
    assert not first.closed
    asker.turn(0.1)
    assert (first.closed, second.closed) == (True, False)
    asker.turn(29.9)
    assert not second.closed
    asker.turn(0.1)
    assert second.closed
    asker.turn()
    assert asker.world.clock.getDelayedCalls() == []


def test_one_in_use_is_not_closed(asker: Client) -> None:
    asker.whole()
    got = asker.ask()
    asker.turn(600)
    assert not asker.line.closed
    asker.line.say(OK)
    assert got.body.data == b"ok"
    asker.turn(59)
    assert not asker.line.closed


@pytest.mark.parametrize("data", [b"x", b"\r\n", OK, b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n"])
def test_one_on_which_something_comes_that_nobody_asked_for_is_cut(asker: Client, data: bytes) -> None:
    asker.whole()
    asker.line.say(data)
    assert asker.line.cut
    assert asker.whole().body.data == b"ok"
    assert len(asker.world.lines) == 2


def test_a_new_one_on_which_something_comes_before_it_is_used_is_cut() -> None:
    asker = client(meanwhile=lambda line: line.say(OK))
    got = asker.ask()
    assert asker.line.cut
    asker.turn()
    assert got.failure is not None


def test_closing_closes_what_is_idle_and_waits_for_it(asker: Client) -> None:
    lines = _opened(asker, 3)
    for line in lines:
        line.agrees = False
    fired = _close(asker)
    assert all(line.disconnecting for line in lines)
    for line in lines:
        assert not fired
        line.lose()
    assert fired
    assert asker.world.clock.getDelayedCalls() == []


def test_closing_waits_a_second_for_the_far_side(asker: Client) -> None:
    [line] = _opened(asker, 1)
    line.agrees = False
    fired = _close(asker)
    asker.turn(0.9)
    assert not line.cut
    asker.turn(0.1)
    assert line.cut
    asker.turn()
    assert fired
    assert asker.world.clock.getDelayedCalls() == []


def test_closing_leaves_what_is_in_use_and_keeps_it_no_more(asker: Client) -> None:
    got = asker.ask()
    assert _close(asker)
    assert not asker.line.closed
    asker.line.say(OK)
    assert got.body.data == b"ok"
    assert asker.line.closed


# What happens to a kept connection as it is used again.

@pytest.mark.parametrize("reason", [ConnectionDone(), RESET])
@pytest.mark.parametrize("body", [b"", b"body", b"x" * 100_000])
def test_a_request_is_sent_anew_if_its_kept_connection_dies_at_once(
    asker: Client, body: bytes, reason: Exception
) -> None:
    asker.whole()
    stale = asker.line
    stale.clear()
    got = asker.ask(b"POST", URL, body)
    asker.turn(1.0)
    stale.lose(reason)
    assert asker.line is not stale
    assert asker.line.value() == stale.value()
    asker.line.say(OK)
    assert got.body.data == b"ok"


def test_it_is_sent_anew_on_a_new_connection_even_if_others_are_kept(asker: Client) -> None:
    lines = _opened(asker, 3)
    asker.ask()
    lines[-1].lose()
    assert len(asker.world.lines) == 4
    assert [line.sent for line in asker.world.lines[:2]] == [b"", b""]


def _second(failure: Failure) -> Failure:
    """What became of the new connection."""
    assert isinstance(failure.value, UnansweredAgain)
    reason: Failure = failure.value.reasons[0]
    return reason


def test_it_is_sent_anew_once(asker: Client) -> None:
    asker.whole()
    got = asker.ask(b"POST", URL, b"body")
    asker.line.lose()
    asker.line.lose()
    assert got.failure is not None
    assert got.failure.check(UnansweredAgain)
    assert _second(got.failure).check(ResponseNeverReceived)
    assert len(asker.world.lines) == 2


def test_the_new_connection_may_fail(asker: Client) -> None:
    asker.whole()
    got = asker.ask(b"POST", URL, b"body")
    asker.world.at_once = False
    asker.line.lose()
    asker.world.connecting[0][0].errback(TimeoutError())
    assert got.failure is not None
    assert got.failure.check(UnansweredAgain)
    assert _second(got.failure).check(TimeoutError)


def test_what_took_its_time_is_not_sent_anew(asker: Client) -> None:
    asker.whole()
    got = asker.ask(b"POST", URL, b"body")
    asker.turn(1.1)
    asker.line.lose()
    assert got.failure is not None
    assert got.failure.check(ResponseNeverReceived)
    assert len(asker.world.lines) == 1


@pytest.mark.parametrize("came", [b"H", b"HTTP/1.1 100 Continue\r\n\r\n", OK[:-1]])
def test_what_has_been_answered_is_not_sent_anew(asker: Client, came: bytes) -> None:
    asker.whole()
    got = asker.ask(b"POST", URL, b"body")
    asker.line.say(came)
    asker.line.lose()
    end = got.failure or got.body.ends[0]
    assert end.check(ResponseFailed)
    assert len(asker.world.lines) == 1


def test_on_a_new_connection_nothing_is_sent_anew(asker: Client) -> None:
    got = asker.ask(b"POST", URL, b"body")
    asker.line.lose()
    assert got.failure is not None
    assert len(asker.world.lines) == 1


def test_after_another_kind_of_loss_nothing_is_sent_anew(asker: Client) -> None:
    asker.whole()
    got = asker.ask(b"POST", URL, b"body")
    asker.line.lose(TimeoutError())
    assert got.failure is not None
    assert len(asker.world.lines) == 1
