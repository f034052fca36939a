"""Errors look the same in all of OpenAI's APIs."""

from __future__ import annotations

import json

import pytest

from argoproxy.dialects.openai_errors import STATUSES, error_body
from argoproxy.errors import ClientFault, OurFault, ProxyError, TimedOut, Truncated, UpstreamFault

FAULTS = [
    (ClientFault("No.", code="invalid_type", param="n"), "invalid_request_error", "n", "invalid_type"),
    (
        ClientFault("No such model.", status=404, code="model_not_found"),
        "invalid_request_error",
        None,
        "model_not_found",
    ),
    (UpstreamFault(401, "No."), "authentication_error", None, None),
    (UpstreamFault(403, "No."), "permission_error", None, None),
    (UpstreamFault(429, "Later.", kind="insufficient_quota"), "insufficient_quota", None, None),
    (UpstreamFault(429, "Later.", kind="RateLimitError"), "rate_limit_error", None, None),
    (UpstreamFault(529, "Later.", kind="overloaded_error"), "server_error", None, None),
    (Truncated(), "server_error", None, "upstream_truncated"),
    (TimedOut(2), "timeout_error", None, "timeout_total"),
    (OurFault("r1"), "server_error", None, "internal_error"),
]


@pytest.mark.parametrize(("fault", "kind", "param", "code"), FAULTS)
def test_an_error_has_openais_four_keys(fault: ProxyError, kind: str, param: str | None, code: str | None) -> None:
    error = {"message": fault.message, "type": kind, "param": param, "code": code}
    assert json.loads(error_body(fault)) == {"error": error}


def test_statuses_that_openais_clients_do_not_know_have_another() -> None:
    assert STATUSES[529] == 503
