"""Replies in the language that both sides speak."""

from __future__ import annotations

from zope.interface import implementer

from argoproxy.conversation import Call, ChatRequest, Failed, Head, Model, Request, Stamp, Usage
from argoproxy.errors import ProxyError
from argoproxy.interfaces import ILeg, IRelay, IRenderer, ISplice, ITranslation


@implementer(ITranslation)
class Relay:
    """
    A reply in the language that both sides speak, passed on with only what must change. It has one leg.

    The dialect's renderer is there for what the proxy itself has to say: life in a silence, and failures.
    """

    status = 200

    def __init__(self, request: Request, model: Model, upstream: IRelay, renderer: IRenderer, stamp: Stamp) -> None:
        self._request = request
        self._model = model
        self._upstream = upstream
        self._renderer = renderer
        self._stamp = stamp
        self._splice: ISplice | None = None

    @property
    def content_type(self) -> str:
        """The renderer's."""
        return self._renderer.content_type

    @property
    def keepalive(self) -> bytes:
        """The renderer's."""
        return self._renderer.keepalive

    def calls(self, user: str) -> tuple[Call, ...]:
        call = self._upstream.relay(self._request, self._model, user)
        # How the reply is wanted matters until its end; what was asked, which may be long, doesn't.
        if isinstance(self._request, ChatRequest):
            self._request = self._request.without_content()
        return (call,)

    def leg(self, call: Call, head: Head, choice: int) -> ILeg:
        self._splice = self._upstream.splice(call, self._request, head, self._stamp)
        return RelayLeg(self._splice)

    def settle(self) -> bool:
        return False

    def usage(self) -> Usage | None:
        return self._splice.usage if self._splice is not None else None

    def open(self) -> bytes:
        """Nothing: the reply's beginning is the upstream's to say."""
        return b""

    def close(self) -> bytes:
        return b""

    def fail(self, fault: ProxyError) -> bytes:
        return self._renderer.render(Failed(fault))


@implementer(ILeg)
class RelayLeg:
    """The one leg of a relay."""

    def __init__(self, splice: ISplice) -> None:
        self._splice = splice

    @property
    def fault(self) -> ProxyError | None:
        """The splice's."""
        return self._splice.fault

    def feed(self, data: bytes) -> bytes:
        return self._splice.feed(data)

    def ended(self) -> bytes:
        return self._splice.close()

    def settle(self) -> bool:
        return False

    def again(self) -> Call | None:
        return None

    def close(self) -> bytes:
        return b""
