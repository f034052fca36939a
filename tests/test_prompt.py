"""A proxy in a process of its own: what it does before it is loaded, and when that is."""

from __future__ import annotations

import atexit
import os
import re
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock

from argoproxy import prompt
from argoproxy.config import Config, ConfigFault
from argoproxy.keys import token
from argoproxy.net.dispatch import Dispatch
from argoproxy.prompt import PromptService, make_prompt_service
from argoproxy.proxy import Proxy
from argoproxy.service import connected, make_front, make_site
from argoproxy.testing import MemoryArgo
from tests.conftest import LoggedErrors
from tests.net.test_site import Line

HEALTH = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
MODELS = b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n"
KEY = {"name": "a", "sha256": token.digest("key")}


class Started:
    """Such a service, started, on a clock of the test's."""

    def __init__(self, **config: Any) -> None:
        self.clock = MemoryReactorClock()
        self.config = Config(
            **{
                "user": "someone",
                "argo_base_url": "http://argo.example",
                "update_check": False,
                "allowed_hosts": ["x"],
                **config,
            }
        )
        self.argo = MemoryArgo.on(self.clock)
        self.front = make_front(self.config, self.clock)
        self.made: list[Proxy] = []
        self.service = PromptService(self.front, [], self._make, self.clock)
        self.service.startService()

    def _make(self) -> Proxy:
        self.made.append(connected(self.config, self.front, self.clock, self.argo.agent))
        return self.made[-1]

    @property
    def proxy(self) -> Any:
        """What a L{Line} leads to."""
        return self.front

    def settle(self, seconds: float = 0.0) -> None:
        self.clock.advance(seconds)
        for _ in range(40):
            self.argo.flush()
            self.clock.advance(0)

    def turn(self) -> None:
        """What is to be done next is done, and nothing else."""
        (call,) = self.clock.calls
        self.clock.calls.remove(call)
        call.called = 1
        call.func(*call.args)

    def stop(self) -> Deferred[None]:
        stopped = self.service.stopService()
        self.settle()
        return stopped


def _line(started: Started) -> Line:
    """A connection to it."""
    # It has of a whole proxy in memory what a connection asks for.
    return Line(started)  # type: ignore[arg-type]


def _undated(said: bytes) -> bytes:
    return re.sub(rb"Date: [^\r]+", b"", said)


def test_health_is_told_before_anything_is_loaded() -> None:
    started = Started()
    said = _line(started).send(HEALTH)
    assert said.startswith(b"HTTP/1.1 200 ")
    assert said.endswith(b'{"status":"ok"}')
    assert b"x-request-id" in said.lower()
    assert started.made == []


def test_it_is_the_same_as_afterwards() -> None:
    started = Started()
    line = _line(started)
    asked = HEALTH.replace(b"\r\n\r\n", b"\r\nX-Request-Id: a\r\n\r\n")
    before = _undated(line.send(asked))
    started.settle(1.0)
    assert started.made
    assert _undated(line.send(asked)) == before * 2


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (MODELS, 200),
        (HEALTH.replace(b"/health", b"/nothing"), 404),
        (HEALTH.replace(b"GET", b"POST"), 405),
        (HEALTH.replace(b"GET", b"HEAD"), 200),
        (HEALTH.replace(b"/health", b"/health/ready"), 200),
    ],
)
def test_whatever_else_is_asked_for_has_it_loaded_and_begun(asked: bytes, status: int) -> None:
    started = Started()
    assert _line(started).send(asked).startswith(b"HTTP/1.1 %d " % status)
    assert len(started.made) == 1
    calls = len(started.argo.simulator.requests)
    assert calls
    started.settle(1.0)
    assert (len(started.made), len(started.argo.simulator.requests)) == (1, calls)


@pytest.mark.parametrize(
    ("more", "status"), [(b"Host: elsewhere", 421), (b"Host: x\r\nOrigin: https://elsewhere", 403)]
)
def test_strangers_names_and_pages_are_refused_from_the_beginning(more: bytes, status: int) -> None:
    said = _line(Started()).send(HEALTH.replace(b"Host: x", more))
    assert said.startswith(b"HTTP/1.1 %d " % status)


def test_it_is_loaded_and_begun_a_moment_later() -> None:
    started = Started()
    loaded: list[None] = []
    started.service.when_loaded().addCallback(loaded.append)
    started.settle(0.05)
    assert (started.made, loaded) == ([], [])
    started.settle(0.1)
    assert (len(started.made), loaded) == (1, [None])
    assert started.argo.simulator.requests
    started.stop()
    assert started.clock.getDelayedCalls() == []


def test_nobody_waits_until_all_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each part has a turn of the reactor to itself."""
    turns: list[str] = []
    monkeypatch.setattr(prompt, "import_module", turns.append)
    started = Started()
    for number in range(4):
        assert len(turns) == number
        started.turn()
    assert len(set(turns)) == 4
    assert started.made == []
    started.settle()
    assert len(started.made) == 1


def test_a_stop_in_the_middle_of_that_leaves_nothing_behind() -> None:
    started = Started()
    started.turn()
    assert len(started.clock.getDelayedCalls()) == 1
    started.stop()
    assert started.clock.getDelayedCalls() == []


def test_a_stop_before_that_leaves_nothing_behind() -> None:
    started = Started()
    ended: list[None] = []
    started.stop().addCallback(ended.append)
    assert ended == [None]
    assert started.clock.getDelayedCalls() == []
    assert not started.argo.simulator.requests


def test_a_reload_before_that_is_kept_to() -> None:
    started = Started()
    started.service.reload(Config(user="someone", strict_params=True))
    started.settle(1.0)
    assert started.service.proxy._serving.config.strict_params


def test_what_cant_be_loaded_ends_the_process(
    logged_errors: LoggedErrors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would say for ever that it lives, and serve nobody. Its stop needs nothing of what there isn't."""
    started = Started()
    ended: list[object] = []
    monkeypatch.setattr(atexit, "register", lambda *last: ended.append(last))
    monkeypatch.setattr(started.clock, "stop", lambda: started.service.stopService().addBoth(ended.append))
    monkeypatch.setattr(started.service, "_make", lambda: 1 / 0)
    started.settle(1.0)
    assert ended == [(os._exit, 1), []]
    [event] = logged_errors.take()
    assert event["log_failure"].check(ZeroDivisionError)


@pytest.mark.parametrize(("config", "at_once"), [({}, False), ({"keys": [KEY]}, True)])
def test_what_is_asked_of_every_request_is_there_from_the_beginning(config: Any, at_once: bool) -> None:
    reactor = MemoryReactorClock()
    service = make_prompt_service(Config(user="someone", **config), [], reactor)
    assert service.when_loaded().called is at_once


def test_an_embedders_proxy_is_whole_at_once() -> None:
    """It takes no share of the reactor's time later."""
    site = make_site(Config(user="someone"), MemoryReactorClock())
    assert isinstance(site.resource, Dispatch)


def test_a_configuration_that_cant_serve_is_refused_before_it_listens() -> None:
    with pytest.raises(ConfigFault, match=r"^user: not set"):
        make_prompt_service(Config(), [], MemoryReactorClock())
