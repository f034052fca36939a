"""Who leaves is forgotten at once: nothing of them waits for the garbage collector."""

from __future__ import annotations

import gc
import json
import weakref
from collections.abc import Iterator

import pytest
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

from argoproxy.simulator import SimulatorSettings
from tests.net.test_site import Line
from tests.web import Web

BODY = json.dumps({"model": "gpt-4o", "stream": True, "messages": [{"role": "user", "content": "Hello"}]}).encode()
HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n"
LENGTH = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY)

POINTS = {
    "in the head": (HEAD, 0.0),
    "in the body": (LENGTH + BODY[:20], 0.0),
    "in a chunk": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n20\r\n" + BODY[:20], 0.0),
    "before the first byte": (LENGTH + BODY, 0.5),
    "in the stream": (LENGTH + BODY, 3.0),
}


@pytest.fixture(autouse=True)
def _uncollected() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


def _leave(line: Line) -> None:
    line.channel.connectionLost(Failure(ConnectionDone()))
    # As a real one lets go of whom it served.
    vars(line.transport).clear()


@pytest.mark.parametrize(("sent", "seconds"), POINTS.values(), ids=POINTS)
def test_who_leaves_is_gone_without_the_garbage_collector(sent: bytes, seconds: float) -> None:
    web = Web(SimulatorSettings(first_byte_delay=1.0, chunk_delay=1.0, chunk_size=4))
    line = Line(web)
    line.send(sent)
    web.settle(seconds)
    assert (b" 200 OK" in line.said()) == (seconds > 1.0)
    parts = [weakref.ref(one) for one in (line.channel, *line.channel.requests)]
    _leave(line)
    del line
    web.settle()
    assert [part for part in parts if part() is not None] == []


def test_so_is_who_leaves_in_the_turn_in_which_they_asked() -> None:
    web = Web()
    line = Line(web)
    line.channel.dataReceived((LENGTH + BODY) * 3)
    parts = [weakref.ref(one) for one in (line.channel, *line.channel.requests)]
    _leave(line)
    del line
    web.settle()
    assert [part for part in parts if part() is not None] == []
    assert not web.simulator.requests
