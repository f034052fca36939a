"""
Replies of OpenAI's Responses, streamed and whole: the same items grow in both, and the same object stands at the end.

A stream keeps its text: the events at its end repeat all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec
from zope.interface import implementer

from argoproxy.conversation import (
    ChatRequest,
    Event,
    Failed,
    Finished,
    FinishReason,
    ReasoningDelta,
    Stamp,
    Started,
    TextDelta,
    ToolCallArguments,
    ToolCallBegun,
    Usage,
    Used,
)
from argoproxy.errors import ProxyError, UpstreamFault
from argoproxy.interfaces import IRenderer
from argoproxy.wire import sse

from .openai_freeform import freeform_names
from .responses_items import CallName, OpenCall, OpenCustomCall, OpenItem, OpenMessage, OpenReasoning, Told
from .responses_object import REASONS, IncompleteDetails, Repeated, ResponseError, ResponseUsage, Standing, whole
from .responses_shapes import ItemStatus, ObjectEvent
from .responses_tools import Homes

_encode = msgspec.json.Encoder().encode


class ResponsesRequest(ChatRequest, frozen=True, kw_only=True):
    """
    A request of Responses.

    @ivar repeated: what the reply repeats of it.
    @ivar homes: which of its tools have a namespace.
    """

    repeated: Repeated
    homes: Homes = {}


class Telling(Protocol):
    """What becomes of a reply's events: bytes on a stream, nothing in a whole reply."""

    content_type: str
    keepalive: bytes

    def event(self, name: bytes, body: msgspec.Struct) -> bytes:
        """One event."""

    def item(self, item: OpenItem) -> None:
        """The deltas that follow are this item's."""

    def delta(self, piece: str) -> bytes:
        """A piece of the item."""

    def end(self, name: bytes, response: msgspec.Raw) -> bytes:
        """The response is complete."""

    def fail(self, fault: ProxyError, response: msgspec.Raw) -> bytes:
        """
        The response failed.

        @raise ProxyError: the fault itself, where it can still be the whole reply.
        """


class Aloud:
    """Tells all events, numbered without holes."""

    __slots__ = ("_delta", "_number")

    content_type = "text/event-stream"
    keepalive = sse.COMMENT

    def __init__(self) -> None:
        self._number = 0
        self._delta = b""

    def event(self, name: bytes, body: msgspec.Struct) -> bytes:
        data = b'{"type":"%b","sequence_number":%d,%b' % (name, self._number, _encode(body)[1:])
        self._number += 1
        return sse.frame(data, name)

    def item(self, item: OpenItem) -> None:
        same = b'{"type":"%b",%b,"sequence_number":' % (item.DELTA, _encode(item.delta())[1:-1])
        self._delta = sse.frame(same, item.DELTA).removesuffix(b"\n\n")

    def delta(self, piece: str) -> bytes:
        number = self._number
        self._number = number + 1
        return b'%b%d,"delta":%b}\n\n' % (self._delta, number, _encode(piece))

    def end(self, name: bytes, response: msgspec.Raw) -> bytes:
        return self.event(name, ObjectEvent(response))

    def fail(self, fault: ProxyError, response: msgspec.Raw) -> bytes:
        return self.event(b"response.failed", ObjectEvent(response))


class Silently:
    """Tells nothing but the object at the end."""

    __slots__ = ()

    content_type = "application/json"
    keepalive = b""

    def event(self, name: bytes, body: msgspec.Struct) -> bytes:
        return b""

    def item(self, item: OpenItem) -> None:
        pass

    def delta(self, piece: str) -> bytes:
        return b""

    def end(self, name: bytes, response: msgspec.Raw) -> bytes:
        return bytes(response)

    def fail(self, fault: ProxyError, response: msgspec.Raw) -> bytes:
        raise fault


