"""Starting: in the foreground, as a daemon, from the C{.tac}; and one line when it can't be."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.process.twistd import PATIENCE, ROOT, Twistd, chat, listens, until

FOREGROUND = ("--nodaemon",)
DAEMON = ("--logfile=proxy.log",)


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody else listens on."""
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def _refused(twistd: Twistd, how: tuple[str, ...], *arguments: str) -> str:
    """Run what can't start: its one line."""
    ended = twistd.run(*how, *arguments)
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.count("\n") == 1, ended.stderr
    assert not twistd.pid_file.exists()
    return ended.stderr.removesuffix("\n")


def test_in_the_foreground_it_serves_and_logs_to_standard_output(twistd: Twistd) -> None:
    with twistd.running(*twistd.proxy()):
        assert twistd.healthy()
    assert f"starting on {twistd.port}\n" in twistd.output()
    assert "Traceback" not in twistd.output()


def test_a_daemon_has_a_log_and_a_pid_file(twistd: Twistd) -> None:
    with twistd.daemon("--logfile=proxy.log", *twistd.proxy()) as pid:
        assert twistd.healthy()
        os.kill(pid, signal.SIGTERM)
        until(lambda: not twistd.pid_file.exists(), "pid file removed")
    assert not listens(twistd.port)
    log = (twistd.folder / "proxy.log").read_text()
    assert log.endswith("Server Shut Down.\n")
    assert "Traceback" not in log


def test_options_come_before_the_environment_and_that_before_the_file(twistd: Twistd) -> None:
    twistd.configure(
        f"port: 1\nlog_format: text\nuser: somebody\nupdate_check: false\nsimulator: true\nhost: {'0.0.0.0'}"
    )
    twistd.environment.update(ARGOPROXY_PORT="2", ARGOPROXY_LOG_FORMAT="json", ARGOPROXY_HOST="127.0.0.1")
    with twistd.running("argoproxy", "--port", str(twistd.port)):
        assert twistd.healthy()
    assert all(json.loads(line)["message"] for line in twistd.output().splitlines())


def test_what_the_operator_should_know_of_the_configuration_is_logged_once(twistd: Twistd) -> None:
    twistd.configure("simulator: true\nskip_url_validation: true\n")
    with twistd.running("argoproxy", "--port", str(twistd.port)):
        until(lambda: "wires in use" in twistd.output(), "loaded")
    assert twistd.output().count("skip_url_validation") == 1


def test_the_tac_reads_the_named_file_and_logs_where_twistd_was_told(twistd: Twistd) -> None:
    path = twistd.folder / "mine.yaml"
    path.write_text(f"simulator: true\nport: {twistd.port}\nlog_format: json\n")
    twistd.environment["ARGOPROXY_CONFIG"] = str(path)
    with twistd.daemon("--logfile=proxy.log", "-y", str(ROOT / "argoproxy.tac")) as pid:
        assert twistd.healthy()
        os.kill(pid, signal.SIGTERM)
        until(lambda: not twistd.pid_file.exists(), "pid file removed")
    lines = (twistd.folder / "proxy.log").read_text().splitlines()
    assert json.loads(lines[-1])["message"] == "Server Shut Down."


@pytest.mark.parametrize("how", [FOREGROUND, DAEMON])
def test_the_tac_refuses_in_one_line(twistd: Twistd, how: tuple[str, ...]) -> None:
    twistd.environment["ARGOPROXY_CONFIG"] = "nowhere.yaml"
    line = _refused(twistd, how, "-y", str(ROOT / "argoproxy.tac"))
    assert line == "argoproxy: environment variable ARGOPROXY_CONFIG: nowhere.yaml: no such file"


def test_an_installation_that_lacks_something_ends_with_a_status_that_says_so(twistd: Twistd) -> None:
    """It is seen after the start: else a service manager would take it for an end that was meant."""
    (twistd.folder / "klein.py").write_text("raise ImportError('there is none')\n")
    twistd.environment["PYTHONPATH"] = f"{twistd.folder}:{ROOT}"
    ended = twistd.run(*FOREGROUND, "argoproxy", "--user", "someone", "--port", str(twistd.port))
    assert ended.returncode == 1
    assert ended.stdout.count("Traceback") == 1, ended.stdout
    assert ended.stdout.endswith("Server Shut Down.\n")
    assert ended.stderr == ""
    assert not twistd.pid_file.exists()


@pytest.mark.parametrize("how", [FOREGROUND, DAEMON])
def test_a_taken_port_is_one_line(twistd: Twistd, how: tuple[str, ...], taken: int) -> None:
    line = _refused(twistd, how, "argoproxy", "--simulator", "--port", str(taken))
    assert line == f"argoproxy: can't listen on 127.0.0.1:{taken}: the port is taken (another argoproxy?)"


