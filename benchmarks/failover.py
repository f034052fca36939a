"""
Two proxies behind HAProxy, and behind nginx, one of which dies and is stopped while clients ask: C{make scale-check}.

A check, not a measurement: it says what must hold, and whether it does. Each proxy has a simulated ARGO in its process.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import attrs
import msgspec

from .asking import Client, Reply
from .fronts import FRONTS, Front
from .limits import raise_limit
from .program import ProgramFault
from .programs import twistd
from .running import free_port, started, until_serving

_PATH = "/v1/chat/completions"
_STREAMS = 30
_CHATS = 10
_PAUSE = 0.02
# Seconds between the pieces of a stream, of which there are fifty.
_PIECE = 0.04
_LONG = "[sim:long=1200]"
_HANGING = "[sim:hang]"
_NAME = "one-that-leaves"
# Seconds of load before and after something happens.
_QUIET = 4.0
_RETURN = 8.0
_LEAVES = 1.0
# For a first byte, on a machine that is busy.
_SOON = 2.0


@attrs.define
class Proxy:
    """One of the proxies, which may go and come again at the same address."""

    name: str
    folder: Path
    port: int = attrs.field(factory=free_port, init=False)
    _process: subprocess.Popen[bytes] | None = attrs.field(default=None, init=False)

    def start(self, stack: ExitStack) -> None:
        """
        Start it, and wait until it serves.

        @raise ProgramFault: it doesn't come up.
        """
        config = self.folder / "config.yaml"
        simulator = f"simulator: {{enabled: true, chunk_delay: {_PIECE}}}\n"
        config.write_text(f"port: {self.port}\nupdate_check: false\n{simulator}")
        command = [twistd(), "--nodaemon", "--pidfile=", "--logfile=program.log", "argoproxy", "--config", str(config)]
        process = stack.enter_context(started(self.name, command, tuple(os.sched_getaffinity(0)), self.folder))
        until_serving(process, self.name, self.port, "/health/ready")
        self._process = process

    async def end(self, number: signal.Signals) -> float:
        """Send it a signal; gives the moment from which on it takes nothing any more."""
        assert self._process is not None
        self._process.send_signal(number)
        if number == signal.SIGKILL:
            await asyncio.to_thread(self._process.wait)
        return time.monotonic()

    def log(self) -> str:
        """Its log so far."""
        return (self.folder / "program.log").read_text(encoding="utf-8")


@attrs.frozen
class Asked:
    """
    @ivar at: when it was asked, by the monotonic clock.
    @ivar served_by: what the front says; empty if it said nothing.
    """

    at: float
    stream: bool
    reply: Reply
    served_by: str


@attrs.define
class Load:
    """
    Clients that ask through the front, each again as soon as it has its reply.

    @ivar asked: what has ended.
    """

    port: int
    asked: list[Asked] = attrs.field(factory=list, init=False)

    @contextmanager
    def running(self) -> Iterator[None]:
        """While it lasts, they ask."""
        tasks = [asyncio.ensure_future(self._client(stream=who < _STREAMS)) for who in range(_STREAMS + _CHATS)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()

    async def _client(self, *, stream: bool) -> None:
        client = Client(self.port)
        try:
            while True:
                at = time.monotonic()
                reply = await _ask(client, stream=stream)
                self.asked.append(Asked(at, stream, reply, reply.header("x-served-by")))
                await asyncio.sleep(_PAUSE)
        finally:
            client.close()


async def _ask(client: Client, *, stream: bool) -> Reply:
    body = msgspec.json.encode({"model": "gpt-4o", "stream": stream, "messages": [_user(_LONG if stream else "Hello")]})
    with suppress(OSError):
        reply = await client.ask(_PATH, body, b"[DONE]" if stream else b"finish_reason")
        if reply is not None:
            return reply
    return Reply(0, b"", None, 0.0, complete=False)


def _user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


@attrs.frozen
class Finding:
    """
    @ivar holds: whether what must hold did.
    @ivar seen: in figures.
    """

    what: str
    holds: bool
    seen: str


@attrs.define
class Check:
    """Two proxies behind a front, and what happens to one of them."""

    _front: Front
    _folder: Path
    _stack: ExitStack
    findings: list[Finding] = attrs.field(factory=list, init=False)

    async def run(self) -> None:
        """
        All of it: about half a minute.

        @raise ProgramFault: something can't be started.
        """
        proxies = [Proxy(name, self._made(name)) for name in ("proxy-a", "proxy-b")]
        for proxy in proxies:
            proxy.start(self._stack)
        port = self._start_front(proxies)
        load = Load(port)
        with load.running():
            await asyncio.sleep(_QUIET)
            self._shared(load)
            for number in (signal.SIGKILL, signal.SIGTERM):
                await self._ended(load, proxies[0], number)
                await self._come_again(load, proxies[0])
        await self._left(port, proxies)

    def _made(self, name: str) -> Path:
        folder = self._folder / name
        folder.mkdir()
        return folder

    def _start_front(self, proxies: Sequence[Proxy]) -> int:
        port, folder = free_port(), self._made(self._front.name)
        command = self._front.command(port, [proxy.port for proxy in proxies], folder)
        process = self._stack.enter_context(
            started(self._front.name, command, tuple(os.sched_getaffinity(0)), folder)
        )
        until_serving(process, self._front.name, port, "/health/ready")
        return port

    def _shared(self, load: Load) -> None:
        by = Counter(one.served_by for one in load.asked)
        seen = ", ".join(f"{name} {times}" for name, times in by.items())
        self._found("both serve, and nothing fails", len(by) == 2 and not _failed(load.asked), seen)

    async def _ended(self, load: Load, proxy: Proxy, number: signal.Signals) -> None:
        """End one under load. By SIGKILL its running requests fail; by SIGTERM none does."""
        before = len(load.asked)
        at = await proxy.end(number)
        await asyncio.sleep(_QUIET)
        asked = load.asked[before:]
        failed = _failed(asked)
        late = [one for one in failed if one.at > at]
        others = [one for one in failed if one.served_by and not self._is(one, proxy)]
        of = sum(one.stream for one in failed)
        seen = f"{len(asked)} ended, {len(failed)} of them failed ({of} streams)"
        if number == signal.SIGKILL:
            self._found("killed: its running streams fail", bool(failed), seen)
            self._found("killed: nothing of the other's fails", not others, f"{len(others)} failed")
        else:
            self._found("stopped: nothing fails", not failed, seen)
        self._found(f"{number.name}: nothing that is asked afterwards fails", not late, f"{len(late)} failed")
        slowest = max((one.reply.begun or 0.0 for one in asked if one.at > at), default=0.0)
        self._found(f"{number.name}: clients don't wait for it", slowest < _SOON, f"{slowest * 1000:.0f} ms at most")

    async def _come_again(self, load: Load, proxy: Proxy) -> None:
        """Start it, and wait until it has answered a client."""
        before = len(load.asked)
        await asyncio.to_thread(proxy.start, self._stack)
        at = time.monotonic()
        await asyncio.sleep(_RETURN)
        asked = load.asked[before:]
        first = min((one.at + (one.reply.begun or 0.0) for one in asked if self._is(one, proxy)), default=None)
        seen = "never" if first is None else f"after {max(0.0, first - at):.1f} s"
        holds = first is not None and not _failed(asked)
        self._found("started again: it is asked again, and nothing fails", holds, seen)

    def _is(self, one: Asked, proxy: Proxy) -> bool:
        """Whether it answered: fronts tell its name, or the addresses that they tried, the last of which it is."""
        return one.served_by.rpartition(", ")[2] in (proxy.name, f"127.0.0.1:{proxy.port}")

    async def _left(self, port: int, proxies: Sequence[Proxy]) -> None:
        """A client that leaves before the first byte."""
        client = Client(port, f"x-request-id: {_NAME}\r\n")
        body = msgspec.json.encode({"model": "gpt-4o", "messages": [_user(_HANGING)]})
        await client.ask(_PATH, body, b"", _LEAVES)
        await asyncio.sleep(_LEAVES)
        lines = [line for proxy in proxies for line in proxy.log().splitlines() if f" {_NAME} " in line]
        seen = f"{len(lines)} line with its request id in the proxies' logs"
        left = len(lines) == 1 and "end=client left" in lines[0]
        self._found("a client that leaves before the first byte ends its call", left, seen)

    def _found(self, what: str, holds: bool, seen: str) -> None:
        self.findings.append(Finding(what, holds, seen))


def _failed(asked: Sequence[Asked]) -> list[Asked]:
    return [one for one in asked if not one.reply.complete]


def check(front: Front) -> list[Finding]:
    """
    What holds with a front.

    @raise ProgramFault: it isn't there, or something doesn't start.
    """
    with tempfile.TemporaryDirectory(prefix="argoproxy-scale-") as folder, ExitStack() as stack:
        checking = Check(front, Path(folder), stack)
        asyncio.run(checking.run())
        return checking.findings


def main(names: list[str]) -> int:
    """
    Check the fronts of these names, or all.

    @return: the exit status.
    """
    # So that what runs is ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    raise_limit()
    status = 0
    for front in [FRONTS[name] for name in names or FRONTS]:
        try:
            findings = check(front)
        except ProgramFault as fault:
            print(f"{front.name}: {fault}")
            status = 1
            continue
        for finding in findings:
            print(f"{front.name}: {'holds' if finding.holds else 'FAILS'}: {finding.what} ({finding.seen})")
        status = status or int(not all(finding.holds for finding in findings))
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
