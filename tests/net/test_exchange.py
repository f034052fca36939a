"""One request's way through the whole proxy, in memory: what goes out, what comes back, and who may end it."""

from __future__ import annotations

import gc
import json
import weakref
from types import FunctionType, ModuleType
from typing import Any

import msgspec
import pytest
from twisted.internet.base import DelayedCall
from twisted.internet.testing import MemoryReactorClock
from twisted.web.http import HTTPChannel
from twisted.web.http import Request as WebRequest

from argoproxy.net.client import UpstreamReply
from argoproxy.net.exchange import Parties
from argoproxy.routing import Router
from argoproxy.simulator import SimulatorSettings
from tests.web import CHAT, Web

HELLO = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}
STREAM = HELLO | {"stream": True}
SLOW = SimulatorSettings(first_byte_delay=100.0)
PACED = SimulatorSettings(chunk_delay=1.0, chunk_size=4)


def _user(text: str) -> dict[str, Any]:
    return {"model": "gpt-4o", "messages": [{"role": "user", "content": text}]}


def test_the_user_is_always_ours() -> None:
    web = Web(user="ours")
    web.chat(user="mallory")
    assert web.asked()["user"] == "ours"
    web.post("/v1/embeddings", {"model": "v3small", "input": "a", "user": "mallory"})
    assert web.asked()["user"] == "ours"
    web.post("/v1/chat", {"user": "mallory", **HELLO})
    assert web.asked()["user"] == "ours"


@pytest.mark.parametrize("spelling", ["gpt-4o", "argo:gpt-4o", "GPT4O", "argo/gpt-4o", "gpt-4o-2024-08-06"])
def test_the_client_hears_its_own_name_for_the_model(spelling: str) -> None:
    web = Web()
    got = web.chat(model=spelling)
    assert got.json()["model"] == spelling
    assert web.asked()["model"] == "gpt4o"
    assert got.header("x-argoproxy-model") is None


def test_an_unknown_model_is_a_404_that_names_the_nearest_and_never_reaches_argo() -> None:
    web = Web()
    got = web.chat(model="gpt-4p")
    assert (got.status, got.error["code"], got.error["param"]) == (404, "model_not_found", "model")
    assert "argo:gpt-4o" in got.error["message"]
    assert not web.simulator.requests


def test_a_fallback_that_serves_is_told() -> None:
    got = Web(unknown_model_fallback="gpt-4o").chat(model="gpt-99")
    assert got.json()["model"] == "argo:gpt-4o"
    assert got.header("x-argoproxy-model") == "argo:gpt-4o"


def test_a_default_serves_where_no_model_is_named() -> None:
    body = {"messages": HELLO["messages"]}
    got = Web(default_chat_model="gpt-4o").post(CHAT, body)
    assert (got.status, got.json()["model"]) == (200, "argo:gpt-4o")
    got = Web().post(CHAT, body)
    assert (got.status, got.error["param"]) == (400, "model")


def test_a_stream_comes_as_it_is_made() -> None:
    web = Web(PACED)
    got = web.begin("POST", CHAT, STREAM)
    assert (got.status, got.header("content-type")) == (200, "text/event-stream")
    assert got.header("cache-control") == "no-cache"
    lengths = []
    while not got.ended:
        web.settle(1.0)
        lengths.append(len(got.text()))
    assert lengths == sorted(lengths)
    assert len(set(lengths)) > 5
    assert 'You wrote: "Hello"' in got.text()
    assert got.sse()[-1] == "[DONE]"


def test_one_id_and_one_time_all_through_a_stream() -> None:
    chunks = Web(SimulatorSettings(chunk_size=1)).post(CHAT, STREAM).sse()[:-1]
    assert len(chunks) > 20
    assert len({(chunk["id"], chunk["created"]) for chunk in chunks}) == 1


def test_characters_cut_anywhere_come_out_whole() -> None:
    web = Web(SimulatorSettings(chunk_size=1, cut_characters=True))
    got = web.post(CHAT, _user("größer 🙂 漢字") | {"stream": True})
    assert "größer 🙂 漢字" in got.text()


