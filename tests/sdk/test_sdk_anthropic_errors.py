"""What Anthropic's SDK raises when something goes wrong behind the proxy, over real sockets."""

from __future__ import annotations

from typing import Any

import anthropic
import pytest
from anthropic import Anthropic

from tests.running import Argo, Running
from tests.sdk.clients import KEY

pytest_plugins = ["tests.services"]

MODEL = "claude-sonnet-4.5"


def _say(client: Anthropic, text: str, **more: Any) -> Any:
    return client.messages.create(
        **{"model": MODEL, "max_tokens": 200, "messages": [{"role": "user", "content": text}], **more}
    )


# A fault of the simulator; what the SDK raises, its status, and Anthropic's name for it: the status's own, or the one
# that ARGO's native wire gives.
FAULTS = [
    ("status=400", anthropic.BadRequestError, 400, "invalid_request_error"),
    ("auth-notice", anthropic.AuthenticationError, 401, "authentication_error"),
    ("status=403", anthropic.PermissionDeniedError, 403, "permission_error"),
    ("status=404", anthropic.NotFoundError, 404, "not_found_error"),
    ("429", anthropic.RateLimitError, 429, "rate_limit_error"),
    ("html-502", anthropic.InternalServerError, 502, "api_error"),
    ("error-200", anthropic.InternalServerError, 502, "api_error"),
    ("garbage", anthropic.InternalServerError, 502, "api_error"),
    ("reset", anthropic.InternalServerError, 502, "api_error"),
    ("503", anthropic.ServiceUnavailableError, 503, "overloaded_error|api_error"),
    ("529", anthropic.OverloadedError, 529, "overloaded_error"),
    ("status=504", anthropic.GatewayTimeoutError, 504, "timeout_error|api_error"),
]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(("fault", "kind", "status", "name"), FAULTS, ids=[row[0] for row in FAULTS])
def test_what_fails_before_the_first_byte_has_its_own_exception(
    anthropic_client: Anthropic,
    fault: str,
    kind: type[anthropic.APIStatusError],
    status: int,
    name: str,
    stream: bool,
) -> None:
    with pytest.raises(kind) as told:
        _say(anthropic_client, f"Hello [sim:{fault}]", stream=stream)
    assert type(told.value) is kind
    assert told.value.status_code == status
    assert told.value.type in name.split("|")
    assert told.value.api_message
    assert told.value.request_id


# What a client can get wrong; the path of the field at fault, and the code.
MISTAKES: list[tuple[dict[str, Any], str, str]] = [
    ({"messages": [{"role": "user", "content": 7}]}, "messages[0].content", "invalid_type"),
    ({"temperature": 7}, "temperature", "invalid_value"),
    ({"tool_choice": {"type": "any"}}, "tool_choice", "invalid_value"),
]


@pytest.mark.parametrize(("body", "path", "code"), MISTAKES, ids=[row[1] for row in MISTAKES])
def test_a_mistake_is_named_and_never_reaches_argo(
    anthropic_client: Anthropic, argo: Argo, body: dict[str, Any], path: str, code: str
) -> None:
    with pytest.raises(anthropic.BadRequestError, match=path.partition("[")[0]) as told:
        _say(anthropic_client, "Hello", extra_body=body)
    assert told.value.error_code == code
    assert argo.requests() == []


def test_an_unknown_model_is_not_found(anthropic_client: Anthropic) -> None:
    with pytest.raises(anthropic.NotFoundError) as told:
        _say(anthropic_client, "Hello", model="claude-99-ultra")
    assert (told.value.type, told.value.error_code) == ("not_found_error", "model_not_found")


@pytest.mark.parametrize("fault", ["error-event", "no-terminal", "reset-mid"])
def test_an_error_in_a_stream_is_raised(native_proxy: Running, fault: str) -> None:
    with (
        Anthropic(base_url=native_proxy.url, api_key=KEY, max_retries=0) as client,
        pytest.raises(anthropic.APIStatusError) as told,
        client.messages.stream(
            model=MODEL, max_tokens=200, messages=[{"role": "user", "content": f"Hello [sim:{fault}]"}]
        ) as stream,
    ):
        stream.get_final_message()
    assert told.value.type in ("api_error", "overloaded_error")


def test_how_long_to_wait_is_passed_on(anthropic_client: Anthropic) -> None:
    with pytest.raises(anthropic.RateLimitError) as told:
        _say(anthropic_client, "[sim:429=19]")
    assert told.value.response.headers["retry-after"] == "19"


def test_a_timeout_of_ours_is_told_and_not_tried_again(wired: Running, argo: Argo) -> None:
    with (
        Anthropic(base_url=wired.url, api_key=KEY, max_retries=2) as client,
        pytest.raises(anthropic.GatewayTimeoutError) as told,
    ):
        _say(client, "[sim:hang]", extra_body={"timeout": 0.3})
    assert (told.value.type, told.value.error_code) == ("timeout_error", "timeout_total")
    assert len(argo.requests()) == 1
