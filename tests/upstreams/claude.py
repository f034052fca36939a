"""The native Anthropic wire, clients who speak its language, and how its replies reach them."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from argoproxy.conversation import Call, ChatRequest, Event, RouteCall, Stamp
from argoproxy.conversation.gather import Gatherer
from argoproxy.conversation.gather import Reply as Whole
from argoproxy.dialects.anthropic_messages import AnthropicMessages
from argoproxy.interfaces import ISplice
from argoproxy.upstreams.anthropic_native import AnthropicNative
from tests.simulator.asking import MESSAGES, Argo, Reply

from .wire import head, model, played, send

NATIVE = AnthropicNative(f"http://argo{MESSAGES}")
DIALECT = AnthropicMessages()
STAMP = Stamp("tok", 1_700_000_000, "argo:claude-x")
SONNET = "claudesonnet45"
MODELS = (
    "claudeopus47",
    "claudeopus46",
    "claudesonnet46",
    "claudeopus45",
    "claudesonnet45",
    "claudehaiku45",
    "claudeopus41",
)


def raw(text: str) -> msgspec.Raw:
    """JSON as it stands in a body."""
    return msgspec.Raw(text.encode())


def encode(request: ChatRequest, name: str = SONNET, user: str = "someone") -> Call:
    """The call for what any client asks."""
    return NATIVE.encode(request, model(name), user)


def encoded(request: ChatRequest, name: str = SONNET) -> Any:
    """Its body."""
    return json.loads(encode(request, name).body)


def events(call: Call, size: int = 1 << 20, argo: Argo | None = None) -> list[Event]:
    """What comes of a call at a strict ARGO, its reply fed in pieces of a size."""
    reply = send(call, argo)
    assert reply.text is not None
    return played(NATIVE.decoder(call, head(reply), 0), reply.text.encode(), size)


def answer(request: ChatRequest, name: str = SONNET) -> Whole:
    """The same, gathered."""
    gatherer = Gatherer()
    for event in events(encode(request, name)):
        gatherer.add(event)
    return gatherer.reply()


def parsed(body: bytes | None = None, headers: dict[str, str] | None = None, **fields: Any) -> ChatRequest:
    """What a client asks who speaks this language."""
    usual = {"model": "claude-x", "max_tokens": 64, "messages": [{"role": "user", "content": "Hi"}]}
    return DIALECT.parse(body or json.dumps(usual | fields).encode(), RouteCall(headers=headers or {}))


def relay(request: ChatRequest, name: str = SONNET, user: str = "someone") -> Call:
    """The call that passes it on."""
    assert NATIVE.relays(request, model(name))
    return NATIVE.relay(request, model(name), user)


def spliced(splice: ISplice, body: bytes, size: int = 1 << 20) -> bytes:
    """What of a reply reaches that client, if it comes in pieces of a size."""
    passed = b"".join([splice.feed(body[place : place + size]) for place in range(0, len(body), size)])
    return passed + splice.close()


def splice(call: Call, request: ChatRequest, reply: Reply) -> ISplice:
    """What passes the reply on."""
    return NATIVE.splice(call, request, head(reply), STAMP)
