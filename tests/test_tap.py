"""The command line: options become a configuration and a service; what is wrong becomes one line."""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.application.service import IService, IServiceCollection
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.logger import ILogObserver
from twisted.plugin import getPlugins
from twisted.python.usage import UsageError

from argoproxy import soundness
from argoproxy.config import KEYS, Config, ConfigFault
from argoproxy.daemon import Daemon
from argoproxy.service import make_service, make_site
from argoproxy.tap import Options, make_application, makeService

ROOT = Path(__file__).parents[1]
PATIENCE = 30.0
NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing of the machine's own configuration is seen, and nothing of the process stays changed."""
    for name in [name for name in os.environ if name.startswith("ARGOPROXY_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    handlers, thresholds = [signal.getsignal(number) for number in NUMBERS], gc.get_threshold()
    yield
    for number, handler in zip(NUMBERS, handlers, strict=True):
        signal.signal(number, handler)
    gc.unfreeze()
    gc.enable()
    gc.set_threshold(*thresholds)


def _options(*arguments: str, **twistd: Any) -> Options:
    options = Options()
    options.parseOptions(list(arguments))
    # What twistd sets: its own options.
    options.parent = twistd or {"nodaemon": True}  # type: ignore[assignment]
    return options


def _refusal(*arguments: str, **twistd: Any) -> str:
    with pytest.raises(SystemExit) as caught:
        makeService(_options(*arguments, **twistd))
    assert isinstance(caught.value.code, str)
    assert "\n" not in caught.value.code
    return caught.value.code


def _running(service: Any) -> Any:
    """The one that listens, within the daemon."""
    (running,) = service
    return running


def test_every_option_is_called_as_the_configuration_says() -> None:
    options = Options()
    mine = {f"--{name}" for name in options if name != "config"}
    assert mine == {"--listen"} | {key.option for key in KEYS if key.option in mine}


@pytest.mark.parametrize("arguments", [["--colour", "red"], ["stray"]])
def test_an_option_that_nobody_knows_is_refused_by_twistd(arguments: list[str]) -> None:
    with pytest.raises(UsageError):
        Options().parseOptions(arguments)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "x"], ["--port", "a whole number"]),
        (["--log-format", "xml"], ["--log-format", "text or json"]),
        (["--argo-url", "ftp://x"], ["--argo-url", "http://"]),
        (["--user", "two words"], ["--user"]),
        (["--verbose", "--quiet", "--simulator"], ["verbose and quiet"]),
        (["--config", "nowhere.yaml"], ["nowhere.yaml: no such file"]),
        ([], ["no user"]),
        (["--simulator", "--listen", "pigeon:1"], ["can't listen on pigeon:1"]),
        (["--simulator", "--workers", "many"], ["option --workers", "a whole number from 1 to 256"]),
        (["--simulator", "--workers", "2", "--listen", "pigeon:1"], ["can't listen on pigeon:1"]),
        (
            ["--simulator", "--workers", "2", "--listen", "systemd:domain=INET:index=0"],
            ["workers: must be 1 to listen on systemd:domain=INET:index=0"],
        ),
    ],
)
def test_what_is_wrong_is_told_in_one_line(arguments: list[str], words: list[str]) -> None:
    refusal = _refusal(*arguments)
    assert refusal.startswith("argoproxy: ")
    assert all(word in refusal for word in words)


def test_a_taken_port_is_told_in_one_line() -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"127.0.0.1:{port}: the port is taken" in _refusal("--simulator", "--port", str(port))


def test_workers_need_what_the_kernel_of_linux_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "somewhere")
    assert _refusal("--simulator", "--workers", "2").startswith("argoproxy: workers: must be 1: only Linux")


@pytest.mark.parametrize("make", [make_service, lambda config: make_site(config, None)])
def test_who_embeds_a_proxy_gets_no_processes(make: Any) -> None:
    with pytest.raises(ConfigFault, match=r"^workers: must be 1 here"):
        make(Config(user="somebody", workers=2))


def test_a_log_that_cant_be_written_is_told_in_one_line() -> None:
    refusal = _refusal("--simulator", "--listen", "unix:socket", logfile="/nowhere/a.log")
    assert refusal.startswith("argoproxy: can't log: /nowhere/a.log: ")


