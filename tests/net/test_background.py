"""What the proxy does and says by itself: its models, its health, its version."""

from __future__ import annotations

import threading
from queue import Queue
from typing import Any

import pytest
from twisted.internet.error import ProcessDone
from twisted.logger import capturedLogs, formatEvent
from twisted.python.failure import Failure

from argoproxy.listening import AdoptedSocketService
from argoproxy.net.release import Asking, Release, newest
from argoproxy.simulator import SimulatorSettings
from argoproxy.tokens import Counter
from tests.web import Web

# Seconds that a thread may take on a busy machine.
PATIENCE = 30.0

GPT5 = {"id": "GPT-5", "internal_id": "gpt5", "object": "model", "created": 7, "owned_by": "openai"}


def test_models_are_told_from_memory() -> None:
    web = Web(SimulatorSettings(first_byte_delay=100.0))
    rows = web.get("/v1/models").json()["data"]
    ids = [row["id"] for row in rows]
    assert len(ids) == len(set(ids))
    assert all(name.startswith("argo:") for name in ids)
    assert {"argo:claude-sonnet-4.5", "argo:claude-4.5-sonnet", "argo:o3-mini", "argo:gpt-o3-mini"} <= set(ids)
    assert {"argo:text-embedding-3-small", "argo:gpt-4o"} <= set(ids)
    assert all(set(row) == {"id", "object", "created", "owned_by", "internal_name"} for row in rows)
    assert not web.simulator.requests


@pytest.mark.parametrize("name", ["gpt-4o", "argo:gpt-4o", "argo/gpt-4o", "argo%3Agpt-4o", "gpt4o"])
def test_one_model_is_told_by_any_of_its_names(name: str) -> None:
    got = Web().get(f"/v1/models/{name}")
    assert (got.status, got.json()["internal_name"]) == (200, "gpt4o")


@pytest.mark.parametrize("config", [{}, {"unknown_model_fallback": "gpt-4o"}])
def test_a_model_that_there_is_not_is_a_404(config: Any) -> None:
    got = Web(**config).get("/v1/models/gpt-99")
    assert (got.status, got.error["code"]) == (404, "model_not_found")


def test_argos_list_replaces_the_built_in_one() -> None:
    web = Web()
    before = len({row["internal_name"] for row in web.get("/v1/models").json()["data"]})
    web.simulator.set_models([GPT5])
    assert web.post("/refresh", b"").json() == {"before": before, "after": 4}
    assert web.get("/v1/models/gpt5").json()["created"] == 7
    assert web.get("/v1/models/gpt-4o").status == 404


@pytest.mark.parametrize(
    "fault", ["html-502", "status=500", "garbage", "reset", "empty", "error-200", "204", "redirect"]
)
def test_a_list_that_is_none_leaves_the_one_in_use(fault: str) -> None:
    web = Web()
    before = web.get("/v1/models").body
    web.simulator.fault(fault, times=None)
    got = web.post("/refresh", b"")
    assert got.status == 502
    assert set(got.error) == {"message", "type", "param", "code"}
    assert web.get("/v1/models").body == before


def test_a_refresh_may_be_given_less_time() -> None:
    web = Web()
    web.simulator.fault("hang")
    got = web.begin("POST", "/refresh?timeout=2", b"")
    web.settle(2.1)
    assert got.status == 504
    assert web.post("/refresh?timeout=soon", b"").error["param"] == "timeout"
    assert web.post("/refresh", {"timeout": "soon"}).error["param"] == "timeout"
    web.simulator.fault("hang")
    got = web.begin("POST", "/refresh", {"timeout": 3})
    web.settle(3.1)
    assert got.status == 504


@pytest.mark.parametrize("rows", [[], [{"id": "x"}], [7], [{"internal_id": ""}]])
def test_rows_that_name_no_model_are_no_list(rows: Any) -> None:
    web = Web()
    web.simulator.set_models(rows)
    assert web.post("/refresh", b"").status == 502


