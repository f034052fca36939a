"""Nobody writes a header or a line of the log by what they call things: models, users, keys, ids, parameters, hosts."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

import pytest
from twisted.logger import capturedLogs

from argoproxy.keys.token import digest
from argoproxy.logs import json_line, text_line
from tests.net.test_site import Line
from tests.web import Web

MARK = "injected"
# What ends a line or a header somewhere, what a terminal obeys, and what hides text.
POISON = {
    "CR LF": f"a\r\nX-Injected: {MARK}",
    "LF": f"a\nX-Injected: {MARK}",
    "CR": f"a\rX-Injected: {MARK}",
    "a whole reply": f"a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n{MARK}",
    "line separator": f"a\u2028{MARK}",
    "paragraph separator": f"a\u2029{MARK}",
    "next line": f"a\x85{MARK}",
    "vertical tab and form feed": f"a\x0b\x0c{MARK}",
    "an escape": f"a\x1b[2J\x1b[31m{MARK}",
    "a control sequence in one byte": f"a\x9b31m{MARK}",
    "zero": f"a\0{MARK}",
    "backspaces": f"a\x08\x08\x08{MARK}",
    "right to left": f"a\u202e{MARK}",
    "a field of the log": f"a end=done code={MARK}",
}
MESSAGES = [{"role": "user", "content": "Hello"}]
KEYS = [{"name": "it", "sha256": digest("it")}]


def _chat(**fields: Any) -> tuple[str, Any]:
    return "/v1/chat/completions", {"model": "gpt-4o", "messages": MESSAGES, **fields}


def _in_bodies(poison: str) -> dict[str, tuple[str, Any]]:
    tool = {"type": "function", "function": {"name": poison, "parameters": {"type": "object"}}}
    return {
        "a model of OpenAI's": _chat(model=poison),
        "a model that is known by its beginning": _chat(model="gpt-4o" + poison),
        "a model of ARGO's": ("/v1/chat", {"model": poison, "messages": MESSAGES}),
        "a model of Anthropic's": ("/v1/messages", {"model": poison, "max_tokens": 9, "messages": MESSAGES}),
        "a model in a path": (f"/v1beta/models/{quote(poison, safe='')}:generateContent", {"contents": []}),
        "a path": ("/v1/" + quote(poison, safe=""), {}),
        "a key in a query": (_chat()[0] + "?key=" + quote(poison, safe=""), _chat()[1]),
        "a time in a query": (_chat()[0] + "?timeout=" + quote(poison, safe=""), _chat()[1]),
        "a user": _chat(user=poison),
        "a parameter's name": _chat(**{poison: 1}),
        "a role": ("/v1/chat/completions", {"model": "gpt-4o", "messages": [{"role": poison, "content": "x"}]}),
        "a tool": _chat(tools=[tool]),
        "a tool's choice": _chat(tools=[tool], tool_choice={"type": "function", "function": {"name": poison}}),
        "metadata": _chat(metadata={poison: poison}, stream=True),
    }


HEADERS = ["X-Request-Id", "Authorization", "x-api-key", "x-goog-api-key", "Host", "Origin", "Content-Type", "Expect"]
HEADERS += ["Content-Encoding", "anthropic-version", "anthropic-beta", "x-stainless-read-timeout", "User-Agent"]
CONFIGS: dict[str, Any] = {
    "plain": {"verbose": True},
    "names as keys": {"username_passthrough": True, "verbose": True},
    "keys": {"keys": KEYS},
    "a fallback": {"unknown_model_fallback": "gpt-4o", "honour_client_timeouts": True, "cors_origins": ["*"]},
}


def _check(said: bytes, events: Any) -> None:
    """That reply and log have what we say in them, and nothing that is said by a client alone."""
    head, _, body = said.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 ")
    for field in head.split(b"\r\n")[1:]:
        assert re.fullmatch(rb"[A-Za-z0-9-]+: [ -~]*", field), field
    assert MARK.encode() not in head
    length = re.search(rb"(?i)\r\ncontent-length: ([0-9]+)\r\n", head + b"\r\n")
    assert length is None or int(length[1]) == len(body)
    assert events
    for event in events:
        for line in (text_line(event), json_line(event)):
            [single] = line.removesuffix("\n").splitlines()
            assert re.fullmatch(r"[ -~]*", single), single
            # A path is shown as it came, in one word of ASCII.
            assert MARK not in single.replace(event.get("path", MARK), "")
        assert json.loads(json_line(event))


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
@pytest.mark.parametrize("poison", POISON.values(), ids=POISON)
def test_what_a_request_calls_things_gets_into_no_header_and_no_line(config: Any, poison: str) -> None:
    web = Web(**config)
    for path, body in _in_bodies(poison).values():
        data = json.dumps(body).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer it\r\nContent-Length: {len(data)}\r\n\r\n"
        with capturedLogs() as events:
            said = Line(web).send(head.encode("ascii") + data)
        _check(said, events)


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
@pytest.mark.parametrize("poison", [poison for poison in POISON.values() if "\r\n\r\n" not in poison])
def test_what_stands_in_a_header_gets_into_no_header_and_no_line(config: Any, poison: str) -> None:
    web, data = Web(**config), json.dumps(_chat()[1]).encode()
    for name in HEADERS:
        own = "" if name == "Host" else "Host: x\r\n"
        head = f"POST /v1/messages HTTP/1.1\r\n{own}{name}: {poison}\r\nContent-Length: {len(data)}\r\n\r\n"
        with capturedLogs() as events:
            said = Line(web).send(head.encode("utf-8") + data)
        _check(said, events)


@pytest.mark.parametrize("poison", ["a\x1b[31mb", "a\u2028b", "a\x9bb", "a b", "jürgen", "\x7f"])
def test_a_method_or_path_of_any_bytes_is_one_word_of_the_log(poison: str) -> None:
    for first in (f"{poison} /health HTTP/1.1", f"GET /{poison} HTTP/1.1"):
        with capturedLogs() as events:
            said = Line(Web()).send(f"{first}\r\nHost: x\r\n\r\n".encode())
        _check(said, events)
