"""Processes under measurement: started on their core, waited for, ended."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import attrs

from .cores import Cores, pinned
from .program import Place, Program, ProgramFault
from .programs import twistd
from .toolchain import Tools

_PATIENCE = 60.0
_PAUSE = 0.002
_GRACE = 10.0
_ROOT = Path(__file__).parent.parent


@attrs.frozen
class Running:
    """
    A program that serves.

    @ivar session: of its processes; L{None} where there is no proxy, so that nothing of it can be measured.
    @ivar starting: seconds that it took from being started until it served.
    """

    program: Program
    port: int
    session: int | None
    starting: float = 0.0


@attrs.frozen
class Ground:
    """Where everything runs: the built tools, the cores, a folder."""

    tools: Tools
    cores: Cores
    folder: Path

    @contextmanager
    def upstream(self, models: int = 2) -> Iterator[int]:
        """The fast upstream, which lists so many models; gives its port."""
        with pinned(self.cores.rest):
            command = [str(self.tools.upstream), str(models)]
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        with process:
            assert process.stdin is not None
            assert process.stdout is not None
            yield int(process.stdout.readline())
            process.stdin.close()

    @contextmanager
    def simulator(self) -> Iterator[int]:
        """Our simulator, on the upstream's core; gives its port."""
        port = free_port()
        command = [twistd(), "--nodaemon", "--pidfile=", "--logfile=argosim.log", "argosim", "--port", str(port)]
        with started("argosim", command, (self.cores.rest,), self._place(f"argosim-{port}")) as process:
            until_serving(process, "argosim", port, "/v1/models")
            yield port

    @contextmanager
    def serving(self, program: Program, upstream: int) -> Iterator[Running]:
        """
        An instance of a program in front of an upstream's port.

        @raise ProgramFault: it doesn't come up.
        """
        with ExitStack() as stack:
            port = stack.enter_context(self.simulator()) if program.simulated else upstream
            if program.command is None:
                yield Running(program, port, None)
                return
            own = free_port()
            place = Place(own, f"http://127.0.0.1:{port}", self._place(f"{program.name}-{own}"))
            command = program.command(place)
            begun = time.monotonic()
            cores = self.cores.of(program.workers)
            process = stack.enter_context(started(program.name, command, cores, place.folder))
            until_serving(process, program.name, own, program.health)
            yield Running(program, own, process.pid, time.monotonic() - begun)

    def _place(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir()
        return folder


@contextmanager
def started(
    name: str, command: list[str], cores: tuple[int, ...], folder: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a session of its own, all of which is ended at the end. What it prints goes to C{output}."""
    environment = {name: value for name, value in os.environ.items() if not _is_ours(name)}
    environment |= {"PYTHONPATH": str(_ROOT)} if command[0] == twistd() else {}
    with (folder / "output").open("wb") as output, pinned(*cores):
        try:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        except OSError as error:
            raise ProgramFault(f"{name} can't be started: {error.strerror}") from None
    try:
        yield process
    finally:
        _end(process)


def _is_ours(variable: str) -> bool:
    """
    Whether it is for us and not for what is measured: proxies, and that no bytecode is written. What is installed has
    its bytecode; a checkout that may not keep it is compiled at each start.
    """
    return variable.lower().endswith("_proxy") or variable == "PYTHONDONTWRITEBYTECODE"


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def until_serving(process: subprocess.Popen[bytes], name: str, port: int, path: str) -> None:
    """
    Wait until it answers a GET with 200.

    @raise ProgramFault: it ends before, or never does.
    """
    until = time.monotonic() + _PATIENCE
    while not _answers(port, path):
        if process.poll() is not None or time.monotonic() > until:
            raise ProgramFault(f"{name} does not serve: it {_state(process)}")
        time.sleep(_PAUSE)


def _state(process: subprocess.Popen[bytes]) -> str:
    status = process.poll()
    return f"ended with status {status}" if status is not None else f"did not answer in {_PATIENCE:g} s"


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2, source_address=("127.0.0.2", 0))
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