def test_the_plugins_name_what_there_is() -> None:
    from twisted.application.service import IServiceMaker

    found = {plugin.tapname: plugin for plugin in getPlugins(IServiceMaker)}
    assert found["argoproxy"].options is Options
    assert found["argoproxy"].makeService is makeService
    assert found["argosim"].options is not Options


@pytest_twisted.ensureDeferred
async def test_it_has_the_process_to_itself_and_gives_it_back() -> None:
    """
    Log, signals and garbage collector are taken on start; the signals come back on stop. No garbage is collected in
    between being made and being started.
    """
    from twisted.application.service import Application

    before = [signal.getsignal(number) for number in NUMBERS[:2]]
    service = makeService(_options("--simulator", "--listen", "tcp:0:interface=127.0.0.1", "--verbose"))
    assert isinstance(service, Daemon)
    application = Application("argoproxy")
    service.setServiceParent(application)
    assert ILogObserver(application) is not None
    assert not gc.isenabled()
    service.startService()
    try:
        await _running(service).when_loaded()
        assert gc.isenabled()
        assert gc.get_freeze_count() > 0
        assert [signal.getsignal(number) for number in NUMBERS[:2]] != before
        assert signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
    finally:
        await service.stopService()
    assert [signal.getsignal(number) for number in NUMBERS[:2]] == before


@pytest_twisted.ensureDeferred
async def test_the_second_signal_ends_what_a_stop_waits_for(monkeypatch: pytest.MonkeyPatch) -> None:
    from twisted.internet import reactor

    asked: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: asked.append(number))
    service: Any = makeService(_options("--simulator", "--port", "0"))
    cut: Deferred[None] = Deferred()
    monkeypatch.setattr(type(_running(service).proxy), "cut", lambda self: cut.callback(None))
    service.startService()
    try:
        await deferLater(reactor, 0)
        signal.raise_signal(signal.SIGTERM)
        await deferLater(reactor, 0)
        assert asked == [signal.SIGTERM]
        signal.raise_signal(signal.SIGTERM)
        await cut.addTimeout(PATIENCE, reactor)
    finally:
        await service.stopService()


@pytest_twisted.ensureDeferred
async def test_the_tac_makes_an_application_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "mine.yaml").write_text("simulator: true\nport: 0\n")
    monkeypatch.setenv("ARGOPROXY_CONFIG", str(tmp_path / "mine.yaml"))
    application = make_application(["--reactor=epoll", "--nodaemon", "--python", "argoproxy.tac"])
    (service,) = IServiceCollection(application)
    assert isinstance(service, Daemon)
    service.startService()
    (tmp_path / "mine.yaml").write_text("simulator: true\nport: 0\nstrict_params: true\n")
    service.reload()
    assert _running(service).proxy._serving.config.strict_params
    await IService(application).stopService()
    await service.stopService()


@pytest_twisted.ensureDeferred
async def test_the_tac_itself_holds_that_application(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is loaded by others than twistd too, whose command line means nothing here."""
    monkeypatch.setenv("ARGOPROXY_SIMULATOR", "true")
    monkeypatch.setenv("ARGOPROXY_PORT", "0")
    monkeypatch.setattr(sys, "argv", ["somebody", "--else"])
    found: dict[str, Any] = {}
    exec((ROOT / "argoproxy.tac").read_text(), found)
    (service,) = IServiceCollection(found["application"])
    service.startService()
    await service.stopService()


def test_the_tac_tells_what_is_wrong_in_one_line() -> None:
    with pytest.raises(SystemExit, match=r"^argoproxy: no user"):
        make_application([])


def test_what_this_machine_lacks_is_told_alone_or_with_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soundness, "find_spec", lambda name: None)
    monkeypatch.setenv("ARGOPROXY_MAX_IMAGE_MB", "1")
    refusal = _refusal("--user", "someone", "--listen", "tcp:0:interface=127.0.0.1", "--workers", "2")
    assert refusal == "argoproxy: max_image_mb: needs Pillow: pip install 'argoproxy[images]'"
    with pytest.raises(ConfigFault, match=r"^max_image_mb: needs Pillow: "):
        make_site(Config(user="someone", max_image_mb=1.0), None)
