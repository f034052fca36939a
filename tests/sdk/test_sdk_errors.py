"""What OpenAI's SDK raises when something goes wrong behind the proxy, over real sockets."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import openai
import pytest
from openai import OpenAI

from tests.running import Argo, Running
from tests.sdk.clients import KEY, MODEL

pytest_plugins = ["tests.services"]

_PATIENCE = 10.0


def _say(client: OpenAI, text: str, **more: Any) -> Any:
    return client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": text}], **more)


# A fault of the simulator; what the SDK raises, its status and code.
FAULTS = [
    ("nested-error", openai.BadRequestError, 400, "unsupported_value"),
    ("auth-notice", openai.AuthenticationError, 401, "argo_authentication"),
    ("status=401", openai.AuthenticationError, 401, None),
    ("status=403", openai.PermissionDeniedError, 403, None),
    ("status=404", openai.NotFoundError, 404, None),
    ("status=409", openai.ConflictError, 409, None),
    ("status=422", openai.UnprocessableEntityError, 422, None),
    ("429", openai.RateLimitError, 429, None),
    ("html-502", openai.InternalServerError, 502, None),
    ("error-200", openai.InternalServerError, 502, None),
    ("garbage", openai.InternalServerError, 502, None),
    ("redirect", openai.InternalServerError, 502, None),
    ("204", openai.InternalServerError, 502, None),
    ("status=500", openai.InternalServerError, 502, None),
    ("traceback", openai.InternalServerError, 502, None),
    ("garbage-http", openai.InternalServerError, 502, "upstream_unreachable"),
    ("reset", openai.InternalServerError, 502, "upstream_unreachable"),
    ("close", openai.InternalServerError, 502, "upstream_unreachable"),
    ("503", openai.InternalServerError, 503, None),
    ("529", openai.InternalServerError, 503, None),
    ("status=504", openai.InternalServerError, 504, None),
]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(("fault", "kind", "status", "code"), FAULTS, ids=[row[0] for row in FAULTS])
def test_what_fails_before_the_first_byte_has_its_own_exception(
    client: OpenAI, fault: str, kind: type[openai.APIStatusError], status: int, code: str | None, stream: bool
) -> None:
    with pytest.raises(kind) as told:
        _say(client, f"Hello [sim:{fault}]", stream=stream)
    assert type(told.value) is kind
    assert told.value.status_code == status
    if code is not None:
        assert told.value.code == code
    assert told.value.message
    assert told.value.request_id


@pytest.mark.parametrize("fault", ["reset-mid", "truncated"])
def test_a_whole_reply_that_breaks_off_is_a_bad_gateway(client: OpenAI, fault: str) -> None:
    with pytest.raises(openai.InternalServerError) as told:
        _say(client, f"Hello [sim:{fault}]")
    assert (told.value.status_code, told.value.code) == (502, "upstream_truncated")


def test_the_provider_is_quoted_without_its_wrapping(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as told:
        _say(client, "[sim:nested-error]")
    assert told.value.body == {
        "message": "Unsupported value: 'temperature' does not support 0.5 with this model.",
        "type": "invalid_request_error",
        "param": "temperature",
        "code": "unsupported_value",
    }


@pytest.mark.parametrize(("fault", "seconds"), [("429", "7"), ("429=19", "19"), ("503", "3")])
def test_how_long_to_wait_is_passed_on(client: OpenAI, fault: str, seconds: str) -> None:
    with pytest.raises(openai.APIStatusError) as told:
        _say(client, f"[sim:{fault}]")
    assert told.value.response.headers["retry-after"] == seconds


# What a client can get wrong; the path of the field at fault.
MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"messages": [{"role": "user", "content": 7}]}, "messages[0].content"),
    ({"messages": [{"role": "nobody", "content": "x"}]}, "messages[0].role"),
    ({"temperature": 7}, "temperature"),
    ({"n": 1000}, "n"),
    ({"max_tokens": "many"}, "max_tokens"),
    ({"timeout": 0}, "timeout"),
    ({"tool_choice": "required"}, "tool_choice"),
]


@pytest.mark.parametrize(("body", "param"), MISTAKES, ids=[row[1] for row in MISTAKES])
def test_a_mistake_is_named_and_never_reaches_argo(
    client: OpenAI, argo: Argo, body: dict[str, Any], param: str
) -> None:
    with pytest.raises(openai.BadRequestError) as told:
        _say(client, "Hello", extra_body=body)
    assert told.value.param == param
    assert param.partition("[")[0] in told.value.message
    assert argo.requests() == []


def test_an_unknown_model_is_not_found(client: OpenAI, argo: Argo) -> None:
    with pytest.raises(openai.NotFoundError) as told:
        client.chat.completions.create(model="gpt-99-ultra", messages=[{"role": "user", "content": "x"}])
    assert (told.value.code, told.value.param) == ("model_not_found", "model")
    assert argo.requests() == []


def _chat(client: OpenAI, text: str) -> Any:
    return _say(client, text, stream=True)


def _completion(client: OpenAI, text: str) -> Any:
    return client.completions.create(model=MODEL, prompt=text, stream=True)


@pytest.mark.parametrize("ask", [_chat, _completion])
@pytest.mark.parametrize("fault", ["reset-mid", "truncated"])
def test_a_stream_that_breaks_off_raises(gateway_client: OpenAI, ask: Callable[[OpenAI, str], Any], fault: str) -> None:
    chunks = []
    with pytest.raises(openai.APIError) as told, ask(gateway_client, f"Hello [sim:{fault}]") as stream:
        chunks.extend(stream)
    assert not isinstance(told.value, openai.APIConnectionError)
    assert told.value.code == "upstream_truncated"
    assert chunks
    assert all(choice.finish_reason is None for chunk in chunks for choice in chunk.choices)


def test_a_response_that_breaks_off_fails_as_an_event(gateway_client: OpenAI) -> None:
    with gateway_client.responses.create(model=MODEL, input="Hello [sim:reset-mid]", stream=True) as stream:
        last = list(stream)[-1]
    assert last.type == "response.failed"
    assert last.response.error is not None


# Where a timeout may stand in the SDK.
TIMEOUTS = [{"extra_body": {"timeout": 0.3}}, {"extra_query": {"timeout": "0.3"}}]


@pytest.mark.parametrize("where", TIMEOUTS, ids=["body", "query"])
def test_a_timeout_of_ours_is_told_and_not_tried_again(proxy: Running, argo: Argo, where: dict[str, Any]) -> None:
    cut = argo.state()["cut_requests"]
    with (
        OpenAI(base_url=f"{proxy.url}/v1", api_key=KEY, max_retries=2) as client,
        pytest.raises(openai.InternalServerError) as told,
    ):
        _say(client, "[sim:hang]", **where)
    assert (told.value.status_code, told.value.code) == (504, "timeout_total")
    assert told.value.response.headers["x-should-retry"] == "false"
    [asked] = argo.requests()
    assert "timeout" not in asked["body"]
    assert _becomes(lambda: argo.state()["cut_requests"], lambda count: count == cut + 1)


def test_a_timeout_in_a_stream_is_an_event(gateway_client: OpenAI) -> None:
    with (
        pytest.raises(openai.APIError) as told,
        _say(gateway_client, "Hello [sim:hang-mid]", stream=True, extra_body={"timeout": 0.3}) as stream,
    ):
        list(stream)
    assert told.value.code == "timeout_total"


@pytest.mark.parametrize("text", ["[sim:hang-mid]", "[sim:drip=0.5]"])
def test_closing_a_stream_ends_argos_call(gateway_client: OpenAI, argo: Argo, text: str) -> None:
    cut = argo.state()["cut_requests"]
    stream = _say(gateway_client, f"Hello there {text}", stream=True)
    next(iter(stream))
    stream.close()
    assert _becomes(lambda: argo.state()["cut_requests"], lambda count: count == cut + 1)


def test_closing_a_stream_that_is_in_full_flow_ends_argos_call(client: OpenAI, argo: Argo) -> None:
    cut = argo.state()["cut_requests"]
    stream = _say(client, "[sim:long=50000000]", stream=True)
    next(iter(stream))
    stream.close()
    assert _becomes(lambda: argo.state()["cut_requests"], lambda count: count == cut + 1)


def test_what_is_sent_again_by_the_sdk_succeeds(proxy: Running, argo: Argo) -> None:
    """A 503 that passes costs nobody anything: the SDK's own retry meets an ARGO in good health."""
    argo.ask("POST", "/sim/faults", {"fault": "status=503", "times": 1})
    with OpenAI(base_url=f"{proxy.url}/v1", api_key=KEY, max_retries=1) as client:
        assert _say(client, "Hello").choices[0].finish_reason == "stop"
    assert len(argo.requests()) == 2


def _becomes(look: Callable[[], Any], expected: Callable[[Any], bool]) -> bool:
    """Whether what can be seen becomes as expected, sooner or later."""
    end = time.monotonic() + _PATIENCE
    while not expected(look()):
        if time.monotonic() > end:
            return False
    return True
