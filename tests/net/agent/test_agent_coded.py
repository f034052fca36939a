"""Replies in gzip, which none was asked for, are read all the same, with treq's agents around ours or without."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
import treq.client

from argoproxy import tuning
from argoproxy.conversation import Call
from argoproxy.errors import UpstreamFault
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


@pytest.mark.parametrize("alone", [False, True])
def test_gzip_is_read(monkeypatch: pytest.MonkeyPatch, alone: bool) -> None:
    for name in ("CookieAgent", "ContentDecoderAgent") if alone else ():
        monkeypatch.setattr(treq.client, name, tuning._as_it_is)
    packed = gzip.compress(b"hello")
    assert _told(_HEAD % len(packed) + packed) == (b"hello", [None])
    assert _told(_HEAD % len(packed), packed[:9], packed[9:]) == (b"hello", [None])


def test_what_is_no_gzip_is_a_fault_of_argos(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CookieAgent", "ContentDecoderAgent"):
        monkeypatch.setattr(treq.client, name, tuning._as_it_is)
    for pieces in ((_HEAD % 5 + b"hello",), (_HEAD % 10, b"hello", b"hello")):
        body, [end] = _told(*pieces)
        assert body == b""
        assert end.check(UpstreamFault)
        assert (end.value.status, end.value.code) == (502, "upstream_garbage")