def test_choices_are_that_many_calls_and_are_interleaved_on_a_stream() -> None:
    web = Web(PACED)
    got = web.begin("POST", CHAT, STREAM | {"n": 3, "stream_options": {"include_usage": True}})
    web.settle(60.0)
    while not got.ended:
        web.settle(1.0)
    assert len(web.simulator.requests) == 3
    indexes = [choice["index"] for chunk in got.sse()[:-1] for choice in chunk["choices"]]
    assert set(indexes) == {0, 1, 2}
    assert indexes != sorted(indexes)
    [usage] = [chunk["usage"] for chunk in got.sse()[:-1] if chunk["usage"]]
    single = web.chat("Hello").json()["usage"]
    assert usage["prompt_tokens"] == single["prompt_tokens"]
    assert usage["completion_tokens"] == 3 * single["completion_tokens"]


def test_no_more_than_eight_calls_are_made_at_a_time() -> None:
    web = Web(SLOW)
    got = web.begin("POST", CHAT, HELLO | {"n": 20})
    assert web.simulator.open_requests == 8
    for _ in range(3):
        web.settle(100.0)
    assert got.ended
    assert [choice["index"] for choice in got.json()["choices"]] == list(range(20))


@pytest.mark.parametrize("fields", [{"n": 129}, {"n": 0}])
def test_too_many_choices_are_refused(fields: Any) -> None:
    web = Web()
    got = web.post(CHAT, HELLO | fields)
    assert (got.status, got.error["param"]) == (400, "n")
    assert not web.simulator.requests


def test_one_choice_that_fails_fails_the_reply_and_ends_the_other_calls() -> None:
    web = Web(PACED)
    web.simulator.fault("status=503")
    got = web.begin("POST", CHAT, HELLO | {"n": 3})
    web.settle()
    assert got.status == 503
    assert web.simulator.open_requests == 0


TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {}}}}]


def test_a_tool_call_is_replayed_as_a_stream() -> None:
    got = Web().chat("The weather?", tools=TOOLS, stream=True)
    deltas = [chunk["choices"][0]["delta"] for chunk in got.sse()[:-1]]
    [first, *rest] = [call for delta in deltas for call in delta.get("tool_calls") or []]
    assert first["function"]["name"] == "get_weather"
    assert json.loads("".join(call["function"]["arguments"] for call in [first, *rest])) == {}
    assert got.sse()[-2]["choices"][0]["finish_reason"] == "tool_calls"


def test_a_reply_that_reaches_its_limit_ends_for_that() -> None:
    web = Web()
    assert web.chat("one two three four five six", max_tokens=3).json()["choices"][0]["finish_reason"] == "length"
    assert web.chat("Hi").json()["choices"][0]["finish_reason"] == "stop"


def test_embeddings_and_their_usage() -> None:
    got = Web().post("/v1/embeddings", {"model": "v3small", "input": ["one two", "three"]}).json()
    assert [row["index"] for row in got["data"]] == [0, 1]
    assert len(got["data"][0]["embedding"]) == 1536
    assert got["usage"] == {"prompt_tokens": 3, "total_tokens": 3}


def test_token_ids_are_spelled_out() -> None:
    web = Web()
    assert web.post("/v1/embeddings", {"model": "ada002", "input": [[9906], [1917]]}).status == 200
    assert web.asked()["prompt"] == ["Hello", " world"]
    got = web.post("/v1/completions", {"model": "gpt-4o", "prompt": [13225], "echo": True})
    assert got.json()["choices"][0]["text"].startswith("Hello")


# Direct to ARGO.


def test_a_direct_call_passes_both_ways_untouched() -> None:
    web = Web()
    got = web.post("/v1/chat", {"model": "gpt-4o", "messages": HELLO["messages"], "odd": [1, 2]})
    assert got.header("content-type") == "application/json"
    assert set(got.json()) == {"response"}
    assert web.asked()["odd"] == [1, 2]
    assert web.asked()["model"] == "gpt4o"


def test_a_direct_stream_is_argos_own_text() -> None:
    got = Web().post("/v1/chat", STREAM)
    assert (got.header("content-type") or "").startswith("text/plain")
    assert b'You wrote: "Hello"' in got.body


