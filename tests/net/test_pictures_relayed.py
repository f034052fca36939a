"""Pictures that are fetched for a client who speaks ARGO's language: nothing else of the request changes."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from twisted.internet.defer import Deferred, succeed

from argoproxy.catalogue import Catalogue
from argoproxy.conversation import ChatRequest, RouteCall
from argoproxy.dialects.anthropic_messages import AnthropicMessages
from argoproxy.dialects.openai_chat import OpenAIChat
from argoproxy.interfaces import IDialect, IRelay
from argoproxy.net.images import Images
from argoproxy.upstreams.anthropic_native import AnthropicNative
from argoproxy.upstreams.openai_native import OpenAINative
from tests.net.test_images import PNG
from tests.upstreams.wire import send

DATA = base64.b64encode(PNG).decode()
FAR = "https://a.example/b.png"
MARK = {"cache_control": {"type": "ephemeral"}}
TEXT = {"type": "text", "text": "Look", **MARK}


class _Fetcher:
    def get(self, url: str, path: str) -> Deferred[bytes]:
        assert url == FAR
        return succeed(PNG)


def _fetched(dialect: IDialect, body: Any) -> ChatRequest:
    """What a client asks, its pictures fetched."""
    found: list[Any] = []
    asked = dialect.parse(json.dumps(body).encode(), RouteCall())
    assert isinstance(asked, ChatRequest)
    images = Images(_Fetcher())  # type: ignore[arg-type]
    Deferred.fromCoroutine(images.put(asked, images.wanted(asked))).addBoth(found.append)
    [request] = found
    assert isinstance(request, ChatRequest)
    return request


def _asked(relay: IRelay, dialect: IDialect, body: Any) -> Any:
    """What ARGO gets, and takes."""
    request, model = _fetched(dialect, body), Catalogue().resolve(body["model"])
    assert relay.relays(request, model)
    call = relay.relay(request, model, "someone")
    assert send(call).status == 200, send(call).text
    return json.loads(call.body)


def _anthropic(source: Any) -> list[Any]:
    picture = {"type": "image", "source": source, **MARK}
    answer = {"type": "tool_result", "tool_use_id": "a", "content": [TEXT, picture], **MARK}
    return [
        {"role": "user", "content": [TEXT, picture]},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "f", "input": {}, "caller": {}}]},
        {"role": "user", "content": [answer, TEXT], "more": [1.5]},
    ]


def test_anthropics_sources_alone_are_changed() -> None:
    wire, body = AnthropicNative("http://argo/v1/messages"), {"model": "claude-sonnet-4.5", "max_tokens": 64}
    told = _asked(wire, AnthropicMessages(), body | {"messages": _anthropic({"type": "url", "url": FAR})})
    assert told["messages"] == _anthropic({"type": "base64", "media_type": "image/png", "data": DATA})


def _openai(url: str) -> list[Any]:
    return [
        {"role": "system", "content": "Be brief.", "more": 1},
        {"role": "user", "content": [TEXT, {"type": "image_url", "image_url": {"url": url, "detail": "low"}, **MARK}]},
    ]


@pytest.mark.parametrize("name", ["gpt-4o", "gemini-2.5-pro"])
def test_openais_addresses_alone_are_changed(name: str) -> None:
    wire = OpenAINative("http://argo/v1/chat/completions", "http://argo/v1/embeddings")
    told = _asked(wire, OpenAIChat(), {"model": name, "messages": _openai(FAR), "seed": 5})
    assert told["messages"] == _openai(f"data:image/png;base64,{DATA}")
    assert told["seed"] == 5
