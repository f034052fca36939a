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

from argoproxy.conversation import Request, RouteCall, Stamp
from argoproxy.errors import ClientFault, ProxyError
from argoproxy.interfaces import IRenderingDialect
from argoproxy.vocabulary.openai import meaningful
from argoproxy.wire.json import Fields

from .openai_errors import STATUSES, error_body
from .openai_fields import IGNORED, Count, Ignored, Seconds, Share, Temperature
from .reading import Reader, split
from .responses_input import Items, read_input
from .responses_object import Repeated
from .responses_replies import ResponsesRenderer, ResponsesRequest
from .responses_tools import Choice, chosen, read_tools

_STATEFUL = ("conversation", "previous_response_id", "prompt")
_LOGPROBS = "message.output_text.logprobs"


class TextFormat(msgspec.Struct, frozen=True):
    """What the text is to be. Schemas are whoever's who can honour them."""

    type: str


class TextOptions(msgspec.Struct, frozen=True):
    """How the text is to be."""

    format: TextFormat | None = None
    verbosity: Literal["low", "medium", "high"] | None = None


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
    tool_choice: Choice | None = None
    parallel_tool_calls: bool | None = None
    timeout: Seconds | None = None
    background: bool = False
    include: tuple[str, ...] = ()
    metadata: dict[str, str] = {}
    reasoning: dict[str, msgspec.Raw] = {}
    store: bool = False
    stream_options: Ignored = IGNORED
    text: TextOptions = TextOptions()
    truncation: Literal["auto", "disabled"] = "disabled"
    user: str = ""


_READER = Reader(ResponsesBody)

_ASKING: Mapping[str, Callable[[ResponsesBody], bool]] = {
    "include": lambda body: _LOGPROBS in body.include,
    "reasoning": lambda body: any(bytes(raw) != b"null" for raw in body.reasoning.values()),
    "text": lambda body: body.text.verbosity in ("low", "high") or _format(body.text) != "text",
    "truncation": lambda body: body.truncation == "auto",
}
"""Fields that the neutral language has no words for, and when they ask for something all the same."""


@implementer(IRenderingDialect)
@attrs.frozen
class OpenAIResponses:
    """Responses."""

    name = "openai_responses"
    language = "openai_responses"
    headers = ()
    statuses = STATUSES

    def parse(self, body: bytes, call: RouteCall) -> ResponsesRequest:
        fields = split(body)
        known, extras = _READER.read(fields)
        _refuse_memory(known, extras)
        functions, hosted = read_tools(known.tools)
        tools, choice = chosen(known.tool_choice, functions)
        asking = {name: fields[name] for name, asks in _ASKING.items() if asks(known)}
        return ResponsesRequest(
            model=known.model,
            stream=known.stream,
            timeout=known.timeout,
            extras={**meaningful(extras), **asking, **hosted},
            prompts=(read_input(known.input, known.instructions),),
            include_usage=True,
            max_completion_tokens=known.max_output_tokens,
            temperature=known.temperature,
            top_p=known.top_p,
            tools=tools,
            tool_choice=choice,
            parallel_tool_calls=known.parallel_tool_calls,
            repeated=Repeated.of(fields),
        )

    def renderer(self, request: Request, stamp: Stamp) -> ResponsesRenderer:
        assert isinstance(request, ResponsesRequest)
        return ResponsesRenderer(request, stamp)

    def error(self, fault: ProxyError, request_id: str = "") -> bytes:
        return error_body(fault)


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


def _format(text: TextOptions) -> str:
    return "text" if text.format is None else text.format.type
