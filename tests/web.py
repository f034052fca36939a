"""A whole proxy in memory: a client, the proxy, and a simulated ARGO, with a clock for the time."""

from __future__ import annotations

import json
from typing import Any

import attrs
from treq.response import _Response
from treq.testing import StubTreq
from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock

from argoproxy.config import Config
from argoproxy.proxy import Proxy
from argoproxy.service import make_proxy
from argoproxy.simulator import Simulator, SimulatorSettings
from argoproxy.testing import MemoryArgo

BASE = "http://proxy.example"
CHAT = "/v1/chat/completions"


@attrs.define
class Got:
    """A reply as it comes in: its head once it is there, its body so far, and whether it has ended."""

    response: _Response | None = None
    body: bytes = b""
    ended: bool = False
    failure: Any = None

    @property
    def status(self) -> int:
        assert self.response is not None, f"no reply yet ({self.failure})"
        return int(self.response.code)

    def header(self, name: str) -> str | None:
        assert self.response is not None
        values = self.response.headers.getRawHeaders(name)
        return values[0] if values else None

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> Any:
        return self.json()["error"]

    def sse(self) -> list[Any]:
        """The data of its events, parsed, and C{[DONE]} as it is."""
        lines = [line[6:] for line in self.body.decode().split("\n") if line.startswith("data: ")]
        return [line if line == "[DONE]" else json.loads(line) for line in lines]

    def text(self) -> str:
        """The text of a stream of chat chunks."""
        chunks = [chunk for chunk in self.sse() if chunk != "[DONE]"]
        return "".join(choice["delta"].get("content") or "" for chunk in chunks for choice in chunk["choices"])


OPEN: list[Web] = []
"""Those of the running test; what it leaves under way is ended behind it."""


class Web:
    """The three of them."""

    def __init__(self, settings: SimulatorSettings | None = None, **config: Any) -> None:
        self.clock = MemoryReactorClock()
        self.argo = MemoryArgo.on(self.clock, settings)
        self.config = Config(
            **{"user": "someone", "argo_base_url": "http://argo.example", "upstream": "gateway", **config}
        )
        self.proxy: Proxy = make_proxy(self.config, self.clock, self.agent())
        self.client: Any = StubTreq(self.proxy.resource)
        OPEN.append(self)

    def agent(self) -> Any:
        """What carries the proxy's calls."""
        return self.argo.agent

    @property
    def simulator(self) -> Simulator:
        return self.argo.simulator

    def begin(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Got:
        """Send a request and go on at once."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json"} | (headers or {}) if data is not None else headers
        got = Got()
        sent = self.client.request(
            method, BASE + path, data=data, headers=headers, unbuffered=True, allow_redirects=False
        )
        sent.addCallback(self._begun, got).addErrback(lambda failure: setattr(got, "failure", failure))
        self.settle()
        return got

    def _begun(self, response: _Response, got: Got) -> Deferred[None]:
        got.response = response

        def more(data: bytes) -> None:
            got.body += data

        return response.collect(more).addCallback(lambda _: setattr(got, "ended", True))

    def settle(self, seconds: float = 0.0) -> None:
        """Let everything happen that would by then."""
        self.clock.advance(seconds)
        for _ in range(40):
            self.argo.flush()
            self.client.flush()
            self.clock.advance(0)

    def post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> Got:
        """Send a request and wait for the end of its reply."""
        got = self.begin("POST", path, body, headers)
        assert got.ended, got
        return got

    def get(self, path: str, headers: dict[str, str] | None = None) -> Got:
        got = self.begin("GET", path, None, headers)
        assert got.ended, got
        return got

    def chat(self, text: str = "Hello there", model: str = "gpt-4o", **fields: Any) -> Got:
        """Ask a question in OpenAI's dialect."""
        return self.post(CHAT, {"model": model, "messages": [{"role": "user", "content": text}], **fields})

    def asked(self) -> Any:
        """The body of the last request that ARGO got."""
        return self.simulator.requests[-1].document()

    def leave(self) -> None:
        """The client drops all its connections."""
        for pump in self.client._agent._pumps:
            pump.clientIO.abortConnection()
        self.settle()

    def stop(self) -> Deferred[None]:
        """Stop the proxy."""
        return Deferred.fromCoroutine(self.proxy.stop())
