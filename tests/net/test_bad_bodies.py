"""What is no JSON, or more than anybody can mean, is a 4xx at every endpoint, soon and without much memory."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest

from tests.net.test_codings import PACK, REQUESTS
from tests.net.test_site import Line, _json, _status
from tests.web import Web

MB = 1_000_000
ENDPOINTS: dict[str, Any] = {
    **REQUESTS,
    "/v1beta/models/gpt-4o:countTokens": REQUESTS["/v1beta/models/gpt-4o:generateContent"],
    "/v1beta/models/v3small:embedContent": {"content": {"parts": [{"text": "Hello"}]}},
    "/v1beta/models/v3small:batchEmbedContents": {
        "requests": [{"model": "models/v3small", "content": {"parts": [{"text": "Hello"}]}}]
    },
    "/refresh": {},
}
# What stands in a field that nobody knows.
VALUES = {
    "NaN": b"NaN",
    "Infinity": b"Infinity",
    "minus infinity": b"-Infinity",
    "a number out of range": b"1e999",
    "a number of many digits": b"9" * 400 + b".5",
    "half a pair of surrogates": b'"\\ud800"',
    "the other half": b'"\\udfff\\ud800"',
    "a surrogate in bytes": b'"\xed\xa0\x80"',
    "a byte that is no UTF-8": b'"\xff"',
    "a character that is cut": b'"\xe2\x82"',
    "a character in too many bytes": b'"\xc0\x80"',
    "a control character": b'"\n"',
    "deep arrays": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "arrays that are not closed": b"[" * 100_000,
    "a comma too many": b"[1,]",
    "single quotes": b"'a'",
    "a comment": b"1 // one",
    "nothing": b"",
    "a number that begins with 0": b"01",
}
WHOLE = {
    "nothing": b"",
    "null": b"null",
    "an array": b"[]",
    "a text": b'"x"',
    "a number": b"1",
    "a byte order mark": b"\xef\xbb\xbf{}",
    "another encoding": "{}".encode("utf-16"),
    "two objects": b"{}{}",
    "half an object": b'{"model": "gpt-4o"',
    "zero bytes": bytes(1000),
    "deep arrays": b"[" * 1_000_000,
    "deep objects": b'{"model":' * 200_000,
    "a form": b"model=gpt-4o&messages=Hello",
}


def _post(path: str, body: bytes, coding: str = "") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
    return (head + (f"Content-Encoding: {coding}\r\n" if coding else "") + "\r\n").encode() + body


def _refused(web: Web, path: str, body: bytes, coding: str = "") -> None:
    line = Line(web)
    said = line.send(_post(path, body, coding))
    assert 400 <= _status(said) < 500, said
    assert "error" in _json(said)
    assert not line.closed
    assert _status(line.send(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")[len(said) :]) == 200


@pytest.mark.parametrize("path", ENDPOINTS)
def test_what_is_no_json_is_refused_wherever_it_stands(path: str) -> None:
    web, body = Web(), json.dumps(ENDPOINTS[path]).encode()
    for value in VALUES.values():
        extended = body[:-1] + (b", " if ENDPOINTS[path] else b"") + b'"x": ' + value + b"}"
        _refused(web, path, extended)
    assert not web.simulator.requests


@pytest.mark.parametrize("path", [path for path in ENDPOINTS if path != "/refresh"])
def test_what_is_no_json_is_refused_in_fields_that_mean_something(path: str) -> None:
    web = Web()
    for name in ENDPOINTS[path]:
        rest = {key: value for key, value in ENDPOINTS[path].items() if key != name}
        for value in VALUES.values():
            members = [json.dumps(name).encode() + b": " + value, json.dumps(rest).encode()[1:-1]]
            _refused(web, path, b"{" + b", ".join(one for one in members if one) + b"}")
    assert not web.simulator.requests


@pytest.mark.parametrize("path", ENDPOINTS)
def test_a_body_that_is_no_object_is_refused(path: str) -> None:
    web = Web()
    for name, body in WHOLE.items():
        if (path, name) != ("/refresh", "nothing"):
            _refused(web, path, body)
    assert not web.simulator.requests


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("coding", PACK)
def test_a_bomb_is_refused_before_it_is_one(path: str, coding: str) -> None:
    web = Web(max_body_mb=1.0)
    bomb = PACK[coding](bytes(20 * MB))
    tracemalloc.start()
    try:
        line = Line(web)
        said = line.send(_post(path, bomb, coding))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # What is told when to stop waiting isn't decoded at all.
    assert _status(said) == (400 if path == "/refresh" else 413)
    assert most < 8 * MB


@pytest.mark.parametrize("body", [WHOLE["deep arrays"], WHOLE["deep objects"], b'{"x":' + b"[" * MB + b"]" * MB + b"}"])
def test_depth_costs_no_memory(body: bytes) -> None:
    web = Web()
    for path in ENDPOINTS:
        line, data = Line(web), _post(path, body)
        tracemalloc.start()
        try:
            assert 400 <= _status(line.send(data)) < 500
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert most < 6 * len(body) + MB
