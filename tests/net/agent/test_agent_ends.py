"""Requests that are ended by whoever asked, at every point; and bodies that are large, out and in."""

from __future__ import annotations

import gc

import pytest
from httptools import HttpResponseParser
from twisted.internet.defer import CancelledError
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone, ResponseFailed
from twisted.web.iweb import IBodyProducer
from zope.interface.verify import verifyObject

from argoproxy.net.agent import WholeBody
from argoproxy.net.client import Receiver
from tests.net.agent.lines import OK, URL, Body, Client, Got, client, is_kept

LARGE = b"x" * 600_000
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"


@pytest.fixture
def asker() -> Client:
    return client()


def _cancelled(got: Got) -> None:
    got.answer.cancel()
    assert got.failure is not None
    assert got.failure.check(CancelledError)


def test_while_connecting() -> None:
    asker = client(at_once=False)
    _cancelled(asker.ask())
    assert asker.world.cancelled == [True]
    assert asker.world.lines == []


@pytest.mark.parametrize("came", [b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent"])
@pytest.mark.parametrize("body", [None, b"small", LARGE])
def test_before_the_head_is_there(asker: Client, body: bytes | None, came: bytes) -> None:
    got = asker.ask(b"POST", URL, body)
    asker.line.say(came)
    _cancelled(got)
    assert asker.line.cut
    asker.line.say(OK)
    asker.turn()
    assert got.response is None
    assert not is_kept(asker)
    assert asker.world.clock.getDelayedCalls() == []


def test_on_a_kept_connection_it_is_not_sent_anew(asker: Client) -> None:
    asker.whole()
    _cancelled(asker.ask())
    asker.turn()
    assert len(asker.world.lines) == 1


def test_while_it_is_sent_anew(asker: Client) -> None:
    asker.whole()
    asker.world.at_once = False
    got = asker.ask()
    asker.line.lose()
    _cancelled(got)
    assert asker.world.cancelled == [True]


def test_during_the_body(asker: Client) -> None:
    got = asker.ask(read=False)
    asker.line.say(HEAD + b"abc")
    seen: list[bytes] = []
    receiver = Receiver(seen.append)
    got.response.deliverBody(receiver)
    failures: list[Failure] = []
    receiver.done.addErrback(failures.append)
    receiver.done.cancel()
    assert asker.line.cut
    assert [failure.type for failure in failures] == [CancelledError]
    asker.line.say(b"def")
    asker.turn()
    assert seen == [b"abc"]
    assert not is_kept(asker)


@pytest.mark.parametrize("end", ["abortConnection", "loseConnection", "stopProducing"])
def test_by_a_bodys_reader(asker: Client, end: str) -> None:
    got = asker.whole(HEAD + b"abc")
    getattr(got.body.line, end)()
    assert asker.line.cut
    asker.turn()
    assert got.reason is ResponseFailed


def test_by_a_bodys_reader_in_the_middle_of_what_came(asker: Client) -> None:
    class Enough(Body):
        def dataReceived(self, data: bytes) -> None:
            super().dataReceived(data)
            self.line.abortConnection()

    got = asker.ask(read=False)
    asker.line.say(HEAD)
    body = Enough()
    got.response.deliverBody(body)
    asker.line.say(b"abcdefghi")
    asker.turn()
    assert body.data == b"abcdefghi"
    assert len(body.ends) == 1
    assert not is_kept(asker)


def test_behind_the_end_it_ends_nothing(asker: Client) -> None:
    got = asker.whole()
    for end in ("abortConnection", "loseConnection", "stopProducing", "pauseProducing", "resumeProducing"):
        getattr(got.body.line, end)()
    assert not asker.line.paused
    assert is_kept(asker)


def test_a_reader_may_pause_as_it_begins(asker: Client) -> None:
    got = asker.ask(read=False)
    asker.line.say(HEAD)
    got.response.deliverBody(Body(paused=True))
    assert asker.line.paused


def test_a_reader_that_fails_loses_the_connection(asker: Client) -> None:
    class Broken(Body):
        def dataReceived(self, data: bytes) -> None:
            raise RuntimeError("on purpose")

    got = asker.ask(read=False)
    asker.line.say(HEAD)
    body = Broken()
    got.response.deliverBody(body)
    with pytest.raises(RuntimeError, match="on purpose"):
        asker.line.say(b"abc")
    asker.line.lose(RuntimeError())
    assert [end.type for end in body.ends] == [ResponseFailed]


def test_a_large_body_is_sent_whole(asker: Client) -> None:
    asker.ask(b"POST", URL, LARGE)
    assert len(asker.line.value()) < len(LARGE)
    asker.line.take()
    head, _, body = asker.line.value().partition(b"\r\n\r\n")
    assert b"Content-Length: 600000" in head
    assert body == LARGE


def test_what_was_sent_is_let_go_when_the_reply_begins(asker: Client) -> None:
    got = asker.ask(b"POST", URL, LARGE)
    asker.line.say(HEAD)
    assert (got.response.request.head, got.response.request.body) == (b"", b"")


def test_a_reply_before_all_is_sent_is_taken_and_ends_the_connection(asker: Client) -> None:
    got = asker.whole(method=b"POST", body=LARGE)
    assert (got.body.data, got.reason) == (b"ok", ResponseDone)
    assert asker.line.cut
    assert not is_kept(asker)


def test_a_reply_after_all_is_sent_leaves_the_connection(asker: Client) -> None:
    got = asker.ask(b"POST", URL, LARGE)
    asker.line.take()
    asker.line.say(OK)
    assert got.body.data == b"ok"
    assert is_kept(asker)


def test_a_connection_that_is_lost_as_a_large_body_is_sent_fails_the_request(asker: Client) -> None:
    got = asker.ask(b"POST", URL, LARGE)
    assert asker.line.producer is not None
    asker.line.producer.stopProducing()
    asker.line.lose()
    assert got.failure is not None


def test_a_body_must_be_there(asker: Client) -> None:
    class Later:
        length = 3

    with pytest.raises(TypeError, match="WholeBody"):
        asker.agent.request(b"POST", URL, None, Later())  # type: ignore[arg-type]


def test_a_whole_body_is_a_producer_for_any_agent() -> None:
    written: list[bytes] = []
    body = WholeBody(b"abc")
    assert verifyObject(IBodyProducer, body)
    body.startProducing(type("Consumer", (), {"write": staticmethod(written.append)}))  # type: ignore[arg-type]
    assert (written, body.length) == ([b"abc"], 3)


def test_a_lost_connection_leaves_no_parser_to_the_garbage_collector(asker: Client) -> None:
    gc.collect()
    gc.disable()
    try:
        before = _parsers()
        asker.whole()
        assert _parsers() == before + 1
        asker.line.lose()
        assert _parsers() == before
    finally:
        gc.enable()


def _parsers() -> int:
    return sum(isinstance(one, HttpResponseParser) for one in gc.get_objects())
