"""
OpenAI's Responses, as far as they need no memory: C{POST /v1/responses}.

How requests are read; replies are made in L{argoproxy.dialects.responses_replies}.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import attrs
import msgspec
from zope.interface import implementer

from argoproxy.conversation import Request, RouteCall, Stamp, Thinking
from argoproxy.conversation.abilities import Effort
from argoproxy.errors import ClientFault
from argoproxy.interfaces import IRenderingDialect
from argoproxy.vocabulary.openai import meaningful
from argoproxy.wire.json import Fields

from . import openai_limits
from .openai_errors import OpenAIFaults
from .openai_fields import IGNORED, Count, Ignored, Seconds, Share, Temperature
from .openai_formats import FlatFormat, read_effort, read_format
from .openai_freeform import freeform_names
from .openai_tools import Choice
from .reading import Reader, split
from .responses_input import Items, read_input
from .responses_object import Repeated
from .responses_replies import ResponsesRenderer, ResponsesRequest
from .responses_tools import read_tools

_STATEFUL = ("conversation", "previous_response_id", "prompt")
_LOGPROBS = "message.output_text.logprobs"


class TextOptions(msgspec.Struct, frozen=True):
    """How the text is to be."""

    format: FlatFormat | None = None
    verbosity: Literal["low", "medium", "high"] | None = None


Summary = Literal["auto", "concise", "detailed", "none"]
"""Older versions of Codex send the last one, which is not in the API."""


class ReasoningOptions(msgspec.Struct, frozen=True):
    """
    How the model thinks.

    @ivar generate_summary: the deprecated name of C{summary}.
    """

    effort: Effort | None = None
    summary: Summary | None = None
    generate_summary: Summary | None = None
    mode: str | None = None

    def thinking(self) -> Thinking | None:
        summary = self.summary or self.generate_summary
        return read_effort(self.effort, None if summary is None else summary != "none")


class ResponsesBody(msgspec.Struct, frozen=True, kw_only=True):
    """The fields that are understood here. What is C{Ignored} asks for nothing that shows in a reply."""

    input: Items
    model: str = ""
    instructions: str | None = None
    stream: bool = False
    max_output_tokens: Count | None = None
    temperature: Temperature | None = None
    top_p: Share | None = None
    tools: tuple[msgspec.Raw, ...] = ()
    tool_choice: Choice = IGNORED
    parallel_tool_calls: bool | None = None
    timeout: Seconds | None = None
    background: bool = False
    client_metadata: Ignored = IGNORED
    include: tuple[str, ...] = ()
    metadata: dict[str, str] = {}
    prompt_cache_key: Ignored = IGNORED
    prompt_cache_options: Ignored = IGNORED
    prompt_cache_retention: Ignored = IGNORED
    reasoning: ReasoningOptions = ReasoningOptions()
    safety_identifier: Ignored = IGNORED
    store: bool = False
    stream_options: Ignored = IGNORED
    text: TextOptions = TextOptions()
    truncation: Literal["auto", "disabled"] = "disabled"
    user: str = ""


_READER = Reader(ResponsesBody)

_ASKING: Mapping[str, Callable[[ResponsesBody], bool]] = {
    "include": lambda body: _LOGPROBS in body.include,
    "reasoning.mode": lambda body: body.reasoning.mode not in (None, "standard"),
    "text.verbosity": lambda body: body.text.verbosity in ("low", "high"),
    "truncation": lambda body: body.truncation == "auto",
}
"""By their paths, fields that the neutral language has no words for, and when they ask for something all the same."""


@implementer(IRenderingDialect)
@attrs.frozen
class OpenAIResponses(OpenAIFaults):
    """Responses."""

    name = "openai_responses"
    language = "openai_responses"
    headers = ()
    limit_headers = staticmethod(openai_limits.headers)

    def parse(self, body: bytes, call: RouteCall) -> ResponsesRequest:
        fields = split(body)
        known, extras = _READER.read(fields)
        _refuse_memory(known, extras)
        box, homes = read_tools(known.tools, known.tool_choice)
        messages, unread = read_input(known.input, known.instructions, freeform_names(box.tools))
        asking = {path: fields[path.partition(".")[0]] for path, asks in _ASKING.items() if asks(known)}
        return ResponsesRequest(
            model=known.model,
            stream=known.stream,
            timeout=known.timeout,
            extras={**meaningful(extras), **asking, **box.left_out, **unread},
            raw=fields,
            prompts=(messages,),
            include_usage=True,
            max_completion_tokens=known.max_output_tokens,
            temperature=known.temperature,
            top_p=known.top_p,
            tools=box.tools,
            tool_choice=box.choice,
            parallel_tool_calls=known.parallel_tool_calls,
            thinking=known.reasoning.thinking(),
            shape=read_format(known.text.format, "text.format"),
            repeated=Repeated.of(fields),
            homes=homes,
        )

    def renderer(self, request: Request, stamp: Stamp) -> ResponsesRenderer:
        assert isinstance(request, ResponsesRequest)
        return ResponsesRenderer(request, stamp)


def _refuse_memory(body: ResponsesBody, extras: Fields) -> None:
    """
    Refuse what only a server that remembers can do. To leave it out would change the meaning of the rest.

    @raise ClientFault: it is asked for.
    """
    asked = [name for name in _STATEFUL if name in extras]
    if body.background:
        asked.append("background")
    if asked:
        text = f"'{asked[0]}' is not supported: nothing is kept here. Send the whole conversation in 'input'."
        raise ClientFault(text, code="unsupported_parameter", param=asked[0])
