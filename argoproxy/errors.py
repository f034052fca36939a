"""
What can go wrong, as one hierarchy in three branches: the client's fault, the upstream's, ours.

A fault knows its HTTP status and says what is wrong in words for the client; how it looks on the wire is the
dialect's business (L{argoproxy.interfaces.IDialect.error}).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal


class ProxyError(Exception):
    """
    A fault that ends a request.

    @ivar status: the HTTP status, 400 to 599.
    @ivar message: one sentence for the client; never a traceback, a path, or content.
    @ivar code: a short word that programs can test (C{model_not_found}), or L{None}.
    @ivar param: the path of the field at fault (C{messages[2].content}), or L{None}.
    @ivar kind: the upstream's own name for the kind of error (C{rate_limit_error}), or L{None}.
    @ivar retry_after: the upstream's C{Retry-After}, as it came, or L{None}.
    @ivar should_retry: whether SDKs should try again, or L{None} where they know best themselves.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        kind: str | None = None,
        retry_after: str | None = None,
        should_retry: bool | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.param = param
        self.kind = kind
        self.retry_after = retry_after
        self.should_retry = should_retry

    @property
    def headers(self) -> dict[str, str]:
        """What a reply that tells of it says in its head."""
        headers = {} if self.status != 401 else {"www-authenticate": "Bearer"}
        if self.retry_after is not None:
            headers["retry-after"] = self.retry_after
        if self.should_retry is not None:
            headers["x-should-retry"] = str(self.should_retry).lower()
        return headers


class ClientFault(ProxyError):
    """
    The request can't be served as it is: nothing of it reaches ARGO.

    @ivar _taken: headers that tell what would be taken instead.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        code: str | None = None,
        param: str | None = None,
        taken: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, message, code=code, param=param)
        self._taken = taken or {}

    @property
    def headers(self) -> dict[str, str]:
        return {**super().headers, **self._taken}


class TooLarge(ClientFault):
    """The body is larger than allowed."""

    def __init__(self, most_bytes: int) -> None:
        text = f"The request is larger than the {most_bytes / 1e6:g} MB that this proxy accepts."
        super().__init__(text, status=413, code="request_too_large")


class Misdirected(ClientFault):
    """The request names a host that is not the proxy's."""

    def __init__(self) -> None:
        text = "This proxy is not known by that name. Its operator can name it in 'allowed_hosts'."
        super().__init__(text, status=421, code="unknown_host")


class UpstreamFault(ProxyError):
    """
    ARGO, or the way to it, failed or refused.

    @ivar repeatable: whether nothing of a reply was seen and the same call may well go better.
    @ivar attempts: how often the call was sent before this was known.
    """

    repeatable = False
    attempts = 1


class Unanswered(UpstreamFault):
    """ARGO gave no reply: the connection ended before it came, or what came is not HTTP."""

    def __init__(self, why: str, *, repeatable: bool = False) -> None:
        super().__init__(502, f"ARGO could not be reached: {why}.", code="upstream_unreachable")
        self.repeatable = repeatable


class Unreachable(Unanswered):
    """There is no connection to ARGO: nothing of the call was sent."""


class ConnectTimedOut(Unreachable):
    """The time for a connection to ARGO ran out."""

    def __init__(self) -> None:
        super().__init__("the connection took too long")
        self.status, self.code = 504, "timeout_connect"


class Unavailable(Unreachable):
    """There was no connection to ARGO to be had lately, so that none was tried."""

    attempts = 0

    def __init__(self) -> None:
        super().__init__("it could not lately, and is looked for every second")
        self.status, self.code, self.retry_after = 503, "upstream_unavailable", "1"


class Truncated(UpstreamFault):
    """The upstream's reply ended before it was complete."""

    def __init__(self, message: str = "The upstream broke off its reply.") -> None:
        super().__init__(502, message, code="upstream_truncated")


class TimedOut(UpstreamFault):
    """
    The time that the client or the operator allows ran out.

    @param what: of the time: C{total} for a whole reply, C{first_byte} until it begins, C{idle} between two bytes.
    """

    def __init__(self, seconds: float, what: Literal["total", "first_byte", "idle"] = "total") -> None:
        super().__init__(504, _TIMED_OUT[what].format(seconds), code=f"timeout_{what}", should_retry=False)


_TIMED_OUT = {
    "total": "The reply was not complete within {:g} s.",
    "first_byte": "ARGO did not begin to reply within {:g} s.",
    "idle": "ARGO fell silent for {:g} s in the middle of its reply.",
}


class Busy(ProxyError):
    """More is asked than the operator lets through at once."""

    def __init__(self, status: int, message: str, code: str, seconds: int) -> None:
        """@param seconds: after which to ask again."""
        super().__init__(status, message, code=code, retry_after=str(seconds))


class OurFault(ProxyError):
    """A bug of ours. The client learns the request's id and nothing else."""

    def __init__(self, request_id: str) -> None:
        super().__init__(500, f"Internal error of the proxy; its log says more: {request_id}", code="internal_error")
