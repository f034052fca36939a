"""Google's own SDK, with a dialect in place of the network."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from urllib.parse import unquote

import httpx2
from google import genai
from google.genai import types

from argoproxy.conversation import Event, Request, RouteCall
from argoproxy.interfaces import IRenderingDialect
from tests.dialects.playing import STAMP

_PATH = re.compile(r"/v1(?:beta)?/(?:models/)?(.+):(\w+)")


def client(answer: Callable[[httpx2.Request], httpx2.Response]) -> genai.Client:
    """A client all of whose requests are answered by a function."""
    options = types.HttpOptions(client_args={"transport": httpx2.MockTransport(answer)})
    return genai.Client(api_key="k", http_options=options)


def route(request: httpx2.Request) -> RouteCall:
    """What the routes would tell a dialect of a request."""
    found = _PATH.fullmatch(unquote(request.url.path))
    assert found is not None
    return RouteCall({"model": found[1], "method": found[2]}, dict(request.url.params))


class Player:
    """
    Answers each request with the next of some replies, made by a dialect.

    @ivar requests: what was asked for.
    """

    def __init__(self, dialect: IRenderingDialect, replies: Sequence[Sequence[Event]]) -> None:
        self._dialect = dialect
        self._replies = iter(replies)
        self.requests: list[Request] = []
        self.client = client(self._answer)

    def _answer(self, asked: httpx2.Request) -> httpx2.Response:
        request = self._dialect.parse(asked.read(), route(asked))
        self.requests.append(request)
        renderer = self._dialect.renderer(request, STAMP)
        pieces = [renderer.render(event) for event in next(self._replies)]
        pieces.append(renderer.close())
        return httpx2.Response(200, headers={"content-type": renderer.content_type}, content=iter(pieces))
