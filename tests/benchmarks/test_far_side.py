"""The upstream that watches, asked without a proxy between: it notes who hangs up, and lets all of a flood go."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from benchmarks.farside import FLOOD, SILENCE, TALK, FarSide, far_side

LONGEST = 10.0


@pytest.fixture(name="upstream")
def _upstream() -> Iterator[FarSide]:
    with far_side(100_000) as upstream:
        yield upstream


def _ask(upstream: FarSide, marker: str, path: bytes = b"/") -> socket.socket:
    client = socket.create_connection(("127.0.0.1", upstream.port), timeout=LONGEST)
    client.sendall(b"POST %b HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (path, len(marker)) + marker.encode())
    return client


@pytest.mark.parametrize("marker", [SILENCE, TALK])
def test_it_notes_when_a_caller_has_gone(upstream: FarSide, marker: str) -> None:
    with _ask(upstream, marker):
        upstream.asked.get(timeout=LONGEST)
        assert upstream.hung_up.empty()
    assert upstream.hung_up.get(timeout=LONGEST) > 0


def _flood(upstream: FarSide, path: bytes) -> bytes:
    received = b""
    with _ask(upstream, FLOOD, path) as client:
        while not received.endswith(b"0\r\n\r\n"):
            received += client.recv(65536)
    return received


@pytest.mark.parametrize("path", [b"/", b"/v1/chat/completions", b"/v1/messages"])
def test_a_flood_is_written_to_its_end_when_somebody_reads(upstream: FarSide, path: bytes) -> None:
    assert len(_flood(upstream, path)) > upstream.flood >= 100_000


@pytest.mark.parametrize(
    ("path", "end"),
    [(b"/v1/chat/completions", b"data: [DONE]\n\n"), (b"/v1/messages", b'{"type": "message_stop"}\n\n')],
)
def test_on_a_native_wire_a_stream_ends_as_that_wire_does(upstream: FarSide, path: bytes, end: bytes) -> None:
    assert end in _flood(upstream, path)


def test_anything_else_gets_the_list_of_models(upstream: FarSide) -> None:
    with _ask(upstream, "") as client:
        assert b'"gpt4o"' in client.recv(65536)