@pytest.mark.parametrize("fault", ["status=418", "html-502", "auth-notice", "garbage", "traceback", "redirect", "204"])
def test_what_argo_says_to_a_direct_call_passes_whatever_it_is(fault: str) -> None:
    web = Web()
    web.simulator.fault(fault, times=2)
    direct = web.post("/v1/chat", HELLO)
    plain = web.simulator.requests[-1]
    assert plain.path.rstrip("/").endswith("chat")
    assert direct.status in {418, 502, 200, 500, 302, 301, 307, 204}
    assert direct.header("location") is None


def test_direct_errors_of_our_own_are_in_openais_shape() -> None:
    web = Web()
    bodies: list[Any] = [b"{", b"[]", {"messages": []}, {"model": "nope"}, {"model": "gpt-4o", "stream": 1}]
    for body in bodies:
        got = web.post("/v1/chat", body)
        assert got.status in (400, 404)
        assert set(got.error) == {"message", "type", "param", "code"}


# What went wrong at ARGO.

_FAULTS = [
    ("status=400", 400),
    ("status=401", 401),
    ("status=403", 403),
    ("status=404", 404),
    ("status=408", 408),
    ("status=409", 409),
    ("status=413", 413),
    ("status=422", 422),
    ("429", 429),
    ("503", 503),
    ("status=504", 504),
    ("529", 503),
    ("status=500", 502),
    ("status=418", 502),
    ("redirect", 502),
    ("204", 502),
    ("html-502", 502),
    ("error-200", 502),
    ("garbage", 502),
    ("traceback", 502),
    ("nested-error", 400),
    ("auth-notice", 401),
]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("fault", "status"), _FAULTS)
def test_failures_before_the_first_byte_get_their_status(fault: str, status: int, stream: bool) -> None:
    if fault == "garbage" and stream:
        pytest.skip("any bytes are text on ARGO's bare text stream")
    web = Web()
    web.simulator.fault(fault, times=None)
    got = web.post(CHAT, HELLO | {"stream": stream})
    web.simulator.clear_faults()
    assert got.status == status
    assert got.header("content-type") == "application/json"
    assert set(got.error) == {"message", "type", "param", "code"}
    assert "Traceback" not in got.error["message"]
    assert "File " not in got.error["message"]
    assert web.chat("Hello").status == 200


def test_retry_after_is_passed_on() -> None:
    web = Web()
    web.simulator.fault("429")
    got = web.chat()
    assert got.status == 429
    assert got.header("retry-after")


def test_an_empty_text_stream_is_an_empty_reply() -> None:
    web = Web()
    web.simulator.fault("empty")
    got = web.post(CHAT, STREAM)
    assert (got.status, got.text(), got.sse()[-1]) == (200, "", "[DONE]")


@pytest.mark.parametrize("fault", ["reset-mid", "truncated"])
def test_a_stream_that_breaks_off_ends_with_an_error_and_no_done(fault: str) -> None:
    web = Web(SimulatorSettings(chunk_size=4))
    web.simulator.fault(fault)
    got = web.post(CHAT, STREAM)
    assert got.status == 200
    assert got.ended
    last = got.sse()[-1]
    assert last["error"]["code"] == "upstream_truncated"
    assert '"finish_reason":"stop"' not in got.body.decode()


@pytest.mark.parametrize("fault", ["reset-mid", "truncated", "reset", "close"])
def test_a_whole_reply_that_breaks_off_is_a_502(fault: str) -> None:
    web = Web()
    web.simulator.fault(fault, times=None)
    got = web.chat()
    assert (got.status, got.error["type"]) == (502, "server_error")


def test_a_direct_stream_that_breaks_off_breaks_for_the_client_too() -> None:
    web = Web(SimulatorSettings(chunk_size=4))
    web.simulator.fault("reset-mid")
    got = web.begin("POST", "/v1/chat", STREAM)
    assert got.failure is not None
    assert not got.ended


def test_a_compressed_reply_is_read_all_the_same() -> None:
    web = Web()
    web.simulator.fault("gzip", times=2)
    assert 'You wrote: "Hello"' in web.chat("Hello").json()["choices"][0]["message"]["content"]
    assert 'You wrote: "Hello"' in web.post(CHAT, STREAM).text()
    assert web.simulator.requests[-1].headers["accept-encoding"] == "identity"


