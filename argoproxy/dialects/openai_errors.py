"""How all of OpenAI's APIs show an error: the body, and the statuses that its clients know."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import msgspec
from zope.interface import implementer

from argoproxy.errors import ProxyError
from argoproxy.interfaces import IFaults
from argoproxy.vocabulary import openai

STATUSES: Mapping[int, int] = {529: 503}
"""529 is Anthropic's own; OpenAI's clients try again after a 503."""


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
    if fault.kind in openai.KNOWN_ERROR_TYPES:
        return fault.kind
    general = "invalid_request_error" if fault.status < 500 else "server_error"
    return openai.ERROR_TYPES.get(fault.status, general)


def error_object(fault: ProxyError) -> ErrorObject:
    """What a fault looks like inside an error reply, or inside an event of Responses."""
    return ErrorObject(fault.message, error_type(fault), fault.param, fault.code)


def error_body(fault: ProxyError) -> bytes:
    """The whole reply, as JSON."""
    return msgspec.json.encode(ErrorBody(error_object(fault)))


@implementer(IFaults)
@attrs.frozen
class OpenAIFaults:
    """The part of each dialect that shows errors."""

    statuses = STATUSES

    def error(self, fault: ProxyError, request_id: str = "") -> bytes:
        """OpenAI's error body."""
        return error_body(fault)
