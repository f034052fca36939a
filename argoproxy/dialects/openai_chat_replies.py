"""
Replies of Chat Completions, streamed and whole.

Reasoning has no place in OpenAI's own API; here it is C{reasoning_content}, where the clients that show it look.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

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
    TextDelta,
    ToolCall,
    ToolCallArguments,
    ToolCallBegun,
    Used,
)
from argoproxy.conversation.gather import Choice, Gatherer
from argoproxy.interfaces import IRenderer
from argoproxy.vocabulary.openai import CompletionUsage, CustomToolCall, FunctionCall, FunctionToolCall
from argoproxy.wire import sse

from .openai_freeform import freeform_names
from .openai_stream import ChunkHead, Frame, failure

_encode = msgspec.json.Encoder().encode


class FunctionsRequest(ChatRequest, frozen=True, kw_only=True):
    """A request whose tools are deprecated functions: the calls go out under their deprecated name too."""


class FunctionDelta(msgspec.Struct, frozen=True, omit_defaults=True):
    """A piece of a call: first the name, with empty arguments, then the arguments."""

    name: str | None = None
    arguments: str | None = None


class CustomDelta(msgspec.Struct, frozen=True, omit_defaults=True):
    """A piece of a custom tool's call: first the name, with an empty text, then the text."""

    name: str | None = None
    input: str | None = None


