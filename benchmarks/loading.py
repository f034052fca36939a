"""Runs of the load generator against a program that serves."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
import msgspec

from . import procfs
from .cores import pinned
from .program import ProgramFault
from .running import Ground, Running
from .scenarios import HELD, WHOLE, Measured, Sample, Scenario, chat

_MOST_FAILED = 0.001
_LONGEST = 600.0
_EACH = 4


class Held(msgspec.Struct, frozen=True):
    """@ivar open: streams that gave a first byte and are still open."""

    open: int


_measured = msgspec.json.Decoder(Measured)
_held = msgspec.json.Decoder(Held)


@attrs.frozen
class Span:
    """
    So many seconds of load, after some of warm-up that don't count.

    It takes a little longer where there are only a few replies for each client, lest it be chance how many fall into
    the time.
    """

    warmup: float
    seconds: float

    def arguments(self, asked: Load) -> list[str]:
        """For the load generator."""
        return [str(self.warmup), str(self.seconds), str(_EACH * asked.clients if asked.ends else 0)]


@attrs.frozen
class Count:
    """So many requests, after some of warm-up that don't count: where a request takes long."""

    warmup: int
    requests: int

    def arguments(self, asked: Load) -> list[str]:
        """For the load generator."""
        return ["count", str(self.warmup), str(self.requests)]


Extent = Span | Count


def run(ground: Ground, running: Running, scenario: Scenario, extent: Extent) -> Sample:
    """
    Load a program with a scenario.

    @raise ProgramFault: it failed to answer, or answered something else than was asked.
    """
    body = scenario.body(running.program)
    asked = Load(scenario.name, scenario.call, scenario.clients, body, ends=not scenario.paced)
    return load(ground, running, asked, extent)


def warm(ground: Ground, running: Running) -> None:
    """
    Let a program load what it only loads for its first requests, which may take seconds.

    @raise ProgramFault: it failed to answer.
    """
    body = chat(running.program, WHOLE, stream=False)
    load(ground, running, Load("first requests", "chat", 1, body), Count(0, 20))


@attrs.frozen
class Load:
    """
    @ivar name: what it is called where it fails.
    @ivar call: which of the program's paths is asked.
    @ivar body: of each request; none for a GET.
    @ivar ends: whether its replies come to an end.
    """

    name: str
    call: str
    clients: int
    body: bytes
    ends: bool = True


def load(ground: Ground, running: Running, asked: Load, extent: Extent) -> Sample:
    """
    Load a program.

    @raise ProgramFault: it failed to answer, or answered something else than was asked.
    """
    tail = [str(asked.clients), *extent.arguments(asked)]
    with _generator(ground, running, asked.call, asked.body, tail) as generator:
        assert generator.stdout is not None
        generator.stdout.readline()
        before = _cpu(running)
        line = generator.stdout.readline()
        taken = tuple(after - before.get(pid, 0.0) for pid, after in _cpu(running).items())
    return Sample(checked(line, running.program.name, asked.name), taken)


def checked(line: bytes, program: str, scenario: str) -> Measured:
    """
    What the load generator printed.

    @raise ProgramFault: it printed nothing, or what it measured is mostly failures.
    """
    where = f"{program}: {scenario}"
    try:
        measured = _measured.decode(line)
    except msgspec.DecodeError:
        raise ProgramFault(f"{where}: the load generator gave up") from None
    if measured.failed > measured.requests * _MOST_FAILED:
        raise ProgramFault(f"{where}: {measured.failed} of {measured.requests} requests failed")
    if not measured.bytes:
        raise ProgramFault(f"{where}: no reply came")
    return measured


@contextmanager
def held(ground: Ground, running: Running, streams: int) -> Iterator[int]:
    """
    So many open streams that have begun and say nothing more; gives how many there are.

    @raise ProgramFault: none came about.
    """
    body = chat(running.program, HELD, stream=True)
    with _generator(ground, running, "stream", body, [str(streams), "hold"]) as generator:
        assert generator.stdout is not None
        assert generator.stdin is not None
        try:
            count = _held.decode(generator.stdout.readline()).open
        except msgspec.DecodeError:
            raise ProgramFault(f"{running.program.name}: no {streams} streams could be opened") from None
        yield count
        generator.stdin.close()


@contextmanager
def _generator(
    ground: Ground, running: Running, call: str, body: bytes, tail: list[str]
) -> Iterator[subprocess.Popen[bytes]]:
    file = _written(ground.folder / "body.json", body)
    command = [str(ground.tools.load), str(running.port), running.program.paths[call], str(file), *tail]
    with pinned(ground.cores.rest):
        generator = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    late = threading.Timer(_LONGEST, generator.kill)
    late.start()
    with generator:
        try:
            yield generator
        except BaseException:
            generator.kill()
            raise
        finally:
            late.cancel()


def _cpu(running: Running) -> dict[int, float]:
    return {} if running.session is None else procfs.cpu_seconds(running.session)


def _written(path: Path, body: bytes) -> Path:
    path.write_bytes(body)
    return path
