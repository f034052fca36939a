"""How long ARGO may be silent, and what clients are told when that is over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface import implementer
from zope.interface.verify import verifyObject

from argoproxy.conversation import Call, Head
from argoproxy.errors import TimedOut
from argoproxy.interfaces import IClient, IReply
from argoproxy.net.patience import Patience
from argoproxy.simulator import SimulatorSettings
from tests.web import CHAT, Web

CALL = Call(url="http://argo.example/chat", body=b"{}", reply="message")


@implementer(IReply)
class Body:
    """A reply that comes when the test says so."""

    head = Head(200)
    attempts = 1

    def __init__(self) -> None:
        self.sink: Callable[[bytes], object] = bytes
        self.done: Deferred[None] = Deferred()

    def deliver(self, sink: Callable[[bytes], None]) -> Deferred[None]:
        self.sink = sink
        return self.done

    def pause(self) -> None:
        """The test says nothing meanwhile."""

    def resume(self) -> None:
        """The test goes on."""


@implementer(IClient)
@attrs.define(eq=False)
class Asked:
    """A client whose only call is answered when the test says so."""

    sent: Deferred[IReply] = attrs.field(factory=Deferred)

    def send(
        self, call: Call, until: float | None = None, repeated: Callable[[], object] | None = None
    ) -> Deferred[IReply]:
        return self.sent


class Line:
    """A call that is watched, and what has become of it."""

    def __init__(self, first_byte: float | None = None, idle: float | None = None) -> None:
        self.clock = Clock()
        self.asked, self.body = Asked(), Body()
        self.heard: list[bytes] = []
        self.end: Any = None
        self.reply: Any = None
        self.sent = Patience(self.asked, self.clock, first_byte, idle).send(CALL)
        self.sent.addCallback(self._begun).addCallbacks(self._whole, self._failed)

    def answer(self) -> None:
        self.asked.sent.callback(self.body)

    def _begun(self, reply: IReply) -> Deferred[None]:
        self.reply = reply
        return reply.deliver(self.heard.append)

    def _whole(self, ignored: object) -> None:
        self.end = "whole"

    def _failed(self, failure: Failure) -> None:
        self.end = getattr(failure.value, "code", None) or failure.type

    def after(self, seconds: float) -> Any:
        """How it has ended by then, if it has."""
        self.clock.advance(seconds)
        return self.end


def test_they_are_a_client_and_a_reply() -> None:
    line = Line(1.0)
    assert verifyObject(IClient, Patience(line.asked, line.clock, 1.0, 1.0))
    line.answer()
    assert verifyObject(IReply, line.reply)


def test_the_first_byte_is_the_bodys() -> None:
    line = Line(first_byte=5.0)
    assert line.after(4.0) is None
    line.answer()
    assert line.after(0.9) is None
    assert line.after(0.1) == "timeout_first_byte"


def test_without_a_head_it_is_the_same() -> None:
    assert Line(first_byte=5.0).after(4.9) is None
    assert Line(first_byte=5.0).after(5.0) == "timeout_first_byte"


def test_behind_the_first_byte_only_the_other_limit_counts() -> None:
    for idle, end in ((None, None), (2.0, "timeout_idle")):
        line = Line(5.0, idle)
        line.answer()
        line.body.sink(b"a")
        assert line.after(1.9) is None
        assert line.after(1000.0) == end


def test_before_the_first_byte_the_other_limit_counts_not() -> None:
    line = Line(idle=2.0)
    assert line.after(100.0) is None
    line.answer()
    assert line.after(100.0) is None
    line.body.sink(b"a")
    assert line.after(2.0) == "timeout_idle"


def test_every_piece_ends_a_silence_and_all_share_one_timer() -> None:
    line = Line(idle=2.0)
    line.answer()
    for _ in range(100):
        line.body.sink(b"a")
        assert len(line.clock.getDelayedCalls()) == 1
        assert line.after(1.5) is None
    assert line.after(0.4) is None
    assert line.after(0.1) == "timeout_idle"
    assert line.heard == [b"a"] * 100


def test_what_the_client_holds_is_no_silence() -> None:
    line = Line(5.0, 2.0)
    line.answer()
    line.body.sink(b"a")
    line.reply.pause()
    assert line.after(1000.0) is None
    line.reply.resume()
    assert line.after(1.9) is None
    assert line.after(0.1) == "timeout_idle"


def test_what_ends_in_time_leaves_no_timer() -> None:
    line = Line(5.0, 2.0)
    line.answer()
    line.body.sink(b"a")
    line.body.done.callback(None)
    assert line.end == "whole"
    assert not line.clock.getDelayedCalls()


@pytest.mark.parametrize("when", ["head", "first byte", "more"])
def test_who_leaves_is_no_silence(when: str) -> None:
    line = Line(5.0, 2.0)
    if when != "head":
        line.answer()
    if when == "more":
        line.body.sink(b"a")
    line.sent.cancel()
    assert line.end is CancelledError
    assert not line.clock.getDelayedCalls()


def test_sdks_are_told_not_to_ask_again() -> None:
    assert TimedOut(5, "first_byte").should_retry is False
    assert TimedOut(5, "idle").should_retry is False


# The whole way.

ASKED = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}


@pytest.mark.parametrize("stream", [False, True])
def test_a_reply_that_doesnt_begin_is_a_504(stream: bool) -> None:
    web = Web(first_byte_timeout=5)
    web.simulator.fault("hang")
    got = web.begin("POST", CHAT, ASKED | {"stream": stream})
    web.settle(4.9)
    assert got.response is None
    web.settle(0.1)
    assert (got.status, got.error["code"], got.header("x-should-retry")) == (504, "timeout_first_byte", "false")
    assert web.simulator.open_requests == 0


def test_a_reply_that_stops_in_its_middle_is_a_504() -> None:
    web = Web(idle_timeout=5)
    web.simulator.fault("hang-mid")
    got = web.begin("POST", CHAT, ASKED)
    web.settle(5.0)
    assert (got.status, got.error["code"]) == (504, "timeout_idle")


STREAMS: dict[str, Any] = {
    CHAT: ASKED,
    "/v1/completions": {"model": "gpt-4o", "prompt": "Hello"},
    "/v1/responses": {"model": "gpt-4o", "input": "Hello"},
    "/v1/messages": ASKED | {"model": "claude-sonnet-4.5", "max_tokens": 100},
    "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse": {
        "contents": [{"role": "user", "parts": [{"text": "Hello"}]}]
    },
}


@pytest.mark.parametrize("upstream", ["gateway", "native"])
@pytest.mark.parametrize("path", STREAMS)
@pytest.mark.parametrize(("fault", "words"), [("hang", "did not begin"), ("hang-mid", "fell silent")])
def test_in_a_stream_that_has_begun_it_is_an_event(path: str, upstream: str, fault: str, words: str) -> None:
    web = Web(SimulatorSettings(chunk_size=4), first_byte_timeout=50, idle_timeout=50, upstream=upstream)
    web.simulator.fault(fault)
    got = web.begin("POST", path, STREAMS[path] if "beta" in path else STREAMS[path] | {"stream": True})
    web.settle(16.0)
    assert got.status == 200
    assert not got.ended
    for _ in range(3):
        web.settle(16.0)
    assert got.ended
    assert words in got.body.decode()
    assert web.simulator.open_requests == 0


def test_what_comes_slowly_but_comes_is_whole() -> None:
    slow = SimulatorSettings(first_byte_delay=4.0, chunk_delay=4.0, chunk_size=8)
    web = Web(slow, first_byte_timeout=5, idle_timeout=5)
    got = web.begin("POST", CHAT, ASKED | {"stream": True})
    for _ in range(40):
        web.settle(2.0)
    assert got.ended
    assert 'You wrote: "Hello"' in got.text()


def test_what_would_come_behind_it_is_not_waited_for() -> None:
    web = Web(first_byte_timeout=1)
    web.simulator.fault("503=2")
    got = web.post(CHAT, ASKED | {"timeout": 60})
    assert (got.status, got.header("retry-after")) == (503, "2")


def test_attempts_that_are_made_again_share_the_time() -> None:
    web = Web(first_byte_timeout=3)
    web.simulator.fault("503=2")
    web.simulator.fault("hang")
    got = web.begin("POST", CHAT, ASKED)
    web.settle(2.0)
    assert len(web.simulator.requests) == 2
    web.settle(1.0)
    assert (got.status, got.error["code"]) == (504, "timeout_first_byte")
