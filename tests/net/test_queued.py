"""So many calls at once and no more: who waits, how long, and what becomes of a place."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from twisted.internet.address import IPv4Address

from argoproxy.config.kinds import WIRES
from argoproxy.keys.token import digest
from argoproxy.registry import upstreams
from argoproxy.simulator import SimulatorSettings
from tests.net.test_site import HELLO, Line, _json, _status
from tests.web import CHAT, Got, Web

SLOW = SimulatorSettings(first_byte_delay=1.0)
KEYS = [{"name": f"key-{name}", "sha256": digest(name)} for name in "ab"]
LIMITS = {"per_address": {"requests_per_minute": 100}}
MESSAGES = [{"role": "user", "content": "Hello"}]


def _post(body: bytes = HELLO, path: str = CHAT, key: str = "") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\nAuthorization: Bearer {key}\r\n\r\n"
    return head.encode() + body


def _begin(web: Web, **fields: Any) -> Got:
    return web.begin("POST", CHAT, {"model": "gpt-4o", "messages": MESSAGES} | fields)


def _free(web: Web, wire: str = "gateway") -> int:
    queue = web.proxy._lasting.queues.of(wire)
    assert queue is not None
    assert queue.waiting == 0
    return queue._free


def test_the_wires_have_the_names_that_the_configuration_knows() -> None:
    assert sorted(WIRES) == sorted(upstreams(Web().config))


@pytest.mark.parametrize("fields", [{}, {"stream": True}])
def test_no_more_calls_than_allowed_run_at_once(fields: Any) -> None:
    web = Web(SLOW, max_upstream=2)
    got = [_begin(web, **fields) for _ in range(5)]
    for done in (0, 2, 4):
        assert sum(one.ended for one in got) == done
        assert web.simulator.open_requests == min(2, 5 - done)
        web.settle(1.0)
    assert [one.status for one in got] == [200] * 5
    assert _free(web) == 2


def test_a_stream_holds_its_place_until_it_ends() -> None:
    web = Web(SimulatorSettings(chunk_delay=1.0, chunk_size=8), max_upstream=1)
    stream, whole = _begin(web, stream=True), _begin(web)
    web.settle(1.0)
    assert stream.body
    assert not stream.ended
    while not stream.ended:
        assert whole.response is None
        web.settle(1.0)
    assert whole.status == 200


@pytest.mark.parametrize(
    ("config", "by_key"),
    [({}, False), ({"username_passthrough": True}, True), ({"keys": KEYS}, True), ({"limits": LIMITS}, False)],
)
def test_askers_take_turns(config: Any, by_key: bool) -> None:
    """By their key, by the name that they give as such, however written, or by the address that they ask from."""
    second = "A" if "username_passthrough" in config else "a"
    web = Web(SLOW, max_upstream=1, **config)
    lines = {}
    for name in ("a1", "a2", "a3", "b1"):
        lines[name] = Line(web)
        lines[name].channel._peer = IPv4Address("TCP", "10.0.0.1" if by_key or name[0] == "a" else "10.0.0.2", 1)
        lines[name].send(_post(key=(second if name == "a2" else name[0]) if by_key else ""))
    order: list[str] = []
    for _ in lines:
        web.settle(1.0)
        order += [name for name, line in lines.items() if line.said() and name not in order]
    assert order == ["a1", "a2", "b1", "a3"]


def test_a_full_queue_refuses_at_once() -> None:
    web = Web(SLOW, max_upstream=1, max_queue=1)
    running, waiting, refused = _begin(web), _begin(web), _begin(web)
    assert refused.status == 429
    assert refused.error["code"] == "too_many_waiting"
    assert refused.header("retry-after") == "1"
    requests = web.get("/health/ready").json()["requests"]
    assert (requests["open"], requests["waiting"]) == (2, 1)
    web.settle(1.0)
    web.settle(1.0)
    assert (running.status, waiting.status) == (200, 200)
    assert _free(web) == 1


@pytest.mark.parametrize(
    ("path", "body", "kind"),
    [
        (CHAT, {"model": "gpt-4o", "messages": MESSAGES}, "error"),
        ("/v1/messages", {"model": "gpt-4o", "messages": MESSAGES, "max_tokens": 9}, "error"),
        ("/v1beta/models/gpt-4o:generateContent", {"contents": [{"parts": [{"text": "Hello"}]}]}, "error"),
        ("/v1/embeddings", {"model": "v3small", "input": "Hello"}, "error"),
        ("/v1/chat", {"model": "gpt4o", "messages": MESSAGES}, "error"),
    ],
)
def test_a_proxy_without_a_queue_is_busy_in_every_dialect(path: str, body: Any, kind: str) -> None:
    web = Web(SLOW, max_upstream=1, max_queue=0)
    running = _begin(web)
    refused = web.post(path, body)
    assert (refused.status, refused.header("retry-after")) == (503, "1")
    assert kind in refused.json()
    assert len(web.simulator.requests) == 1
    web.settle(1.0)
    assert running.status == 200


def test_who_has_waited_long_enough_is_told() -> None:
    web = Web(SimulatorSettings(first_byte_delay=10.0), max_upstream=1, max_queue_wait=3.0)
    running, waiting = _begin(web), _begin(web)
    web.settle(2.9)
    assert waiting.response is None
    web.settle(0.1)
    assert (waiting.status, waiting.error["code"], waiting.header("retry-after")) == (503, "queue_timeout", "3")
    web.settle(7.0)
    assert running.status == 200
    assert _free(web) == 1


def test_time_in_the_queue_counts_as_the_replys() -> None:
    web = Web(SimulatorSettings(first_byte_delay=10.0), max_upstream=1, max_queue_wait=20.0)
    running, waiting = _begin(web), _begin(web, timeout=2)
    web.settle(2.0)
    assert (waiting.status, waiting.error["code"]) == (504, "timeout_total")
    web.settle(8.0)
    assert running.status == 200
    assert len(web.simulator.requests) == 1
    assert _free(web) == 1
    assert not [call for call in web.clock.getDelayedCalls() if call.getTime() > web.clock.seconds()]


def test_a_stream_that_waits_shows_that_it_lives_and_ends_with_an_error() -> None:
    web = Web(SimulatorSettings(first_byte_delay=60.0), max_upstream=1, max_queue_wait=40.0)
    _begin(web)
    waiting = _begin(web, stream=True)
    web.settle(16.0)
    assert waiting.status == 200
    assert b": keepalive" in waiting.body or waiting.body.startswith(b":")
    web.settle(24.0)
    assert waiting.ended
    assert b'"code":"queue_timeout"' in waiting.body
    assert b"[DONE]" not in waiting.body


def test_who_leaves_gives_the_place_free_at_once() -> None:
    web = Web(SimulatorSettings(first_byte_delay=10.0), max_upstream=1)
    lines = [Line(web) for _ in range(4)]
    for line in lines:
        line.send(_post())
    assert (web.simulator.open_requests, web.proxy.underway.open) == (1, 4)
    lines[1].transport.abortConnection()
    web.settle()
    assert (len(web.simulator.requests), web.proxy.underway.open) == (1, 3)
    lines[0].transport.abortConnection()
    web.settle()
    assert (len(web.simulator.requests), web.simulator.open_requests) == (2, 1)
    web.settle(10.0)
    web.settle(10.0)
    assert not lines[1].said()
    assert [_status(line.said()) for line in lines[2:]] == [200, 200]
    assert _free(web) == 1


@pytest.mark.parametrize("text", ["[sim:status=500]", "[sim:close]", "[sim:truncated]", "[sim:html-502]"])
def test_whatever_becomes_of_a_call_its_place_is_free_again(text: str) -> None:
    web = Web(max_upstream=1)
    for fields in ({}, {"stream": True}):
        web.begin("POST", CHAT, {"model": "gpt-4o", "messages": [{"role": "user", "content": text}], **fields})
        assert _free(web) == 1
    assert web.chat().status == 200


def test_what_is_tried_again_keeps_its_place() -> None:
    web = Web(max_upstream=1, max_queue=0)
    web.simulator.fault("html-502")
    assert web.chat().status == 200
    assert len(web.simulator.requests) == 2
    assert _free(web) == 1


def _models(web: Web) -> list[str]:
    return [json.loads(request.body)["model"] for request in web.simulator.requests]


def test_another_model_that_serves_instead_has_the_same_place() -> None:
    web = Web(SLOW, max_upstream=1, max_queue=1, fallbacks={"gpt41": ["gpt4o"]})
    web.simulator.fault("status=500")
    first, second = _begin(web, model="gpt41"), _begin(web, model="gpt5")
    for _ in range(3):
        web.settle(1.0)
    assert (first.status, second.status) == (200, 200)
    assert _models(web) == ["gpt41", "gpt4o", "gpt5"]
    assert _free(web) == 1


def test_another_model_on_another_wire_waits_there() -> None:
    fallbacks = {"gpt41": ["claudesonnet45"]}
    web = Web(SLOW, upstream="native", max_upstream=1, fallbacks=fallbacks)
    claude = _begin(web, model="claudesonnet45")
    web.simulator.fault("status=500", path="/v1/chat/completions")
    falls, waits = _begin(web, model="gpt41"), _begin(web, model="gpt4o")
    web.settle(0.5)
    assert web.simulator.open_requests == 2
    for _ in range(5):
        web.settle(0.5)
        assert web.simulator.open_requests <= 2
    assert (claude.status, falls.status, waits.status) == (200, 200, 200)
    assert (_free(web, "openai_native"), _free(web, "anthropic_native")) == (1, 1)


def test_a_request_of_many_calls_never_waits_for_itself() -> None:
    web = Web(SLOW, max_upstream=3, max_queue=0)
    got = _begin(web, n=7)
    for _ in range(3):
        assert web.simulator.open_requests in (3, 1)
        web.settle(1.0)
    assert len(got.json()["choices"]) == 7
    assert _free(web) == 3


def test_what_asks_nothing_of_argo_waits_for_nobody() -> None:
    web = Web(SLOW, max_upstream=1, max_queue=0)
    _begin(web)
    assert web.post("/v1/messages/count_tokens", {"model": "gpt-4o", "messages": MESSAGES}).status == 200
    assert web.get("/v1/models").status == 200
    assert web.chat("").status in (400, 503)


def test_each_wire_has_its_own_places() -> None:
    web = Web(SLOW, upstream="native", max_upstream={"openai_native": 1})
    first, second = _begin(web), _begin(web)
    claude = [web.begin("POST", CHAT, {"model": "claudesonnet45", "messages": MESSAGES}) for _ in range(3)]
    web.settle(1.0)
    assert first.ended
    assert second.response is None
    assert all(one.ended for one in claude)


def test_a_reload_changes_the_bounds_for_those_who_wait_too() -> None:
    web = Web(SLOW, max_upstream=1)
    got = [_begin(web) for _ in range(4)]
    web.proxy.reload(msgspec.structs.replace(web.config, max_upstream={"gateway": 3}))
    web.settle()
    assert web.simulator.open_requests == 3
    web.proxy.reload(msgspec.structs.replace(web.config, max_upstream={}))
    web.settle()
    assert web.simulator.open_requests == 4
    web.settle(1.0)
    assert all(one.ended for one in got)


def test_who_waits_is_told_when_the_proxy_stops() -> None:
    web = Web(SimulatorSettings(first_byte_delay=100.0), max_upstream=1, shutdown_grace=5.0)
    lines = [Line(web), Line(web)]
    for line in lines:
        line.send(_post())
    web.stop()
    web.settle(5.1)
    assert [_status(line.said()) for line in lines] == [503, 503]
    assert _json(lines[1].said())["error"]["code"] == "shutting_down"
    assert len(web.simulator.requests) == 1
