"""
Thousands of slow streams open in one process at once, and then a burst of requests: C{make streams}.

All streams must be complete, byte for byte what the upstream said, and C{/health} must answer soon meanwhile; of the
burst no request may fail.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import os
import re
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import attrs
import msgspec

from . import loading, procfs
from .cores import available
from .limits import raise_limit
from .loading import Count, Load
from .program import WIRE, ProgramFault
from .programs import DIRECT, OURS, PROGRAMS
from .running import Ground, Running
from .scenarios import WHOLE, chat, marker
from .toolchain import ToolchainFault, build

_PIECES, _SIZE = 12, 40
_EACH = 10  # streams that begin together
_BURST, _AT_ONCE = 10_000, 500
# Seconds.
_HEALTHY = 0.05
_PROBES = 0.02
_LONGEST = 600.0
_CHUNK = re.compile(rb"([0-9a-fA-F]+)\r\n")


class Delta(msgspec.Struct, frozen=True):
    """A piece of text."""

    content: str | None = None


class Choice(msgspec.Struct, frozen=True):
    """A choice in a chunk."""

    delta: Delta


class Chunk(msgspec.Struct, frozen=True):
    """A chunk of a stream."""

    choices: tuple[Choice, ...]


_chunk = msgspec.json.Decoder(Chunk)


@attrs.frozen
class Stood:
    """
    What became of the streams.

    @ivar together: how many were open at the same time.
    @ivar exact: how many were complete, and what the upstream said.
    @ivar health: seconds of each answer of C{/health} meanwhile.
    @ivar memory: resident bytes of the proxy while all were open.
    """

    asked: int
    together: int
    exact: int
    health: tuple[float, ...]
    memory: int


class Reader(asyncio.Protocol):
    """A client that asks for one stream, and keeps all of it."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self.said = bytearray()
        self.begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """More of the reply."""
        self.said += data
        if not self.begun.done():
            self.begun.set_result(None)
        if self.said.endswith(b"\r\n0\r\n\r\n") and self._transport is not None:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        """Nothing more comes."""
        for one in (self.begun, self.ended):
            if not one.done():
                one.set_result(None)


def text_of(said: bytes) -> str | None:
    """The text of a stream of chat chunks as it came over the wire; L{None} if it isn't complete."""
    head, _, body = said.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200 ") or not body.endswith(b"\r\n0\r\n\r\n"):
        return None
    events = b"".join(_unchunked(body)).split(b"\n\n")
    data = [event[6:] for event in events if event.startswith(b"data: ")]
    if not data or data[-1] != b"[DONE]":
        return None
    chunks = map(_chunk.decode, data[:-1])
    return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)


def _unchunked(body: bytes) -> Iterator[bytes]:
    at = 0
    while (found := _CHUNK.match(body, at)) is not None:
        length = int(found[1], 16)
        yield body[found.end() : found.end() + length]
        at = found.end() + length + 2


async def stand(ground: Ground, running: Running, upstream: int, streams: int, gap: float) -> Stood:
    """
    Let so many streams be open at once.

    @param upstream: the port of the fast upstream.
    @param gap: seconds between two pieces of a stream. All must have begun in less than all pieces take.
    """
    body = chat(running.program, marker(_PIECES, _SIZE, int(gap * 1e6)), stream=True)
    request = _request(running.program.paths["stream"], body)
    expected = await _said_by(upstream)
    readers: list[Reader] = []
    with _probed(running.port) as health:
        while len(readers) < streams:
            batch = [_reader(running.port, request) for _ in range(min(_EACH, streams - len(readers)))]
            readers += await asyncio.gather(*batch)
            await asyncio.gather(*(one.begun for one in readers[-_EACH:]))
        together = sum(not one.ended.done() for one in readers)
        memory = procfs.resident(running.session or 0)
        await asyncio.wait_for(asyncio.gather(*(one.ended for one in readers)), _LONGEST)
    exact = sum(text_of(bytes(one.said)) == expected for one in readers)
    return Stood(streams, together, exact, tuple(health), memory)


async def _reader(port: int, request: bytes) -> Reader:
    _, reader = await asyncio.get_running_loop().create_connection(lambda: Reader(request), "127.0.0.1", port)
    return reader


async def _said_by(upstream: int) -> str:
    """What the upstream itself says, asked without a proxy."""
    body = chat(PROGRAMS[DIRECT], marker(_PIECES, _SIZE, 0), stream=True)
    reader = await _reader(upstream, _request(WIRE["stream"], body))
    await reader.ended
    return b"".join(_unchunked(bytes(reader.said).partition(b"\r\n\r\n")[2])).decode()


def _request(path: str, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return head.encode() + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


@contextmanager
def _probed(port: int) -> Iterator[list[float]]:
    """While it lasts, C{/health} is asked again and again; gives how long each answer took."""
    taken: list[float] = []
    over = threading.Event()
    thread = threading.Thread(target=_probe, args=(port, taken, over))
    thread.start()
    try:
        yield taken
    finally:
        over.set()
        thread.join()


def _probe(port: int, taken: list[float], over: threading.Event) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_LONGEST)
    while not over.wait(_PROBES):
        asked = time.monotonic()
        connection.request("GET", "/health")
        connection.getresponse().read()
        taken.append(time.monotonic() - asked)
    connection.close()


def burst(ground: Ground, running: Running, requests: int, at_once: int) -> int:
    """
    How many of so many requests fail.

    @raise ProgramFault: the load generator gave up, or too many failed.
    """
    asked = Load("burst", "chat", at_once, chat(running.program, WHOLE, stream=False))
    return loading.load(ground, running, asked, Count(0, requests)).measured.failed


def check(ground: Ground, streams: int, gap: float) -> bool:
    """
    Try both, and tell.

    @raise ProgramFault: something doesn't come up.
    """
    with ground.upstream() as upstream, ground.serving(PROGRAMS[OURS], upstream) as running:
        loading.warm(ground, running)
        stood = asyncio.run(stand(ground, running, upstream, streams, gap))
        print(shown(stood))
        failed = burst(ground, running, _BURST, _AT_ONCE)
        print(f"a burst of {_BURST:,} requests, {_AT_ONCE} at once: {failed:,} failed")
    whole = stood.together == stood.exact == stood.asked
    return whole and max(stood.health) < _HEALTHY and not failed


def shown(stood: Stood) -> str:
    """What was seen, for people."""
    health = f"{statistics.median(stood.health) * 1000:.1f} ms, at worst {max(stood.health) * 1000:.1f} ms"
    return (
        f"{stood.asked:,} streams: {stood.together:,} open at once, {stood.exact:,} complete and exact\n"
        f"/health meanwhile: {len(stood.health):,} answers within {health}\n"
        f"memory with all open: {stood.memory / 1e6:,.0f} MB"
    )


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.streams", description=__doc__)
    parser.add_argument("--streams", type=int, default=5000, help="how many; default: %(default)s")
    parser.add_argument("--gap", type=float, default=5.0, help="seconds between pieces; default: %(default)s")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """
    Try it.

    @return: the exit status: 0 if all holds.
    """
    options = _options(arguments)
    # So that what runs is ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    raise_limit()
    cores = available()
    os.sched_setaffinity(0, {cores.rest})
    try:
        with tempfile.TemporaryDirectory(prefix="argoproxy-streams-") as folder:
            ground = Ground(build(Path(folder)), cores, Path(folder))
            return 0 if check(ground, options.streams, options.gap) else 1
    except (ToolchainFault, ProgramFault) as fault:
        print(fault)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
