"""Errors look as Anthropic's own, with the field's path in the words and the upstream's words as they are."""

from __future__ import annotations

import json

import pytest

from argoproxy.dialects.anthropic_errors import error_body
from argoproxy.errors import ClientFault, OurFault, ProxyError, TimedOut, Truncated, UpstreamFault

FAULTS = [
    (ClientFault("No."), "invalid_request_error", "No."),
    (ClientFault("No.", param="messages[0]"), "invalid_request_error", "messages[0]: No."),
    (ClientFault("Wrong 'messages[0]'.", param="messages[0]"), "invalid_request_error", "Wrong 'messages[0]'."),
    (ClientFault("None such.", status=404), "not_found_error", "None such."),
    (ClientFault("No.", status=405), "invalid_request_error", "No."),
    (ClientFault("No.", status=413), "request_too_large", "No."),
    (ClientFault("No.", status=415), "invalid_request_error", "No."),
    (UpstreamFault(400, "prompt is too long", param="messages"), "invalid_request_error", "prompt is too long"),
    (UpstreamFault(401, "No."), "authentication_error", "No."),
    (UpstreamFault(403, "No."), "permission_error", "No."),
    (UpstreamFault(429, "Later.", kind="RateLimitError"), "rate_limit_error", "Later."),
    (UpstreamFault(502, "Bad."), "api_error", "Bad."),
    (UpstreamFault(503, "Later."), "overloaded_error", "Later."),
    (UpstreamFault(529, "Later."), "overloaded_error", "Later."),
    (UpstreamFault(500, "Later.", kind="overloaded_error"), "overloaded_error", "Later."),
    (Truncated(), "api_error", "The upstream broke off its reply."),
    (TimedOut(2), "timeout_error", "The reply was not complete within 2 s."),
]


@pytest.mark.parametrize(("fault", "kind", "words"), FAULTS)
def test_an_error_has_its_type_and_its_words(fault: ProxyError, kind: str, words: str) -> None:
    details = {} if fault.code is None else {"details": {"error_code": fault.code}}
    error = {"type": "error", "error": {"type": kind, "message": words, **details}, "request_id": None}
    assert json.loads(error_body(fault)) == error


def test_a_code_is_where_the_sdk_looks_for_one() -> None:
    error = json.loads(error_body(ClientFault("None such.", status=404, code="model_not_found")))["error"]
    assert error == {
        "type": "not_found_error",
        "message": "None such.",
        "details": {"error_code": "model_not_found"},
    }


def test_a_bug_of_ours_tells_its_id_alone() -> None:
    error = json.loads(error_body(OurFault("r1")))["error"]
    assert error["type"] == "api_error"
    assert "r1" in error["message"]
