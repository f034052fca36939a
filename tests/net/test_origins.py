"""Web pages: those of other origins are refused, unless the operator has named them, and those that may call can."""

from __future__ import annotations

from typing import Any

import pytest

from tests.net.test_site import HELLO, Line, _json, _status
from tests.web import Web

CHAT = "https://chat.example.gov"


def _headers(reply: bytes) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in reply.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]:
        name, _, value = line.partition(": ")
        found.setdefault(name.lower(), []).append(value)
    return found


def _ask(
    web: Web, origin: str, method: str = "GET", path: str = "/v1/models", more: str = "", body: bytes = b""
) -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:44497\r\nOrigin: {origin}\r\n{more}"
    return Line(web).send(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)


@pytest.mark.parametrize("origin", [CHAT, "null", "http://localhost:44497", "http://127.0.0.1:1", "app://x", "", "*"])
@pytest.mark.parametrize("named", [[], ["https://other.example.gov"]])
def test_a_page_of_another_origin_is_refused(origin: str, named: list[str]) -> None:
    web = Web(cors_origins=named)
    for method, path in (("GET", "/v1/models"), ("POST", "/v1/chat/completions"), ("OPTIONS", "/v1/messages")):
        reply = _ask(web, origin, method, path, body=HELLO if method == "POST" else b"")
        assert _status(reply) == 403
        assert not [name for name in _headers(reply) if name.startswith("access-control")]
    assert _json(_ask(web, origin))["error"]["code"] == "origin_not_allowed"
    assert "cors_origins" in _json(_ask(web, origin))["error"]["message"]
    assert not web.simulator.requests


@pytest.mark.parametrize("origin", ["http://127.0.0.1:44497", "HTTP://127.0.0.1:44497"])
def test_the_proxys_own_pages_may_call(origin: str) -> None:
    assert _status(_ask(Web(), origin)) == 200


@pytest.mark.parametrize(("named", "told"), [([CHAT], CHAT), (["http://a.gov", CHAT], CHAT), (["*"], "*")])
def test_a_page_of_a_named_origin_gets_its_reply(named: list[str], told: str) -> None:
    web = Web(cors_origins=named)
    for method, path in (("GET", "/v1/models"), ("POST", "/v1/chat/completions"), ("GET", "/nowhere")):
        reply = _ask(web, CHAT, method, path, body=HELLO if method == "POST" else b"")
        headers = _headers(reply)
        assert _status(reply) == (404 if path == "/nowhere" else 200)
        assert headers["access-control-allow-origin"] == [told]
        assert headers["access-control-expose-headers"] == ["*"]
        assert headers["vary"] == ["Origin"]


def test_it_sees_the_refusals_too() -> None:
    web = Web(cors_origins=[CHAT], max_body_mb=0.0001)
    reply = _ask(web, CHAT, "POST", "/v1/chat/completions", body=b"x" * 101)
    assert _status(reply) == 413
    assert _headers(reply)["access-control-allow-origin"] == [CHAT]


def test_a_stream_is_for_the_page_as_well() -> None:
    body = HELLO[:-1] + b', "stream": true}'
    reply = _ask(Web(cors_origins=[CHAT]), CHAT, "POST", "/v1/chat/completions", body=body)
    assert _headers(reply)["access-control-allow-origin"] == [CHAT]
    assert b"[DONE]" in reply


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/v1beta/models/m:countTokens", "/health"])
def test_a_browser_that_asks_beforehand_is_told_what_it_may_send(path: str) -> None:
    more = "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization,content-type,x-a\r\n"
    more += "Access-Control-Request-Private-Network: true\r\n"
    reply = _ask(Web(cors_origins=[CHAT]), CHAT, "OPTIONS", path, more)
    headers = _headers(reply)
    assert _status(reply) == 204
    assert reply.endswith(b"\r\n\r\n")
    assert headers["access-control-allow-origin"] == [CHAT]
    assert "POST" in headers["access-control-allow-methods"][0].split(", ")
    assert headers["access-control-allow-headers"] == ["authorization,content-type,x-a"]
    assert headers["access-control-allow-private-network"] == ["true"]
    assert int(headers["access-control-max-age"][0]) > 0
    assert ", ".join(headers["vary"]).lower().split(", ") == [
        "origin",
        "access-control-request-method",
        "access-control-request-headers",
        "access-control-request-private-network",
    ]


def test_what_is_no_name_of_a_header_is_not_repeated() -> None:
    more = "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: a<b>\r\n"
    reply = _ask(Web(cors_origins=[CHAT]), CHAT, "OPTIONS", "/v1/messages", more)
    assert "access-control-allow-headers" not in _headers(reply)


@pytest.mark.parametrize("headers", [{}, {"user-agent": "curl/8"}])
def test_who_names_no_origin_is_no_page(headers: Any) -> None:
    reply = Web(cors_origins=[CHAT]).get("/v1/models", headers)
    assert reply.status == 200
    assert reply.header("access-control-allow-origin") is None
