"""
Words that nobody else knows are put wherever a client, ARGO or an operator can write something, and then looked for in
all that the proxy says to anybody else: its log at every level and in both forms, its own pages, others' replies.

There is no level of the log that tells bodies.
"""

from __future__ import annotations

import base64
import gzip
import io
import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import LogEvent, globalLogPublisher

from argoproxy.config import Config
from argoproxy.logs import piped
from argoproxy.simulator import FAULTS
from tests.conftest import LoggedErrors
from tests.faults.askers import ADAPTERS, COLUMNS, EMBEDDERS, VECTORS
from tests.matrix.adapters.adapter import Adapter
from tests.matrix.asks import Ask, Model, User
from tests.matrix.columns import Column
from tests.web import CHAT, Got, Web

# Of which each place gets one of its own.
CANARY = "canary7f3q"
_FOUND = re.compile(rf"{CANARY}\w*|{base64.b64encode(CANARY.encode()).decode()[:12]}", re.IGNORECASE)

HEADERS = {
    "authorization": f"Bearer {CANARY}Bearer",
    "x-api-key": f"{CANARY}ApiKey",
    "x-goog-api-key": f"{CANARY}GoogKey",
    "cookie": f"session={CANARY}Cookie",
    "user-agent": f"{CANARY}Agent",
    "openai-organization": f"{CANARY}Organization",
    "anthropic-beta": f"{CANARY}Beta",
    "idempotency-key": f"{CANARY}Idempotency",
    "x-forwarded-for": f"{CANARY}Forwarded",
    "referer": f"https://{CANARY}.example/Referer",
    "x-custom": f"{CANARY}Custom",
}
QUERY = f"key={CANARY}Query&other={CANARY}Other"
IMAGE = base64.b64encode(b"\x89PNG\r\n\x1a\n" + CANARY.encode()).decode()
_TOOL = f"{CANARY}Tool"
_PATHS = re.compile(r"(?<![\w:/.])/(?:app|etc|home|lib|opt|root|srv|tmp|usr|var|work)/|site-packages|\.py\b|File \\?\"")
_PAGES = ("/", "/health", "/health/ready", "/version", "/openapi.json", "/v1/models", "/v1beta/models", "/nowhere")
_LEVELS: tuple[dict[str, Any], ...] = ({"verbose": True}, {}, {"quiet": True})


class Outputs:
    """
    The log as it would be written, at every level and in both forms, and all of each event beside.

    @ivar others: what must not be in it besides.
    """

    def __init__(self) -> None:
        self._streams: list[io.StringIO] = []
        self._observers: list[Any] = [self._keep]
        self._fields: list[str] = []
        self.others: list[str] = []
        for log_format, level in itertools.product(("text", "json"), _LEVELS):
            stream = io.StringIO()
            config = Config(user="someone", log_format=log_format, **level)
            self._streams.append(stream)
            self._observers.append(piped(config, None, stream))

    def __enter__(self) -> Outputs:
        for one in self._observers:
            globalLogPublisher.addObserver(one)
        return self

    def __exit__(self, *ignored: object) -> None:
        for one in self._observers:
            globalLogPublisher.removeObserver(one)

    def _keep(self, event: LogEvent) -> None:
        self._fields += [str(value) for name, value in event.items() if name != "log_logger"]

    @property
    def lines(self) -> list[str]:
        """What each form and level has got."""
        return [stream.getvalue() for stream in self._streams]

    def check(self) -> None:
        """Fail if a word that nobody knows is in it."""
        for text in (*self.lines, "\n".join(self._fields)):
            assert not _FOUND.search(text), _FOUND.findall(text)
            assert not [word for word in self.others if word in text]


@pytest.fixture
def outputs() -> Iterator[Outputs]:
    """All that is logged during a test."""
    with Outputs() as outputs:
        yield outputs
        # Lines are written behind the turn in which their requests end.
        pytest_twisted.blockon(deferLater(IReactorTime(reactor), 0.0))
        assert any(outputs.lines)
        outputs.check()


