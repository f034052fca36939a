"""ARGO's own replies, as they are."""

from __future__ import annotations

from zope.interface import implementer

from argoproxy.conversation import Call, DirectRequest, Head, Model, Usage
from argoproxy.errors import ProxyError, UpstreamFault
from argoproxy.interfaces import ILeg, ITranslation, IUpstream

_STATUSES = range(200, 600)


@implementer(ITranslation, ILeg)
class Verbatim:
    """ARGO's own reply, byte for byte: both sides speak the same. It has one leg, itself."""

    status = 200
    content_type = ""
    keepalive = b""
    fault: ProxyError | None = None

    def __init__(self, request: DirectRequest, model: Model, upstream: IUpstream) -> None:
        self._request = request
        self._model = model
        self._upstream = upstream

    def calls(self, user: str) -> tuple[Call, ...]:
        return (self._upstream.encode(self._request, self._model, user),)

    def leg(self, call: Call, head: Head, choice: int) -> ILeg:
        if head.status not in _STATUSES:
            self.fault = UpstreamFault(
                502, "ARGO answered with a status that HTTP doesn't have.", code="upstream_garbage"
            )
        self.status = head.status
        self.content_type = head.content_type
        return self

    def feed(self, data: bytes) -> bytes:
        return data if self.fault is None else b""

    def ended(self) -> bytes:
        return b""

    def settle(self) -> bool:
        return False

    def again(self) -> Call | None:
        return None

    def usage(self) -> Usage | None:
        return None

    def open(self) -> bytes:
        return b""

    def close(self) -> bytes:
        return b""

    def fail(self, fault: ProxyError) -> bytes:
        return b""
