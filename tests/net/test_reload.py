"""Another configuration while requests run: none of them notices, and the next one has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from twisted.logger import capturedLogs, formatEvent

from argoproxy import composition
from argoproxy.config import Config, ConfigFault
from argoproxy.quotas.memory import MemoryLedger
from argoproxy.simulator import SimulatorSettings
from tests.net.test_site import HELLO, Line
from tests.web import CHAT, Web

GPT5 = {"id": "GPT-5", "internal_id": "gpt5", "object": "model", "created": 7, "owned_by": "openai"}


class Served(Web):
    """A proxy that has been started, reached through its Site."""

    def __init__(self, settings: SimulatorSettings | None = None, **config: Any) -> None:
        super().__init__(settings, **{"update_check": False, **config})
        self.client._agent._serverFactory = self.proxy.site
        self.proxy.start()
        self.settle()

    def reload(self, **changed: Any) -> list[str]:
        """Serve by a configuration that differs in that; what was logged."""
        with capturedLogs() as events:
            self.proxy.reload(msgspec.structs.replace(self.config, **changed))
        self.settle()
        return [formatEvent(event) for event in events]

    def ask(self) -> Any:
        message = {"role": "user", "content": "Hello"}
        return self.begin("POST", CHAT, {"model": "gpt-4o", "messages": [message], "stream": True})


@pytest.fixture
def web() -> Any:
    web = Served(SimulatorSettings(first_byte_delay=1.0))
    yield web
    web.stop()


def test_running_requests_end_by_the_old_one_and_new_ones_get_the_new_one(web: Served) -> None:
    old = web.ask()
    web.reload(user="another")
    new = web.ask()
    web.settle(5.0)
    assert (old.sse()[-1], new.sse()[-1]) == ("[DONE]", "[DONE]")
    users = [one.document()["user"] for one in web.simulator.requests if one.method == "POST"]
    assert users == ["someone", "another"]


def test_an_open_connection_stays_and_gets_the_new_one(web: Served) -> None:
    line = Line(web)
    line.send(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
    web.reload(max_body_mb=0.00001)
    said = line.send(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(HELLO))
    assert said.count(b"HTTP/1.1 200 ") == 1
    assert b"HTTP/1.1 413 " in said


def test_a_bad_one_is_refused_and_the_old_one_stays(web: Served) -> None:
    resource = web.proxy.resource
    with pytest.raises(ConfigFault, match=r"^user: "):
        web.reload(user=None)
    assert web.proxy.resource is resource
    assert web.proxy.site.resource is resource


def test_what_was_learnt_stays_and_the_models_are_asked_for_again() -> None:
    web = Served()
    web.simulator.set_models([GPT5])
    web.post("/refresh", b"")
    web.simulator.fault("hang")
    asked = len(web.simulator.requests)
    said = web.reload(strict_params=True)
    assert not any("built-in" in line for line in said)
    assert len(web.simulator.requests) == asked + 1
    assert web.get("/v1/models/gpt-4o").status == 404
    ready = web.get("/health/ready")
    assert (ready.status, ready.json()["model_list"]) == (200, "argo")
    web.stop()


def test_what_another_argo_said_is_not_believed() -> None:
    web = Served()
    web.simulator.set_models([GPT5])
    web.post("/refresh", b"")
    web.simulator.fault("hang")
    web.reload(argo_base_url="http://another.example")
    assert web.get("/v1/models/gpt-4o").status == 200
    assert web.get("/health/ready").status == 503
    web.stop()


def test_the_count_of_requests_goes_on(web: Served) -> None:
    web.ask()
    web.reload(user="another")
    web.ask()
    assert web.get("/health/ready").json()["requests"] == {"open": 2, "served": 0, "repeated": 0, "waiting": 0}
    web.settle(5.0)
    assert web.get("/health/ready").json()["requests"] == {"open": 0, "served": 2, "repeated": 0, "waiting": 0}


def test_a_stop_cuts_those_of_the_old_one_too(web: Served) -> None:
    old = web.ask()
    web.reload(user="another")
    web.proxy.cut()
    web.settle()
    assert old.status == 503


@pytest.mark.parametrize("stream", [False, True])
def test_what_is_asked_behind_a_cut_is_ended_and_told_why_too(web: Served, stream: bool) -> None:
    web.proxy.cut()
    late = web.post(CHAT, {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}], "stream": stream})
    assert (late.status, late.error["code"]) == (503, "shutting_down")
    assert web.proxy.underway.open == 0


def test_what_lasts_as_long_as_the_process_is_told_and_stays(web: Served) -> None:
    said = web.reload(port=5, workers=3, log_keep=7, strict_params=True)
    assert "stays as it is until a restart: port, workers, log_keep" in said


class Ledger(MemoryLedger):
    """A ledger that says what has become of it."""

    def __init__(self, store: str | None, seconds: Callable[[], float]) -> None:
        super().__init__(seconds)
        self.store = store
        self.end: list[str] = []

    def retire(self) -> None:
        self.end.append("retired")

    def close(self) -> None:
        self.end.append("closed")


def test_limits_are_kept_in_another_place_from_the_next_request_on(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Ledger] = []

    def make(config: Config, reactor: Any, seconds: Callable[[], float]) -> Ledger:
        made.append(Ledger(config.limits_store, seconds))
        return made[-1]

    monkeypatch.setattr(composition, "make_ledger", make)
    web = Served(SimulatorSettings(first_byte_delay=1.0), limits={"per_address": {"concurrency": 1}})
    old = web.ask()
    assert "restart" not in str(web.reload(limits_store="redis://127.0.0.1:1"))
    new, third = web.ask(), web.ask()
    web.settle(5.0)
    assert [one.status for one in (old, new, third)] == [200, 200, 429]
    assert [one._taken for one in made] == [{}, {}]
    assert web.get("/health").json()["limits_store"] == "there"
    web.reload(limits_store="redis://127.0.0.1:1", user="another")
    web.reload(limits_store="redis://127.0.0.1:1", limits_when_away="open")
    web.stop()
    assert [(one.store, one.end) for one in made] == [
        (None, ["retired"]),
        ("redis://127.0.0.1:1", ["retired"]),
        ("redis://127.0.0.1:1", ["closed"]),
    ]


def test_nothing_is_left_of_the_one_before(web: Served) -> None:
    for _ in range(3):
        web.reload(model_refresh_interval_hours=2.0)
    web.settle(60.0)
    asked = len(web.simulator.requests)
    web.settle(2 * 3600.0)
    assert len(web.simulator.requests) == asked + 1


def test_one_that_has_been_stopped_stays_so() -> None:
    web = Served()
    web.stop()
    asked = len(web.simulator.requests)
    assert web.reload(user="another") == []
    assert len(web.simulator.requests) == asked


def test_before_the_start_nothing_is_asked_yet() -> None:
    web = Web(update_check=False)
    web.proxy.reload(msgspec.structs.replace(web.config, user="another"))
    web.settle()
    assert not web.simulator.requests
    web.proxy.start()
    web.settle()
    assert len(web.simulator.requests) == 1
    web.stop()
