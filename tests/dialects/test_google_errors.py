"""Errors look as Google's, and its SDK raises for them what it should."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest
from google.genai import errors

from argoproxy.dialects.google_errors import STATUSES, error_body
from argoproxy.errors import ClientFault, OurFault, ProxyError, TimedOut, UpstreamFault
from tests.dialects.google_sdk import client

FAULTS: list[tuple[ProxyError, int, str]] = [
    (ClientFault("No."), 400, "INVALID_ARGUMENT"),
    (ClientFault("No.", status=413), 413, "INVALID_ARGUMENT"),
    (UpstreamFault(401, "No."), 401, "UNAUTHENTICATED"),
    (UpstreamFault(403, "No."), 403, "PERMISSION_DENIED"),
    (ClientFault("No.", status=404), 404, "NOT_FOUND"),
    (ClientFault("No.", status=405), 405, "UNIMPLEMENTED"),
    (UpstreamFault(429, "No."), 429, "RESOURCE_EXHAUSTED"),
    (OurFault("r1"), 500, "INTERNAL"),
    (UpstreamFault(502, "No."), 502, "UNAVAILABLE"),
    (UpstreamFault(503, "No."), 503, "UNAVAILABLE"),
    (UpstreamFault(529, "No."), 503, "UNAVAILABLE"),
    (TimedOut(3), 504, "DEADLINE_EXCEEDED"),
]


@pytest.mark.parametrize(("fault", "code", "status"), FAULTS)
def test_every_fault_has_googles_word_and_the_sdk_raises_it(fault: ProxyError, code: int, status: str) -> None:
    def answer(asked: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(STATUSES.get(fault.status, fault.status), content=error_body(fault))

    sdk = client(answer)
    with pytest.raises(errors.ClientError if code < 500 else errors.ServerError) as caught:
        sdk.models.generate_content(model="m", contents="hi")
    assert (caught.value.code, caught.value.status, caught.value.message) == (code, status, fault.message)
    assert caught.value.details["error"]["code"] == code


def test_a_fault_of_which_nothing_more_is_known_has_no_details() -> None:
    body = json.loads(error_body(ClientFault("No.")))
    assert body == {"error": {"code": 400, "message": "No.", "status": "INVALID_ARGUMENT"}}


DETAILS: list[tuple[ProxyError, list[Any]]] = [
    (
        ClientFault("No.", code="invalid_value", param="contents[0]"),
        [
            {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "INVALID_VALUE", "domain": "argoproxy"},
            {
                "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": [{"field": "contents[0]", "description": "No."}],
            },
        ],
    ),
    (
        UpstreamFault(429, "No.", retry_after="7"),
        [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s"}],
    ),
]


@pytest.mark.parametrize(("fault", "details"), DETAILS)
def test_what_is_known_besides_is_in_the_details(fault: ProxyError, details: list[Any]) -> None:
    assert json.loads(error_body(fault))["error"]["details"] == details


@pytest.mark.parametrize("when", ["Tue, 24 Nov 2026 03:00:00 GMT", "-1", "1.5", "", "²"])
def test_only_whole_seconds_say_when_to_try_again(when: str) -> None:
    assert "details" not in json.loads(error_body(UpstreamFault(429, "No.", retry_after=when)))["error"]