@implementer(IRenderer)
class ResponsesRenderer:
    """
    One reply: at most one item is open at a time, and ends where the next begins.

    A reply without any item gets an empty message; beside a call or reasoning there is none.
    """

    __slots__ = (
        *("_done", "_freeform", "_homes", "_open", "_reason"),
        *("_repeated", "_standing", "_telling", "_token", "_usage"),
    )

    def __init__(self, request: ResponsesRequest, stamp: Stamp) -> None:
        self._telling: Telling = Aloud() if request.stream else Silently()
        self._repeated = request.repeated
        self._freeform = freeform_names(request.tools)
        self._homes = request.homes
        self._standing = Standing.at_first(stamp)
        self._token = stamp.token
        self._open: OpenItem | None = None
        self._done: list[msgspec.Raw] = []
        self._reason: FinishReason | None = None
        self._usage = Usage()

    @property
    def content_type(self) -> str:
        return self._telling.content_type

    @property
    def keepalive(self) -> bytes:
        return self._telling.keepalive

    def render(self, event: Event) -> bytes:
        rendering = self._RENDERINGS.get(type(event))
        return b"" if rendering is None else rendering(self, event)

    def close(self) -> bytes:
        reason = REASONS.get(self._reason)
        standing = msgspec.structs.replace(
            self._standing,
            status="completed" if reason is None else "incomplete",
            incomplete_details=None if reason is None else IncompleteDetails(reason),
            output=tuple(self._done),
            usage=ResponseUsage.of(self._usage),
        )
        return self._telling.end(b"response." + standing.status.encode(), whole(standing, self._repeated))

    def _started(self, event: Started) -> bytes:
        body = ObjectEvent(whole(self._standing, self._repeated))
        return self._tell((b"response.created", body), (b"response.in_progress", body))

    def _text(self, event: TextDelta) -> bytes:
        return self._grow(OpenMessage, event.text)

    def _reasoning(self, event: ReasoningDelta) -> bytes:
        told = self._grow(OpenReasoning, event.text)
        if event.signature is not None and isinstance(self._open, OpenReasoning):
            self._open.signature = event.signature
            told += self._shut()
        return told

    def _call(self, event: ToolCallBegun) -> bytes:
        told = self._shut()
        namespace, name = self._homes.get(event.name, (msgspec.UNSET, event.name))
        kind = OpenCustomCall if event.name in self._freeform else OpenCall
        called = CallName(event.id, name, namespace)
        return told + self._begin(kind(self._token, len(self._done), called, event.call))

    def _arguments(self, event: ToolCallArguments) -> bytes:
        if not isinstance(self._open, OpenCall) or self._open.number != event.call:
            raise UpstreamFault(502, "The upstream mixed up its tool calls.", code="upstream_garbage")
        return self._add(self._open, event.fragment)

    def _finished(self, event: Finished) -> bytes:
        self._reason = event.reason
        told = b""
        if self._open is None and not self._done:
            told = self._begin(OpenMessage(self._token, 0))
        return told + self._shut("incomplete" if event.reason in REASONS else "completed")

    def _used(self, event: Used) -> bytes:
        self._usage = event.usage
        return b""

    def _failed(self, event: Failed) -> bytes:
        error = ResponseError.of(event.fault)
        standing = msgspec.structs.replace(self._standing, status="failed", error=error, output=tuple(self._done))
        return self._telling.fail(event.fault, whole(standing, self._repeated))

    def _grow(self, kind: type[OpenMessage | OpenReasoning], piece: str) -> bytes:
        """Add to the open item if it is of that kind, else to a new one."""
        if not piece:
            return b""
        item = self._open
        if type(item) is kind:
            return self._add(item, piece)
        told = self._shut()
        item = kind(self._token, len(self._done))
        return told + self._begin(item) + self._add(item, piece)

    def _add(self, item: OpenItem, piece: str) -> bytes:
        item.pieces.append(piece)
        return self._telling.delta(piece)

    def _begin(self, item: OpenItem) -> bytes:
        self._open = item
        self._telling.item(item)
        return self._tell(*item.begun())

    def _shut(self, status: ItemStatus = "completed") -> bytes:
        """End the open item, if there is one."""
        item, self._open = self._open, None
        if item is None:
            return b""
        done = msgspec.Raw(_encode(item.item(status)))
        self._done.append(done)
        return self._tell(*item.done(done))

    def _tell(self, *told: Told) -> bytes:
        return b"".join([self._telling.event(name, body) for name, body in told])

    _RENDERINGS: Mapping[type, Callable[[ResponsesRenderer, Any], bytes]] = {
        Started: _started,
        TextDelta: _text,
        ReasoningDelta: _reasoning,
        ToolCallBegun: _call,
        ToolCallArguments: _arguments,
        Finished: _finished,
        Used: _used,
        Failed: _failed,
    }
