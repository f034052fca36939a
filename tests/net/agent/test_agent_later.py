"""Replies that are told of a moment after they have begun: what happens in between."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from twisted.internet.defer import CancelledError
from twisted.web.client import ResponseDone, ResponseFailed

from argoproxy.net.agent import LlhttpAgent

from .lines import OK, Client, World, is_kept

HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha"
Put = list[Callable[[], object]]


@pytest.fixture
def put_off() -> Put:
    return []


@pytest.fixture
def asker(put_off: Put) -> Client:
    world = World()
    return Client(LlhttpAgent(world.clock, world, later=put_off.append), world)


def _go(put_off: Put) -> None:
    for act in put_off:
        act()
    put_off.clear()


def test_a_whole_reply_is_told_of_when_it_is_time(asker: Client, put_off: Put) -> None:
    got = asker.whole(OK)
    assert got.response is None
    _go(put_off)
    assert (got.body.data, got.reason) == (b"ok", ResponseDone)


def test_a_connection_may_carry_the_next_request_before_that(asker: Client, put_off: Put) -> None:
    first = asker.whole(OK)
    second = asker.whole(OK.replace(b"ok", b"no"))
    assert len(asker.world.lines) == 1
    _go(put_off)
    assert (first.body.data, second.body.data) == (b"ok", b"no")


def test_who_gives_up_a_whole_reply_before_that_breaks_nobody_elses(asker: Client, put_off: Put) -> None:
    first = asker.whole(OK)
    second = asker.ask()
    first.answer.cancel()
    assert not asker.line.closed
    asker.line.say(OK)
    _go(put_off)
    assert first.failure is not None
    assert first.failure.check(CancelledError)
    assert second.body.data == b"ok"
    assert is_kept(asker)


def test_who_gives_up_half_a_reply_before_that_ends_it(asker: Client, put_off: Put) -> None:
    got = asker.whole(HALF)
    got.answer.cancel()
    assert asker.line.cut
    _go(put_off)
    asker.turn()
    assert got.response is None
    assert not is_kept(asker)


def test_a_reply_that_breaks_off_before_that_is_told_as_such(asker: Client, put_off: Put) -> None:
    got = asker.whole(HALF)
    asker.line.lose()
    _go(put_off)
    assert (got.body.data, got.reason) == (b"ha", ResponseFailed)


def test_a_reply_that_nobody_reads_is_held_back_from_then_on(asker: Client, put_off: Put) -> None:
    got = asker.ask(read=False)
    asker.line.say(HALF)
    assert not asker.line.paused
    _go(put_off)
    assert asker.line.paused
    got.response.deliverBody(got.body)
    assert not asker.line.paused
