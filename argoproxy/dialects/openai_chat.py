"""
OpenAI's Chat Completions: C{POST /v1/chat/completions}.

How requests are read; replies are made in L{argoproxy.dialects.openai_chat_replies}.
"""

from __future__ import annotations

import attrs
import msgspec
from zope.interface import implementer

from argoproxy.conversation import ChatRequest, Request, RouteCall, Stamp
from argoproxy.conversation.abilities import Effort
from argoproxy.errors import ClientFault
from argoproxy.interfaces import IRenderer, IRenderingDialect
from argoproxy.vocabulary.openai import meaningful

from . import openai_limits
from .openai_chat_replies import FunctionsRequest, StreamRenderer, WholeRenderer
from .openai_errors import OpenAIFaults
from .openai_fields import (
    IGNORED,
    Count,
    Ignored,
    Replies,
    Seconds,
    Share,
    Stop,
    StreamOptions,
    Temperature,
    stops,
    wants_usage,
)
from .openai_formats import ResponseFormat, read_effort, read_format
from .openai_freeform import freeform_names
from .openai_functions import FunctionChoice, Functions, read_functions
from .openai_messages import read_messages
from .openai_tools import Choice, Toolbox, Tools, read_tools
from .reading import Reader, split


class ChatBody(msgspec.Struct, frozen=True, kw_only=True):
    """
    The fields that the neutral language knows. C{user} is taken and given to nobody; the hints on caching, and who is
    asking, change no reply, so they are not missed on wires that don't have them.
    """

    messages: msgspec.Raw
    model: str = ""
    stream: bool = False
    stream_options: StreamOptions | None = None
    n: Replies = 1
    max_tokens: Count | None = None
    max_completion_tokens: Count | None = None
    temperature: Temperature | None = None
    top_p: Share | None = None
    stop: Stop | None = None
    tools: Tools = ()
    tool_choice: Choice = IGNORED
    parallel_tool_calls: bool | None = None
    functions: Functions = ()
    function_call: FunctionChoice | None = None
    response_format: ResponseFormat | None = None
    reasoning_effort: Effort | None = None
    timeout: Seconds | None = None
    prompt_cache_key: Ignored = IGNORED
    prompt_cache_options: Ignored = IGNORED
    prompt_cache_retention: Ignored = IGNORED
    safety_identifier: Ignored = IGNORED
    user: Ignored = IGNORED


_READER = Reader(ChatBody)


@implementer(IRenderingDialect)
@attrs.frozen
class OpenAIChat(OpenAIFaults):
    """Chat Completions."""

    name = "openai_chat"
    language = "openai_chat"
    headers = ()
    limit_headers = staticmethod(openai_limits.headers)

    def parse(self, body: bytes, call: RouteCall) -> ChatRequest:
        fields = split(body)
        known, extras = _READER.read(fields)
        box = _tools(known)
        asked = FunctionsRequest if known.functions else ChatRequest
        return asked(
            model=known.model,
            stream=known.stream,
            timeout=known.timeout,
            extras=meaningful(extras) | box.left_out,
            raw=fields,
            prompts=(read_messages(known.messages, freeform_names(box.tools)),),
            n=known.n,
            include_usage=wants_usage(known.stream, known.stream_options),
            max_tokens=known.max_tokens,
            max_completion_tokens=known.max_completion_tokens,
            temperature=known.temperature,
            top_p=known.top_p,
            stop=stops(known.stop),
            tools=box.tools,
            tool_choice=box.choice,
            parallel_tool_calls=_parallel(known),
            thinking=read_effort(known.reasoning_effort),
            shape=read_format(known.response_format, "response_format"),
        )

    def renderer(self, request: Request, stamp: Stamp) -> IRenderer:
        assert isinstance(request, ChatRequest)
        return StreamRenderer(request, stamp) if request.stream else WholeRenderer(request, stamp)


def _tools(body: ChatBody) -> Toolbox:
    """The tools, by either of their names."""
    if not body.functions and body.function_call is None:
        return read_tools(body.tools, body.tool_choice)
    if body.tools:
        text = "'functions' is the deprecated name of 'tools': a request has one of them."
        raise ClientFault(text, code="invalid_value", param="functions")
    return Toolbox(*read_functions(body.functions, body.function_call), {})


def _parallel(body: ChatBody) -> bool | None:
    """Whether the model may make several calls at once. Functions are called one by one."""
    return False if body.functions else body.parallel_tool_calls
