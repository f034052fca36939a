"""What systemd does for a service, played by the tests: its socket to be told on, and the one to listen on."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.process.twistd import PATIENCE, Twistd, chat

# Listens, hands the socket over as systemd does, and becomes what it is told to run. A client may come at once.
ACTIVATING = """
import os, socket, sys
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", int(sys.argv[1])))
listener.listen()
os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS="1", LISTEN_FDNAMES="argoproxy.socket", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
"""


@pytest.fixture
def ear(tmp_path_factory: pytest.TempPathFactory) -> Iterator[socket.socket]:
    """Where a service manager listens."""
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as ear:
        ear.bind(str(tmp_path_factory.mktemp("n") / "notify"))
        ear.settimeout(PATIENCE)
        yield ear


def _told(ear: socket.socket, what: str) -> list[str]:
    """The first words of what it is told, up to that."""
    told: list[str] = []
    while not told or told[-1] != what:
        told.append(ear.recv(4096).decode().partition("\n")[0])
    return told


@pytest.mark.parametrize("workers", ["1", "2"])
def test_it_is_told_when_we_serve_reload_and_stop_and_that_we_live(
    twistd: Twistd, ear: socket.socket, workers: str
) -> None:
    twistd.environment.update(NOTIFY_SOCKET=ear.getsockname(), WATCHDOG_USEC="200000")
    with twistd.running(*twistd.proxy("--workers", workers)) as process:
        _told(ear, "READY=1")
        assert twistd.healthy()
        _told(ear, "WATCHDOG=1")
        process.send_signal(signal.SIGHUP)
        assert "READY=1" not in _told(ear, "RELOADING=1")
        assert "STOPPING=1" not in _told(ear, "READY=1")
        assert twistd.output().count(") serves") == (4 if workers == "2" else 0)
        process.send_signal(signal.SIGTERM)
        _told(ear, "STOPPING=1")
        assert process.wait(PATIENCE) in (0, -signal.SIGTERM)
    assert "Traceback" not in twistd.output()


def test_a_socket_that_it_holds_is_served(twistd: Twistd, tmp_path: Path) -> None:
    twistd.starter = (sys.executable, "-c", ACTIVATING, str(twistd.port))
    with twistd.running("argoproxy", "--simulator", "--listen", "systemd:domain=INET:index=0") as process:
        with closing(twistd.connection()) as waiting:
            twistd.asked(waiting, chat("say something"))
            assert waiting.getresponse().status == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) in (0, -signal.SIGTERM)
    assert "Traceback" not in twistd.output()
