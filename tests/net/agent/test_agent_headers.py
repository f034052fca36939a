"""The headers of a call: what is sent, and what the layers above may not add."""

from __future__ import annotations

import pytest
from twisted.web.http_headers import Headers

from argoproxy.net.agent import CallHeaders
from tests.net.agent.lines import AGENTS, URL, client


def test_they_are_written_as_given() -> None:
    assert CallHeaders({"accept": "text/event-stream", "x-one": "1"}).block == (
        b"accept: text/event-stream\r\nx-one: 1\r\n"
    )


@pytest.mark.parametrize("value", ["a\r\nX-Other: b", "a\nX-Other: b", "a\rX-Other: b", "a\x85X-Other: b"])
def test_a_value_stays_on_its_line(value: str) -> None:
    headers = CallHeaders({"x-one": value})
    assert headers.block == b"x-one: a X-Other: b\r\n"
    assert dict(headers.getAllRawHeaders()) == {b"x-one": [b"a X-Other: b"]}


def test_nobody_adds_to_them() -> None:
    headers = CallHeaders({"accept-encoding": "identity"})
    copy = headers.copy()
    copy.addRawHeader(b"accept-encoding", b"gzip")
    copy.setRawHeaders("x-one", ["1"])
    assert headers.block == b"accept-encoding: identity\r\n"
    assert copy.hasHeader(b"Accept-Encoding")
    assert not copy.hasHeader("X-One")


def test_an_agent_sends_them_behind_its_own() -> None:
    asker = client()
    asker.ask(b"POST", URL, b"x", CallHeaders({"x-one": "1"}))
    assert asker.line.sent == (
        b"POST /path?a=b HTTP/1.1\r\nHost: argo.example:8080\r\nContent-Length: 1\r\nx-one: 1\r\n\r\nx"
    )


@pytest.mark.parametrize("kind", sorted(AGENTS))
def test_any_agent_can_be_given_them_as_plain_headers(kind: str) -> None:
    asker = client(kind)
    asker.ask(headers=Headers(dict(CallHeaders({"x-one": "1"}).getAllRawHeaders())))
    assert b"x-one: 1\r\n" in asker.line.sent.lower()
