"""
The gateway wire: the ARGO API proper, which every model is behind.

It speaks of neither usage nor finish reasons, and its streams are bare text; so tools are asked for without streaming
and the reply is replayed as a stream by the renderer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import attrs
import msgspec
from zope.interface import implementer

from argoproxy.conversation import Call, ChatRequest, DirectRequest, EmbeddingRequest, Family, Head, Model, Request
from argoproxy.interfaces import IDecoder, IUpstream

from .call_ids import fitted
from .gateway_calls import LEAKING, PROMPTED, Calls
from .gateway_replies import TextStream, VectorList, WholeMessage
from .gateway_tools import MANNERS, tool_fields
from .mending import DESCRIPTIONS, HISTORY, SAMPLING, SCHEMAS, Rule, mended, unwrapping, wrapped
from .openai_relay import developers
from .prompted_tools import in_prompt
from .refusals import Refusal
from .unsaid import unsaid

RULES = (*HISTORY, *SAMPLING, *SCHEMAS)
"""What is put right on this wire, in this order."""

# Behind the gateway, too, OpenAI's service counts a description's characters (a guess).
_FAMILY_RULES: Mapping[Family, tuple[Rule, ...]] = {"openai": DESCRIPTIONS}


@implementer(IUpstream)
@attrs.frozen
class ArgoGateway:
    """
    @ivar chat_url: of C{chat/}.
    @ivar stream_url: of C{streamchat/}.
    @ivar embed_url: of C{embed/}.
    """

    chat_url: str
    stream_url: str
    embed_url: str
    name: str = "gateway"
    takes_tokens: bool = False

    def shapes(self, model: Model) -> bool:
        return False

    def encode(self, request: Request, model: Model, user: str) -> Call:
        who: dict[str, Any] = {"user": user, "model": model.internal_id}
        if isinstance(request, ChatRequest):
            return self._chat(request, model, who)
        if isinstance(request, EmbeddingRequest):
            return self._embed(request, who)
        return self._direct(request, who)

    def decoder(self, call: Call, head: Head, choice: int) -> IDecoder:
        if head.status != 200 or head.media_type == "text/html":
            return Refusal(head)
        if call.reply == "vectors":
            return VectorList(head, choice)
        if call.reply == "text" and head.media_type != "application/json":
            return TextStream(head, choice)
        return unwrapping(WholeMessage(head, choice, Calls(call, choice)), call.tools)

    def _chat(self, request: ChatRequest, model: Model, who: dict[str, Any]) -> Call:
        told = wrapped(request) if model.abilities.native_tools else in_prompt(wrapped(request))
        taken, adjusted = mended(told, model.abilities, (*RULES, *_FAMILY_RULES.get(model.family, ())))
        streamed = _streams(request, model)
        limits, capped = _limits(request, model, streamed)
        history = MANNERS[model.family].history(fitted(taken.messages))
        body = {**who, "messages": history, **limits, **_sampling(taken), **tool_fields(taken, model.family)}
        said = msgspec.json.encode(body)
        return Call(
            url=self.stream_url if streamed else self.chat_url,
            body=said,
            reply="text" if streamed else _message(request, model),
            accept="text/plain" if streamed else "application/json",
            dropped=unsaid(request),
            adjusted=tuple(dict.fromkeys((*developers(request), *adjusted, *capped))),
            tools=request.tools,
            token=hashlib.blake2b(said, digest_size=10).hexdigest() if request.tools else "",
            one_call=request.parallel_tool_calls is False,
        )

    def _embed(self, request: EmbeddingRequest, who: dict[str, Any]) -> Call:
        body = msgspec.json.encode(who | {"prompt": request.inputs})
        return Call(url=self.embed_url, body=body, reply="vectors", dropped=tuple(request.extras))

    def _direct(self, request: DirectRequest, who: dict[str, Any]) -> Call:
        chat_url = self.stream_url if request.stream else self.chat_url
        return Call(
            url=self.embed_url if request.resource == "embed" else chat_url,
            body=msgspec.json.encode({**request.fields, **who}),
            reply="verbatim",
            accept="*/*",
        )


def _over_cap(request: ChatRequest, model: Model) -> bool:
    limit, cap = request.token_limit, model.abilities.gateway_token_cap
    return limit is not None and cap is not None and limit > cap


def _streams(request: ChatRequest, model: Model) -> bool:
    """Whether to ask for a stream: for the client's sake, or because only streams may be so long."""
    return not request.tools and (request.stream or _over_cap(request, model))


def _message(request: ChatRequest, model: Model) -> str:
    """What kind of message answers: calls may be in its text, if the model may call anything."""
    if not request.tools or (request.tool_choice is not None and request.tool_choice.mode == "none"):
        return "message"
    if not model.abilities.native_tools:
        return PROMPTED
    return LEAKING if model.family == "anthropic" else "message"


def _limits(request: ChatRequest, model: Model, streamed: bool) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The token limits, and what of them had to be adjusted. The gateway takes both names: the client's is kept."""
    if request.token_limit is None:
        return {}, ()
    asked = {
        name: value for name in ("max_tokens", "max_completion_tokens") if (value := getattr(request, name)) is not None
    }
    cap = model.abilities.gateway_token_cap
    if cap is None or streamed or not _over_cap(request, model):
        return asked, ()
    return {name: min(value, cap) for name, value in asked.items()}, tuple(asked)


def _sampling(request: ChatRequest) -> dict[str, Any]:
    fields = {"temperature": request.temperature, "top_p": request.top_p, "stop": list(request.stop) or None}
    return {name: value for name, value in fields.items() if value is not None}
