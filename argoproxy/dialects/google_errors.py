"""How Google's APIs show an error: C{google.rpc.Status} as JSON, with what is known besides in its details."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from argoproxy.errors import ProxyError
from argoproxy.vocabulary.google import ERROR_STATUSES

STATUSES: Mapping[int, int] = {529: 503}
"""529 is Anthropic's own; Google's clients try again after a 503."""

_RPC = "type.googleapis.com/google.rpc."
_DOMAIN = "argoproxy"


class ErrorInfo(msgspec.Struct, frozen=True, tag_field="@type", tag=f"{_RPC}ErrorInfo"):
    """A word for the error that programs can test."""

    reason: str
    domain: str = _DOMAIN


class FieldViolation(msgspec.Struct, frozen=True):
    """A field at fault, and why."""

    field: str
    description: str


class BadRequest(msgspec.Struct, frozen=True, tag_field="@type", tag=f"{_RPC}BadRequest", rename="camel"):
    """The fields at fault."""

    field_violations: tuple[FieldViolation, ...]


class RetryInfo(msgspec.Struct, frozen=True, tag_field="@type", tag=f"{_RPC}RetryInfo", rename="camel"):
    """When to try again: seconds, written with their unit."""

    retry_delay: str


class Status(msgspec.Struct, frozen=True, omit_defaults=True):
    """The error itself."""

    code: int
    message: str
    status: str
    details: tuple[ErrorInfo | BadRequest | RetryInfo, ...] = ()


class ErrorBody(msgspec.Struct, frozen=True):
    """A whole error reply, and a stream's last word."""

    error: Status


def error_body(fault: ProxyError) -> bytes:
    """The whole reply, as JSON."""
    code = STATUSES.get(fault.status, fault.status)
    general = "INVALID_ARGUMENT" if code < 500 else "INTERNAL"
    return msgspec.json.encode(
        ErrorBody(Status(code, fault.message, ERROR_STATUSES.get(code, general), tuple(_details(fault))))
    )


def _details(fault: ProxyError) -> list[ErrorInfo | BadRequest | RetryInfo]:
    details: list[ErrorInfo | BadRequest | RetryInfo] = []
    if fault.code is not None:
        details.append(ErrorInfo(fault.code.upper()))
    if fault.param is not None:
        details.append(BadRequest((FieldViolation(fault.param, fault.message),)))
    # Retry-After may be a date too, which Google's clients don't read.
    if fault.retry_after is not None and fault.retry_after.isascii() and fault.retry_after.isdigit():
        details.append(RetryInfo(f"{fault.retry_after}s"))
    return details
