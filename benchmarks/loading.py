"""Runs of the load generator against a program that serves."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from . import procfs
from .cores import pinned
from .programs import ProgramFault
from .running import Ground, Running
from .scenarios import HELD, Measured, Sample, Scenario, chat

_MOST_FAILED = 0.001


class Held(msgspec.Struct, frozen=True):
    """@ivar open: streams that gave a first byte and are still open."""

    open: int


_measured = msgspec.json.Decoder(Measured)
_held = msgspec.json.Decoder(Held)


def run(ground: Ground, running: Running, scenario: Scenario, warmup: float, seconds: float) -> Sample:
    """
    Load a program for some seconds, after some of warm-up that don't count.

    @raise ProgramFault: it failed to answer, or answered something else than was asked.
    """
    tail = [str(scenario.clients), str(warmup), str(seconds)]
    with _generator(ground, running, scenario.call, scenario.body(), tail) as load:
        assert load.stdout is not None
        load.stdout.readline()
        before = _cpu(running)
        line = load.stdout.readline()
        taken = None if running.session is None else _cpu(running) - before
    return Sample(checked(line, running.program.name, scenario.name), taken)


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
    body = chat(HELD, stream=True)
    with _generator(ground, running, "stream", body, [str(streams), "hold"]) as load:
        assert load.stdout is not None
        assert load.stdin is not None
        try:
            count = _held.decode(load.stdout.readline()).open
        except msgspec.DecodeError:
            raise ProgramFault(f"{running.program.name}: no {streams} streams could be opened") from None
        yield count
        load.stdin.close()


@contextmanager
def _generator(
    ground: Ground, running: Running, call: str, body: bytes, tail: list[str]
) -> Iterator[subprocess.Popen[bytes]]:
    file = _written(ground.folder / "body.json", body)
    command = [str(ground.tools.load), str(running.port), running.program.paths[call], str(file), *tail]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, preexec_fn=pinned(ground.cores.rest)) as load:
        try:
            yield load
        except BaseException:
            load.kill()
            raise


def _cpu(running: Running) -> float:
    return 0.0 if running.session is None else procfs.cpu_seconds(running.session)


def _written(path: Path, body: bytes) -> Path:
    path.write_bytes(body)
    return path
