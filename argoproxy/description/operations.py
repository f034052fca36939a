"""
Every path that is served, and what it takes and gives: a table of types, with a sentence on each.

The tests hold the table against the routes, and the types against what is served.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from argoproxy.conversation.allowance import UNITS
from argoproxy.dialects import (
    anthropic_models,
    codex_models,
    google_errors,
    google_models,
    openai_errors,
    openai_models,
)
from argoproxy.dialects.anthropic_messages import CountBody, Counted, MessagesBody
from argoproxy.dialects.argo_direct import DirectBody
from argoproxy.dialects.google_embeddings import BatchBody, EmbedBody
from argoproxy.dialects.google_genai import TokenCount
from argoproxy.dialects.google_replies import GenerateContentResponse
from argoproxy.dialects.google_requests import GenerateBody
from argoproxy.dialects.openai_chat import ChatBody
from argoproxy.dialects.openai_chat_replies import ChatCompletion
from argoproxy.dialects.openai_completions import CompletionBody
from argoproxy.dialects.openai_completions_replies import Completion
from argoproxy.dialects.openai_embeddings import EmbeddingsBody
from argoproxy.dialects.openai_responses import ResponsesBody
from argoproxy.net.health import Health
from argoproxy.net.refresh import Counts, Waiting
from argoproxy.net.status import Readiness, Running, Welcome
from argoproxy.vocabulary import anthropic
from argoproxy.vocabulary.anthropic_replies import (
    BlockDelta,
    BlockStart,
    BlockStop,
    MessageDelta,
    MessageStart,
    MessageStop,
    WholeMessage,
)

from .written import (
    BatchEmbedContentsResponse,
    ChatChunk,
    CompletionChunk,
    EmbedContentResponse,
    Embeddings,
    ResponseEvent,
    ResponseObject,
)

JSON, EVENTS, TEXT = "application/json", "text/event-stream", "text/plain"

MessageEvent = MessageStart | BlockStart | BlockDelta | BlockStop | MessageDelta | MessageStop


class NestedBody(msgspec.Struct, frozen=True, rename="camel"):
    """What C{countTokens} takes too: a whole request."""

    generate_content_request: GenerateBody


class Api(msgspec.Struct, frozen=True):
    """
    A public API.

    @ivar faults: the types in which it shows errors; none where they may be anything.
    @ivar statuses: those of errors that only it has.
    @ivar limits: the headers that tell how a client's limits stand.
    """

    name: str
    faults: tuple[Any, ...]
    statuses: tuple[int, ...] = ()
    limits: tuple[str, ...] = ()


OPENAI_LIMITS = tuple(f"x-ratelimit-{told}-{unit}" for unit in UNITS for told in ("limit", "remaining", "reset"))
ANTHROPIC_LIMITS = tuple(
    f"anthropic-ratelimit-{unit}-{told}" for unit in UNITS for told in ("limit", "remaining", "reset")
)

OPENAI = Api("OpenAI", (openai_errors.ErrorBody,), limits=OPENAI_LIMITS)
ANTHROPIC = Api("Anthropic", (anthropic.ErrorBody,), (529,), ANTHROPIC_LIMITS)
GOOGLE = Api("Google", (google_errors.ErrorBody,))
ARGO = Api("ARGO", (), (529,), OPENAI_LIMITS)
PROXY = Api("argoproxy", (openai_errors.ErrorBody,))
# The path has several, and the request tells whose is meant.
ANY = Api("models", (openai_errors.ErrorBody, anthropic.ErrorBody, google_errors.ErrorBody))


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a path does.

    @ivar body: the types that the body may have; none where there is none.
    @ivar optional: whether the body may be left out.
    @ivar reply: the types that the reply may have; none for anything in JSON.
    @ivar model: what may stand for the model in the path.
    @ivar elements: the types of a reply's elements where it is a list.
    @ivar streams: by its media type, the type of a streamed reply's pieces; L{None} for plain text.
    @ivar query: names of parameters in the query.
    @ivar headers: names of headers that it reads besides those that all do.
    @ivar statuses: by a status other than 200, the types of a reply that is no error.
    @ivar fails: the statuses of errors.
    @ivar passes: whether ARGO's own errors are passed on, whatever their status.
    """

    summary: str
    api: Api = PROXY
    body: tuple[Any, ...] = ()
    optional: bool = False
    reply: tuple[Any, ...] = ()
    elements: tuple[Any, ...] = ()
    streams: Mapping[str, Any] = {}
    example: Mapping[str, Any] | None = None
    model: str | None = None
    query: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    statuses: Mapping[int, tuple[Any, ...]] = {}
    fails: tuple[int, ...] = ()
    passes: bool = False


