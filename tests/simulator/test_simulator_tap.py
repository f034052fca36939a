"""C{twistd argosim}: its options, what can go wrong at the start, and that nothing heavy is imported too early."""

from __future__ import annotations

import socket
import subprocess
import sys
from typing import Any

import pytest
import pytest_twisted
import treq
from twisted.application.service import IService
from twisted.internet import reactor as _reactor
from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher
from zope.interface import implementer

from argoproxy.listening import AdoptedSocketService, ListenFault, bind_tcp
from argoproxy.simulator import SimulatorSettings
from argoproxy.simulator.tap import Options, makeService

reactor: Any = _reactor


def _options(*arguments: str) -> Options:
    options = Options()
    options.parseOptions(list(arguments))
    return options


def test_options_become_settings() -> None:
    """Each option, and the defaults of none."""
    given = "--first-byte-delay 0.5 --chunk-delay 1 --chunk-size 7 --cut-characters --fault reset -p 0 --host ::1"
    options = _options(*given.split())
    assert options.settings() == SimulatorSettings(0.5, 1.0, 7, True, "reset")
    assert options.listen_on() == ("::1", 0)
    assert _options().settings() == SimulatorSettings()
    assert _options().listen_on() == ("127.0.0.1", 44498)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["-p", "x"], "argosim: --port must be a whole number, at least 0, not 'x'"),
        (["-p", "70000"], "argosim: 127.0.0.1:70000: there is no such port (0 to 65535)"),
        (["-p", "0", "--chunk-size", "0"], "argosim: --chunk-size must be a whole number, at least 1, not '0'"),
        (["--chunk-delay", "-1"], "argosim: --chunk-delay must be a number of seconds, at least 0.0, not '-1'"),
        (["--chunk-delay", "inf"], "argosim: --chunk-delay must be a number of seconds, at least 0.0, not 'inf'"),
        (["--fault", "nope"], "argosim: no fault is called 'nope'; there are: "),
        (["--host", "host.invalid"], "argosim: host.invalid:44498: "),
    ],
)
def test_a_start_that_cannot_succeed_tells_why_in_a_line(arguments: list[str], told: str) -> None:
    """SystemExit with one line, from makeService."""
    with pytest.raises(SystemExit) as stopped:
        makeService(_options(*arguments))
    assert str(stopped.value).startswith(told)
    assert "\n" not in str(stopped.value)


def test_a_taken_port_is_told() -> None:
    """By the one who binds."""
    with bind_tcp("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(SystemExit, match=f"argosim: 127.0.0.1:{port}: the port is taken"):
            makeService(_options("-p", str(port)))


@pytest.mark.parametrize(
    ("host", "port", "told"),
    [
        ("127.0.0.1", -1, "127.0.0.1:-1: there is no such port"),
        ("192.0.2.1", 0, "192.0.2.1:0: no such address on this machine"),
        ("a" * 300, 0, "a:0: "),
    ],
)
def test_addresses_that_cannot_be_had(host: str, port: int, told: str) -> None:
    """The fault names the address and says why."""
    with pytest.raises(ListenFault) as fault:
        bind_tcp(host, port)
    assert told in str(fault.value)


def test_ipv6_is_listened_on() -> None:
    """By its address, and named with brackets where it fails."""
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6")
    with bind_tcp("::1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(ListenFault, match=rf"^\[::1\]:{port}: the port is taken"):
            bind_tcp("::1", port)


def test_an_unknown_trouble_is_told_in_the_systems_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever else the system refuses."""

    def refuse(self: socket.socket, backlog: int) -> None:
        raise OSError(105, "")

    monkeypatch.setattr(socket.socket, "listen", refuse)
    with pytest.raises(ListenFault, match=r"127\.0\.0\.1:0: No buffer space available"):
        bind_tcp("127.0.0.1", 0)


def _announced() -> tuple[list[str], Any]:
    lines: list[str] = []

    @implementer(ILogObserver)
    def observe(event: LogEvent) -> None:
        lines.append(formatEvent(event))

    globalLogPublisher.addObserver(observe)
    return lines, observe


async def _serve_and_ask(service: IService, port: int) -> Any:
    service.startService()
    response = await treq.get(f"http://127.0.0.1:{port}/sim/state", persistent=False)
    state = await response.json()
    await service.stopService()
    return state


@pytest_twisted.ensureDeferred
async def test_serves_and_says_what_it_is() -> None:
    """A free port, a loud line in the log, an answer."""
    lines, observe = _announced()
    with bind_tcp("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    state = await _serve_and_ask(makeService(_options("-p", str(port))), port)
    globalLogPublisher.removeObserver(observe)
    assert state["open_requests"] == 0
    assert f"SIMULATED ARGO on http://127.0.0.1:{port}: every reply is made up, no model answers." in lines


def test_a_service_that_never_started_stops() -> None:
    """There is nothing to stop but the socket."""
    with bind_tcp("127.0.0.1", 0) as listener:
        assert AdoptedSocketService(listener, None).stopService() is None  # type: ignore[arg-type]
        assert listener.fileno() == -1


@pytest.mark.parametrize("module", ["argoproxy.simulator", "argoproxy.simulator.tap", "argoproxy.listening"])
def test_importing_installs_no_reactor(module: str) -> None:
    """So that twistd's --reactor works; Klein and Twisted's web stay out, too."""
    heavy = "'twisted.internet.reactor', 'klein', 'twisted.web.server'"
    code = f"import sys, {module}; sys.exit(str([name for name in [{heavy}] if name in sys.modules] or ''))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""
