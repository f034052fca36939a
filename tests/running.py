"""The proxy and the simulator as processes of their own, for tests over real sockets."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

ROOT = Path(__file__).parents[1]
TWISTD = str(Path(sys.executable).with_name("twistd"))

_PATIENCE = 30.0


@attrs.frozen
class Running:
    """
    A service that listens.

    @ivar url: where, without a slash at the end.
    @ivar log: the file with all that it wrote.
    """

    url: str
    log: Path

    @property
    def port(self) -> int:
        """The port's number."""
        return int(self.url.rpartition(":")[2])

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """What it answers, as parsed JSON."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with _OPENER.open(request, timeout=_PATIENCE) as reply:
            return json.load(reply)


# Without the machine's http_proxy.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@attrs.frozen
class Argo(Running):
    """A simulated ARGO."""

    def requests(self) -> list[Any]:
        """The recent requests, but for those of the model list."""
        return [one for one in self.ask("GET", "/sim/requests")["requests"] if one["method"] == "POST"]

    def state(self) -> Any:
        """Its open requests and connections, and how many requests were cut."""
        return self.ask("GET", "/sim/state")

    def forget(self) -> None:
        """Begin anew: no faults in wait, no requests received."""
        self.ask("DELETE", "/sim/faults")
        self.ask("DELETE", "/sim/requests")


def environment() -> dict[str, str]:
    """This process's environment, but for what would configure a proxy or lead its clients elsewhere."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("ARGOPROXY_") and not name.lower().endswith("_proxy")
    }
    return {**kept, "PYTHONPATH": str(ROOT), "NO_PROXY": "*"}


@contextlib.contextmanager
def started(command: list[str], folder: Path, port: int) -> Iterator[Running]:
    """
    Run a command that listens, until the block ends, which must find it running.

    @param folder: where it runs, and what it writes goes to a file.
    @param port: where it will listen.
    """
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, env=environment(), stdout=output, stderr=subprocess.STDOUT)
    try:
        _await(port, process, log)
        yield Running(f"http://127.0.0.1:{port}", log)
        assert process.poll() is None, log.read_text()
    finally:
        process.terminate()
        process.wait(_PATIENCE)


@contextlib.contextmanager
def twistd(folder: Path, plugin: str, *options: str) -> Iterator[Running]:
    """Run C{twistd} with a plugin."""
    port = free_port()
    command = [TWISTD, "--nodaemon", "--pidfile=", plugin, *options, "--port", str(port)]
    with started(command, folder, port) as running:
        yield running


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            # From the same address it could get this very port, and be with itself.
            socket.create_connection(("127.0.0.1", port), _PATIENCE, ("127.0.0.2", 0)).close()
        except ConnectionRefusedError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError(log.read_text())
