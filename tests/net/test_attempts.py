"""Which calls are sent once more, when, and how often."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest
from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from zope.interface import implementer
from zope.interface.verify import verifyObject

from argoproxy.conversation import Call, Head
from argoproxy.errors import ConnectTimedOut, ProxyError, TimedOut, Unanswered, Unreachable, UpstreamFault
from argoproxy.interfaces import IClient, IReply
from argoproxy.net.attempts import Attempts
from argoproxy.net.underway import Underway
from tests.web import CHAT, Web

CALL = Call(url="http://argo.example/chat", body=b"{}", reply="message")
HTML, JSON = "text/html; charset=utf-8", "application/json"
REFUSED = Unreachable("the connection was refused", repeatable=True)
LOST = Unanswered("the connection was lost", repeatable=True)


@implementer(IReply)
@attrs.define(eq=False)
class Reply:
    """A reply of which only the head matters, and whether somebody waits for its body."""

    head: Head
    attempts: int = 1
    open: bool = True

    def deliver(self, sink: Callable[[bytes], None]) -> Deferred[None]:
        return Deferred(lambda ignored: setattr(self, "open", False))

    def pause(self) -> None:
        """Nothing comes."""

    def resume(self) -> None:
        """Nothing comes."""


Outcome = Reply | Exception | None


@implementer(IClient)
@attrs.define(eq=False)
class Script:
    """A client that does what it is told, call by call; C{None}: nothing, for ever. The last goes on and on."""

    clock: Clock
    outcomes: list[Outcome]
    at: list[float] = attrs.field(factory=list)
    cancelled: int = 0

    def send(
        self, call: Call, until: float | None = None, repeated: Callable[[], object] | None = None
    ) -> Deferred[IReply]:
        assert call is CALL
        self.at.append(self.clock.seconds())
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if outcome is None:
            return Deferred(self._cancel)
        return fail(outcome) if isinstance(outcome, Exception) else succeed(outcome)

    def _cancel(self, ignored: object) -> None:
        self.cancelled += 1


@attrs.define
class Run:
    """A call, and what became of it."""

    script: Script
    underway: Underway
    sent: Deferred[IReply]
    told: list[None]
    ended: list[Any]

    @property
    def end(self) -> Any:
        [end] = self.ended
        return end


def _run(*outcomes: Outcome, chance: float = 0.0, until: float | None = None, seconds: float = 10.0) -> Run:
    clock = Clock()
    clock.advance(100.0)
    script, underway = Script(clock, list(outcomes)), Underway()
    attempts = Attempts(script, script, clock, underway, chance=lambda: chance)
    told: list[None] = []
    ended: list[Any] = []
    sent = attempts.send(CALL, None if until is None else 100.0 + until, lambda: told.append(None))
    sent.addCallbacks(ended.append, lambda failure: ended.append(failure.value))
    clock.pump([0.0] * 3 + [0.125] * int(seconds * 8))
    return Run(script, underway, sent, told, ended)


def _reply(status: int, content_type: str = JSON, retry_after: str | None = None) -> Reply:
    return Reply(Head(status, content_type, retry_after))


def test_it_is_a_client() -> None:
    assert verifyObject(IClient, Attempts(Script(Clock(), [None]), Script(Clock(), [None]), Clock(), Underway()))


REPEATED: list[Outcome] = [
    REFUSED,
    LOST,
    _reply(502, HTML),
    _reply(504, HTML),
    _reply(502, ""),
    _reply(502, "text/plain"),
    _reply(429, JSON, "0"),
    _reply(429, JSON, "2"),
    _reply(429, HTML, "1.5"),
    _reply(503, JSON, "1"),
    _reply(503, HTML, "2"),
]
PASSED_ON: list[Outcome] = [
    ConnectTimedOut(),
    TimedOut(5),
    Unreachable("its name could not be resolved"),
    Unanswered("it did not answer in HTTP"),
    UpstreamFault(502, "A bug."),
    *(_reply(status, kind) for status in (200, 204, 302, 400, 401, 404, 500, 529) for kind in (JSON, HTML)),
    *(_reply(status, kind) for status in (502, 504) for kind in (JSON, "application/problem+json")),
    *(_reply(429, JSON, after) for after in (None, "", "2.1", "60", "-1", "nan", "inf", "soon")),
    _reply(429, JSON, "Wed, 21 Oct 2015 07:28:00 GMT"),
    _reply(503, JSON),
    _reply(503, HTML),
    _reply(503, JSON, "3"),
]


@pytest.mark.parametrize("outcome", REPEATED, ids=repr)
def test_it_is_sent_again_where_nothing_of_a_reply_was_seen(outcome: Outcome) -> None:
    good = _reply(200)
    run = _run(outcome, good)
    assert run.end is good
    assert len(run.script.at) == 2
    assert (len(run.told), run.underway.repeated) == (1, 1)


@pytest.mark.parametrize("outcome", PASSED_ON, ids=repr)
def test_all_else_is_passed_on_at_once(outcome: Outcome) -> None:
    run = _run(outcome, seconds=0.0)
    assert run.end is outcome
    assert len(run.script.at) == 1
    assert (run.told, run.underway.repeated) == ([], 0)


@pytest.mark.parametrize("outcome", REPEATED, ids=repr)
def test_three_attempts_are_all_and_the_last_is_told(outcome: Outcome) -> None:
    run = _run(outcome)
    assert run.end is outcome
    assert len(run.script.at) == 3
    assert len(run.told) == 2


def test_a_reply_that_nobody_gets_is_given_up() -> None:
    first, second, third = _reply(502, HTML), _reply(503, JSON, "1"), _reply(502, HTML)
    run = _run(first, second, third)
    assert run.end is third
    assert (first.open, second.open, third.open) == (False, False, True)


@pytest.mark.parametrize(("kept", "attempts"), [(True, 2), (False, 3)])
def test_the_attempt_on_a_connection_that_had_been_closed_counts(kept: bool, attempts: int) -> None:
    fault = Unreachable("the connection was refused", repeatable=True)
    fault.attempts = 2 if kept else 1
    run = _run(fault, REFUSED)
    assert len(run.script.at) == attempts
    assert len(run.told) == 2
    assert run.underway.repeated == 2


def test_it_is_told_when_it_went_well_too() -> None:
    run = _run(Reply(Head(200, JSON), attempts=2))
    assert (len(run.script.at), len(run.told), run.underway.repeated) == (1, 1, 1)


@pytest.mark.parametrize(("chance", "second", "third"), [(0.0, 0.0, 0.0), (1.0, 0.25, 0.75), (0.5, 0.125, 0.375)])
def test_pauses_are_any_time_up_to_a_bound_that_doubles(chance: float, second: float, third: float) -> None:
    run = _run(LOST, chance=chance)
    assert [at - 100.0 for at in run.script.at] == [0.0, second, third]


def test_argos_own_wish_is_honoured_to_the_second() -> None:
    run = _run(_reply(503, JSON, "1.5"), _reply(429, JSON, "2"), _reply(200), chance=1.0)
    assert [at - 100.0 for at in run.script.at] == [0.0, 1.5, 3.5]


@pytest.mark.parametrize(("until", "attempts"), [(None, 3), (4.1, 3), (4.0, 2), (2.1, 2), (2.0, 1), (0.1, 1)])
def test_what_would_come_too_late_is_not_waited_for(until: float | None, attempts: int) -> None:
    limited = _reply(429, JSON, "2")
    run = _run(limited, until=until, chance=1.0)
    assert len(run.script.at) == attempts
    assert run.end is limited


def test_an_argo_that_is_down_is_hardly_asked_more_than_it_is_anyway() -> None:
    clock = Clock()
    script = Script(clock, [REFUSED])
    attempts = Attempts(script, script, clock, Underway())
    for _ in range(1000):
        attempts.send(CALL).addErrback(lambda failure: failure.trap(ProxyError) and None)
        clock.advance(0.01)
    clock.advance(1.0)
    assert 1190 <= len(script.at) <= 1000 * 1.2 + 20


@pytest.mark.parametrize("outcomes", [(None,), (LOST, None)])
def test_cancelling_ends_the_attempt_that_is_under_way(outcomes: Any) -> None:
    run = _run(*outcomes)
    run.sent.cancel()
    assert isinstance(run.end, CancelledError)
    assert run.script.cancelled == 1


def test_cancelling_ends_the_pause() -> None:
    run = _run(_reply(503, JSON, "2"), seconds=1.0)
    run.sent.cancel()
    assert isinstance(run.end, CancelledError)
    assert not run.script.clock.getDelayedCalls()


# The whole way.

ASKED = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", ["reset", "close", "html-502", "html-504", "503=0", "429=0"])
def test_a_client_doesnt_notice_and_the_log_tells(fault: str, stream: bool) -> None:
    web = Web()
    web.simulator.fault(fault, times=2)
    with capturedLogs() as events:
        got = web.post(CHAT, ASKED | {"stream": stream})
    assert got.status == 200
    assert b"Hello" in got.body
    assert got.header("retry-after") is None
    [line] = [event for event in events if "attempts" in event]
    assert (line["attempts"], line["end"]) == (3, "done")
    assert web.get("/health/ready").json()["requests"]["repeated"] == 2


def test_the_body_goes_again_whole() -> None:
    web = Web()
    web.simulator.fault("reset")
    web.chat()
    first, second = web.simulator.requests
    assert first.body == second.body != b""


def test_a_client_that_leaves_in_the_pause_is_the_last_of_it() -> None:
    web = Web()
    web.simulator.fault("503=2")
    web.begin("POST", CHAT, ASKED)
    web.leave()
    web.settle(5.0)
    assert len(web.simulator.requests) == 1


def test_a_clients_own_time_is_not_spent_on_waiting() -> None:
    web = Web()
    web.simulator.fault("429=2", times=None)
    got = web.begin("POST", CHAT, ASKED | {"timeout": 1})
    assert (got.status, got.header("retry-after")) == (429, "2")
    assert len(web.simulator.requests) == 1