@pytest.mark.parametrize("limits", [{}, {"per_address": {"concurrency": 1}}])
def test_who_leaves_a_refresh_ends_it_and_gives_its_place_free(limits: Any) -> None:
    web = Web(limits=limits)
    web.simulator.fault("hang")
    web.begin("POST", "/refresh", b"")
    assert web.simulator.open_requests == 1
    web.leave()
    assert web.simulator.open_requests == 0
    assert web.post("/refresh", b"").status == 200


def test_a_refresh_that_hangs_is_given_up() -> None:
    web = Web()
    web.simulator.fault("hang")
    got = web.begin("POST", "/refresh", b"")
    web.settle(30.1)
    assert got.status == 504
    assert web.simulator.open_requests == 0


def test_the_list_is_fetched_at_start_again_after_a_failure_and_then_by_the_interval() -> None:
    web = Web(model_refresh_interval_hours=1.0, update_check=False)
    web.simulator.fault("status=500", times=2)
    with capturedLogs() as events:
        web.proxy.start()
        web.settle()
    assert any("built-in list serves" in formatEvent(event) for event in events)
    assert len(web.simulator.requests) == 1
    web.settle(1.0)
    assert len(web.simulator.requests) == 2
    web.settle(2.0)
    assert len(web.simulator.requests) == 3
    assert web.get("/health/ready").status == 200
    web.settle(3599.0)
    assert len(web.simulator.requests) == 3
    web.settle(1.1)
    assert len(web.simulator.requests) == 4
    web.stop()
    web.settle(7200.0)
    assert len(web.simulator.requests) == 4


def test_an_argo_that_is_away_is_asked_less_and_less_often_but_never_less_than_each_minute() -> None:
    web = Web(model_refresh_interval_hours=1.0, update_check=False)
    web.simulator.fault("status=500", times=100)
    web.proxy.start()
    web.settle()
    asked = [0.0]
    for second in range(1, 250):
        web.settle(1.0)
        asked += [float(second)] * (len(web.simulator.requests) - len(asked))
    assert asked == [0.0, 1.0, 3.0, 7.0, 15.0, 31.0, 63.0, 123.0, 183.0, 243.0]
    web.stop()


def test_without_an_interval_the_list_is_fetched_once() -> None:
    web = Web(model_refresh_interval_hours=0.0, update_check=False)
    web.proxy.start()
    web.settle()
    assert web.get("/health/ready").status == 200
    web.settle(10 * 86400.0)
    assert len(web.simulator.requests) == 1
    assert web.get("/health/ready").status == 503
    assert web.get("/health/ready").status == 200
    web.stop()


def test_readiness_goes_with_argos_answers() -> None:
    web = Web(update_check=False)
    assert web.get("/health").json() == {"status": "ok"}
    got = web.get("/health/ready")
    assert (got.status, got.json()["argo_reachable"], got.json()["model_list"]) == (503, False, "built-in")
    web.post("/refresh", b"")
    web.settle(5.0)
    got = web.get("/health/ready")
    assert (got.status, got.json()["model_list"], got.json()["model_list_age_seconds"]) == (200, "argo", 5.0)
    web.simulator.fault("reset", times=3)
    web.chat()
    assert web.get("/health/ready").status == 503
    web.chat()
    assert web.get("/health/ready").status == 200
    web.settle(49 * 3600.0)
    assert web.get("/health/ready").status == 503


def test_the_version_is_told_without_knowing_the_newest() -> None:
    said = Web().get("/version").json()
    assert said["latest"] is None
    assert said["up_to_date"] is None
    assert said["simulator"] is False
    assert said["upstream"]["anthropic"] == "gateway"
    assert said["version"] in said["message"]
    assert said["install"] == "pip install --upgrade argoproxy"


class Spawning:
    """A clock that runs processes: it keeps them for the test to play."""

    def __init__(self, web: Web) -> None:
        self.clock = web.clock
        self.callLater = web.clock.callLater
        self.asked: list[tuple[Asking, list[str]]] = []

    def spawnProcess(self, protocol: Asking, executable: str, args: list[str], env: Any) -> None:
        self.asked.append((protocol, args))


OUTPUT = b"argoproxy (9.1.0)\nAvailable versions: 9.1.0, 0.1.0\n"