def _ask(streamed: bool, adapter: Adapter) -> Ask:
    """A conversation that has such a word in every place that the dialect has."""
    turns: list[Any] = [User(f"{CANARY}Prompt"), Model(f"{CANARY}Said")]
    if adapter.tools:
        turns = [User(f"{CANARY}Prompt", image=IMAGE), Model(f"{CANARY}Said"), User(f"{CANARY}Again")]
    more = {"user": f"{CANARY}User", "metadata": {"user_id": f"{CANARY}Metadata"}, f"{CANARY}Field": f"{CANARY}Value"}
    if adapter.dialect == "google_genai":
        more = {f"{CANARY}Field": f"{CANARY}Value"}
    return Ask(
        turns=tuple(turns) if adapter.tools else tuple(turns[:1]),
        system=f"{CANARY}System" if adapter.tools else "",
        streamed=streamed,
        tools=(_TOOL,) if adapter.tools else (),
        stop=f"{CANARY}Stop",
        more=more,
    )


def _post(web: Web, path: str, body: Any) -> Got:
    """Ask with such words in the headers and the query, too; what has no end is left."""
    got = web.begin("POST", f"{path}{'&' if '?' in path else '?'}{QUERY}", body, HEADERS)
    web.settle(30.0)
    if not got.ended and got.failure is None:
        web.leave()
    return got


def _keys(got: Got) -> None:
    """No key is told to whoever gave it, even where their own words are; nor anybody a path."""
    text = got.body.decode("utf-8", "replace") + str(got.response.headers if got.response else "")
    for value in (*HEADERS.values(), QUERY.partition("&")[0].partition("=")[2]):
        assert value.rpartition(" ")[2] not in text
    if got.response is not None and got.status >= 400:
        assert not _PATHS.search(text), text


def _others(web: Web) -> None:
    """What anybody else is told afterwards."""
    for page in _PAGES:
        got = web.get(page)
        assert not _FOUND.search(got.body.decode() + str(got.header("set-cookie")))
        assert page == "/openapi.json" or not _PATHS.search(got.body.decode())
    for body in ({"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}, {"model": "no-such-model"}):
        assert not _FOUND.search(web.post(CHAT, body).body.decode())


@pytest.mark.parametrize("verbose", [False, True])
@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.label)
def test_what_is_asked_is_nobody_elses(column: Column, verbose: bool, outputs: Outputs) -> None:
    web = column.web(verbose=verbose)
    for adapter, streamed in itertools.product(ADAPTERS, (False, True)):
        ask = _ask(streamed, adapter)
        body = adapter.body(ask, column.model)
        assert CANARY in json.dumps(body)
        got = _post(web, adapter.path(ask, column.model), body)
        assert got.status == 200, got.body
        _keys(got)
    _others(web)


@pytest.mark.parametrize("column", VECTORS, ids=lambda column: column.label)
def test_what_is_embedded_is_nobody_elses(column: Column, outputs: Outputs) -> None:
    web = column.web(verbose=True)
    for adapter in EMBEDDERS:
        _keys(_post(web, adapter.path(column.model), adapter.body((f"{CANARY}Text",), column.model, None)))
    _others(web)


@pytest.mark.parametrize("path", ["/v1/chat", "/v1/embed"])
def test_what_argo_is_asked_directly_is_nobody_elses(path: str, outputs: Outputs) -> None:
    web = Web(verbose=True)
    model = "gpt-4o" if path == "/v1/chat" else "text-embedding-3-small"
    _keys(_post(web, path, {"model": model, "prompt": [f"{CANARY}Prompt"], "user": f"{CANARY}User"}))
    _others(web)


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.label)
@pytest.mark.parametrize("streamed", [False, True])
def test_a_fault_tells_nobody_else(column: Column, streamed: bool, outputs: Outputs) -> None:
    """Whatever ARGO says, and however it breaks off."""
    web = column.web(verbose=True, request_timeout=20.0)
    told = {
        "say": f"say={CANARY}Reply",
        "status": f'status=500:{{"error": {{"message": "{CANARY}Error", "code": "is {CANARY}Code"}}}}',
        "redirect": f"redirect=https://{CANARY}.example/",
    }
    for adapter, fault in itertools.product(ADAPTERS, sorted(FAULTS)):
        ask = _ask(streamed, adapter)
        web.simulator.fault(told.get(fault, fault), times=None)
        _keys(_post(web, adapter.path(ask, column.model), adapter.body(ask, column.model)))
        web.simulator.clear_faults()
    _others(web)


