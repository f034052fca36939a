"""A simulator in memory, and how tests ask it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import attrs
from treq.testing import StubTreq
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from argoproxy.simulator import Simulator, SimulatorSettings

CHAT = "/api/v1/resource/chat/"
STREAMCHAT = "/api/v1/resource/streamchat/"
EMBED = "/api/v1/resource/embed/"
MODELS = "/api/v1/models/"
COMPLETIONS = "/v1/chat/completions"
EMBEDDINGS = "/v1/embeddings"
NATIVE_MODELS = "/v1/models"
MESSAGES = "/v1/messages"

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
ARGUMENTS = {"city": "city"}
IN_WORDS = f"Where? Reply in JSON that fits this schema: {json.dumps(SCHEMA)}"
PIXEL = "iVBORw0KGgo="


def openai_tool(name: str = "get_weather", schema: Any = SCHEMA, description: str = "") -> dict[str, Any]:
    """A tool in OpenAI's shape."""
    return {"type": "function", "function": {"name": name, "description": description, "parameters": schema}}


def anthropic_tool(name: str = "get_weather", schema: Any = SCHEMA) -> dict[str, Any]:
    """A tool in Anthropic's shape."""
    return {"name": name, "description": "", "input_schema": schema}


def google_tool(name: str = "get_weather", schema: Any = SCHEMA) -> dict[str, Any]:
    """A tool in Google's shape."""
    return {"name": name, "description": "", "parameters": schema}


def openai_call(identity: str = "c1", name: str = "get_weather") -> dict[str, Any]:
    """A call in an OpenAI history."""
    return {"id": identity, "type": "function", "function": {"name": name, "arguments": "{}"}}


def user(text: Any) -> dict[str, Any]:
    """A user message."""
    return {"role": "user", "content": text}


@attrs.define
class Reply:
    """A reply as far as it came: C{status} is None before the head, C{text} before the end of the body."""

    status: int | None = None
    headers: dict[str, str] = attrs.field(factory=dict)
    text: str | None = None
    failure: Failure | None = None

    @property
    def json(self) -> Any:
        """The body's JSON."""
        assert self.text is not None
        return json.loads(self.text)

    @property
    def events(self) -> list[Any]:
        """The data of the server-sent events, C{[DONE]} as it is."""
        assert self.text is not None
        lines = [line[6:] for line in self.text.split("\n") if line.startswith("data: ")]
        return [line if line == "[DONE]" else json.loads(line) for line in lines]


class Argo:
    """A simulator in memory, under a clock that stands still."""

    def __init__(self, **settings: Any) -> None:
        self.clock = Clock()
        self.simulator = Simulator(SimulatorSettings(**settings), clock=self.clock)
        self.treq: Any = StubTreq(self.simulator.resource())

    def ask(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Reply:
        """Ask, and let everything happen that needs no time."""
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        reply = Reply()
        asked: Deferred[Any] = self.treq.request(
            method, f"http://argo{path}", data=data, headers=dict(headers or {}), allow_redirects=False
        )
        asked.addCallback(self._begun, reply)
        asked.addErrback(lambda failure: setattr(reply, "failure", failure))
        self.treq.flush()
        return reply

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.advance(seconds)
        self.treq.flush()

    def _begun(self, response: Any, reply: Reply) -> Any:
        reply.status = response.code
        pairs = response.headers.getAllRawHeaders()
        reply.headers = {name.decode().lower(): values[-1].decode() for name, values in pairs}
        return response.text("utf-8").addCallback(lambda text: setattr(reply, "text", text))

    def chat(self, model: str = "gpt4o", text: Any = "hello", path: str = CHAT, **fields: Any) -> Reply:
        """Ask the gateway."""
        body = {"user": "someone", "model": model, "messages": [user(text)]} | fields
        return self.ask("POST", path, body, {"Accept-Encoding": "identity"})

    def complete(self, model: str = "gpt4o", text: Any = "hello", **fields: Any) -> Reply:
        """Ask the native OpenAI wire."""
        body = {"model": model, "messages": [user(text)]} | fields
        return self.ask("POST", COMPLETIONS, body, {"Authorization": "Bearer someone"})

    def message(self, model: str = "claudesonnet45", text: Any = "hello", **fields: Any) -> Reply:
        """Ask the native Anthropic wire."""
        body = {"model": model, "max_tokens": 4096, "messages": [user(text)]} | fields
        return self.ask("POST", MESSAGES, body, {"x-api-key": "someone", "anthropic-version": "2023-06-01"})
