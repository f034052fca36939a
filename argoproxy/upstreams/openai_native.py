"""
The native OpenAI wire: Chat Completions for every model, and embeddings.

What must change for a client who speaks the same is L{argoproxy.upstreams.openai_relay}'s business.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import msgspec
from zope.interface import implementer

from argoproxy.conversation import Call, ChatRequest, DirectRequest, EmbeddingRequest, Head, Model, Request, Stamp
from argoproxy.errors import ClientFault
from argoproxy.interfaces import IDecoder, IRelay, ISplice
from argoproxy.vocabulary.openai import FunctionSpec, FunctionTool, choice_shape

from . import openai_relay, openai_splice
from .call_ids import fitted
from .mending import (
    DEFAULT_LIMIT,
    DESCRIPTIONS,
    EFFORT,
    HISTORY,
    LIMITS,
    SAMPLING,
    SCHEMAS,
    mended,
    needs_stream,
    unwrapping,
    wrapped,
)
from .openai_messages import messages
from .openai_replies import ChatStream, EmbeddingList, WholeChat
from .refusals import Refusal
from .unsaid import unsaid

RULES = (*HISTORY, *SAMPLING, *LIMITS, *EFFORT, *DEFAULT_LIMIT, *DESCRIPTIONS, *SCHEMAS)
"""What is put right on this wire, in this order."""

_SAME = frozenset({"frequency_penalty", "logit_bias", "presence_penalty", "seed"})
"""Fields outside of the neutral language that mean the same in each of OpenAI's APIs."""

_DECODERS: Mapping[str, type[ChatStream] | type[WholeChat] | type[EmbeddingList]] = {
    "stream": ChatStream,
    "whole": WholeChat,
    "vectors": EmbeddingList,
}


@implementer(IRelay)
@attrs.frozen
class OpenAINative:
    """
    @ivar chat_url: of C{chat/completions}.
    @ivar embed_url: of C{embeddings}.
    """

    chat_url: str
    embed_url: str
    name: str = "openai_native"
    language: str = "openai_chat"
    takes_tokens: bool = True

    def shapes(self, model: Model) -> bool:
        return model.abilities.structured

    def encode(self, request: Request, model: Model, user: str) -> Call:
        if isinstance(request, ChatRequest):
            return self._chat(request, model, user)
        if isinstance(request, EmbeddingRequest):
            return self._embed(request, model, user)
        raise _direct(request)

    def decoder(self, call: Call, head: Head, choice: int) -> IDecoder:
        if head.status != 200 or head.media_type == "text/html":
            return Refusal(head)
        whole = call.reply == "stream" and head.media_type == "application/json"
        return unwrapping(_DECODERS["whole" if whole else call.reply](call, head, choice), call.tools)

    def relays(self, request: Request, model: Model) -> bool:
        return isinstance(request, ChatRequest) and openai_relay.relays(request, model)

    def relay(self, request: Request, model: Model, user: str) -> Call:
        assert isinstance(request, ChatRequest)
        request = openai_relay.illustrated(request)
        taken, adjusted = mended(request, model.abilities, RULES)
        retelling = openai_relay.Retelling(request, taken, model.abilities)
        body = retelling.encode({"model": model.internal_id, "user": user})
        told = tuple(dict.fromkeys((*retelling.adjusted, *adjusted)))
        return self._call(body, "stream" if request.stream else "whole", user, adjusted=told)

    def splice(self, call: Call, request: Request, head: Head, stamp: Stamp) -> ISplice:
        assert isinstance(request, ChatRequest)
        if head.status != 200 or head.media_type == "text/html":
            return openai_splice.Refused(head)
        if call.reply == "whole" or head.media_type == "application/json":
            return openai_splice.WholeSplice(head, stamp, asked=call.reply == "whole")
        return openai_splice.StreamSplice(head, stamp, request.include_usage)

    def _chat(self, request: ChatRequest, model: Model, user: str) -> Call:
        taken, adjusted = mended(wrapped(request), model.abilities, RULES)
        streamed = taken.stream or needs_stream(taken, model.abilities)
        body: dict[str, Any] = {"model": model.internal_id, "messages": messages(fitted(taken.messages)), "user": user}
        if streamed:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        same = {name: raw for name, raw in request.extras.items() if name in _SAME}
        said = (*_SAME, "thinking", *(["shape"] if model.abilities.structured else []))
        return self._call(
            msgspec.json.encode(body | _settings(taken) | _tools(taken) | _shape(taken, model) | same),
            "stream" if streamed else "whole",
            user,
            adjusted=tuple(dict.fromkeys((*openai_relay.developers(request), *adjusted))),
            dropped=unsaid(request, said),
            tools=request.tools,
            one_call=request.parallel_tool_calls is False,
        )

    def _embed(self, request: EmbeddingRequest, model: Model, user: str) -> Call:
        body: dict[str, Any] = {"model": model.internal_id, "input": request.inputs, "encoding_format": "float"}
        if request.dimensions is not None and model.abilities.dimensions:
            body["dimensions"] = request.dimensions
        return self._call(
            msgspec.json.encode(body | {"user": user}), "vectors", user, self.embed_url, dropped=tuple(request.extras)
        )

    def _call(self, body: bytes, reply: str, user: str, url: str = "", **fields: Any) -> Call:
        accept = "text/event-stream" if reply == "stream" else "application/json"
        who = {"Authorization": f"Bearer {user}"}
        return Call(url=url or self.chat_url, body=body, reply=reply, accept=accept, headers=who, **fields)


def _direct(request: DirectRequest) -> ClientFault:
    text = f"ARGO's own '{request.resource}' call exists on the gateway wire only."
    return ClientFault(text, code="unsupported_parameter")


def _settings(request: ChatRequest) -> dict[str, Any]:
    """How the reply is to be made, but for tools and its shape."""
    fields = {
        "max_tokens": request.max_tokens,
        "max_completion_tokens": request.max_completion_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "stop": list(request.stop) or None,
        "reasoning_effort": request.thinking.effort if request.thinking is not None else None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _tools(request: ChatRequest) -> dict[str, Any]:
    """The tools, and which of them the model may call."""
    if not request.tools:
        return {}
    fields: dict[str, Any] = {"tools": [FunctionTool(function=FunctionSpec.of(tool)) for tool in request.tools]}
    if request.tool_choice is not None:
        fields["tool_choice"] = choice_shape(request.tool_choice)
    if request.parallel_tool_calls is not None:
        fields["parallel_tool_calls"] = request.parallel_tool_calls
    return fields


def _shape(request: ChatRequest, model: Model) -> dict[str, Any]:
    """C{response_format}, for models that honour it."""
    shape = request.shape
    if shape is None or not model.abilities.structured:
        return {}
    if shape.schema is None:
        return {"response_format": {"type": "json_object"}}
    about = {"name": shape.name, "description": shape.description, "schema": shape.schema, "strict": shape.strict}
    told = {name: value for name, value in about.items() if value is not None}
    return {"response_format": {"type": "json_schema", "json_schema": told}}
