"""Plays a reply through a dialect, and reads what came out of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from argoproxy.conversation import Event, RouteCall, Stamp
from argoproxy.interfaces import IRenderer, IRenderingDialect

TRANSCRIPTS = Path(__file__).parents[1] / "transcripts"
STAMP = Stamp(token="tok", created=1_700_000_000, model="argo:gpt-4o")


def rendering(dialect: IRenderingDialect, body: dict[str, Any], stamp: Stamp = STAMP) -> IRenderer:
    """The renderer that a request gets."""
    return dialect.renderer(dialect.parse(json.dumps(body).encode(), RouteCall()), stamp)


def play(dialect: IRenderingDialect, body: dict[str, Any], events: Sequence[Event], stamp: Stamp = STAMP) -> bytes:
    """The whole reply to a request, its end included."""
    renderer = rendering(dialect, body, stamp)
    return b"".join([renderer.render(event) for event in events]) + renderer.close()


def frames(stream: bytes) -> list[str]:
    """What is in each event of a stream of data alone."""
    events = stream.split(b"\n\n")
    assert events.pop() == b""
    assert all(event.startswith(b"data: ") and b"\n" not in event for event in events)
    return [event[len(b"data: ") :].decode() for event in events]


def chunks(stream: bytes) -> list[dict[str, Any]]:
    """The objects of a stream that ends well."""
    *data, done = frames(stream)
    assert done == "[DONE]"
    return [json.loads(each) for each in data]


def transcript(path: str) -> bytes:
    """A reply as it must look."""
    return (TRANSCRIPTS / path).read_bytes()
