"""Routes without variables are served behind the turn in which their requests came."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.error import ConnectionLost
from twisted.python.failure import Failure

from argoproxy.net.status import Status
from tests.conftest import LoggedErrors
from tests.net.test_site import Line
from tests.web import Web

CHAT = b'{"model":"gpt-4o","messages":[{"role":"user","content":"Hello"}]}'
POST = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%b" % (len(CHAT), CHAT)
GET = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"


def test_requests_of_one_turn_are_all_served_behind_it() -> None:
    web = Web()
    one, other = Line(web), Line(web)
    one.channel.dataReceived(GET)
    other.channel.dataReceived(GET)
    assert one.said() == other.said() == b""
    web.clock.advance(0)
    assert one.said().startswith(b"HTTP/1.1 200 ")
    assert other.said().startswith(b"HTTP/1.1 200 ")


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
    web.clock.advance(0)
    assert one.said().startswith(b"HTTP/1.1 500 ")
    assert b"internal_error" in one.said()
    assert b"secret" not in one.said()
    assert other.said().startswith(b"HTTP/1.1 200 ")
    assert len(logged_errors.take()) == 1
