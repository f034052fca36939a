"""
How a program treats an upstream whose client leaves, or stops reading: what must hold in real time.

The tests check the same with a clock of their own; here it is measured.
"""

from __future__ import annotations

import queue
import socket
import time
from collections.abc import Callable

import attrs

from . import procfs
from .farside import FLOOD, SILENCE, TALK, FarSide, far_side
from .program import ProgramFault
from .running import Running
from .scenarios import chat

_PATIENCE = 10.0
_PAUSE = 0.05
_STILL = 1.0
_TIMES = 9
FLOOD_BYTES = 200_000_000


@attrs.frozen
class Manners:
    """
    @ivar left_silent: milliseconds from a client's leaving until the upstream's call ends, at worst, before its first
        byte; L{None}: it never ended.
    @ivar left_talking: the same behind the first byte.
    @ivar stalled: bytes that a large reply costs while its client doesn't read.
    @ivar taken: bytes of it that had left the upstream by then.
    @ivar drained: bytes that it has cost at most when the client has read it all after all.
    @ivar complete: whether all of it came.
    """

    left_silent: float | None
    left_talking: float | None
    stalled: int
    taken: int
    drained: int
    complete: bool


def manners(program: Callable[[int], Running]) -> Manners:
    """
    Measure an instance of a program.

    @param program: from the port of an upstream to an instance in front of it.
    @raise ProgramFault: it fails to answer.
    """
    with far_side(FLOOD_BYTES) as upstream:
        running = program(upstream.port)
        try:
            silent, talking = (_worst(running, upstream, marker) for marker in (SILENCE, TALK))
            return Manners(silent, talking, *_stall(running, upstream))
        except OSError as error:
            raise ProgramFault(f"{running.program.name}: it failed a client: {error}") from None


def _worst(running: Running, upstream: FarSide, marker: str) -> float | None:
    """The longest of several departures; L{None} as soon as one isn't noticed."""
    worst = 0.0
    for _ in range(_TIMES):
        delay = _leave(running, upstream, marker)
        if delay is None:
            return None
        worst = max(worst, delay)
    return worst


def _leave(running: Running, upstream: FarSide, marker: str) -> float | None:
    """Milliseconds until the upstream sees that the client has gone."""
    with _asking(running, marker) as client:
        _await(upstream.asked, running)
        if marker == TALK:
            client.recv(65536)
        time.sleep(_PAUSE)
        left = time.monotonic()
    try:
        return (upstream.hung_up.get(timeout=_PATIENCE) - left) * 1000
    except queue.Empty:
        return None


def _stall(running: Running, upstream: FarSide) -> tuple[int, int, int, bool]:
    session = running.session or 0
    with _asking(running, TALK) as client:
        client.recv(65536)
    before = procfs.resident(session)
    procfs.forget_peak(session)
    with _asking(running, FLOOD) as client:
        _await(upstream.asked, running)
        taken = _until_still(upstream)
        stalled = procfs.peak(session) - before
        received = _drain(client)
    return stalled, taken, procfs.peak(session) - before, received >= upstream.flood


def _until_still(upstream: FarSide) -> int:
    """Wait until the flood stands still, and return how far it came."""
    before = -1
    while before != upstream.written:
        before = upstream.written
        time.sleep(_STILL)
    return before


def _drain(client: socket.socket) -> int:
    """Read to the end of a reply, and return how much that was."""
    received, tail = 0, b""
    while not tail.endswith(b"0\r\n\r\n"):
        data = client.recv(1 << 20)
        if not data:
            break
        received += len(data)
        tail = (tail + data)[-5:]
    return received


def _asking(running: Running, marker: str) -> socket.socket:
    body = chat(running.program, marker, stream=True)
    client = socket.create_connection(("127.0.0.1", running.port), timeout=_PATIENCE)
    head = f"POST {running.program.paths['stream']} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    client.sendall(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    return client


def _await(asked: queue.Queue[None], running: Running) -> None:
    try:
        asked.get(timeout=_PATIENCE)
    except queue.Empty:
        raise ProgramFault(f"{running.program.name}: a call never reached the upstream") from None
