"""How all of OpenAI's APIs show an error: the body, and the statuses that its clients know."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from zope.interface import implementer

from argoproxy.errors import ProxyError
from argoproxy.interfaces import IFaults

STATUSES: Mapping[int, int] = {529: 503}
"""529 is Anthropic's own; OpenAI's clients try again after a 503."""

ERROR_TYPES: Mapping[int, str] = {
    401: "authentication_error",
    403: "permission_error",
    408: "timeout_error",
    429: "rate_limit_error",
    504: "timeout_error",
}
"""What C{error.type} is for a status; others are C{invalid_request_error} below 500 and C{server_error} above."""

KNOWN_ERROR_TYPES = frozenset(
    {
        *ERROR_TYPES.values(),
        "insufficient_quota",
        "invalid_request_error",
        "requests",
        "server_error",
        "tokens",
    }
)
"""The values of C{error.type} that OpenAI's clients know: an upstream's own is kept if it is among them."""


class ErrorObject(msgspec.Struct, frozen=True):
    """The error itself. All four keys are always there: clients read them without asking."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorBody(msgspec.Struct, frozen=True):
    """A whole error reply, and a stream's error chunk."""

    error: ErrorObject


def error_type(fault: ProxyError) -> str:
    """OpenAI's C{error.type}: the upstream's own where OpenAI's clients know it, else the status's."""
    if fault.kind in KNOWN_ERROR_TYPES:
        return fault.kind
    general = "invalid_request_error" if fault.status < 500 else "server_error"
    return ERROR_TYPES.get(fault.status, general)


def error_object(fault: ProxyError) -> ErrorObject:
    """What a fault looks like inside an error reply, or inside an event of Responses."""
    return ErrorObject(fault.message, error_type(fault), fault.param, fault.code)


def error_body(fault: ProxyError) -> bytes:
    """The whole reply, as JSON."""
    return msgspec.json.encode(ErrorBody(error_object(fault)))


@implementer(IFaults)
class OpenAIFaults:
    """The part of each dialect that shows errors."""

    __slots__ = ()

    statuses = STATUSES

    def error(self, fault: ProxyError, request_id: str = "") -> bytes:
        """OpenAI's error body."""
        return error_body(fault)
