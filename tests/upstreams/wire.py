"""The simulator's native wires, asked with the calls that an upstream makes."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from argoproxy.catalogue import Catalogue
from argoproxy.conversation import Call, ChatRequest, Event, Failed, Head, Message, Model, Text
from argoproxy.interfaces import IDecoder, IUpstream
from tests.simulator.asking import Argo, Reply

_CATALOGUE = Catalogue()
USER = Message("user", (Text("Hi"),))


def model(name: str) -> Model:
    """A model with the abilities that the table gives it."""
    return _CATALOGUE.resolve(name)


def chat(*messages: Message, **fields: Any) -> ChatRequest:
    """A request."""
    return ChatRequest(model="x", prompts=(messages or (USER,),), **fields)


def send(call: Call, argo: Argo | None = None) -> Reply:
    """What the simulator answers to a call."""
    headers = {"Content-Type": "application/json", "Accept-Encoding": "identity", **call.headers}
    return (argo or Argo()).ask(call.method, urlsplit(call.url).path, call.body, headers)


def head(reply: Reply) -> Head:
    """The head of an answer."""
    assert reply.status is not None
    return Head(reply.status, reply.headers.get("content-type", ""))


def events(upstream: IUpstream, call: Call, argo: Argo | None = None) -> list[Event]:
    """What the upstream makes of the answer to its call."""
    reply = send(call, argo)
    assert reply.text is not None
    return played(upstream.decoder(call, head(reply), 0), reply.text.encode())


def played(decoder: IDecoder, data: bytes, size: int = 1 << 20) -> list[Event]:
    """What a decoder says to a whole body, in pieces of a size. What follows a failure is dropped, as legs drop it."""
    found: list[Event] = []
    for place in range(0, len(data), size):
        found += decoder.feed(data[place : place + size])
        if any(isinstance(event, Failed) for event in found):
            return found
    return found + decoder.close()
