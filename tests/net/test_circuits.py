"""Calls while ARGO can't be reached: they fail at once, or go to another environment, until it can be."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import attrs
import pytest
import pytest_twisted
from treq.client import HTTPClient
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred, fail, gatherResults
from twisted.internet.error import ConnectionLost, ConnectionRefusedError, TimeoutError
from twisted.internet.task import Clock, deferLater
from twisted.logger import capturedLogs, formatEvent
from twisted.web.client import Agent, ResponseNeverReceived
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IBodyProducer, IResponse
from zope.interface import implementer
from zope.interface.verify import verifyObject

from argoproxy.config import Config, model
from argoproxy.conversation import Call
from argoproxy.interfaces import IClient
from argoproxy.net.circuits import Circuit, Guarded
from argoproxy.net.client import make_client
from argoproxy.proxy import Proxy
from argoproxy.service import make_proxy
from argoproxy.simulator import Simulator, SimulatorSettings
from tests.web import CHAT, Got, Web

reactor: Any = _reactor
_PATIENCE = 1000
ASKED = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}
PROD, DEV, TEST = (f"https://apps{kind}.inside.anl.gov" for kind in ("", "-dev", "-test"))


@implementer(IAgent)
@attrs.define(eq=False)
class Net:
    """
    A network on which some hosts can't be reached.

    @ivar down: how connecting fails, by the beginnings of addresses.
    @ivar asked: every address that was asked.
    """

    inner: Any
    down: dict[str, Callable[[], Exception]] = attrs.field(factory=dict)
    asked: list[str] = attrs.field(factory=list)

    def request(
        self,
        method: bytes,
        uri: bytes,
        headers: Headers | None = None,
        bodyProducer: IBodyProducer | None = None,
    ) -> Deferred[IResponse]:
        url = uri.decode()
        self.asked.append(url)
        for start, reason in self.down.items():
            if url.startswith(start):
                return fail(reason())
        # The simulator has no /argoapi.
        answer: Deferred[IResponse] = self.inner.request(
            method, uri.replace(b"/argoapi", b""), headers, bodyProducer
        )
        return answer

    def flush(self) -> None:
        self.inner.flush()


class Places(Web):
    """A proxy whose ARGOs may be down."""

    net: Net

    def __init__(self, *environment: str, **config: Any) -> None:
        addresses = {"environment": environment, "argo_base_url": None} if environment else {}
        super().__init__(**{"update_check": False, **addresses, **config})

    def agent(self) -> Any:
        self.net = Net(self.argo.agent)
        return self.net

    def break_down(self, host: str = "http://argo.example", why: Callable[[], Exception] = TimeoutError) -> None:
        self.net.down[host] = why

    def repair(self) -> None:
        self.net.down.clear()

    def ask(self, times: int = 1) -> Got:
        """Ask so often, and return the last reply."""
        for _ in range(times):
            got = self.post(CHAT, ASKED)
        return got

    def calls(self) -> list[str]:
        """The hosts that were asked since this was last called."""
        found = [f"https://{url.split('/')[2]}" for url in self.net.asked]
        self.net.asked.clear()
        return found


def test_they_are_clients() -> None:
    client = make_client(Net(None), Clock())
    circuit = Circuit("gateway", Call(url="", body=b"", reply="models"), client, None)
    assert verifyObject(IClient, Guarded(client, {"": circuit}))


def test_without_a_breaker_every_call_is_tried() -> None:
    places = Places()
    places.break_down()
    places.ask(30)
    assert len(places.calls()) == 30


def test_after_twenty_failures_to_connect_calls_fail_at_once_and_argo_is_left_alone() -> None:
    places = Places(breaker=True)
    places.break_down()
    got = places.ask(20)
    assert (got.status, got.error["code"]) == (504, "timeout_connect")
    assert len(places.calls()) == 20
    embedding = {"model": "v3small", "input": "x"}
    for path, body in ((CHAT, ASKED), (CHAT, ASKED | {"stream": True}), ("/v1/embeddings", embedding)):
        got = places.post(path, body)
        assert (got.status, got.error["code"], got.header("retry-after")) == (503, "upstream_unavailable", "1")
    assert places.calls() == []
    assert places.get("/health/ready").json()["argo_reachable"] is False


def test_a_long_prompt_is_counted_for_the_model_that_serves_where_the_others_circuit_is_open() -> None:
    """The first call fails in the turn in which it is made, before anything has been counted for it."""
    words = {"messages": [{"role": "user", "content": "some words " * 40_000}]}
    asked, serves = ({"model": name, **words} for name in ("claude-haiku-4.5", "gemini-2.5-flash"))
    places = Places(
        breaker=True,
        upstream="native",
        routes={"gemini*": "gateway"},
        fallbacks={"claude-haiku-4.5": ["gemini-2.5-flash"]},
    )
    places.break_down("http://argo.example/v1/messages")
    for _ in range(20):
        places.post(CHAT, ASKED | {"model": "claude-haiku-4.5"})
    places.calls()
    places.simulator.fault("wait=1")
    got = places.begin("POST", CHAT, asked)
    assert len(places.calls()) == 1
    places.settle(1.0)
    assert got.header("x-argoproxy-model") == "argo:gemini-2.5-flash"
    assert got.json()["usage"] == places.post(CHAT, serves).json()["usage"]


def test_an_argo_that_is_looked_for_every_second_is_found_again() -> None:
    places = Places(breaker=True)
    places.break_down()
    places.ask(20)
    places.calls()
    for _ in range(5):
        places.settle(0.9)
        assert places.calls() == []
        places.settle(0.1)
        assert len(places.calls()) == 1
        assert places.ask().status == 503
    places.repair()
    assert places.ask().status == 503
    places.settle(1.0)
    assert places.ask().status == 200
    places.settle(100.0)
    assert len(places.calls()) == 2


def test_an_answer_of_any_kind_shows_that_it_is_there() -> None:
    for sign in ("status=500", "garbage-http", "reset"):
        places = Places(breaker=True)
        places.break_down()
        places.ask(20)
        places.repair()
        places.simulator.fault(sign)
        places.settle(1.0)
        assert places.ask().status == 200


def test_who_looks_for_it_waits_for_no_answer_that_never_comes() -> None:
    places = Places(breaker=True)
    places.break_down()
    places.ask(20)
    places.repair()
    places.simulator.fault("hang")
    places.settle(1.0)
    assert places.ask().status == 503
    places.settle(30.0)
    places.settle(1.0)
    assert places.ask().status == 200


@pytest.mark.parametrize("why", [lambda: ResponseNeverReceived([]), ConnectionLost])
def test_who_can_be_connected_to_is_not_away_however_calls_fail(why: Callable[[], Exception]) -> None:
    places = Places(breaker=True)
    places.break_down(why=why)
    assert places.ask(40).status == 502
    assert len(places.calls()) >= 40


def test_each_wire_is_judged_by_itself() -> None:
    places = Places(breaker=True, upstream="native")
    places.break_down("http://argo.example/v1/chat")
    assert places.ask(21).status == 503
    claude = {"model": "claude-sonnet-4.5", "max_tokens": 9, "messages": ASKED["messages"]}
    assert places.post("/v1/messages", claude).status == 200


def test_what_is_looked_for_is_told_and_ends_with_the_proxy() -> None:
    places = Places(breaker=True)
    places.break_down()
    with capturedLogs() as events:
        places.ask(20)
        places.repair()
        places.settle(1.0)
        places.break_down()
        places.ask(20)
    told = [formatEvent(event) for event in events if event["log_namespace"] == "argoproxy.net.circuits"]
    assert [("again" in line, "gateway at http://argo.example" in line) for line in told] == [
        (False, True),
        (True, True),
        (False, True),
    ]
    places.stop()
    places.calls()
    places.settle(60.0)
    assert places.calls() == []


def test_of_several_environments_the_first_that_can_be_reached_serves() -> None:
    places = Places("prod", "dev", "test")
    assert places.ask().status == 200
    assert places.calls() == [PROD]
    places.break_down(PROD)
    assert places.ask().status == 200
    assert places.calls() == [PROD, DEV]
    places.break_down(DEV)
    assert places.ask().status == 200
    assert places.calls() == [PROD, DEV, TEST]
    places.repair()
    assert places.ask().status == 200
    assert places.calls() == [PROD]


@pytest.mark.parametrize("why", [TimeoutError, ConnectionRefusedError])
def test_once_the_first_has_failed_often_the_next_serves_at_once_until_it_is_back(why: Any) -> None:
    places = Places("prod", "dev")
    places.break_down(PROD, why)
    places.ask(20)
    places.calls()
    with capturedLogs() as events:
        assert places.ask(5).status == 200
    assert places.calls() == [DEV] * 5
    assert [event["attempts"] for event in events if "attempts" in event] == [1] * 5
    places.repair()
    places.settle(1.0)
    assert places.ask().status == 200
    assert places.calls() == [PROD, PROD]


def test_where_no_environment_can_be_reached_three_attempts_are_all() -> None:
    places = Places("prod", "dev")
    places.break_down("https://", ConnectionRefusedError)
    got = places.ask()
    assert (got.status, got.error["code"]) == (502, "upstream_unreachable")
    assert places.calls() == [PROD, DEV, PROD]
    places.ask(40)
    places.calls()
    got = places.ask()
    assert (got.status, got.header("retry-after")) == (503, "1")
    assert places.calls() == []


def test_an_argo_that_answers_badly_keeps_its_calls() -> None:
    places = Places("prod", "dev")
    for fault, status in (("status=500", 502), ("503", 503), ("html-502", 502), ("reset", 502)):
        places.simulator.fault(fault, times=3)
        assert places.ask().status == status
        places.simulator.clear_faults()
    assert set(places.calls()) == {PROD}


def test_models_and_health_follow_the_environment_in_use() -> None:
    places = Places("prod", "dev", upstream="auto")
    places.break_down(PROD)
    assert places.post("/refresh", b"").status == 200
    ready = places.get("/health/ready")
    assert (ready.status, ready.json()["model_list"], ready.json()["argo_reachable"]) == (200, "argo", True)
    assert places.get("/version").json()["upstream"]["anthropic"] == "anthropic_native"
    assert set(places.calls()) == {PROD, DEV}


# On real connections.


def _listening(argo: Simulator, port: int = 0) -> Any:
    return reactor.listenTCP(port, argo.site(), interface="127.0.0.1")


async def _chats(proxy: Proxy, count: int) -> set[int]:
    """The statuses of so many replies at once."""
    port = reactor.listenTCP(0, proxy.site, interface="127.0.0.1")
    http = HTTPClient(Agent(reactor))
    url = f"http://127.0.0.1:{port.getHost().port}{CHAT}"
    headers = Headers({"content-type": ["application/json"]})
    sent = [http.post(url, headers=headers, data=json.dumps(ASKED).encode()) for _ in range(count)]
    replies = await gatherResults(sent)
    await gatherResults([reply.content() for reply in replies])
    await port.stopListening()
    return {reply.code for reply in replies}


@pytest_twisted.ensureDeferred
async def test_calls_go_elsewhere_while_an_argo_is_away_and_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    prod, dev = (Simulator(SimulatorSettings(), clock=reactor) for _ in range(2))
    first, second = _listening(prod), _listening(dev)
    bases = {name: f"http://127.0.0.1:{port.getHost().port}" for name, port in (("prod", first), ("dev", second))}
    monkeypatch.setattr(model, "BASES", bases)
    config = Config(user="someone", environment=("prod", "dev"), upstream="gateway", update_check=False)
    proxy = make_proxy(config, reactor)
    number = first.getHost().port
    try:
        await first.stopListening()
        assert await _chats(proxy, 20) == {200}
        assert (len(prod.requests), len(dev.requests)) == (0, 20)
        assert await _chats(proxy, 5) == {200}
        first = _listening(prod, number)
        for _ in range(_PATIENCE):
            if not prod.requests:
                await deferLater(reactor, 0.01)
        assert await _chats(proxy, 5) == {200}
        assert [request.method for request in prod.requests] == ["GET", *["POST"] * 5]
        assert len(dev.requests) == 25
    finally:
        await gatherResults([first.stopListening(), second.stopListening()])
        await Deferred.fromCoroutine(proxy.stop())