# What the head of a request gets refused, wherever it goes; and a body that stops.
AT_THE_DOOR = (400, 403, 408, 417, 421)
_REFUSALS = (400, 401, 403, 404, 413, 415, 429, 500, 503)
_LIST_REFUSALS = (400, 401, 429, 503)


def _counts(summary: str, api: Api, **fields: Any) -> Operation:
    """An operation that takes what asks ARGO for something, and doesn't ask it."""
    return Operation(summary=summary, api=api, query=("timeout",), fails=_REFUSALS, **fields)


def _asks(summary: str, api: Api, **fields: Any) -> Operation:
    """An operation that asks ARGO for something."""
    fails = (*_REFUSALS, 502, 504, *api.statuses)
    query = ("timeout", *fields.pop("query", ()))
    return Operation(summary=summary, api=api, query=query, fails=fails, passes=True, **fields)


_HELLO = [{"role": "user", "content": "Hello"}]
_CONTENT = {"parts": [{"text": "Hello"}]}
_CHAT, _EMBEDDING = {"model": "gpt-4o"}, {"model": "text-embedding-3-small"}
_ANTHROPICS = ("anthropic-version", "anthropic-beta")
_ASKERS = ("anthropic-version", "x-api-key", "x-goog-api-key")

_OPENAIS = {
    "/v1/chat/completions": _asks(
        "Chat Completions: the next turn of a conversation.",
        OPENAI,
        body=(ChatBody,),
        reply=(ChatCompletion,),
        streams={EVENTS: ChatChunk},
        example={**_CHAT, "messages": _HELLO},
    ),
    "/v1/completions": _asks(
        "Legacy completions: each prompt is what a user says.",
        OPENAI,
        body=(CompletionBody,),
        reply=(Completion,),
        streams={EVENTS: CompletionChunk},
        example={**_CHAT, "prompt": "Once upon a time"},
    ),
    "/v1/responses": _asks(
        "Responses, without what needs a memory.",
        OPENAI,
        body=(ResponsesBody,),
        reply=(ResponseObject,),
        streams={EVENTS: ResponseEvent},
        example={**_CHAT, "input": "Hello"},
    ),
    "/v1/embeddings": _asks(
        "Embeddings of texts or token ids.",
        OPENAI,
        body=(EmbeddingsBody,),
        reply=(Embeddings,),
        example={**_EMBEDDING, "input": "Hello"},
    ),
}

_ANTHROPICS_PATHS = {
    "/v1/messages": _asks(
        "Messages: the next turn of a conversation.",
        ANTHROPIC,
        body=(MessagesBody,),
        reply=(WholeMessage,),
        streams={EVENTS: MessageEvent},
        headers=_ANTHROPICS,
        example={**_CHAT, "max_tokens": 100, "messages": _HELLO},
    ),
    "/v1/messages/count_tokens": _counts(
        "The tokens that a request would have, counted here.",
        ANTHROPIC,
        body=(CountBody,),
        reply=(Counted,),
        headers=_ANTHROPICS,
        example={**_CHAT, "messages": _HELLO},
    ),
}

