"""Another model serves when ARGO can't with the one that was asked for."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.logger import capturedLogs, formatEvent

from argoproxy.simulator import SimulatorSettings
from tests.web import CHAT, Got, Web

FALLBACKS = {"gpt5": ["gpt41", "gpt4o"], "claude-sonnet-4.5": "claude-haiku-4.5", "gemini-2.5-pro": ["gpt41"]}
HELLO = {"model": "gpt-5", "messages": [{"role": "user", "content": "Hello"}]}
SERVED = "argo:gpt-4.1"


def _web(settings: SimulatorSettings | None = None, **config: Any) -> Web:
    return Web(settings, **{"fallbacks": FALLBACKS, **config})


def _asked(web: Web) -> list[str]:
    """The models that ARGO was asked for since this was last called."""
    asked = [request.document()["model"] for request in web.simulator.requests]
    web.simulator.requests.clear()
    return asked


def _served(got: Got, model: str | None) -> None:
    assert got.status == 200, got.body
    assert got.header("x-argoproxy-model") == model
    assert got.header("retry-after") is None


FAILURES = ["status=500", "429", "503", "529", "status=504", "error-200", "traceback", "garbage"]


@pytest.mark.parametrize("fault", FAILURES)
def test_it_serves_after_any_failure_of_argos(fault: str) -> None:
    web = _web()
    web.simulator.fault(fault)
    got = web.post(CHAT, HELLO)
    _served(got, SERVED)
    assert got.json()["model"] == SERVED
    assert _asked(web) == ["gpt5", "gpt41"]


def test_the_model_itself_by_another_name_is_no_other() -> None:
    web = _web(fallbacks={"gpt5": ["gpt-5", "gpt41"]})
    web.simulator.fault("status=500", times=None)
    web.post(CHAT, HELLO)
    assert _asked(web) == ["gpt5", "gpt41"]


@pytest.mark.parametrize("fault", ["reset", "html-502"])
def test_what_may_be_tried_again_is_so_first(fault: str) -> None:
    web = _web()
    web.simulator.fault(fault, times=3)
    _served(web.post(CHAT, HELLO), SERVED)
    assert _asked(web) == ["gpt5", "gpt5", "gpt5", "gpt41"]


def test_it_serves_after_a_silence() -> None:
    web = _web(first_byte_timeout=5)
    web.simulator.fault("hang")
    got = web.begin("POST", CHAT, HELLO)
    web.settle(5.0)
    _served(got, SERVED)


WRONG = ["status=400", "status=401", "status=404", "status=422", "auth-notice", "nested-error"]


@pytest.mark.parametrize("fault", WRONG)
def test_a_request_that_is_wrong_is_not_asked_of_another(fault: str) -> None:
    web = _web()
    web.simulator.fault(fault)
    assert web.post(CHAT, HELLO).status >= 400
    assert _asked(web) == ["gpt5"]


def test_the_next_serves_when_the_first_of_them_fails_too() -> None:
    web = _web()
    web.simulator.fault("status=500", times=2)
    got = web.post(CHAT, HELLO)
    _served(got, "argo:gpt-4o")
    assert _asked(web) == ["gpt5", "gpt41", "gpt4o"]


def test_when_all_have_failed_the_last_failure_is_told() -> None:
    web = _web()
    web.simulator.fault("status=500", times=2)
    web.simulator.fault("429=9")
    got = web.post(CHAT, HELLO)
    assert (got.status, got.header("retry-after")) == (429, "9")
    assert "Rate limit" in got.error["message"]


def test_for_other_models_nothing_serves_instead() -> None:
    web = _web()
    web.simulator.fault("status=500")
    assert web.chat(model="gpt-4o").status == 502
    assert _asked(web) == ["gpt4o"]


def test_whatever_name_the_model_is_asked_for_by() -> None:
    for name in ("gpt5", "argo:gpt-5", "GPT-5"):
        web = _web()
        web.simulator.fault("status=500")
        _served(web.post(CHAT, HELLO | {"model": name}), SERVED)


DIALECTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "chat": (CHAT, HELLO, SERVED),
    "completions": ("/v1/completions", {"model": "gpt-5", "prompt": "Hello"}, SERVED),
    "responses": ("/v1/responses", {"model": "gpt-5", "input": "Hello"}, SERVED),
    "messages": (
        "/v1/messages",
        HELLO | {"model": "claude-sonnet-4.5", "max_tokens": 100},
        "argo:claude-haiku-4.5",
    ),
    "google": (
        "/v1beta/models/gemini-2.5-pro:generateContent",
        {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]},
        SERVED,
    ),
}


@pytest.mark.parametrize("upstream", ["gateway", "native"])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_hears_who_served(dialect: str, stream: bool, upstream: str) -> None:
    path, body, model = DIALECTS[dialect]
    if dialect == "google":
        path = path.replace("generateContent", "streamGenerateContent?alt=sse") if stream else path
    else:
        body = body | {"stream": stream}
    web = _web(upstream=upstream)
    web.simulator.fault("status=500")
    got = web.post(path, body)
    _served(got, model)
    assert f'"{model}"' in got.body.decode().replace("modelVersion", "model")
    assert "Hello" in got.body.decode()


@pytest.mark.parametrize("stream", [False, True])
def test_argos_own_calls_have_them_too(stream: bool) -> None:
    web = _web()
    web.simulator.fault("status=500")
    got = web.post("/v1/chat", HELLO | {"stream": stream})
    _served(got, SERVED)
    assert _asked(web) == ["gpt5", "gpt41"]
    web.simulator.fault("status=500:as it comes", times=3)
    got = web.post("/v1/chat", HELLO | {"stream": stream})
    assert (got.status, got.body) == (500, b"as it comes")


def test_vectors_are_never_another_models() -> None:
    web = _web(fallbacks={"v3small": ["v3large"]})
    web.simulator.fault("status=500", times=2)
    assert web.post("/v1/embeddings", {"model": "v3small", "input": "x"}).status == 502
    assert web.post("/v1/embed", {"model": "v3small", "prompt": ["x"]}).status == 500
    assert _asked(web) == ["v3small", "v3small"]


def test_a_stream_that_has_begun_stays_with_its_model() -> None:
    web = _web(SimulatorSettings(chunk_size=4))
    web.simulator.fault("reset-mid")
    got = web.post(CHAT, HELLO | {"stream": True})
    assert got.sse()[-1]["error"]["code"] == "upstream_truncated"
    assert _asked(web) == ["gpt5"]


def test_so_does_one_that_only_shows_that_it_lives() -> None:
    web = _web(first_byte_timeout=20)
    web.simulator.fault("hang")
    got = web.begin("POST", CHAT, HELLO | {"stream": True})
    web.settle(16.0)
    web.settle(16.0)
    assert got.sse()[-1]["error"]["code"] == "timeout_first_byte"
    assert _asked(web) == ["gpt5"]


def test_several_choices_are_all_of_the_same_model() -> None:
    web = _web()
    web.simulator.fault("wait=1")
    web.simulator.fault("status=500")
    got = web.begin("POST", CHAT, HELLO | {"n": 3})
    web.settle(2.0)
    _served(got, SERVED)
    assert len(got.json()["choices"]) == 3
    assert _asked(web)[-3:] == ["gpt41"] * 3
    assert web.simulator.open_requests == 0


def test_what_is_told_of_the_request_is_of_the_one_that_served() -> None:
    web = _web(upstream="native")
    body = HELLO | {"temperature": 0.5}
    assert web.post(CHAT, body).header("x-argoproxy-adjusted") == "temperature"
    web.simulator.fault("status=500")
    got = web.post(CHAT, body)
    _served(got, SERVED)
    assert got.header("x-argoproxy-adjusted") is None


def test_the_clients_time_is_for_all_of_them_together() -> None:
    web = _web(first_byte_timeout=5)
    web.simulator.fault("hang", times=2)
    got = web.begin("POST", CHAT, HELLO | {"timeout": 7})
    web.settle(5.0)
    assert got.response is None
    web.settle(2.0)
    assert (got.status, got.error["code"]) == (504, "timeout_total")
    assert web.simulator.open_requests == 0


def test_a_client_that_leaves_is_served_by_nobody() -> None:
    web = _web()
    web.simulator.fault("hang")
    web.begin("POST", CHAT, HELLO)
    web.leave()
    web.settle(5.0)
    assert _asked(web) == ["gpt5"]


def test_the_log_tells_which_one_failed_and_which_one_served() -> None:
    web = _web()
    web.simulator.fault("status=500")
    with capturedLogs() as events:
        web.post(CHAT, HELLO)
    [line] = [event for event in events if "attempts" in event]
    assert (line["model"], line["end"], line["status"]) == (SERVED, "done", 200)
    assert any(formatEvent(event).endswith("after a 500 another model serves") for event in events)


def test_one_that_nobody_knows_is_passed_over_and_told_at_the_start() -> None:
    web = _web(fallbacks={"gpt5": ["gpt-99", "gpt41"], "gpt-98": ["gpt4o"]}, unknown_model_fallback="gpt4o")
    with capturedLogs() as events:
        web.proxy.start()
    assert any("no model called gpt-99, gpt-98" in formatEvent(event) for event in events)
    web.stop()
    web.settle()
    web.simulator.requests.clear()
    web.simulator.fault("status=500")
    _served(web.post(CHAT, HELLO), SERVED)


def test_one_whose_wire_has_no_words_for_the_request_is_passed_over() -> None:
    web = _web(upstream="native", fallbacks={"claude-sonnet-4.5": ["gpt41", "claude-haiku-4.5"]})
    document = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}}
    messages = [{"role": "user", "content": [document, {"type": "text", "text": "Hello"}]}]
    web.simulator.fault("status=500")
    got = web.post("/v1/messages", {"model": "claude-sonnet-4.5", "max_tokens": 100, "messages": messages})
    _served(got, "argo:claude-haiku-4.5")
    assert _asked(web) == ["claudesonnet45", "claudehaiku45"]


def test_without_one_that_can_serve_the_failure_is_told_as_it_was() -> None:
    web = _web(fallbacks={"gpt5": ["gpt-99"]})
    web.simulator.fault("429=9")
    got = web.post(CHAT, HELLO)
    assert (got.status, got.header("retry-after")) == (429, "9")
    assert "Rate limit" in got.error["message"]
