"""Requests are served behind the turn in which they came, and those without variables in their path by a look-up."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from types import SimpleNamespace
from typing import Any

import pytest
from klein import Klein
from twisted.internet.error import ConnectionLost
from twisted.logger import capturedLogs
from twisted.python.failure import Failure
from twisted.web.server import NOT_DONE_YET

from argoproxy.net import traffic
from argoproxy.net.dispatch import Dispatch
from argoproxy.net.reply import Reply
from argoproxy.net.status import Status
from tests.conftest import LoggedErrors
from tests.net.test_site import Line
from tests.web import Web

CHAT = b'{"model":"gpt-4o","messages":[{"role":"user","content":"Hello"}]}'
POST = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%b" % (len(CHAT), CHAT)
GET = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
MODEL = GET.replace(b"/health", b"/v1/models/gpt-4o")


def test_requests_of_one_turn_are_all_served_behind_it() -> None:
    web = Web()
    one, other = Line(web), Line(web)
    one.channel.dataReceived(GET)
    other.channel.dataReceived(GET)
    assert one.said() == other.said() == b""
    web.clock.advance(0)
    assert one.said().startswith(b"HTTP/1.1 200 ")
    assert other.said().startswith(b"HTTP/1.1 200 ")


def test_so_are_those_that_klein_finds() -> None:
    web = Web()
    line = Line(web)
    line.channel.dataReceived(MODEL)
    assert line.said() == b""
    web.clock.advance(0)
    assert line.said().startswith(b"HTTP/1.1 200 ")


def test_requests_behind_one_another_are_served_in_their_order() -> None:
    line = Line(Web())
    said = line.send(GET + POST + GET)
    assert said.count(b"HTTP/1.1 200 ") == 3
    assert said.index(b"chat.completion") > said.index(b"ok")
    assert said.rindex(b"ok") > said.index(b"chat.completion")


def test_nothing_is_asked_for_a_client_that_left_in_between() -> None:
    web = Web()
    line = Line(web)
    line.channel.dataReceived(POST)
    line.channel.connectionLost(Failure(ConnectionLost()))
    web.settle()
    assert not web.simulator.requests
    assert not web.proxy.underway.open


@pytest.mark.parametrize("request_", [POST, GET, MODEL, b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"])
def test_who_left_in_between_has_a_line_in_the_log(request_: bytes) -> None:
    web = Web()
    line = Line(web)
    with capturedLogs() as events:
        line.channel.dataReceived(request_)
        line.channel.connectionLost(Failure(ConnectionLost()))
        web.settle()
    [told] = [event for event in events if "attempts" in event]
    assert (told["end"], told["status"], told["bytes"]) == ("client left", 0, 0)
    assert request_.startswith(f"{told['method']} {told['path']} ".encode())


def test_a_route_is_called_with_all_that_is_put_around_it() -> None:
    app, said = Klein(), list[str]()

    def louder(route: Callable[[Any], None]) -> Callable[[Any], None]:
        @wraps(route)
        def loud(request: Any) -> None:
            said.append("around")
            route(request)

        return loud

    @app.route("/", methods=["GET"])
    @louder
    def _route(request: Any) -> None:
        said.append("route")

    assert Dispatch(app).render(SimpleNamespace(prepath=[], method=b"GET", path=b"/")) is NOT_DONE_YET
    assert said == ["around", "route"]


def test_a_bug_in_a_route_is_a_500_and_keeps_no_other_from_being_served(
    monkeypatch: pytest.MonkeyPatch, logged_errors: LoggedErrors
) -> None:
    web = Web()

    def broken(*_: Any) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(Status, "version", broken)
    one, other = Line(web), Line(web)
    one.channel.dataReceived(GET.replace(b"/health", b"/version"))
    other.channel.dataReceived(GET)
    with capturedLogs() as events:
        web.settle()
    assert [event["status"] for event in events if "attempts" in event] == [500, 200]
    assert one.said().startswith(b"HTTP/1.1 500 ")
    assert b"internal_error" in one.said()
    assert b"secret" not in one.said()
    assert other.said().startswith(b"HTTP/1.1 200 ")
    assert len(logged_errors.take()) == 1


@pytest.mark.parametrize("path", [b"/v1/chat/completions", b"/v1/models/gpt-4o:generateContent"])
def test_a_bug_behind_the_beginning_of_a_reply_is_told_once(
    path: bytes, monkeypatch: pytest.MonkeyPatch, logged_errors: LoggedErrors
) -> None:
    monkeypatch.setattr(traffic, "coding_of", lambda request: 1 / 0)
    line = Line(Web())
    said = line.send(POST.replace(b"/v1/chat/completions", path))
    assert said.startswith(b"HTTP/1.1 500 ")
    assert len(logged_errors.take()) == 1
    assert line.send(GET).count(b"HTTP/1.1 ") == 2


def test_a_bug_behind_the_first_bytes_ends_the_connection(
    monkeypatch: pytest.MonkeyPatch, logged_errors: LoggedErrors
) -> None:
    def broken(reply: Reply, status: int, body: bytes, content_type: str = "") -> None:
        reply.begin(status, "text/plain")
        reply.write(body)
        raise ZeroDivisionError

    monkeypatch.setattr(Reply, "whole", broken)
    line = Line(Web())
    with capturedLogs() as events:
        assert line.send(GET).count(b"HTTP/1.1 200 ") == 1
    assert line.closed
    assert [event["status"] for event in events if "attempts" in event] == [200]
    assert len(logged_errors.take()) == 1
