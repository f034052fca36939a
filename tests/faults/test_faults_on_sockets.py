"""
Faults over real connections: the simulator's, and those of whatever stands where ARGO should be.

The rule is that of L{tests.faults.test_faults}; what is looked for behind it are connections, descriptors and timers.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import attrs
import pytest
import pytest_twisted
from treq.client import HTTPClient
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol
from twisted.web.client import Agent
from twisted.web.http_headers import Headers

from argoproxy.config import Config
from argoproxy.proxy import Proxy
from argoproxy.service import make_proxy
from argoproxy.simulator import FAULTS, Simulator, SimulatorSettings
from tests.faults.askers import ASKERS, Asker, Outcome, Whole
from tests.faults.test_faults import check
from tests.waiting import until
from tests.web import Got

reactor: Any = _reactor
# Seconds that a reply may take: where it never comes, and where nothing should be in its way.
_SHORT, _LONG = 0.1, 30.0
_ENDLESS = frozenset({"hang", "hang-mid", "drip", "wait"})
# Each dialect with some wire, streamed or not: all pairs are tried in memory.
_CLIENTS = [asker for asker in ASKERS if "tools" not in asker.label][::5] + list(ASKERS[-3:])


@attrs.frozen
class Live:
    """A proxy behind a port."""

    proxy: Proxy
    port: int

    async def ask(self, asker: Asker) -> Got:
        """Ask, and wait for the end of the reply."""
        got = Got()
        try:
            got.response = await HTTPClient(Agent(reactor)).post(
                f"http://127.0.0.1:{self.port}{asker.path}",
                data=json.dumps(asker.body).encode(),
                headers=Headers({"content-type": ["application/json"]}),
                unbuffered=True,
                allow_redirects=False,
            )
            await got.response.collect(lambda data: setattr(got, "body", got.body + data))
            got.ended = True
        except Exception as error:  # noqa: BLE001 - whatever became of the reply is looked at
            got.failure = error
        return got


@asynccontextmanager
async def _live(upstream: int, asker: Asker, timeout: float) -> AsyncIterator[Live]:
    config = Config(
        user="someone",
        argo_base_url=f"http://127.0.0.1:{upstream}",
        upstream="native" if asker.column.native else "gateway",
        request_timeout=timeout,
        update_check=False,
    )
    proxy = make_proxy(config, reactor)
    port = reactor.listenTCP(0, proxy.site, interface="127.0.0.1")
    try:
        yield Live(proxy, port.getHost().port)
    finally:
        await port.stopListening()
        await Deferred.fromCoroutine(proxy.stop())


def _sockets() -> int:
    """How many this process has open."""
    found = 0
    for name in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):
            found += os.readlink(f"/proc/self/fd/{name}").startswith("socket:")
    return found


@pytest.mark.parametrize("asker", _CLIENTS, ids=lambda asker: asker.label)
@pytest_twisted.ensureDeferred
async def test_faults_of_the_simulator(asker: Asker) -> None:
    before = _sockets()
    argo = Simulator(SimulatorSettings(), clock=reactor)
    port = reactor.listenTCP(0, argo.site(), interface="127.0.0.1")
    number = port.getHost().port
    async with _live(number, asker, _LONG) as patient, _live(number, asker, _SHORT) as hasty:
        expected = asker.outcome(await patient.ask(asker))
        assert isinstance(expected, Whole)
        for fault in sorted(FAULTS):
            argo.fault(fault, times=None)
            check(asker, fault, await (hasty if fault in _ENDLESS else patient).ask(asker), expected)
            argo.clear_faults()
            assert asker.outcome(await patient.ask(asker)) == expected, fault
        await until(lambda: argo.open_requests == 0)
        # One that each proxy keeps: requests came one after the other.
        await until(lambda: argo.open_connections <= 2)
        assert (patient.proxy.underway.open, hasty.proxy.underway.open) == (0, 0)
    await port.stopListening()
    await until(lambda: argo.open_connections == 0 and _sockets() <= before)


OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
CLOSE, RESET, STAY = "close", "reset", "stay"

WRONGS: Mapping[str, tuple[bytes, str]] = {
    "closed before the head": (b"", CLOSE),
    "reset before the head": (b"", RESET),
    "silence": (b"", STAY),
    "another protocol": (b"SSH-2.0-OpenSSH_9.6\r\n", CLOSE),
    "another protocol that stays": (b"SSH-2.0-OpenSSH_9.6\r\n", STAY),
    "a TLS alert": (b"\x15\x03\x01\x00\x02\x02\x46", CLOSE),
    "half a status line": (b"HTTP/1.", CLOSE),
    "half a head": (OK, RESET),
    "half a head that stays": (OK, STAY),
    "a head alone": (OK + b"Content-Length: 9\r\n\r\n", CLOSE),
    "a head alone that stays": (OK + b"Content-Length: 9\r\n\r\n", STAY),
    "a length that is longer": (OK + b"Content-Length: 9\r\n\r\n{}", CLOSE),
    "two lengths": (OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", STAY),
    "a length and chunks": (OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", STAY),
    "a chunk that is none": (CHUNKED + b"2\r\n{}\r\nmany\r\n", STAY),
    "a chunk that is longer": (CHUNKED + b"2\r\n{} and more\r\n", STAY),
    "half a chunk": (CHUNKED + b"9\r\n{}", CLOSE),
    "no last chunk": (CHUNKED + b"2\r\n{}\r\n", CLOSE),
    "no last chunk, and a reset": (CHUNKED + b"2\r\n{}\r\n", RESET),
    "a head without end": (OK + b"X: " + b"y" * 100_000, STAY),
    "NUL in the head": (OK + b"X: \0\r\n\r\n", STAY),
    "a word to go on, and nothing": (b"HTTP/1.1 100 Continue\r\n\r\n", CLOSE),
    "another protocol from now on": (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", STAY),
}


class Wrong(Protocol):
    """Answers the first bytes of a request in one of these ways, and reads on without a word."""

    factory: Any
    transport: Any
    answered = False

    def dataReceived(self, data: bytes) -> None:
        if self.answered:
            return
        self.answered = True
        said, end = self.factory.wrong
        self.transport.write(said)
        if end == CLOSE:
            self.transport.loseConnection()
        elif end == RESET:
            self.transport.abortConnection()

    def connectionMade(self) -> None:
        self.factory.open += 1

    def connectionLost(self, reason: object = None) -> None:
        self.factory.open -= 1


class WrongSide(Factory):
    """
    @ivar wrong: what it says next, and how it ends.
    @ivar open: its connections.
    """

    protocol = Wrong
    noisy = False
    wrong: tuple[bytes, str] = (b"", CLOSE)
    open = 0


@pytest.mark.parametrize("asker", _CLIENTS, ids=lambda asker: asker.label)
@pytest_twisted.ensureDeferred
async def test_what_is_no_argo_is_told(asker: Asker) -> None:
    """Each is an error in the client's own shape, and nothing of any call stays."""
    before = _sockets()
    side = WrongSide()
    port = reactor.listenTCP(0, side, interface="127.0.0.1")
    async with _live(port.getHost().port, asker, _SHORT) as live:
        for name, side.wrong in WRONGS.items():
            got = await live.ask(asker)
            assert not isinstance(_outcome(asker, got), Whole), name
            check(asker, name, got, Whole(None))
            await until(lambda: live.proxy.underway.open == 0 and side.open == 0)
        await port.stopListening()
        assert not isinstance(_outcome(asker, await live.ask(asker)), Whole)
    await until(lambda: _sockets() <= before)


def _outcome(asker: Asker, got: Got) -> Outcome:
    assert got.response is not None, got.failure
    return asker.outcome(got)