def test_a_bug_of_ours_is_a_500_with_an_id_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, logged_errors: Any
) -> None:
    web = Web()

    def broken(*_: Any) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(Router, "route", broken)
    got = web.chat()
    assert (got.status, got.error["code"]) == (500, "internal_error")
    assert b"secret" not in got.body
    assert b"ZeroDivision" not in got.body
    assert got.header("x-request-id") in got.error["message"]
    [event] = logged_errors.take()
    assert event["id"] == got.header("x-request-id")


# Time.


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (CHAT, HELLO),
        (CHAT, STREAM),
        ("/v1/completions", {"model": "gpt-4o", "prompt": "x"}),
        ("/v1/embeddings", {"model": "v3small", "input": "x"}),
        ("/v1/responses", {"model": "gpt-4o", "input": "x"}),
        ("/v1/chat", HELLO),
        ("/v1/embed", {"model": "v3small", "prompt": ["x"]}),
    ],
)
@pytest.mark.parametrize("place", ["body", "query", "both"])
def test_a_timeout_is_a_504_that_must_not_be_tried_again(path: str, body: Any, place: str) -> None:
    web = Web(SLOW)
    body = body | ({} if place == "query" else {"timeout": 2.5})
    query = {"body": "", "query": "?timeout=2.5", "both": "?timeout=99"}[place]
    got = web.begin("POST", path + query, body)
    assert web.simulator.open_requests == 1
    web.settle(2.4)
    assert got.response is None
    web.settle(0.2)
    assert (got.status, got.error["code"], got.header("x-should-retry")) == (504, "timeout_total", "false")
    assert web.simulator.open_requests == 0
    assert "timeout" not in web.asked()


@pytest.mark.parametrize("value", [0, -1, "soon", True, [], 1e999, float("nan")])
def test_a_timeout_that_is_none_is_refused(value: Any) -> None:
    web = Web()
    assert web.post(CHAT, HELLO | {"timeout": value}).status == 400
    if isinstance(value, int | str):
        got = web.post(f"{CHAT}?timeout={value}", HELLO)
        assert (got.status, got.error["param"]) == (400, "timeout") or value is True
    assert not web.simulator.requests


def test_a_timeout_on_a_started_stream_is_an_error_event() -> None:
    web = Web(PACED)
    got = web.begin("POST", CHAT, STREAM | {"timeout": 3})
    web.settle(1.0)
    web.settle(1.0)
    assert got.status == 200
    web.settle(1.1)
    assert got.ended
    assert got.sse()[-1]["error"]["code"] == "timeout_total"
    assert web.simulator.open_requests == 0


def test_without_a_timeout_a_request_waits_as_long_as_it_takes() -> None:
    web = Web(SimulatorSettings(first_byte_delay=7200.0))
    got = web.begin("POST", CHAT, HELLO)
    web.settle(7199.0)
    assert got.response is None
    web.settle(1.1)
    assert got.status == 200


def test_the_operators_timeout_serves_where_the_client_gives_none() -> None:
    web = Web(SLOW, request_timeout=5.0)
    got = web.begin("POST", CHAT, HELLO)
    web.settle(5.1)
    assert got.status == 504


@pytest.mark.parametrize(("honoured", "status"), [(True, 504), (False, None)])
def test_the_sdks_timeout_counts_only_if_the_operator_says_so(honoured: bool, status: int | None) -> None:
    web = Web(SLOW, honour_client_timeouts=honoured)
    got = web.begin("POST", CHAT, HELLO, {"x-stainless-read-timeout": "3"})
    web.settle(4.0)
    assert (got.response.code if got.response else None) == status


def test_silence_is_filled_again_and_again() -> None:
    web = Web(SLOW, keepalive_interval=15.0)
    got = web.begin("POST", CHAT, STREAM)
    web.settle(14.0)
    assert got.response is None
    web.settle(1.1)
    assert (got.status, got.body) == (200, b": keepalive\n\n")
    web.settle(15.0)
    assert got.body == b": keepalive\n\n" * 2
    web.leave()


