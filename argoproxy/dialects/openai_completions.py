"""OpenAI's legacy completions: C{POST /v1/completions}. Each prompt is what a user says, and the reply its text."""

from __future__ import annotations

import attrs
import msgspec
from zope.interface import implementer

from argoproxy.conversation import Message, Request, RouteCall, Stamp, Text, Tokens
from argoproxy.errors import ClientFault
from argoproxy.interfaces import IRenderer, IRenderingDialect
from argoproxy.vocabulary.openai import meaningful

from . import openai_limits
from .openai_completions_replies import CompletionRequest, StreamRenderer, WholeRenderer
from .openai_errors import OpenAIFaults
from .openai_fields import (
    IGNORED,
    MOST_REPLIES,
    Count,
    Ignored,
    Inputs,
    Replies,
    Seconds,
    Share,
    Stop,
    StreamOptions,
    Temperature,
    stops,
    texts_or_tokens,
    wants_usage,
)
from .reading import Reader, split

Prompts = tuple[tuple[Message, ...], ...]


class CompletionBody(msgspec.Struct, frozen=True, kw_only=True):
    """The fields that the neutral language knows. C{user} is taken and given to nobody."""

    prompt: Inputs
    model: str = ""
    stream: bool = False
    stream_options: StreamOptions | None = None
    n: Replies = 1
    echo: bool = False
    max_tokens: Count | None = None
    temperature: Temperature | None = None
    top_p: Share | None = None
    stop: Stop | None = None
    timeout: Seconds | None = None
    user: Ignored = IGNORED


_READER = Reader(CompletionBody)


@implementer(IRenderingDialect)
@attrs.frozen
class OpenAICompletions(OpenAIFaults):
    """Legacy completions."""

    name = "openai_completions"
    language = "openai_completions"
    headers = ()
    limit_headers = staticmethod(openai_limits.headers)

    def parse(self, body: bytes, call: RouteCall) -> CompletionRequest:
        known, extras = _READER.read(split(body))
        return CompletionRequest(
            model=known.model,
            stream=known.stream,
            timeout=known.timeout,
            extras=meaningful(extras),
            prompts=_prompts(known),
            bare=True,
            n=known.n,
            echo=known.echo,
            include_usage=wants_usage(known.stream, known.stream_options),
            max_tokens=known.max_tokens,
            temperature=known.temperature,
            top_p=known.top_p,
            stop=stops(known.stop),
        )

    def renderer(self, request: Request, stamp: Stamp) -> IRenderer:
        assert isinstance(request, CompletionRequest)
        return StreamRenderer(request, stamp) if request.stream else WholeRenderer(request, stamp)


def _prompts(body: CompletionBody) -> Prompts:
    """
    Each prompt as a conversation.

    @raise ClientFault: they make too many replies.
    """
    prompts = tuple(_conversation(prompt) for prompt in texts_or_tokens(body.prompt, "prompt"))
    replies = len(prompts) * body.n
    if replies > MOST_REPLIES:
        text = f"The prompts times 'n' make {replies:,} replies; at most {MOST_REPLIES} are allowed."
        raise ClientFault(text, code="invalid_value", param="n" if body.n > 1 else "prompt")
    return prompts


def _conversation(prompt: str | tuple[int, ...]) -> tuple[Message, ...]:
    return (Message("user", (Text(prompt) if isinstance(prompt, str) else Tokens(prompt),)),)
