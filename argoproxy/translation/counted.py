"""Replies that only tell how many tokens a request has."""

from __future__ import annotations

from zope.interface import implementer

from argoproxy.conversation import Call, Head, Usage
from argoproxy.errors import ProxyError
from argoproxy.interfaces import ICountDialect, ILeg, ITally, ITranslation


@implementer(ITranslation)
class Counted:
    """A reply that only tells how many tokens the request has. It takes no calls."""

    status = 200
    content_type = "application/json"
    keepalive = b""

    def __init__(self, dialect: ICountDialect, prompt: ITally) -> None:
        self._dialect = dialect
        self._prompt = prompt

    def calls(self, user: str) -> tuple[Call, ...]:
        return ()

    def leg(self, call: Call, head: Head, choice: int) -> ILeg:
        raise AssertionError("a count has no calls")

    def settle(self) -> bool:
        return self._prompt.step()

    def usage(self) -> Usage:
        return Usage(prompt=self._prompt.total())

    def open(self) -> bytes:
        return b""

    def close(self) -> bytes:
        return self._dialect.counted(self._prompt.total())

    def fail(self, fault: ProxyError) -> bytes:
        return b""