class CallDelta(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A piece of one of the calls."""

    index: int
    id: str | None = None
    type: str | None = None
    function: FunctionDelta | None = None
    custom: CustomDelta | None = None


class Delta(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a chunk adds to a choice."""

    role: str | None = None
    content: str | None = None
    reasoning_content: str | None = None
    tool_calls: tuple[CallDelta, ...] = ()
    function_call: FunctionDelta | None = None


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What a whole choice says. Content is C{null} where there are only calls."""

    role: str = "assistant"
    content: str | None
    refusal: None = None
    annotations: tuple[()] = ()
    reasoning_content: str | msgspec.UnsetType = msgspec.UNSET
    tool_calls: tuple[FunctionToolCall | CustomToolCall, ...] | msgspec.UnsetType = msgspec.UNSET
    function_call: FunctionCall | msgspec.UnsetType = msgspec.UNSET


class WholeChoice(msgspec.Struct, frozen=True, kw_only=True):
    """One of a whole reply's choices."""

    index: int
    message: Message
    logprobs: None = None
    finish_reason: str


class ChatCompletion(msgspec.Struct, frozen=True, kw_only=True):
    """A whole reply."""

    id: str
    object: str = "chat.completion"
    created: int
    model: str
    choices: tuple[WholeChoice, ...]
    usage: CompletionUsage


def _reason(reason: FinishReason | None, functions: bool) -> str:
    """The words are those of the neutral language, but for deprecated functions."""
    if functions and reason == "tool_calls":
        return "function_call"
    return reason or "stop"


@implementer(IRenderer)
class StreamRenderer:
    """
    Chunks, one for each event that has something to show.

    The roles of all choices go out first, in their order: OpenAI's own SDK puts a stream together by the order in
    which the choices first appear.
    """

    __slots__ = (
        "_custom",
        "_end",
        "_frame",
        "_freeform",
        "_functions",
        "_opening",
        "_starts",
        "_text_end",
        "_text_starts",
    )

    content_type = "text/event-stream"
    keepalive = sse.COMMENT

    def __init__(self, request: ChatRequest, stamp: Stamp) -> None:
        head = ChunkHead(
            id=f"chatcmpl-{stamp.token}", object="chat.completion.chunk", created=stamp.created, model=stamp.model
        )
        self._functions = isinstance(request, FunctionsRequest)
        self._freeform = freeform_names(request.tools)
        # The choices whose latest call is a custom tool's: calls of a choice don't interleave.
        self._custom: set[int] = set()
        self._frame = Frame(head, request.include_usage)
        choices = range(len(request.prompts) * request.n)
        self._starts = [self._frame.start + b'{"index":%d,"delta":' % index for index in choices]
        self._end = b',"logprobs":null,"finish_reason":null}' + self._frame.end
        self._text_starts = [start + b'{"content":' for start in self._starts]
        self._text_end = b"}" + self._end
        opening = Delta(role="assistant", content="")
        self._opening = b"".join([self._chunk(index, opening) for index in choices])

    def render(self, event: Event) -> bytes:
        rendering = _RENDERINGS.get(type(event))
        data = b"" if rendering is None else rendering(self, event)
        if self._opening and data and not isinstance(event, Failed):
            data, self._opening = self._opening + data, b""
        return data

    def close(self) -> bytes:
        return sse.DONE

    def failed(self, event: Failed) -> bytes:
        """An error in place of what was still to come."""
        return failure(event.fault)

    def text(self, event: TextDelta) -> bytes:
        """The hot path: one small encode between ready-made bytes."""
        if not event.text:
            return b""
        return self._text_starts[event.choice] + _encode(event.text) + self._text_end

    def reasoning(self, event: ReasoningDelta) -> bytes:
        """There is no room for a signature."""
        return self._chunk(event.choice, Delta(reasoning_content=event.text)) if event.text else b""

    def call(self, event: ToolCallBegun) -> bytes:
        """Id, type and name come once, with the first piece."""
        if event.name in self._freeform:
            self._custom.add(event.choice)
            delta = CallDelta(index=event.call, id=event.id, type="custom", custom=CustomDelta(event.name, ""))
            return self._chunk(event.choice, Delta(tool_calls=(delta,)))
        self._custom.discard(event.choice)
        function = FunctionDelta(event.name, "")
        if self._functions:
            return self._function(event, function)
        delta = CallDelta(index=event.call, id=event.id, type="function", function=function)
        return self._chunk(event.choice, Delta(tool_calls=(delta,)))

    def arguments(self, event: ToolCallArguments) -> bytes:
        """A piece of the arguments."""
        if event.choice in self._custom:
            delta = CallDelta(index=event.call, custom=CustomDelta(input=event.fragment))
            return self._chunk(event.choice, Delta(tool_calls=(delta,)))
        function = FunctionDelta(arguments=event.fragment)
        if self._functions:
            return self._function(event, function)
        return self._chunk(event.choice, Delta(tool_calls=(CallDelta(index=event.call, function=function),)))

    def finished(self, event: Finished) -> bytes:
        """The chunk that ends a choice."""
        reason = _encode(_reason(event.reason, self._functions))
        start = self._starts[event.choice]
        return start + b'{},"logprobs":null,"finish_reason":' + reason + b"}" + self._frame.end

    def used(self, event: Used) -> bytes:
        """The chunk that tells the usage."""
        return self._frame.usage(event.usage)

    def _function(self, event: ToolCallBegun | ToolCallArguments, delta: FunctionDelta) -> bytes:
        """A piece of the one call for which there is room."""
        return self._chunk(event.choice, Delta(function_call=delta)) if event.call == 0 else b""

    def _chunk(self, choice: int, delta: Delta) -> bytes:
        return self._starts[choice] + _encode(delta) + self._end


_RENDERINGS: Mapping[type, Callable[[StreamRenderer, Any], bytes]] = {
    TextDelta: StreamRenderer.text,
    ReasoningDelta: StreamRenderer.reasoning,
    ToolCallBegun: StreamRenderer.call,
    ToolCallArguments: StreamRenderer.arguments,
    Finished: StreamRenderer.finished,
    Used: StreamRenderer.used,
    Failed: StreamRenderer.failed,
}


@implementer(IRenderer)
class WholeRenderer:
    """One object, once everything is known."""

    content_type = "application/json"
    keepalive = b""

    def __init__(self, request: ChatRequest, stamp: Stamp) -> None:
        self._functions = isinstance(request, FunctionsRequest)
        self._freeform = freeform_names(request.tools)
        self._stamp = stamp
        self._gatherer = Gatherer(len(request.prompts) * request.n)

    def render(self, event: Event) -> bytes:
        self._gatherer.add(event)
        return b""

    def close(self) -> bytes:
        reply = self._gatherer.reply()
        completion = ChatCompletion(
            id=f"chatcmpl-{self._stamp.token}",
            created=self._stamp.created,
            model=self._stamp.model,
            choices=tuple([self._choice(index, choice) for index, choice in enumerate(reply.choices)]),
            usage=CompletionUsage.of(reply.usage),
        )
        return _encode(completion)

    def _choice(self, index: int, choice: Choice) -> WholeChoice:
        reason = _reason(choice.reason, self._functions)
        return WholeChoice(index=index, message=self._message(choice), finish_reason=reason)

    def _message(self, choice: Choice) -> Message:
        text, calls = choice.text, choice.calls
        message = Message(
            content=None if calls and not text else text, reasoning_content=choice.reasoning or msgspec.UNSET
        )
        if not calls:
            return message
        if self._functions:
            return msgspec.structs.replace(message, function_call=FunctionToolCall.of(calls[0]).function)
        return msgspec.structs.replace(message, tool_calls=tuple(map(self._call, calls)))

    def _call(self, call: ToolCall) -> FunctionToolCall | CustomToolCall:
        return CustomToolCall.of(call) if call.name in self._freeform else FunctionToolCall.of(call)