def test_an_error_after_a_sign_of_life_is_an_event() -> None:
    web = Web(SimulatorSettings(first_byte_delay=20.0), keepalive_interval=15.0)
    got = web.begin("POST", CHAT, STREAM | {"messages": [{"role": "user", "content": "[sim:auth-notice]"}]})
    for _ in range(30):
        web.settle(1.0)
    assert got.status == 200
    assert got.ended
    assert got.sse()[-1]["error"]["code"] == "argo_authentication"


@pytest.mark.parametrize(
    ("path", "body"),
    [(CHAT, STREAM), ("/v1/messages", STREAM | {"model": "claude-sonnet-4.5", "max_tokens": 64})],
)
def test_silence_is_filled_while_the_beginning_is_held_as_it_could_be_a_notice(path: str, body: Any) -> None:
    """On a native wire the first events say nothing yet: they come behind the sign of life, with the first text."""
    web = Web(SimulatorSettings(chunk_delay=20.0), upstream="native", keepalive_interval=15.0)
    got = web.begin("POST", path, body)
    web.settle(14.0)
    assert got.response is None
    web.settle(1.1)
    life = got.body
    assert (got.status, life.count(b"\n\n")) == (200, 1)
    for _ in range(20):
        web.settle(10.0)
    assert got.body.startswith(life)
    assert b'"role"' in got.body[len(life) :]
    web.leave()


def test_responses_open_their_stream_in_silence() -> None:
    web = Web(SLOW, keepalive_interval=15.0)
    got = web.begin("POST", "/v1/responses", {"model": "gpt-4o", "input": "x", "stream": True})
    web.settle(15.1)
    assert [event["type"] for event in got.sse()] == ["response.created", "response.in_progress"]
    web.leave()


@pytest.mark.parametrize("request_body", [HELLO, STREAM])
def test_silence_stays_silent_where_it_may_not_be_filled(request_body: Any) -> None:
    web = Web(SLOW, keepalive_interval=0.0 if request_body is STREAM else 15.0)
    got = web.begin("POST", CHAT, request_body)
    web.settle(60.0)
    assert got.response is None
    web.leave()


# What was left out.


def test_what_argo_cannot_honour_is_left_out_and_told() -> None:
    web = Web()
    got = web.chat(seed=7, logprobs=True, frequency_penalty=0)
    assert got.header("x-argoproxy-dropped") == "seed,logprobs"
    assert not {"seed", "logprobs"} & set(web.asked())
    assert web.chat().header("x-argoproxy-dropped") is None


def test_with_strict_params_it_is_refused() -> None:
    web = Web(strict_params=True)
    got = web.chat(seed=7)
    assert (got.status, got.error["param"], got.error["code"]) == (400, "seed", "unsupported_parameter")
    assert not web.simulator.requests


def test_a_name_that_is_none_does_not_get_into_a_header() -> None:
    got = Web().post(CHAT, HELLO | {"bad\r\nX-Evil: 1": 1, "good": 1})
    assert got.header("x-argoproxy-dropped") == "?,good"
    assert got.header("x-evil") is None


# Who is there.


@pytest.mark.parametrize("body", [HELLO, STREAM, HELLO | {"n": 20}, STREAM | {"n": 3}])
@pytest.mark.parametrize("seconds", [0.0, 2.0])
def test_a_client_that_leaves_ends_the_calls_at_once(body: Any, seconds: float) -> None:
    web = Web(PACED if body.get("stream") else SLOW)
    got = web.begin("POST", CHAT, body)
    web.settle(seconds)
    assert web.simulator.open_requests
    web.leave()
    assert web.simulator.open_requests == 0
    assert not got.ended
    assert not web.proxy.underway.exchanges


def test_a_client_that_leaves_before_the_first_byte_ends_the_call_too() -> None:
    web = Web(SLOW)
    web.begin("POST", CHAT, HELLO)
    assert web.simulator.open_requests == 1
    web.leave()
    assert web.simulator.open_requests == 0


