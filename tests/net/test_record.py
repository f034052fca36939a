"""The log's one line for each request: what it tells, and what it never does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from twisted.logger import LogEvent, capturedLogs, formatEvent

from argoproxy.simulator import SimulatorSettings
from tests.net.test_site import Line
from tests.web import CHAT, Web

SECRET = "the-prompt-itself"
HELLO = {"model": "gpt-4o", "messages": [{"role": "user", "content": SECRET}]}
FIELDS = {
    "id",
    "method",
    "path",
    "model",
    "upstream",
    "status",
    "first_byte_ms",
    "total_ms",
    "prompt_tokens",
    "completion_tokens",
    "bytes",
    "attempts",
    "end",
    "code",
}


def _lines(events: Sequence[LogEvent]) -> list[LogEvent]:
    return [event for event in events if event["log_namespace"] == "argoproxy.request" and "end" in event]


def _one(events: Sequence[LogEvent]) -> LogEvent:
    [line] = _lines(events)
    return line


def test_a_request_has_one_line_that_tells_all_there_is() -> None:
    web = Web()
    with capturedLogs() as events:
        got = web.post(f"{CHAT}?key=hunter2", HELLO)
    line = _one(events)
    usage = got.json()["usage"]
    assert set(line) >= FIELDS
    assert (line["method"], line["path"], line["model"], line["upstream"]) == ("POST", CHAT, "argo:gpt-4o", "gateway")
    assert (line["status"], line["end"], line["code"]) == (200, "done", None)
    assert (line["prompt_tokens"], line["completion_tokens"]) == (usage["prompt_tokens"], usage["completion_tokens"])
    assert line["bytes"] == len(got.body)
    assert line["id"] == got.header("x-request-id")


@pytest.mark.parametrize("path", ["/health", "/nowhere", "/v1/models", "/v1/chat"])
def test_every_path_has_its_line(path: str) -> None:
    web = Web()
    with capturedLogs() as events:
        web.get(path)
    assert _one(events)["path"] == path


@pytest.mark.parametrize("verbose", [False, True])
@pytest.mark.parametrize(
    "fault", [None, "status=400", "error-200", "auth-notice", "reset-mid", "html-502", "traceback"]
)
@pytest.mark.parametrize("stream", [False, True])
def test_nobodys_words_get_into_it(verbose: bool, fault: str | None, stream: bool) -> None:
    web = Web(SimulatorSettings(chunk_size=4), verbose=verbose)
    if fault:
        web.simulator.fault(fault)
    with capturedLogs() as events:
        web.post(
            f"{CHAT}?key=hunter2",
            HELLO | {"stream": stream, "user": "mallory", "seed": 1},
            {"authorization": "Bearer sk-hunter2"},
        )
    text = "".join(f"{formatEvent(event)}{event}" for event in events)
    for word in (SECRET, "hunter2", "mallory", "simulated", "NOTICE", "Traceback"):
        assert word not in text


def test_verbose_adds_the_shape_of_the_request() -> None:
    web = Web(verbose=True)
    with capturedLogs() as events:
        web.post(CHAT, HELLO)
    [shape] = [event for event in events if "messages" in event]
    assert (shape["messages"], shape["tools"], shape["stream"]) == (1, 0, False)


@pytest.mark.parametrize(
    ("fault", "code"),
    [("status=503", "upstream_failed"), ("reset", "upstream_unreachable"), ("auth-notice", "argo_authentication")],
)
def test_a_failure_has_its_code(fault: str, code: str) -> None:
    web = Web()
    web.simulator.fault(fault, times=3)
    with capturedLogs() as events:
        web.chat()
    line = _one(events)
    assert (line["end"], line["code"]) == ("failed", code)


def test_a_body_that_is_refused_unread_has_its_line_too() -> None:
    line = Line(Web(max_body_mb=0.001))
    with capturedLogs() as events:
        line.send(b"POST /v1/chat/completions?key=x HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n")
        line.send(b"x" * 5000)
    told = _one(events)
    assert (told["path"], told["status"], told["code"]) == ("/v1/chat/completions", 413, "request_too_large")


def test_a_client_that_left_is_told_so() -> None:
    web = Web(SimulatorSettings(first_byte_delay=10.0))
    with capturedLogs() as events:
        web.begin("POST", CHAT, HELLO)
        web.leave()
    line = _one(events)
    assert (line["end"], line["status"], line["first_byte_ms"]) == ("client left", 0, None)


def test_times_are_told_in_milliseconds() -> None:
    web = Web(SimulatorSettings(first_byte_delay=2.0, chunk_delay=1.0, chunk_size=20))
    with capturedLogs() as events:
        got = web.begin("POST", CHAT, HELLO | {"stream": True})
        while not got.ended:
            web.settle(0.5)
    line = _one(events)
    assert 2000 <= line["first_byte_ms"] <= 3100
    assert line["total_ms"] > line["first_byte_ms"] + 1900


@pytest.mark.parametrize("path", ["/a%0d%0ab", "/" + "x" * 5000, "/%1b[31m"])
def test_a_path_cannot_write_lines_of_its_own(path: str) -> None:
    line = Line(Web())
    with capturedLogs() as events:
        line.send(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    said: Any = _one(events)["path"]
    assert said.isprintable()
    assert said.isascii()
    assert len(said) <= 200
    assert "\n" not in json.dumps(said)
