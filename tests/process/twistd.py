"""C{twistd} as a process of its own, and the little HTTP that it takes to see what it does."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import attrs

ROOT = Path(__file__).parents[2]

# How long anything may take on a busy machine; nothing waits that long if it works.
PATIENCE = 30.0


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for something to be so, and fail if it never is."""
    give_up = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < give_up, f"not within {PATIENCE} s: {what}"
        time.sleep(0.01)


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Asked from another address: a connection from the same one may get this very port, and be with itself."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.2", 0))
        return probe.connect_ex(("127.0.0.1", port)) == 0


def chat(prompt: str, **more: object) -> bytes:
    """The body of a chat request."""
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": prompt}], **more}
    return json.dumps(body).encode("utf-8")


def served(log: str) -> list[int]:
    """The process ids of the workers that have come to serve, in that order."""
    return [int(pid) for pid in re.findall(r"worker \d \(process (\d+)\) serves", log)]


@attrs.define
class Twistd:
    """
    A folder in which C{twistd} is run, with nothing of the machine's own configuration in sight.

    @ivar port: a free one, for what is started here.
    @ivar starter: the command that runs C{twistd}'s, if there is one.
    """

    folder: Path
    port: int = attrs.field(factory=free_port)
    environment: dict[str, str] = attrs.field(factory=dict)
    starter: tuple[str, ...] = ()

    @property
    def pid_file(self) -> Path:
        return self.folder / "twistd.pid"

    def configure(self, text: str) -> Path:
        """Write the configuration file that is found without being named."""
        path = self.folder / "config.yaml"
        path.write_text(text)
        return path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run to the end."""
        return subprocess.run(
            self._command(arguments), capture_output=True, text=True, timeout=PATIENCE, check=False, **self._where()
        )

    @contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """Run in the foreground, from when it listens to the end of the block."""
        output = (self.folder / "output").open("w+")
        with (
            output,
            subprocess.Popen(
                self._command(("--nodaemon", *arguments)),
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                preexec_fn=_heed_interrupts,
                **self._where(),
            ) as process,
        ):
            try:
                until(lambda: process.poll() is not None or listens(self.port), "listening")
                assert process.poll() is None, self.output()
                yield process
            finally:
                process.kill()

    @contextmanager
    def daemon(self, *arguments: str) -> Iterator[int]:
        """Run as a daemon, from when its starter has ended; gives its process id."""
        started = self.run(*arguments)
        assert started.returncode == 0, started.stderr
        pid = int(self.pid_file.read_text())
        try:
            yield pid
        finally:
            if self.pid_file.exists():
                os.kill(pid, signal.SIGKILL)

    def proxy(self, *arguments: str) -> tuple[str, ...]:
        """The arguments for a proxy with a simulator."""
        return ("argoproxy", "--simulator", "--port", str(self.port), *arguments)

    def output(self) -> str:
        """What the process that is running in the foreground has written."""
        return (self.folder / "output").read_text()

    def connection(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def healthy(self) -> bool:
        """Whether it serves."""
        with closing(self.connection()) as connection:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200

    def asked(self, connection: HTTPConnection, body: bytes) -> None:
        """Send a chat request, and see to it that it has arrived."""
        connection.request("POST", "/v1/chat/completions", body, {"Content-Type": "application/json"})
        assert self.healthy()

    def stream(self, connection: HTTPConnection, prompt: str) -> HTTPResponse:
        """A streamed chat reply that has begun."""
        self.asked(connection, chat(prompt, stream=True))
        reply = connection.getresponse()
        assert reply.status == 200
        assert reply.readline().startswith(b"data: ")
        return reply

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        return [*self.starter, str(Path(sys.executable).parent / "twistd"), *arguments]

    def _where(self) -> Mapping[str, Any]:
        inherited = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        mine = {"HOME": str(self.folder), "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        return {"cwd": self.folder, "env": {**inherited, **mine, **self.environment}}


def _heed_interrupts() -> None:
    """As programs of a terminal do. Those that a shell starts in the background ignore it, and so do all of theirs."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