def test_nothing_is_left_behind() -> None:
    web = Web(PACED, keepalive_interval=15.0, request_timeout=600.0)
    bodies: list[Any] = [HELLO, STREAM, HELLO | {"n": 2}]
    for body in bodies:
        got = web.begin("POST", CHAT, body)
        while not got.ended:
            web.settle(1.0)
    assert web.proxy.underway.exchanges == set()
    assert [call for call in web.clock.getDelayedCalls() if "Exchange" in repr(call) or "Silence" in repr(call)] == []


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", ["", "429", "error-200", "nested-error", "auth-notice"])
def test_a_request_that_is_over_is_gone_without_the_garbage_collector(fault: str, stream: bool) -> None:
    """Bodies may be large: none of them may wait in a cycle of references, also behind a fault."""
    web = Web(SimulatorSettings(first_byte_delay=1.0))
    said = f"Hello [sim:{fault}]" if fault else "Hello"
    gc.disable()
    try:
        got = web.begin("POST", CHAT, HELLO | {"stream": stream, "messages": [{"role": "user", "content": said}]})
        [exchange] = web.proxy.underway.exchanges
        parts: list[Any] = [weakref.ref(exchange), weakref.ref(exchange._translation), weakref.ref(exchange._reply)]
        del exchange
        web.settle(2.0)
        assert got.ended
        assert [part for part in parts if part() is not None] == []
    finally:
        gc.enable()


def test_a_relayed_prompt_that_argo_does_not_count_is_estimated_though_its_bytes_are_gone() -> None:
    web = Web(upstream="native")
    words = "some words " * 400
    body = {"model": "claude-sonnet-4.5", "max_tokens": 50, "stream": True}
    asked = body | {"messages": [{"role": "user", "content": f"[sim:no-input-tokens] {words}"}]}
    got = web.post("/v1/messages", asked, {"anthropic-version": "2023-06-01"})
    [start] = [event for event in got.sse() if event["type"] == "message_start"]
    assert 700 < start["message"]["usage"]["input_tokens"] < 2000


@pytest.mark.parametrize("path", ["/v1/messages", CHAT])
@pytest.mark.parametrize("upstream", ["gateway", "native"])
def test_an_open_stream_keeps_nothing_of_a_large_request(path: str, upstream: str) -> None:
    """Thousands may be open, each with a conversation of hundreds of kilobytes behind it."""
    web = Web(SimulatorSettings(chunk_delay=10.0, chunk_size=4), upstream=upstream)
    text = "x" * 100 + "y" * 200_000
    model = "claude-sonnet-4.5" if path == "/v1/messages" else "gpt-4o"
    asked = {"model": model, "max_tokens": 50, "stream": True, "messages": [{"role": "user", "content": text}]}
    got = web.begin("POST", path, asked)
    web.settle(20.0)
    assert got.response is not None
    assert not got.ended
    [exchange] = web.proxy.underway.exchanges
    assert not [thing for thing in _held(exchange) if len(thing) > 100_000]


def _held(thing: object) -> list[str | bytes]:
    """All texts that can be reached from something, but not through what outlives it, or HTTP on either side."""
    found: list[str | bytes] = []
    seen, waiting = set[int](), [thing]
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, (type, ModuleType, FunctionType, Parties, MemoryReactorClock)):
            continue
        seen.add(id(one))
        if isinstance(one, (str, bytes)):
            found.append(one)
        elif isinstance(one, msgspec.Raw):
            found.append(bytes(one))
        elif isinstance(one, msgspec.Struct):
            waiting.extend(getattr(one, name) for name in one.__struct_fields__)
        elif not isinstance(one, (HTTPChannel, WebRequest, UpstreamReply, DelayedCall)):
            waiting.extend(gc.get_referents(one))
    return found


def test_calls_without_ids_get_others_in_each_turn() -> None:
    web = Web()
    tools = [{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}]
    leaked = "{'id': '', 'input': {'city': 'x'}, 'name': 'get_weather', 'type': 'tool_use'}"
    ids = []
    for turn in ("first", "second"):
        got = web.chat(f"{turn} [sim:say={leaked}]", model="claude-sonnet-4.5", tools=tools)
        ids += [call["id"] for call in got.json()["choices"][0]["message"]["tool_calls"]]
    assert len(set(ids)) == 2
