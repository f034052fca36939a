"""How Anthropic's API shows an error."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from argoproxy.errors import ClientFault, ProxyError
from argoproxy.vocabulary.anthropic import (
    ERROR_TYPES,
    KNOWN_ERROR_TYPES,
    DetailedError,
    ErrorBody,
    ErrorDetails,
    ErrorObject,
)

STATUSES: Mapping[int, int] = {}
"""Anthropic's clients know every status that there is, 529 too: it is their own."""


def error_type(fault: ProxyError) -> str:
    """Anthropic's C{error.type}: the upstream's own where Anthropic's clients know it, else the status's."""
    if fault.kind in KNOWN_ERROR_TYPES:
        return fault.kind
    return ERROR_TYPES.get(fault.status, "invalid_request_error" if fault.status < 500 else "api_error")


def error_body(fault: ProxyError, request_id: str = "") -> bytes:
    """The whole reply, and the data of a stream's C{error} event, which has no id."""
    return msgspec.json.encode(ErrorBody(error=_error(fault), request_id=request_id or None))


def _error(fault: ProxyError) -> ErrorObject:
    kind, message = error_type(fault), _message(fault)
    if fault.code is None:
        return ErrorObject(kind, message)
    return DetailedError(kind, message, ErrorDetails(fault.code))


def _message(fault: ProxyError) -> str:
    """
    The fault's own words. Anthropic's errors have no field for a path, so one that the words lack goes before them, as
    Anthropic does it; but what an upstream said stays as it is: clients look for its wording.
    """
    if isinstance(fault, ClientFault) and fault.param is not None and fault.param not in fault.message:
        return f"{fault.param}: {fault.message}"
    return fault.message
