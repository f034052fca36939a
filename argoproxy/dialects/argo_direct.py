"""
ARGO's own chat and embed calls, as a client may make them here: what it sends and gets is ARGO's, unconverted.

The reply goes through as it comes, so nothing here renders. Faults of the proxy's own are in OpenAI's shape.
"""

from __future__ import annotations

import attrs
import msgspec
from zope.interface import implementer

from argoproxy.conversation import DirectRequest, RouteCall
from argoproxy.interfaces import IDialect

from . import openai_limits, reading
from .openai_errors import OpenAIFaults
from .openai_fields import Seconds

_PROXYS_OWN = frozenset({"stream", "timeout"})


class DirectBody(msgspec.Struct, frozen=True, kw_only=True):
    """
    The fields that the proxy looks at.

    @ivar stream: not ARGO's field but ours: ARGO streams by another resource.
    """

    model: str = ""
    stream: bool = False
    timeout: Seconds | None = None


_reader = reading.Reader(DirectBody)


@implementer(IDialect)
@attrs.frozen
class ArgoDirect(OpenAIFaults):
    """ARGO's C{chat} and C{embed}, told apart by the route's C{resource}."""

    name = "argo_direct"
    language = "argo_direct"
    headers = ()
    limit_headers = staticmethod(openai_limits.headers)

    def parse(self, body: bytes, call: RouteCall) -> DirectRequest:
        """Take the body apart without judging what is ARGO's."""
        fields = reading.split(body)
        known, _ = _reader.read(fields)
        return DirectRequest(
            model=known.model,
            stream=known.stream,
            timeout=known.timeout,
            resource=call.path["resource"],
            fields={name: raw for name, raw in fields.items() if name not in _PROXYS_OWN},
        )
