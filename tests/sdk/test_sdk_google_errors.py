"""What Google's SDK raises when something goes wrong behind the proxy, over real sockets."""

from __future__ import annotations

from typing import Any

import pytest
from google import genai
from google.genai import errors
from google.genai.types import GenerateContentConfigDict

from tests.running import Argo, Running
from tests.sdk.clients import google

pytest_plugins = ["tests.services"]

MODEL = "gemini-2.5-pro"


def _whole(
    client: genai.Client, text: str, model: str = MODEL, config: GenerateContentConfigDict | None = None
) -> None:
    client.models.generate_content(model=model, contents=text, config=config)


def _streamed(client: genai.Client, text: str) -> None:
    for _ in client.models.generate_content_stream(model=MODEL, contents=text):
        pass


# A fault of the simulator; what the SDK raises, its code, and Google's name for it.
FAULTS = [
    ("status=400", errors.ClientError, 400, "INVALID_ARGUMENT"),
    ("auth-notice", errors.ClientError, 401, "UNAUTHENTICATED"),
    ("status=403", errors.ClientError, 403, "PERMISSION_DENIED"),
    ("status=404", errors.ClientError, 404, "NOT_FOUND"),
    ("429", errors.ClientError, 429, "RESOURCE_EXHAUSTED"),
    ("html-502", errors.ServerError, 502, "UNAVAILABLE"),
    ("error-200", errors.ServerError, 502, "UNAVAILABLE"),
    ("garbage", errors.ServerError, 502, "UNAVAILABLE"),
    ("reset", errors.ServerError, 502, "UNAVAILABLE"),
    ("503", errors.ServerError, 503, "UNAVAILABLE"),
    ("529", errors.ServerError, 503, "UNAVAILABLE"),
    ("status=504", errors.ServerError, 504, "DEADLINE_EXCEEDED"),
]


@pytest.mark.parametrize("ask", [_whole, _streamed])
@pytest.mark.parametrize(("fault", "kind", "code", "name"), FAULTS, ids=[row[0] for row in FAULTS])
def test_what_fails_before_the_first_byte_has_its_exception(
    google_client: genai.Client, fault: str, kind: type[errors.APIError], code: int, name: str, ask: Any
) -> None:
    with pytest.raises(kind) as told:
        ask(google_client, f"Hello [sim:{fault}]")
    assert (told.value.code, told.value.status) == (code, name)
    assert told.value.message


def test_a_mistake_is_named_and_never_reaches_argo(google_client: genai.Client, argo: Argo) -> None:
    with pytest.raises(errors.ClientError, match="temperature") as told:
        _whole(google_client, "Hello", config={"temperature": 7})
    assert (told.value.code, told.value.status) == (400, "INVALID_ARGUMENT")
    assert argo.requests() == []


def test_an_unknown_model_is_not_found(google_client: genai.Client) -> None:
    with pytest.raises(errors.ClientError, match="nearest names") as told:
        _whole(google_client, "Hello", model="gemini-99-ultra")
    assert (told.value.code, told.value.status) == (404, "NOT_FOUND")


@pytest.mark.parametrize("fault", ["error-event", "no-terminal", "reset-mid"])
def test_an_error_in_a_stream_is_raised(native_proxy: Running, fault: str) -> None:
    with google(native_proxy) as client, pytest.raises(errors.APIError) as told:
        _streamed(client, f"Hello [sim:{fault}]")
    assert told.value.code is not None
    assert told.value.code >= 500


def test_how_long_to_wait_is_passed_on(google_client: genai.Client) -> None:
    with pytest.raises(errors.ClientError) as told:
        _whole(google_client, "[sim:429=19]")
    assert {"retryDelay": "19s"}.items() <= told.value.details["error"]["details"][-1].items()


def test_a_timeout_of_ours_is_told(google_client: genai.Client, argo: Argo) -> None:
    with pytest.raises(errors.ServerError) as told:
        _whole(google_client, "[sim:hang]", config={"http_options": {"extra_body": {"timeout": 0.3}}})
    assert (told.value.code, told.value.status) == (504, "DEADLINE_EXCEEDED")
    assert len(argo.requests()) == 1
