"""
Replies of legacy completions, streamed and whole.

They are text and nothing else: there is no room for reasoning or calls.
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
    Message,
    Stamp,
    Text,
    TextDelta,
    Used,
)
from argoproxy.conversation.gather import Gatherer
from argoproxy.interfaces import IRenderer
from argoproxy.vocabulary.openai import CompletionUsage
from argoproxy.wire import sse

from .openai_stream import ChunkHead, Frame, failure

_encode = msgspec.json.Encoder().encode

_REASONS: Mapping[FinishReason | None, str] = {"length": "length", "content_filter": "content_filter"}
"""What ends a completion; it stops for every other reason."""


class CompletionRequest(ChatRequest, frozen=True, kw_only=True):
    """
    A legacy completion.

    @ivar echo: whether each reply begins with its prompt.
    """

    echo: bool = False


class CompletionChoice(msgspec.Struct, frozen=True, kw_only=True):
    """One of a whole reply's choices."""

    text: str
    index: int
    logprobs: None = None
    finish_reason: str


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """A whole reply."""

    id: str
    object: str = "text_completion"
    created: int
    model: str
    choices: tuple[CompletionChoice, ...]
    usage: CompletionUsage


def _id(stamp: Stamp) -> str:
    return f"cmpl-{stamp.token}"


def _echoes(request: CompletionRequest) -> list[str]:
    """What each choice begins with: C{n} choices for each prompt."""
    return [_said(prompt) if request.echo else "" for prompt in request.prompts for _ in range(request.n)]


def _said(prompt: tuple[Message, ...]) -> str:
    return "".join([part.text for message in prompt for part in message.parts if isinstance(part, Text)])


@implementer(IRenderer)
class StreamRenderer:
    """Chunks, one for each piece of text. What is echoed goes out before a choice's first piece."""

    __slots__ = ("_echoes", "_ends", "_frame", "_start")

    content_type = "text/event-stream"
    keepalive = sse.COMMENT

    def __init__(self, request: CompletionRequest, stamp: Stamp) -> None:
        head = ChunkHead(id=_id(stamp), object="text_completion", created=stamp.created, model=stamp.model)
        self._frame = Frame(head, request.include_usage)
        self._start = self._frame.start + b'{"text":'
        echoes = _echoes(request)
        tail = b',"logprobs":null,"finish_reason":null}' + self._frame.end
        self._ends = [b',"index":%d' % index + tail for index in range(len(echoes))]
        self._echoes = {index: echo for index, echo in enumerate(echoes) if echo}

    def render(self, event: Event) -> bytes:
        if isinstance(event, Failed):
            return failure(event.fault)
        rendering = _RENDERINGS.get(type(event))
        return b"" if rendering is None else rendering(self, event)

    def close(self) -> bytes:
        return sse.DONE

    def text(self, event: TextDelta) -> bytes:
        """The hot path: one small encode between ready-made bytes."""
        return self._echo(event.choice) + self._chunk(event.choice, event.text) if event.text else b""

    def finished(self, event: Finished) -> bytes:
        """The chunk that ends a choice."""
        reason = _encode(_REASONS.get(event.reason, "stop"))
        index = b'"","index":%d,"logprobs":null,"finish_reason":' % event.choice
        return self._echo(event.choice) + self._start + index + reason + b"}" + self._frame.end

    def used(self, event: Used) -> bytes:
        """The chunk that tells the usage."""
        return self._frame.usage(event.usage)

    def _echo(self, choice: int) -> bytes:
        """The prompt, the first time that a choice is asked for it."""
        echo = self._echoes.pop(choice, "")
        return self._chunk(choice, echo) if echo else b""

    def _chunk(self, choice: int, text: str) -> bytes:
        return self._start + _encode(text) + self._ends[choice]


_RENDERINGS: Mapping[type, Callable[[StreamRenderer, Any], bytes]] = {
    TextDelta: StreamRenderer.text,
    Finished: StreamRenderer.finished,
    Used: StreamRenderer.used,
}


@implementer(IRenderer)
class WholeRenderer:
    """One object, once everything is known."""

    content_type = "application/json"
    keepalive = b""

    def __init__(self, request: CompletionRequest, stamp: Stamp) -> None:
        self._stamp = stamp
        self._echoes = _echoes(request)
        self._gatherer = Gatherer(len(self._echoes))

    def render(self, event: Event) -> bytes:
        self._gatherer.add(event)
        return b""

    def close(self) -> bytes:
        reply = self._gatherer.reply()
        choices = tuple(
            CompletionChoice(text=echo + choice.text, index=index, finish_reason=_REASONS.get(choice.reason, "stop"))
            for index, (echo, choice) in enumerate(zip(self._echoes, reply.choices, strict=True))
        )
        completion = Completion(
            id=_id(self._stamp),
            created=self._stamp.created,
            model=self._stamp.model,
            choices=choices,
            usage=CompletionUsage.of(reply.usage),
        )
        return _encode(completion)
