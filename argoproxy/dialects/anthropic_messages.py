"""
Anthropic's Messages: C{POST /v1/messages}, and C{POST /v1/messages/count_tokens}.

How requests are read; replies are made in L{argoproxy.dialects.anthropic_replies}.
"""

from __future__ import annotations

from typing import Annotated

import attrs
import msgspec
from zope.interface import implementer

from argoproxy.conversation import ChatRequest, OutputShape, Request, RouteCall, Stamp
from argoproxy.errors import ClientFault, ProxyError
from argoproxy.interfaces import ICountDialect, IRenderer, IRenderingDialect
from argoproxy.vocabulary.anthropic import ChoiceShape, JsonFormat, OutputConfig, ThinkingShape, thinking_of
from argoproxy.vocabulary.anthropic_blocks import SystemContent
from argoproxy.wire.json import Fields

from . import anthropic_limits
from .anthropic_errors import STATUSES, error_body
from .anthropic_history import read_messages
from .anthropic_replies import StreamRenderer, WholeRenderer
from .anthropic_tools import read_tools, require_object
from .openai_fields import IGNORED, Count, Ignored, Seconds, Share, stops
from .reading import Reader, split

HEADERS = ("anthropic-beta", "anthropic-version")

Natural = Annotated[int, msgspec.Meta(ge=0)]


class CountBody(msgspec.Struct, frozen=True, kw_only=True):
    """
    The fields that the neutral language knows: those that count.

    C{metadata}, C{cache_control} and C{service_tier} change no reply, so they are not among what wires without them
    miss. C{user}, which ARGO's other wires have, is given to nobody.
    """

    messages: msgspec.Raw
    model: str = ""
    system: SystemContent = ""
    tools: tuple[msgspec.Raw, ...] = ()
    tool_choice: ChoiceShape | None = None
    thinking: ThinkingShape | None = None
    output_config: OutputConfig = OutputConfig()
    output_format: JsonFormat | None = None
    timeout: Seconds | None = None
    metadata: Ignored = IGNORED
    cache_control: Ignored = IGNORED
    service_tier: Ignored = IGNORED
    user: Ignored = IGNORED


class MessagesBody(CountBody, frozen=True, kw_only=True):
    """And those that a reply needs."""

    max_tokens: Count
    stream: bool = False
    stop_sequences: tuple[str, ...] = ()
    temperature: Share | None = None
    top_p: Share | None = None
    top_k: Natural | None = None


_MESSAGES = Reader(MessagesBody)
_COUNT = Reader(CountBody)


@implementer(IRenderingDialect)
@attrs.frozen
class AnthropicMessages:
    """Messages."""

    name = "anthropic_messages"
    language = "anthropic_messages"
    headers = HEADERS
    statuses = STATUSES
    limit_headers = staticmethod(anthropic_limits.headers)

    def parse(self, body: bytes, call: RouteCall) -> ChatRequest:
        fields = split(body)
        known, extras = _MESSAGES.read(fields)
        _refuse_memory(extras)
        return msgspec.structs.replace(
            _asked(known, fields, extras, call),
            stream=known.stream,
            max_tokens=known.max_tokens,
            temperature=known.temperature,
            top_p=known.top_p,
            top_k=known.top_k,
            stop=stops(known.stop_sequences),
        )

    def renderer(self, request: Request, stamp: Stamp) -> IRenderer:
        assert isinstance(request, ChatRequest)
        return StreamRenderer(request, stamp) if request.stream else WholeRenderer(request, stamp)

    def error(self, fault: ProxyError, request_id: str = "") -> bytes:
        return error_body(fault, request_id)


class Counted(msgspec.Struct, frozen=True):
    """The reply of C{count_tokens}."""

    input_tokens: int


@implementer(ICountDialect)
@attrs.frozen
class AnthropicCount:
    """The same requests, asked for their tokens alone: none of what only a reply needs must be there."""

    name = "anthropic_count"
    language = "anthropic_count"
    headers = HEADERS
    statuses = STATUSES
    limit_headers = staticmethod(anthropic_limits.headers)

    def parse(self, body: bytes, call: RouteCall) -> ChatRequest:
        fields = split(body)
        known, extras = _COUNT.read(fields)
        return _asked(known, fields, extras, call)

    def counted(self, tokens: int) -> bytes:
        return msgspec.json.encode(Counted(tokens))

    def error(self, fault: ProxyError, request_id: str = "") -> bytes:
        return error_body(fault, request_id)


def _asked(known: CountBody, fields: Fields, extras: Fields, call: RouteCall) -> ChatRequest:
    """What both say: the prompt, and what the model is to do about it."""
    box = read_tools(known.tools, known.tool_choice)
    return ChatRequest(
        model=known.model,
        timeout=known.timeout,
        extras=extras | box.left_out,
        raw=fields,
        headers={name: call.headers[name] for name in HEADERS if name in call.headers},
        prompts=(read_messages(known.system, known.messages),),
        tools=box.tools,
        tool_choice=box.choice,
        parallel_tool_calls=box.parallel,
        thinking=thinking_of(known.thinking, known.output_config.effort),
        shape=_shape(known),
    )


def _refuse_memory(extras: Fields) -> None:
    """
    Refuse to hold the conversation for the client. The SDK's tool runner asks for that at first; by the code it knows
    that it is to send all of it each time.

    @raise ClientFault: it is asked for.
    """
    if "thread" in extras:
        text = "'thread' is not supported: nothing is kept here. Send the whole conversation in 'messages'."
        raise ClientFault(text, code="thread_unsupported_request", param="thread")


def _shape(known: CountBody) -> OutputShape | None:
    """What the text must be, by either of the names that say it."""
    for path, shape in (("output_config.format", known.output_config.format), ("output_format", known.output_format)):
        if shape is not None:
            require_object(shape.schema, f"{path}.schema")
            return shape.shape()
    return None