_GOOGLES = {
    "generateContent": _asks(
        "The next turn of a conversation.",
        GOOGLE,
        model=_CHAT["model"],
        body=(GenerateBody,),
        reply=(GenerateContentResponse,),
        example={"contents": [_CONTENT]},
    ),
    "streamGenerateContent": _asks(
        "The same as a stream: events with `alt=sse`, else the elements of one JSON array.",
        GOOGLE,
        model=_CHAT["model"],
        body=(GenerateBody,),
        elements=(GenerateContentResponse, google_errors.ErrorBody),
        streams={EVENTS: GenerateContentResponse},
        query=("alt",),
        example={"contents": [_CONTENT]},
    ),
    "countTokens": _counts(
        "The tokens that contents have, or a request that is made of them, counted here.",
        GOOGLE,
        model=_CHAT["model"],
        body=(GenerateBody, NestedBody),
        reply=(TokenCount,),
        example={"contents": [_CONTENT]},
    ),
    "embedContent": _asks(
        "The embedding of a content.",
        GOOGLE,
        model=_EMBEDDING["model"],
        body=(EmbedBody,),
        reply=(EmbedContentResponse,),
        example={"content": _CONTENT},
    ),
    "batchEmbedContents": _asks(
        "The embeddings of several contents.",
        GOOGLE,
        model=_EMBEDDING["model"],
        body=(BatchBody,),
        reply=(BatchEmbedContentsResponse,),
        example={"requests": [{"content": _CONTENT}]},
    ),
}
"""By the method that stands behind the model's name in the path."""

_ARGOS = {
    "/v1/chat": _asks(
        "ARGO's own chat call: the reply is ARGO's, byte for byte.",
        ARGO,
        body=(DirectBody,),
        streams={TEXT: None},
        example={**_CHAT, "messages": _HELLO},
    ),
    "/v1/embed": _asks(
        "ARGO's own embed call: the reply is ARGO's, byte for byte.",
        ARGO,
        body=(DirectBody,),
        example={**_EMBEDDING, "prompt": ["Hello"]},
    ),
}

_LISTS = {
    "/v1/models": Operation(
        summary="The models, in the shape of the API that the request's headers or query are of; OpenAI's if of none.",
        api=ANY,
        reply=(openai_models.Listing, anthropic_models.Page, google_models.Page, codex_models.Listing),
        query=("client_version", "limit", "after_id", "before_id", "pageSize", "pageToken"),
        headers=_ASKERS,
        fails=_LIST_REFUSALS,
    ),
    "/v1/models/{model}": Operation(
        summary="One model, in the shape of the API that the request's headers or query are of; OpenAI's if of none.",
        api=ANY,
        model=_CHAT["model"],
        reply=(openai_models.Row, anthropic_models.Row, google_models.Row, codex_models.Row),
        query=("client_version",),
        headers=_ASKERS,
        fails=(403, 404, *_LIST_REFUSALS),
    ),
    "/v1beta/models": Operation(
        summary="The models.",
        api=GOOGLE,
        reply=(google_models.Page,),
        query=("pageSize", "pageToken"),
        fails=_LIST_REFUSALS,
    ),
    "/v1beta/models/{model}": Operation(
        summary="One model.",
        api=GOOGLE,
        model=_CHAT["model"],
        reply=(google_models.Row,),
        fails=(403, 404, *_LIST_REFUSALS),
    ),
}

_OWN = {
    "/": Operation(summary="Where to go from here.", reply=(Welcome,)),
    "/health": Operation(summary="Whether the process lives.", reply=(Health,)),
    "/health/ready": Operation(
        summary="Whether ARGO answers and its list of models is not too old.",
        reply=(Readiness,),
        statuses={503: (Readiness,)},
    ),
    "/version": Operation(summary="What runs, and whether there is something newer.", reply=(Running,)),
    "/openapi.json": Operation(summary="This document."),
}

_REFRESH = Operation(
    summary="Reads ARGO's list of models again, now.",
    body=(Waiting,),
    optional=True,
    reply=(Counts,),
    query=("timeout",),
    example={"timeout": 10},
    fails=(400, 401, 413, 429, 502, 503, 504),
)

GETS: Mapping[str, Operation] = {**_LISTS, **_OWN}
"""What is asked for with GET, and with HEAD."""

POSTS: Mapping[str, Operation] = {
    **_OPENAIS,
    **_ANTHROPICS_PATHS,
    **{
        f"/{version}/models/{{model}}:{method}": operation
        for version in ("v1beta", "v1")
        for method, operation in _GOOGLES.items()
    },
    **_ARGOS,
    "/refresh": _REFRESH,
}
