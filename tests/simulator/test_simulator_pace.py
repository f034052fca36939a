"""Delays, chunks and the client's pace, in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet.interfaces import IPushProducer
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from argoproxy.simulator import SimulatorSettings
from argoproxy.simulator.rest.stage import Player
from argoproxy.simulator.wires.reply import Ending, Reply
from tests.simulator.asking import STREAMCHAT, Argo


class Wire:
    """A request that keeps what is written, and takes no more than it is told to."""

    def __init__(self, takes: int = 10**9) -> None:
        self.written: list[bytes] = []
        self.takes = takes
        self.producer: Any = None
        self.startedWriting = False

    def setResponseCode(self, code: int) -> None:
        """Twisted's."""

    def setHeader(self, name: str, value: str) -> None:
        """Twisted's."""

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Twisted's."""
        assert streaming
        self.producer = producer

    def unregisterProducer(self) -> None:
        """Twisted's."""
        self.producer = None

    def write(self, data: bytes) -> None:
        """Take it, and ask for a pause if that was enough."""
        self.written.append(data)
        if len(self.written) % self.takes == 0:
            self.producer.pauseProducing()


class Source:
    """Pieces that count how many were asked for."""

    def __init__(self, count: int) -> None:
        self.made = 0
        self._count = count

    def __iter__(self) -> Iterator[bytes]:
        for _ in range(self._count):
            self.made += 1
            yield b"x"


def _play(wire: Wire, source: Source, clock: Clock, ending: Ending = Ending.FINISH) -> tuple[Player, list[None]]:
    done: list[None] = []
    reply = Reply(200, "text/plain", source, ending=ending, streamed=True)
    player = Player(wire, reply, SimulatorSettings(chunk_delay=0), clock)  # type: ignore[arg-type]
    started = player.start()
    started.addCallback(done.append)
    started.addErrback(lambda failure: None)
    return player, done


def test_a_player_is_a_push_producer() -> None:
    """As the transport wants it."""
    player, _ = _play(Wire(), Source(1), Clock())
    assert verifyObject(IPushProducer, player)


def test_nothing_is_made_that_nobody_takes() -> None:
    """A paused client stops the making; it goes on where it stopped."""
    wire, source = Wire(takes=3), Source(10)
    player, done = _play(wire, source, Clock())
    assert (source.made, len(wire.written)) == (3, 3)
    player.resumeProducing()
    player.resumeProducing()
    assert source.made == 9
    player.resumeProducing()
    assert (source.made, done, wire.producer) == (10, [None], None)


def test_nothing_is_made_for_a_client_that_left() -> None:
    """Neither at once nor later."""
    wire, source = Wire(takes=3), Source(10)
    player, done = _play(wire, source, Clock())
    player.stopProducing()
    player.resumeProducing()
    assert (source.made, done) == (3, [])


def test_the_first_byte_waits() -> None:
    """So long as the settings say; only then the chunks, each after its delay."""
    argo = Argo(first_byte_delay=2, chunk_delay=1, chunk_size=20)
    reply = argo.chat(path=STREAMCHAT)
    argo.advance(1.9)
    begun = [reply.status]
    argo.advance(0.1)
    assert [*begun, reply.status] == [None, 200]
    for _ in range(3):
        assert reply.text is None
        argo.advance(1)
    assert reply.text == 'This is GPT-4o, simulated. You wrote: "hello".'


@pytest.mark.parametrize("ask", ["chat", "complete", "message"])
def test_whole_replies_wait_for_their_first_byte_only(ask: str) -> None:
    """There are no chunks to delay."""
    argo = Argo(first_byte_delay=1, chunk_delay=9)
    reply = getattr(argo, ask)()
    assert reply.status is None
    argo.advance(1)
    assert reply.text


def test_a_cancelled_wait_leaves_no_timer() -> None:
    """A client that leaves before the first byte takes the delay with it."""
    clock = Clock()
    player = Player(Wire(), Reply(200, "", ()), SimulatorSettings(first_byte_delay=5), clock)  # type: ignore[arg-type]
    player.start().addErrback(lambda failure: None).cancel()
    assert clock.getDelayedCalls() == []
