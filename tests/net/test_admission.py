"""Who comes in, how often, and what the others are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import capturedLogs

from argoproxy import composition
from argoproxy.config import Config
from argoproxy.conversation import Allowance, Limits, Verdict
from argoproxy.errors import ProxyError
from argoproxy.keys import token
from argoproxy.net.admission import of_address
from argoproxy.service import make_proxy
from argoproxy.simulator import SimulatorSettings
from tests.conftest import LoggedErrors
from tests.net.test_reload import Served
from tests.net.test_site import Line
from tests.web import CHAT, Got, Web

KEY, OTHER, EXPIRED = token.new(), token.new(), token.new()

MESSAGES = {"messages": [{"role": "user", "content": "Hello"}]}
OPENAI = (CHAT, {"model": "gpt-4o", **MESSAGES})
ANTHROPIC = ("/v1/messages", {"model": "gpt-4o", "max_tokens": 100, **MESSAGES})
GOOGLE = ("/v1beta/models/gpt-4o:generateContent", {"contents": [{"parts": [{"text": "Hello"}]}]})

ASKS: dict[str, tuple[str, dict[str, Any]]] = {
    "openai_chat": OPENAI,
    "openai_completions": ("/v1/completions", {"model": "gpt-4o", "prompt": "Hello"}),
    "openai_responses": ("/v1/responses", {"model": "gpt-4o", "input": "Hello"}),
    "openai_embeddings": ("/v1/embeddings", {"model": "text-embedding-3-small", "input": "Hello"}),
    "argo_chat": ("/v1/chat", {"model": "gpt4o", **MESSAGES}),
    "argo_embed": ("/v1/embed", {"model": "v3small", "prompt": ["Hello"]}),
    "anthropic": ANTHROPIC,
    "anthropic_count": ("/v1/messages/count_tokens", {"model": "gpt-4o", **MESSAGES}),
    "google": GOOGLE,
    "google_count": ("/v1beta/models/gpt-4o:countTokens", GOOGLE[1]),
    "google_embed": ("/v1/models/text-embedding-3-small:embedContent", {"content": GOOGLE[1]["contents"][0]}),
}
LISTS = ["/v1/models", "/v1/models/gpt-4o", "/v1beta/models", "/v1beta/models/gpt-4o"]


def _row(name: str, key: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "sha256": token.digest(key), **fields}


def _web(settings: SimulatorSettings | None = None, *, config: Any = None, **fields: Any) -> Web:
    """A proxy on which a key may what is said, another everything, and a third is past."""
    rows = [_row("it", KEY, **fields), _row("other", OTHER), _row("past", EXPIRED, expires="2020-01-01")]
    return Web(settings, keys=rows, **(config or {}))


def _bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def _ask(web: Web, ask: tuple[str, dict[str, Any]] = OPENAI, key: str = KEY) -> Got:
    return web.post(*ask, _bearer(key))


def _shown(got: Got) -> tuple[str, str]:
    """The kind of an error and its code, wherever the dialect has them."""
    error = got.error
    if "status" in error:
        return error["status"], error["details"][0]["reason"].lower()
    return error["type"], error.get("code") or error["details"]["error_code"]


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
@pytest.mark.parametrize("key", [None, "argo-nobody", EXPIRED], ids=["none", "unknown", "expired"])
def test_nothing_is_asked_without_a_good_key(ask: tuple[str, Any], key: str | None) -> None:
    web = _web()
    got = web.post(*ask, _bearer(key) if key else None)
    kinds = {"UNAUTHENTICATED"} if "oogle" in str(got.error) or "status" in got.error else {"authentication_error"}
    assert got.status == 401
    assert _shown(got) == (*kinds, "invalid_api_key")
    assert got.header("www-authenticate") == "Bearer"
    assert not web.simulator.requests
    assert key is None or key.encode() not in got.body


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
def test_everything_is_asked_with_one(ask: tuple[str, Any]) -> None:
    assert _ask(_web(), ask).status == 200


TOLD = [("GET", path) for path in LISTS] + [("HEAD", LISTS[0]), ("HEAD", LISTS[1]), ("POST", "/refresh")]


def _ask_itself(web: Web, method: str, path: str, key: str | None = KEY) -> Got:
    """Ask what the proxy knows."""
    return web.begin(method, path, b"" if method == "POST" else None, _bearer(key) if key else None)


@pytest.mark.parametrize(("method", "path"), TOLD)
def test_what_the_proxy_knows_is_told_to_who_has_a_key(method: str, path: str) -> None:
    web = _web()
    got = _ask_itself(web, method, path, None)
    assert (got.status, got.header("www-authenticate")) == (401, "Bearer")
    assert not web.simulator.requests
    assert _ask_itself(web, method, path).status == 200


@pytest.mark.parametrize(("method", "path"), TOLD)
def test_what_the_proxy_knows_is_told_so_often(method: str, path: str) -> None:
    web = _web(requests_per_minute=1)
    with capturedLogs() as events:
        assert [_ask_itself(web, method, path).status for _ in range(2)] == [200, 429]
    assert [event["key"] for event in events if "log_text" in event] == ["it", "it"]
    got = _ask_itself(web, method, path)
    assert got.header("retry-after") == "60"
    if "beta" not in path:
        assert got.header("x-ratelimit-limit-requests") == "1"
    assert _ask_itself(web, method, path, OTHER).status == 200


@pytest.mark.parametrize(("method", "path"), TOLD)
def test_what_the_proxy_knows_costs_no_tokens_and_waits_for_none(method: str, path: str) -> None:
    web = _web(tokens_per_day=1)
    assert [_ask(web).status for _ in range(2)] == [200, 429]
    got = _ask_itself(web, method, path)
    assert (got.status, got.header("x-ratelimit-limit-tokens")) == (200, None)


@pytest.mark.parametrize("path", ["/", "/health", "/version", "/openapi.json"])
def test_what_the_proxy_says_of_itself_needs_no_key(path: str) -> None:
    assert _web().get(path).status == 200


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        (_bearer(KEY), ""),
        ({"authorization": f"bearer  {KEY} "}, ""),
        ({"x-api-key": KEY}, ""),
        ({"x-goog-api-key": KEY}, ""),
        ({}, f"?key={KEY}"),
        ({"authorization": "Basic eDp5", "x-api-key": KEY}, ""),
    ],
)
def test_a_key_is_taken_in_every_way_that_an_api_has(headers: dict[str, str], query: str) -> None:
    web = _web()
    with capturedLogs() as events:
        assert web.post(CHAT + query, OPENAI[1], headers).status == 200
    assert KEY not in str(events)


@pytest.mark.parametrize("upstream", ["gateway", "native"])
@pytest.mark.parametrize("ask", [one for name, one in ASKS.items() if "count" not in name])
def test_argo_is_asked_in_the_name_of_the_keys_user(ask: tuple[str, Any], upstream: str) -> None:
    web = _web(user="alice", config={"upstream": upstream})
    path, body = ask
    for key, user in ((KEY, "alice"), (OTHER, "someone")):
        assert web.post(path, body | {"user": "mallory"}, _bearer(key)).status in (200, 400)
        web.post(path, body, _bearer(key))
        asked = web.simulator.requests[-1]
        assert user in str(asked.document()) + str(asked.headers)
        assert not [one for one in web.simulator.requests if "mallory" in str(one.document())]


def test_the_log_has_the_name_of_the_key() -> None:
    web = _web()
    with capturedLogs() as events:
        _ask(web)
        web.post(*OPENAI)
    lines = [event for event in events if "log_text" in event]
    assert [line.get("key") for line in lines] == ["it", None]
    assert str(lines[0]["log_text"]).endswith(" code=None key=it")


@pytest.mark.parametrize(
    ("pattern", "allowed"),
    [("gpt-4o", True), ("argo:gpt-4o", True), ("GPT4O", True), ("gpt*", True), ("claude*", False), ("gpt-4", False)],
)
@pytest.mark.parametrize(
    ("ask", "kind"),
    [(OPENAI, "permission_error"), (ANTHROPIC, "permission_error"), (GOOGLE, "PERMISSION_DENIED")],
    ids=["openai", "anthropic", "google"],
)
def test_only_allowed_models_are_asked(ask: tuple[str, Any], kind: str, pattern: str, allowed: bool) -> None:
    web = _web(models=["nothing", pattern])
    got = _ask(web, ask)
    assert got.status == (200 if allowed else 403)
    assert bool(web.simulator.requests) is allowed
    if not allowed:
        assert _shown(got) == (kind, "model_not_allowed")


@pytest.mark.parametrize("name", ["quick", "nobody-knows-it", ""], ids=["alias", "fallback", "default"])
def test_no_other_name_leads_to_a_model_that_is_not_allowed(name: str) -> None:
    config = {
        "model_aliases": {"quick": "gpt-4o"},
        "unknown_model_fallback": "gpt-4o",
        "default_chat_model": "gpt-4o",
    }
    web = _web(models=["claude*"], config=config)
    assert _ask(web, (CHAT, {**OPENAI[1], "model": name})).status == 403


def test_no_model_that_is_not_allowed_serves_in_anothers_place() -> None:
    fallbacks = {"gpt-5": ["gpt-4.1", "gpt-4o"], "claude-opus-4.7": ["gpt-5"]}
    web = _web(models=["gpt-5", "gpt-4o"], config={"fallbacks": fallbacks})
    web.simulator.fault("status=500")
    assert _ask(web, (CHAT, {**OPENAI[1], "model": "gpt-5"})).header("x-argoproxy-model") == "argo:gpt-4o"
    assert [request.document()["model"] for request in web.simulator.requests] == ["gpt5", "gpt4o"]


@pytest.mark.parametrize(("models", "served"), [(["gpt-4o"], None), (["gpt-4o", "gpt-4.1"], "argo:gpt-4.1")])
def test_only_allowed_models_serve_in_anothers_place(models: list[str], served: str | None) -> None:
    web = _web(models=models, config={"fallbacks": {"gpt-4o": ["gpt-5", "gpt-4.1"]}})
    web.simulator.fault("status=500", times=1)
    got = _ask(web)
    assert (got.status == 200) is (served is not None)
    assert got.header("x-argoproxy-model") == served


def test_the_lists_have_the_allowed_models() -> None:
    web = _web(models=["gpt-4o", "claude-opus*"])
    families = {row["owned_by"] for row in web.get("/v1/models", _bearer(KEY)).json()["data"]}
    assert families == {"openai", "anthropic"}
    names = [row["name"] for row in web.get("/v1beta/models", {"x-goog-api-key": KEY}).json()["models"]]
    assert "models/argo:gpt-4o" in names
    assert not any("gemini" in name for name in names)
    assert web.get("/v1/models/gpt-4o", _bearer(KEY)).status == 200
    assert web.get("/v1/models/gpt-5", _bearer(KEY)).status == 403
    assert len(web.get("/v1/models", _bearer(OTHER)).json()["data"]) > 20


def test_openai_is_told_how_its_limits_stand() -> None:
    web = _web(requests_per_minute=60, tokens_per_minute=6000)
    _ask(web)
    got = _ask(web)
    assert got.status == 200
    used = 6000 - int(got.header("x-ratelimit-remaining-tokens") or 0)
    assert used > 0
    assert {name: got.header(f"x-ratelimit-{name}") for name in ("limit-requests", "remaining-requests")} == {
        "limit-requests": "60",
        "remaining-requests": "58",
    }
    assert got.header("x-ratelimit-limit-tokens") == "6000"
    assert got.header("x-ratelimit-reset-requests") == "2s"
    assert got.header("x-ratelimit-reset-tokens") == f"{used * 10}ms"


def test_who_is_over_a_limit_waits_as_long_as_is_told() -> None:
    web = _web(requests_per_minute=2)
    assert [_ask(web).status for _ in range(3)] == [200, 200, 429]
    got = _ask(web)
    assert _shown(got) == ("rate_limit_error", "rate_limit_exceeded")
    assert got.error["message"] == "Over the limit of 2 requests per minute for this key: try again in 30 s."
    assert (got.header("retry-after"), got.header("x-should-retry")) == ("30", None)
    assert got.header("x-ratelimit-remaining-requests") == "0"
    assert _ask(web, key=OTHER).status == 200
    asked = len(web.simulator.requests)
    web.settle(int(got.header("retry-after-ms") or 0) / 1000)
    assert _ask(web).status == 200
    assert len(web.simulator.requests) == asked + 1


def test_the_others_are_told_in_their_own_way() -> None:
    web = _web(requests_per_minute=1, tokens_per_minute=1000)
    _ask(web)
    anthropic, google = _ask(web, ANTHROPIC), _ask(web, GOOGLE)
    assert (anthropic.status, google.status) == (429, 429)
    assert _shown(anthropic) == ("rate_limit_error", "rate_limit_exceeded")
    assert anthropic.header("anthropic-ratelimit-requests-remaining") == "0"
    assert (anthropic.header("anthropic-ratelimit-tokens-reset") or "").endswith("Z")
    assert anthropic.header("x-ratelimit-limit-requests") is None
    assert _shown(google) == ("RESOURCE_EXHAUSTED", "rate_limit_exceeded")
    assert google.error["details"][1]["retryDelay"] == "60s"


def test_sdks_do_not_try_again_where_that_is_in_vain() -> None:
    web = _web(tokens_per_day=10)
    assert _ask(web).status == 200
    got = _ask(web)
    assert (got.status, got.header("x-should-retry")) == (429, "false")
    assert int(got.header("retry-after") or 0) > 3600


def test_no_more_than_so_many_run_at_once() -> None:
    web = _web(SimulatorSettings(first_byte_delay=5.0), concurrency=2)
    running = [web.begin("POST", *OPENAI, _bearer(KEY)) for _ in range(3)]
    assert [got.ended for got in running] == [False, False, True]
    assert _shown(running[2]) == ("rate_limit_error", "concurrency_limit_exceeded")
    assert running[2].header("retry-after") == "1"
    web.settle(6.0)
    assert [got.status for got in running] == [200, 200, 429]
    again = web.begin("POST", *OPENAI, _bearer(KEY))
    web.settle(6.0)
    assert again.status == 200


def _fails(web: Web) -> None:
    web.simulator.fault("status=500")
    assert _ask(web).status == 502


def _is_refused(web: Web) -> None:
    assert _ask(web, (CHAT, {"model": "nobody-knows-it", **MESSAGES})).status == 404
    assert web.post(CHAT, b"{", _bearer(KEY)).status == 400
    assert web.post(CHAT, b"{}", {**_bearer(KEY), "content-type": "text/plain"}).status == 415


def _takes_too_long(web: Web) -> None:
    web.simulator.fault("hang")
    got = web.begin("POST", CHAT, {**OPENAI[1], "timeout": 3}, _bearer(KEY))
    web.settle(4.0)
    assert got.status == 504


def _is_cut(web: Web) -> None:
    web.simulator.fault("hang")
    got = web.begin("POST", *OPENAI, _bearer(KEY))
    web.proxy.underway.cut(ProxyError(503, "It stops.", code="shutting_down"))
    web.settle()
    assert got.ended


def _loses_its_client(web: Web) -> None:
    web.simulator.fault("hang")
    web.begin("POST", *OPENAI, _bearer(KEY))
    web.leave()


ENDS: list[Callable[[Web], None]] = [_fails, _is_refused, _takes_too_long, _is_cut, _loses_its_client]


@pytest.mark.parametrize("end", ENDS)
def test_a_place_is_free_again_however_a_request_ends(end: Callable[[Web], None]) -> None:
    web = _web(concurrency=1)
    end(web)
    assert _ask(web).status == 200


@pytest.mark.parametrize("end", [_fails, _is_refused, _takes_too_long])
def test_what_fails_costs_no_tokens(end: Callable[[Web], None]) -> None:
    web = _web(tokens_per_minute=100_000)
    end(web)
    assert _ask(web).header("x-ratelimit-remaining-tokens") == "100000"


def test_who_leaves_before_argo_is_asked_pays_nothing() -> None:
    web = _web(config={"max_upstream": 1}, tokens_per_minute=1_000_000)
    web.simulator.fault("hang")
    web.begin("POST", *OPENAI, _bearer(OTHER))
    before = set(web.client._agent._pumps)
    web.begin("POST", *OPENAI, _bearer(KEY))
    (waiting,) = set(web.client._agent._pumps) - before
    assert web.get("/health/ready").json()["requests"]["waiting"] == 1
    waiting.clientIO.abortConnection()
    web.settle()
    web.leave()
    assert [one.method for one in web.simulator.requests].count("POST") == 1
    assert _ask(web).header("x-ratelimit-remaining-tokens") == "1000000"


@pytest.mark.parametrize("upstream", ["gateway", "native"])
def test_who_leaves_a_stream_pays_for_what_there_was(upstream: str) -> None:
    web = _web(SimulatorSettings(chunk_delay=1.0), tokens_per_day=1_000_000, config={"upstream": upstream})
    web.begin("POST", CHAT, {**OPENAI[1], "stream": True}, _bearer(KEY))
    web.settle(2.0)
    web.leave()
    left = int(_ask(web).header("x-ratelimit-remaining-tokens") or 0)
    assert 1_000_000 - 200 < left < 1_000_000


def test_argos_own_calls_cost_about_as_much_as_their_bytes() -> None:
    web = _web(tokens_per_day=1_000_000)
    _ask(web, ("/v1/chat", {"model": "gpt4o", "messages": [{"role": "user", "content": "x" * 4000}]}))
    left = int(_ask(web).header("x-ratelimit-remaining-tokens") or 0)
    assert 1_000_000 - 2200 < left < 1_000_000 - 2000
    _ask(web, ASKS["argo_embed"])
    assert left - 100 < int(_ask(web).header("x-ratelimit-remaining-tokens") or 0) < left


def test_users_and_addresses_are_limited_whatever_their_keys() -> None:
    web = _web(config={"limits": {"per_user": {"requests_per_minute": 2}}})
    assert [_ask(web, key=key).status for key in (KEY, OTHER, KEY)] == [200, 200, 429]
    web = _web(user="alice", config={"limits": {"per_user": {"requests_per_minute": 1}}})
    assert [_ask(web, key=key).status for key in (KEY, OTHER, KEY)] == [200, 200, 429]
    web = _web(user="alice", config={"limits": {"per_address": {"requests_per_minute": 1}}})
    assert [_ask(web, key=key).status for key in (KEY, OTHER)] == [200, 429]


@pytest.mark.parametrize("name", ["anthropic_count", "google_count"])
def test_to_count_tokens_costs_none(name: str) -> None:
    web = _web(tokens_per_minute=1000, requests_per_minute=60)
    assert _ask(web, ASKS[name]).status == 200
    got = _ask(web)
    assert got.header("x-ratelimit-remaining-tokens") == "1000"
    assert got.header("x-ratelimit-remaining-requests") == "58"


def test_there_may_be_limits_without_keys() -> None:
    web = Web(limits={"per_address": {"requests_per_minute": 1}})
    assert [web.post(*OPENAI).status for _ in range(2)] == [200, 429]
    assert web.get("/v1/models").status == 429
    web = Web(limits={"per_user": {"requests_per_minute": 1}}, username_passthrough=True)
    statuses = [web.post(*OPENAI, _bearer(name)).status for name in ("alice", "bob", "alice")]
    assert statuses == [200, 200, 429]


@pytest.mark.parametrize("limited", ["per_user", "per_address"])
def test_who_gives_no_name_where_names_are_keys_is_told_so_and_is_nobody_s_account(limited: str) -> None:
    web = Web(limits={limited: {"requests_per_minute": 5}}, username_passthrough=True)
    got = [web.post(*OPENAI, headers) for headers in ({}, _bearer("two words"), {}, {}, {})]
    assert [(one.status, one.error["code"]) for one in got] == [(401, "missing_api_key")] * 5
    assert [one.header("www-authenticate") for one in got] == ["Bearer"] * 5
    assert [one.header("x-ratelimit-limit-requests") for one in got] == [None] * 5
    assert web.post(*OPENAI, _bearer("alice")).header("x-ratelimit-remaining-requests") == "4"


def test_who_gives_no_name_is_limited_by_address_in_what_needs_none() -> None:
    for limited, second in (("per_user", 200), ("per_address", 429)):
        web = Web(limits={limited: {"requests_per_minute": 1}}, username_passthrough=True)
        assert [web.get("/v1/models").status for _ in range(2)] == [200, second]


def test_a_name_is_one_account_however_it_is_written() -> None:
    web = Web(limits={"per_user": {"requests_per_minute": 1}}, username_passthrough=True)
    assert [web.post(*OPENAI, _bearer(name)).status for name in ("alice", "Alice")] == [200, 429]


class _From:
    """A request from somewhere."""

    def __init__(self, address: IAddress) -> None:
        self.address = address

    def getClientAddress(self) -> IAddress:
        return self.address


@pytest.mark.parametrize(
    ("address", "name"),
    [
        (IPv4Address("TCP", "192.0.2.7", 1), "192.0.2.7"),
        (IPv6Address("TCP", "::ffff:192.0.2.7", 1), "192.0.2.7"),
        (IPv6Address("TCP", "2001:db8:1:2:3:4:5:6", 1), "2001:db8:1:2::/64"),
        (IPv6Address("TCP", "fe80::1%eth0", 1), "fe80::/64"),
        (UNIXAddress("/tmp/x"), "local"),
    ],
)
def test_an_address_is_a_host_or_a_network_of_ipv6(address: IAddress, name: str) -> None:
    request: Any = _From(address)
    allowance = of_address(Limits(concurrency=1))(request, "")
    assert allowance == Limits(concurrency=1).of("address", name)


LARGE = b"Content-Length: 70000\r\nExpect: 100-continue\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"


@pytest.mark.parametrize("body", [LARGE, CHUNKED], ids=["large", "chunked"])
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages?key=argo-nobody"])
def test_what_strangers_send_is_not_read(path: str, body: bytes) -> None:
    line = Line(_web())
    with capturedLogs() as events:
        said = line.send(f"POST {path} HTTP/1.1\r\nHost: x\r\n".encode() + body)
    assert said.startswith(b"HTTP/1.1 401 ")
    assert b"\r\nwww-authenticate: bearer\r\n" in said.lower()
    assert b'"authentication_error"' in said
    assert b"100 Continue" not in said
    assert "argo-nobody" not in str([event.get("log_text") for event in events])


@pytest.mark.parametrize("body", [LARGE, CHUNKED], ids=["large", "chunked"])
@pytest.mark.parametrize(
    ("query", "headers"),
    [("", f"x-api-key: {KEY}\r\n"), ("", f"Authorization: Bearer {KEY}\r\n"), (f"?alt=sse&key={KEY}", "")],
)
def test_what_others_send_is(query: str, headers: str, body: bytes) -> None:
    line = Line(_web())
    said = line.send(f"POST /v1/messages{query} HTTP/1.1\r\nHost: x\r\n{headers}".encode() + body)
    assert said.startswith(b"HTTP/1.1 100 ")


def test_everybodys_is_where_there_are_no_keys() -> None:
    for web in (Web(), Web(limits={"per_address": {"concurrency": 1}})):
        said = Line(web).send(b"POST /v1/messages HTTP/1.1\r\nHost: x\r\n" + LARGE)
        assert said.startswith(b"HTTP/1.1 100 ")


def test_another_configuration_has_other_keys_and_the_same_account() -> None:
    web = Served(keys=[_row("it", KEY, requests_per_minute=2)])
    assert _ask(web).status == 200
    web.reload(keys=[_row("it", OTHER, requests_per_minute=2)])
    assert _ask(web).status == 401
    assert [_ask(web, key=OTHER).status for _ in range(2)] == [200, 429]
    web.reload(keys=())
    assert web.post(*OPENAI).status == 200


class Slow:
    """A ledger that answers when the test says so."""

    away = False

    def __init__(self) -> None:
        self.entering: Deferred[Verdict] = Deferred()
        self.left: list[int] = []

    def enter(self, allowance: Allowance) -> Deferred[Verdict]:
        return self.entering

    def leave(self, verdict: Verdict, tokens: int) -> None:
        self.left.append(tokens)

    def retire(self) -> None:
        """Nothing is left over."""

    def close(self) -> None:
        """Nothing is left over."""


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    """In place of every ledger."""
    ledger = Slow()
    monkeypatch.setattr(composition, "make_ledger", lambda *arguments: ledger)
    return ledger


def test_a_request_waits_for_the_decision(slow: Slow) -> None:
    web = _web()
    got = web.begin("POST", *OPENAI, _bearer(KEY))
    assert not got.ended
    assert not web.simulator.requests
    slow.entering.callback(Verdict(Allowance(), ()))
    web.settle()
    assert got.status == 200
    assert len(slow.left) == 1


@pytest.mark.parametrize(("method", "path"), TOLD)
def test_what_the_proxy_knows_waits_for_it_too(slow: Slow, method: str, path: str) -> None:
    web = _web()
    got = _ask_itself(web, method, path)
    assert not got.ended
    slow.entering.callback(Verdict(Allowance(), ()))
    web.settle()
    assert (got.status, slow.left) == (200, [0])


def test_who_leaves_meanwhile_is_not_asked_for(slow: Slow) -> None:
    web = _web()
    web.begin("POST", *OPENAI, _bearer(KEY))
    web.leave()
    slow.entering.callback(Verdict(Allowance(), ()))
    web.settle()
    assert not web.simulator.requests
    assert slow.left == [0]


def test_without_a_decision_there_is_none_of_argos(slow: Slow) -> None:
    web = _web()
    slow.entering.errback(ProxyError(503, "The store is away.", code="limits_unavailable", retry_after="1"))
    got = _ask(web, ANTHROPIC)
    assert (got.status, got.header("retry-after")) == (503, "1")
    assert _shown(got) == ("overloaded_error", "limits_unavailable")
    assert not web.simulator.requests
    assert slow.left == []


def test_a_bug_in_it_is_a_500(slow: Slow, logged_errors: LoggedErrors) -> None:
    web = _web()
    slow.entering.errback(ZeroDivisionError())
    assert _ask(web).status == 500
    assert len(logged_errors.take()) == 1


def test_time_passes_for_limits_by_a_clock_that_nobody_sets() -> None:
    config = Config(user="someone", limits={"per_address": Limits(requests_per_minute=1)})
    reactor = MemoryReactorClock()
    ledger = make_proxy(config, reactor)._serving.ledger
    allowance = Limits(requests_per_minute=1).of("address", "a")
    verdicts: list[Verdict] = []
    for _ in range(2):
        ledger.enter(allowance).addCallback(verdicts.append)
        reactor.advance(3600.0)
    assert [verdict.denied is None for verdict in verdicts] == [True, False]


def test_health_tells_whether_a_store_is_there(slow: Slow) -> None:
    assert Web().get("/health").json() == {"status": "ok"}
    web = Web(limits_store="redis://127.0.0.1")
    assert web.get("/health").json() == {"status": "ok", "limits_store": "there"}
    slow.away = True
    assert web.get("/health").json() == {"status": "ok", "limits_store": "away"}