@pytest.mark.parametrize("how", [FOREGROUND, DAEMON])
@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("prot: 1\nuser: somebody", ["config.yaml:1: ", "prot", "port"]),
        ("user: [", ["config.yaml:1: "]),
        ("", ["no user"]),
    ],
)
def test_a_wrong_configuration_is_one_line(twistd: Twistd, how: tuple[str, ...], config: str, words: list[str]) -> None:
    twistd.configure(config)
    line = _refused(twistd, how, "argoproxy", "--port", str(twistd.port))
    assert all(word in line for word in words)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--port", "many"), "argoproxy: option --port: must be a whole number from 0 to 65535"),
        (("--listen", "carrier:pigeon"), "argoproxy: can't listen on carrier:pigeon: the kinds of endpoint are "),
        (("--listen", "unix:nowhere/socket"), "argoproxy: can't listen on unix:"),
        (("--config", "nowhere.yaml"), "argoproxy: nowhere.yaml: no such file"),
    ],
)
def test_a_wrong_option_is_one_line(twistd: Twistd, arguments: tuple[str, ...], line: str) -> None:
    assert _refused(twistd, FOREGROUND, "argoproxy", "--simulator", *arguments).startswith(line)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--logfile=nowhere/proxy.log",), "argoproxy: can't log: nowhere/proxy.log: No such file or directory"),
        (
            ("--logfile=-",),
            "argoproxy: can't log: a daemon can't log to its standard output: name a file with --logfile",
        ),
    ],
)
def test_a_log_that_cant_be_written_is_one_line(twistd: Twistd, options: tuple[str, ...], line: str) -> None:
    assert _refused(twistd, options, *twistd.proxy()) == line


def test_a_unix_socket_is_the_owners_alone(twistd: Twistd, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("s") / "socket"
    arguments = ("--listen", f"unix:{path}", "--listen", f"tcp:{twistd.port}:interface=127.0.0.1")
    with twistd.daemon("--logfile=proxy.log", "argoproxy", "--simulator", *arguments) as pid:
        with closing(socket.socket(socket.AF_UNIX)) as client:
            client.settimeout(PATIENCE)
            client.connect(str(path))
            client.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            assert client.recv(100).startswith(b"HTTP/1.1 200 ")
        assert twistd.healthy()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        os.kill(pid, signal.SIGTERM)
        until(lambda: not twistd.pid_file.exists(), "pid file removed")
    assert not path.exists()


def test_a_reactor_of_ones_choice_is_used(twistd: Twistd) -> None:
    """Nothing may have installed one before the options are read."""
    with twistd.running("--reactor=poll", *twistd.proxy()):
        assert twistd.healthy()
    assert "PollReactor" in twistd.output()


def test_the_log_can_go_to_syslog(twistd: Twistd) -> None:
    with twistd.running("--syslog", *twistd.proxy()):
        assert twistd.healthy()
    assert twistd.output() == ""


def test_the_simulator_runs_on_its_own(twistd: Twistd) -> None:
    with twistd.running("argosim", "--port", str(twistd.port)), closing(twistd.connection()) as connection:
        connection.request("GET", "/api/v1/models/")
        assert connection.getresponse().status == 200


def test_the_log_file_doesnt_grow_without_bound(twistd: Twistd) -> None:
    twistd.configure("log_max_mb: 0.005\nlog_keep: 2\n")
    with twistd.daemon("--logfile=proxy.log", *twistd.proxy()):
        with closing(twistd.connection()) as connection:
            for _ in range(150):
                connection.request("GET", "/nowhere")
                assert connection.getresponse().read()
        sizes = {path.name: path.stat().st_size for path in Path(twistd.folder).glob("proxy.log*")}
    assert set(sizes) == {"proxy.log", "proxy.log.1", "proxy.log.2"}
    assert max(sizes.values()) < 6000


@pytest.mark.parametrize("workers", ["1", "2"])
def test_one_that_was_killed_is_started_again_at_once_where_it_was(twistd: Twistd, workers: str) -> None:
    """With connections that nobody closed, and the process id that nobody took back."""
    with closing(twistd.connection()) as kept, closing(twistd.connection()) as waiting:
        with twistd.running(*twistd.proxy("--workers", workers)) as process:
            kept.request("GET", "/health")
            assert kept.getresponse().read()
            twistd.asked(waiting, chat("[sim:hang]"))
            assert twistd.pid_file.exists()
            process.kill()
            process.wait(PATIENCE)
        assert twistd.pid_file.exists()
        with twistd.running(*twistd.proxy("--workers", workers)):
            assert twistd.healthy()


def test_an_argo_that_is_away_at_the_start_is_found_when_it_comes(twistd: Twistd, tmp_path: Path) -> None:
    argo = Twistd(tmp_path / "argo")
    argo.folder.mkdir()
    where = ("--argo-url", f"http://127.0.0.1:{argo.port}", "--user", "someone")
    with twistd.running("argoproxy", "--port", str(twistd.port), *where), closing(twistd.connection()) as kept:

        def asked(path: str) -> int:
            kept.request("GET", path)
            reply = kept.getresponse()
            reply.read()
            return reply.status

        assert (asked("/v1/models/gpt-4o"), asked("/health/ready")) == (200, 503)
        with argo.running("argosim", "--port", str(argo.port)):
            until(lambda: asked("/health/ready") == 200, "ready by itself")
    assert "Traceback" not in twistd.output()
