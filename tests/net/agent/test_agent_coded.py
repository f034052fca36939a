"""Replies in gzip, which none was asked for, are read all the same, with treq's agents around ours or without."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
import treq.client

from argoproxy import tuning
from argoproxy.conversation import Call
from argoproxy.errors import Truncated, UpstreamFault
from argoproxy.net.agent import LlhttpAgent
from argoproxy.net.client import make_client

from .lines import World

_CALL = Call(url="http://argo.example/", body=b"{}", reply="message")
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"


def _told(*pieces: bytes) -> tuple[bytes, list[Any]]:
    """What is taken of a reply, and how it ends."""
    world, body, ends = World(), bytearray(), list[Any]()

    def begun(reply: Any) -> None:
        reply.deliver(body.extend).addBoth(ends.append)

    make_client(LlhttpAgent(world.clock, world), world.clock).send(_CALL).addCallbacks(begun, ends.append)
    for piece in pieces:
        world.lines[-1].say(piece)
    return bytes(body), ends


@pytest.mark.parametrize("fixture", [(), ("alone",)])
def test_gzip_is_read(request: pytest.FixtureRequest, fixture: tuple[str, ...]) -> None:
    for name in fixture:
        request.getfixturevalue(name)
    packed = gzip.compress(b"hello")
    assert _told(_HEAD % len(packed) + packed) == (b"hello", [None])
    assert _told(_HEAD % len(packed), packed[:9], packed[9:]) == (b"hello", [None])


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without treq's agents around ours, as in a process of its own."""
    for name in ("CookieAgent", "ContentDecoderAgent"):
        monkeypatch.setattr(treq.client, name, tuning._as_it_is)


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_it_may_be_several_behind_one_another(size: int) -> None:
    packed = gzip.compress(b"hello, ") + gzip.compress(b"") + gzip.compress(b"world")
    pieces = [packed[place : place + size] for place in range(0, len(packed), size)]
    assert _told(_HEAD % len(packed), *pieces) == (b"hello, world", [None])


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("size", [1, 1000])
def test_what_fills_up_a_block_behind_it_means_nothing(size: int) -> None:
    packed = gzip.compress(b"hello, ") + bytes(8) + gzip.compress(b"world") + bytes(100)
    pieces = [packed[place : place + size] for place in range(0, len(packed), size)]
    assert _told(_HEAD % len(packed), *pieces) == (b"hello, world", [None])


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("coding", [b"GZIP", b" x-gzip "])
def test_it_is_gzip_however_it_is_written(coding: bytes) -> None:
    packed = gzip.compress(b"hello")
    assert _told(_HEAD.replace(b"gzip", coding) % len(packed) + packed) == (b"hello", [None])


@pytest.mark.usefixtures("alone")
def test_what_ends_before_its_end_is_truncated() -> None:
    """Not even a text stream, whose end nothing else tells, looks complete then."""
    packed = gzip.compress(b"hello")
    for length in range(1, len(packed)):
        body, [end] = _told(_HEAD % length + packed[:length])
        assert b"hello".startswith(body)
        assert end.check(Truncated)
    assert _told(_HEAD % 0) == (b"", [None])


@pytest.mark.usefixtures("alone")
def test_what_is_no_gzip_is_a_fault_of_argos() -> None:
    for pieces in ((_HEAD % 5 + b"hello",), (_HEAD % 10, b"hello", b"hello"), (_HEAD % 9 + bytes(9),)):
        body, [end] = _told(*pieces)
        assert body == b""
        assert end.check(UpstreamFault)
        assert (end.value.status, end.value.code) == (502, "upstream_garbage")
