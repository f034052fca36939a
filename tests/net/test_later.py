"""What can wait is done behind the turn, all of it."""

from __future__ import annotations

from functools import partial

from twisted.internet.task import Clock
from twisted.logger import capturedLogs

from argoproxy.net.later import Later
from tests.conftest import LoggedErrors
from tests.web import CHAT, Web


def test_all_is_done_in_its_order_in_one_later_turn() -> None:
    clock, done = Clock(), list[str]()
    later = Later(clock)
    for one in "abc":
        later.do(partial(done.append, one))
    assert done == []
    assert len(clock.getDelayedCalls()) == 1
    clock.advance(0)
    assert done == ["a", "b", "c"]
    assert not clock.getDelayedCalls()


def test_what_is_put_off_by_what_was_put_off_has_a_turn_of_its_own() -> None:
    clock, done = Clock(), list[str]()
    later = Later(clock)
    later.do(lambda: later.do(lambda: done.append("inner")))
    later.catch_up()
    assert done == []
    clock.advance(0)
    assert done == ["inner"]


def test_a_bug_in_one_keeps_no_other_from_being_done(logged_errors: LoggedErrors) -> None:
    clock, done = Clock(), list[str]()
    later = Later(clock)
    later.do(lambda: int("secret"))
    later.do(lambda: done.append("done"))
    clock.advance(0)
    assert done == ["done"]
    [event] = logged_errors.take()
    assert "secret" not in repr(event)
    assert "ValueError" in event["log_failure"].getTraceback()


def test_a_proxy_that_stops_leaves_nothing_undone() -> None:
    """The reactor ends with the stop: no later turn comes."""
    web = Web()
    done: list[str] = []
    web.proxy.site.later.do(lambda: done.append("line"))
    web.stop()
    assert done == ["line"]


def test_who_is_cut_off_by_the_reactors_end_has_a_line_too() -> None:
    """A Site that isn't ours has connections then, and no turn comes behind it."""
    web = Web()
    web.simulator.fault("hang")
    web.begin("POST", CHAT, {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]})
    web.stop()
    with capturedLogs() as events:
        for pump in web.client._agent._pumps:
            pump.clientIO.abortConnection()
            pump.flush()
    assert [event["end"] for event in events if "attempts" in event] == ["client left"]