@pytest.mark.parametrize(
    ("output", "latest", "up_to_date"),
    [
        (OUTPUT, "9.1.0", False),
        (OUTPUT.replace(b"9.1.0", b"0.1.0"), "0.1.0", True),
        (b"", None, None),
        (b"ERROR: No matching distribution", None, None),
        (b"argoproxy (one)\n", None, None),
        (b"\xff\xfe", None, None),
    ],
)
def test_the_newest_version_is_asked_of_pip_once_a_day(output: bytes, latest: str | None, up_to_date: Any) -> None:
    web = Web()
    reactor = Spawning(web)
    release = Release(reactor, "argoproxy", "0.1.0")
    release.start()
    web.clock.advance(60.0)
    assert not reactor.asked
    web.clock.advance(31.0)
    [(asking, command)] = reactor.asked
    assert command[1:] == ["-m", "pip", "index", "versions", "--no-cache-dir", "--no-input", "argoproxy"]
    asking.outReceived(output)
    asking.processEnded(Failure(ProcessDone(0)))
    assert (release.latest, release.up_to_date) == (latest, up_to_date)
    assert (latest or "not known") in release.message
    web.clock.advance(86400.0)
    assert len(reactor.asked) == 2
    reactor.asked[1][0].processEnded(Failure(ProcessDone(0)))
    assert release.latest == latest
    release.stop()
    assert not web.clock.getDelayedCalls()


class Killed:
    pid = 1

    def __init__(self) -> None:
        self.signals: list[str] = []

    def signalProcess(self, name: str) -> None:
        self.signals.append(name)


def test_pip_is_killed_when_it_takes_too_long() -> None:
    web = Web()
    reactor = Spawning(web)
    release = Release(reactor, "argoproxy", "0.1.0")
    release.start()
    web.clock.advance(91.0)
    asking, _ = reactor.asked[0]
    asking.transport = killed = Killed()  # type: ignore[assignment]
    web.clock.advance(4.9)
    assert not killed.signals
    web.clock.advance(0.2)
    assert killed.signals == ["KILL"]
    asking.processEnded(Failure(ProcessDone(9)))
    assert release.latest is None
    release.stop()


def test_endless_output_is_read_only_so_far() -> None:
    asking = Asking()
    for _ in range(100):
        asking.outReceived(b"x" * 65536)
    said: list[str] = []
    asking.said.addCallback(said.append)
    asking.processEnded(Failure(ProcessDone(0)))
    assert len(said[0]) <= 65536
    assert newest(said[0]) is None


def test_no_version_is_asked_for_with_a_simulator_or_if_it_is_not_wanted() -> None:
    def looks_for_versions(**config: Any) -> bool:
        proxy = Web(**config).proxy
        if isinstance(proxy._simulator, AdoptedSocketService):
            proxy._simulator._listener.close()
        return any(isinstance(one, Release) for one in proxy._serving._background)

    assert looks_for_versions()
    assert not looks_for_versions(update_check=False)
    assert not looks_for_versions(use_simulator=True)


def test_the_welcome_names_paths_that_there_are() -> None:
    web = Web()
    for path in web.get("/").json()["links"].values():
        assert web.get(path).status != 404


@pytest.fixture
def warming(monkeypatch: pytest.MonkeyPatch) -> Queue[threading.Thread]:
    """The threads that load what counting needs."""
    threads: Queue[threading.Thread] = Queue()
    monkeypatch.setattr(Counter, "warm", lambda self: threads.put(threading.current_thread()))
    return threads


def test_a_thread_loads_the_vocabulary_once_health_can_have_been_answered(warming: Queue[threading.Thread]) -> None:
    web = Web(update_check=False)
    web.proxy.start()
    web.settle()
    assert web.get("/health").status == 200
    assert warming.empty()
    web.settle(1.0)
    thread = warming.get(timeout=PATIENCE)
    assert thread is not threading.current_thread()
    thread.join()


def test_a_proxy_that_is_stopped_at_once_loads_nothing(warming: Queue[threading.Thread]) -> None:
    web = Web(update_check=False)
    web.proxy.start()
    web.stop()
    web.settle(1.0)
    assert warming.empty()