_TEXT = json.dumps({"model": f"{CANARY}Model", "messages": [{"role": f"{CANARY}Role", "content": f"{CANARY}Text"}]})
_BROKEN: dict[str, bytes] = {
    "cut off": _TEXT[:-5].encode(),
    "an unknown model": _TEXT.encode(),
    "not UTF-8": _TEXT.encode().replace(b"Text", b"\xff\xfe"),
    "no object": json.dumps([f"{CANARY}List"]).encode(),
    "another type": json.dumps({"model": "gpt-4o", "messages": f"{CANARY}Messages", "stream": f"{CANARY}"}).encode(),
    "a picture that is none": json.dumps(
        {
            "model": "gpt-4o",
            "messages": [
                {"role": "user", "content": [{"type": "image_url", "image_url": {"url": f"data:{CANARY}Url"}}]}
            ],
        }
    ).encode(),
    "a picture from elsewhere": json.dumps(
        {
            "model": "gpt-4o",
            "messages": [
                {
                    "role": "user",
                    "content": [{"type": "image_url", "image_url": {"url": f"http://127.0.0.1/{CANARY}Url"}}],
                }
            ],
        }
    ).encode(),
    "not gzip": gzip.compress(_TEXT.encode())[:-4],
}
_ASKED = ("/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/embeddings", "/v1/messages", "/v1/chat")
_COUNTED = ("/v1/messages/count_tokens", "/v1beta/models/gpt-4o:generateContent", "/v1beta/models/x:no", "/refresh")


@pytest.mark.parametrize("name", _BROKEN)
def test_what_is_refused_is_nobody_elses(name: str, outputs: Outputs) -> None:
    web = Web(verbose=True)
    headers = {**HEADERS, "content-type": "application/json"}
    if name == "not gzip":
        headers["content-encoding"] = "gzip"
    for path in (*_ASKED, *_COUNTED):
        got = web.begin("POST", f"{path}?{QUERY}", _BROKEN[name], headers)
        web.settle(1.0)
        assert got.ended
        _keys(got)
    for method, path in itertools.product(("GET", "PUT", "OPTIONS", "HEAD"), (*_PAGES, *_ASKED)):
        _keys(web.begin(method, f"{path}?{QUERY}", None, HEADERS))
    _others(web)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("place", ["dialects.openai_chat.OpenAIChat.parse", "translation.legs.Leg.feed"])
def test_a_bug_tells_nobody(
    place: str, stream: bool, outputs: Outputs, monkeypatch: pytest.MonkeyPatch, logged_errors: LoggedErrors
) -> None:
    """Its words may be what somebody asked: neither the client nor the log gets them."""

    def fails(*told: object, **more: object) -> None:
        raise KeyError(f"{CANARY}Bug", told, more)

    web = Web(verbose=True)
    monkeypatch.setattr(f"argoproxy.{place}", fails)
    got = _post(web, CHAT, {"model": "gpt-4o", "messages": [{"role": "user", "content": CANARY}], "stream": stream})
    assert got.status == 500
    assert not _FOUND.search(got.body.decode())
    _keys(got)
    [event] = logged_errors.take()
    assert "builtins.KeyError" in str(event["log_failure"].value)
    assert any("in fails" in text for text in outputs.lines)


def test_a_key_that_is_given_out_is_told_nowhere(outputs: Outputs) -> None:
    """Neither to whoever has it nor to others, good or not."""
    from argoproxy.keys import token

    key = f"argo-{CANARY}Given"
    web = Web(verbose=True, keys=[{"name": "alice", "sha256": token.digest(key), "requests_per_minute": 2}])
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
    for headers, query in (
        ({"authorization": f"Bearer {key}"}, ""),
        ({"x-api-key": key}, ""),
        ({}, f"?key={key}"),
        ({"x-goog-api-key": f"{key}Wrong"}, ""),
        ({}, f"?key={key}Wrong"),
    ):
        got = web.post(f"{CHAT}{query}", body, headers)
        assert got.status in (200, 401, 429)
        assert not _FOUND.search(got.body.decode() + str(got.response and got.response.headers))
    outputs.others.append(token.digest(key))
