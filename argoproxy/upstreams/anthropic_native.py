"""
The native Anthropic wire: Messages, for Claude.

How requests are written is L{argoproxy.upstreams.anthropic_requests}, how replies are read
L{argoproxy.upstreams.anthropic_replies}; what a client gets who speaks the same is
L{argoproxy.upstreams.anthropic_relay}, L{argoproxy.upstreams.anthropic_splice} and
L{argoproxy.upstreams.anthropic_gathering}.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import msgspec
from zope.interface import implementer

from argoproxy.conversation import Call, ChatRequest, Head, Message, Model, Request, Stamp
from argoproxy.errors import ClientFault
from argoproxy.interfaces import IDecoder, IRewordingRelay, ISplice

from .anthropic_gathering import GatheringSplice
from .anthropic_relay import Retelling, illustrated, relays
from .anthropic_replies import MessageStream, WholeMessage
from .anthropic_requests import RULES, STRICT, body, dropped, streams
from .anthropic_splice import StreamSplice, WholeSplice, estimate
from .mending import mended, unwrapping, wrapped
from .openai_splice import Refused
from .refusals import Refusal

VERSION = "2023-06-01"
"""The version of Anthropic's API that is spoken where the client names none."""


@implementer(IRewordingRelay)
@attrs.frozen
class AnthropicNative:
    """
    @ivar url: of C{messages}.
    """

    url: str
    name: str = "anthropic_native"
    language: str = "anthropic_messages"
    takes_tokens: bool = False

    def shapes(self, model: Model) -> bool:
        return False

    def encode(self, request: Request, model: Model, user: str) -> Call:
        chat = _chat(request)
        taken, adjusted = mended(wrapped(chat), model.abilities, (*RULES, STRICT))
        said = {"model": model.internal_id, "user": user} | body(taken, model.abilities)
        return self._call(
            msgspec.json.encode(said),
            streams(taken, model.abilities),
            chat,
            user,
            adjusted=adjusted,
            dropped=dropped(chat),
            tools=chat.tools,
        )

    def decoder(self, call: Call, head: Head, choice: int) -> IDecoder:
        if _is_refusal(head):
            return Refusal(head)
        decoder = WholeMessage if _is_whole(call, head) else MessageStream
        return unwrapping(decoder(head, choice), call.tools)

    def relays(self, request: Request, model: Model) -> bool:
        return isinstance(request, ChatRequest) and relays(request)

    def relay(self, request: Request, model: Model, user: str) -> Call:
        return self.reworded(request, _chat(request).messages, model, user)

    def reworded(self, request: Request, conversation: Sequence[Message], model: Model, user: str) -> Call:
        chat = illustrated(_chat(request))
        retelling = Retelling(chat, model.abilities, conversation)
        said = retelling.encode({"model": model.internal_id, "user": user})
        call = self._call(said, retelling.streamed, chat, user, adjusted=tuple(retelling.adjusted))
        return msgspec.structs.replace(call, prompt=estimate(said, chat))

    def splice(self, call: Call, request: Request, head: Head, stamp: Stamp) -> ISplice:
        if _is_refusal(head):
            return Refused(head)
        chat = _chat(request)
        if _is_whole(call, head):
            return WholeSplice(head, stamp, call.prompt, asked=not chat.stream)
        stream = StreamSplice(head, stamp, call.prompt)
        return stream if chat.stream else GatheringSplice(head, stream)

    def _call(self, said: bytes, streamed: bool, request: ChatRequest, user: str, **about: tuple[object, ...]) -> Call:
        who = {"x-api-key": user, "anthropic-version": VERSION}
        return Call(
            url=self.url,
            body=said,
            reply="stream" if streamed else "whole",
            accept="text/event-stream" if streamed else "application/json",
            headers=who | {name: value for name, value in request.headers.items() if name in _PASSED},
            **about,  # type: ignore[arg-type]
        )


_PASSED = ("anthropic-beta", "anthropic-version")


def _is_refusal(head: Head) -> bool:
    return head.status != 200 or head.media_type == "text/html"


def _is_whole(call: Call, head: Head) -> bool:
    """Whether the reply is one JSON object: as it was asked for, or as errors come in place of a stream."""
    return call.reply == "whole" or head.media_type == "application/json"


def _chat(request: Request) -> ChatRequest:
    """@raise ClientFault: it is no conversation."""
    if isinstance(request, ChatRequest):
        return request
    raise ClientFault("This model's wire has conversations only.", code="unsupported_parameter", param="model")
