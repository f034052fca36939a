"""
Replies of Google's GenAI: what they are made of, and those that come whole. L{argoproxy.dialects.google_stream} has the
others.

A content has a part even where the model said nothing: the Python SDK forgets a chat's turn if one hasn't.
"""

from __future__ import annotations

from typing import Any

import msgspec
from zope.interface import implementer

from argoproxy.conversation import Event, FinishReason, Reasoning, Stamp, Text, ToolCall
from argoproxy.conversation.gather import Choice, Gatherer
from argoproxy.interfaces import IRenderer
from argoproxy.vocabulary.google import FINISH_REASONS, MALFORMED_CALL, FunctionCall, ModelContent, Part, UsageMetadata

from .google_requests import GenerateRequest
from .google_seals import thought_signature

encode = msgspec.json.Encoder().encode

SILENT = Part(text="")
"""A part that says nothing."""

_arguments = msgspec.json.Decoder(dict[str, Any])


class Candidate(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One of the answers, or what a chunk adds to it."""

    content: ModelContent
    finish_reason: str | None = None
    index: int


class GenerateContentResponse(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A whole reply, or a chunk of it."""

    candidates: tuple[Candidate, ...]
    usage_metadata: UsageMetadata | None = None
    model_version: str
    response_id: str


def thought_part(text: str, signature: str | None, redacted: str | None) -> Part:
    """What the model thought."""
    return Part(text=text, thought=True, thought_signature=thought_signature(signature, redacted))


def call_part(call: ToolCall) -> Part | None:
    """A call, or L{None} if its arguments are no JSON object."""
    try:
        arguments = _arguments.decode(call.arguments)
    except (msgspec.DecodeError, RecursionError):
        return None
    # Written anew: what the model wrote may have line breaks, which would cut an event.
    function = FunctionCall(id=call.id or None, name=call.name, args=msgspec.Raw(encode(arguments)))
    return Part(function_call=function, thought_signature=thought_signature(call.signature))


def finish_reason(reason: FinishReason | None, malformed: bool) -> str:
    """
    Why an answer ended.

    @param malformed: whether there was a call that is none; one that was cut off at the limit may well be.
    """
    return MALFORMED_CALL if malformed and reason != "length" else FINISH_REASONS[reason or "stop"]


@implementer(IRenderer)
class WholeRenderer:
    """One object, once everything is known."""

    content_type = "application/json"
    keepalive = b""

    def __init__(self, request: GenerateRequest, stamp: Stamp) -> None:
        self._thoughts = request.thoughts
        self._stamp = stamp
        self._gatherer = Gatherer(request.n)

    def render(self, event: Event) -> bytes:
        self._gatherer.add(event)
        return b""

    def close(self) -> bytes:
        reply = self._gatherer.reply()
        response = GenerateContentResponse(
            candidates=tuple(self._candidate(index, choice) for index, choice in enumerate(reply.choices)),
            usage_metadata=UsageMetadata.of(reply.usage),
            model_version=self._stamp.model,
            response_id=self._stamp.token,
        )
        return encode(response)

    def _candidate(self, index: int, choice: Choice) -> Candidate:
        parts = [self._part(part) for part in choice.parts if self._thoughts or not isinstance(part, Reasoning)]
        whole = tuple(part for part in parts if part is not None)
        reason = finish_reason(choice.reason, malformed=len(whole) < len(parts))
        return Candidate(content=ModelContent(whole or (SILENT,)), finish_reason=reason, index=index)

    def _part(self, part: Text | Reasoning | ToolCall) -> Part | None:
        if isinstance(part, Text):
            return Part(text=part.text)
        if isinstance(part, Reasoning):
            return thought_part(part.text, part.signature, part.redacted)
        return call_part(part)
