"""The proxy and the simulator as processes of their own, for tests over real sockets."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

ROOT = Path(__file__).parents[1]

_PATIENCE = 30.0
# What the log says of the site that each plugin serves.
_STARTED = {
    "argoproxy": re.compile(r"BoundedSite starting on (\d+)"),
    "argosim": re.compile(r"CountingSite starting on (\d+)"),
}


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
def started(command: list[str], folder: Path) -> Iterator[Path]:
    """Run a command in a folder until the block ends, which must find it running; gives the file it writes to."""
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, env=environment(), stdout=output, stderr=subprocess.STDOUT)
    try:
        yield log
        assert process.poll() is None, log.read_text()
    finally:
        process.terminate()
        process.wait(_PATIENCE)


@contextlib.contextmanager
def twistd(folder: Path, plugin: str, *options: str) -> Iterator[tuple[str, Path]]:
    """Run C{twistd} with a plugin on a port of its choice; gives the address and the log, once it listens."""
    command = [str(Path(sys.executable).with_name("twistd")), "--nodaemon", "--pidfile=", plugin, *options]
    with started([*command, "--port", "0"], folder) as log:
        yield f"http://127.0.0.1:{listens(log, _STARTED[plugin])}", log


def listens(log: Path, announced: re.Pattern[str]) -> int:
    """The port that a log announces; waits for it."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        if found := announced.search(log.read_text()):
            return int(found[1])
        time.sleep(0.02)
    raise AssertionError(log.read_text())
