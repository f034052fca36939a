"""Streams are cut into the same events however their bytes come, and nothing of them is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argoproxy.wire.sse import SseEvent, SseReader, frame

_CASES: list[tuple[str, bytes, list[tuple[bytes, bytes]]]] = [
    ("one event", b"data: {}\n\n", [(b"{}", b"")]),
    ("two at once", b"data: 1\n\ndata: 2\n\n", [(b"1", b""), (b"2", b"")]),
    ("a named one", b"event: ping\ndata: {}\n\n", [(b"{}", b"ping")]),
    ("no space behind the colon", b"event:ping\ndata:{}\n\n", [(b"{}", b"ping")]),
    ("only one space is taken away", b"data:  x\n\n", [(b" x", b"")]),
    ("lines that end with CRLF", b"event: a\r\ndata: 1\r\n\r\ndata: 2\r\n\r\n", [(b"1", b"a"), (b"2", b"")]),
    ("both kinds of lines", b"data: 1\r\n\r\ndata: 2\n\ndata: 3\r\n\n", [(b"1", b""), (b"2", b""), (b"3", b"")]),
    ("data of several lines", b"data: a\ndata: b\ndata:\n\n", [(b"a\nb\n", b"")]),
    ("a comment", b": keepalive\n\ndata: 1\n\n", [(b"", b""), (b"1", b"")]),
    ("a comment inside of an event", b": hello\ndata: 1\n\n", [(b"1", b"")]),
    ("fields that nobody knows", b"id: 7\nretry: 5\nnonsense\ndata: 1\n\n", [(b"1", b"")]),
    ("a page in the middle", b"data: 1\n\n<html>\n</html>\n\n", [(b"1", b""), (b"<html>\n</html>", b"error")]),
    ("an error that is no event", b'{"error": 1}\n\n', [(b'{"error": 1}', b"error")]),
    ("bytes before a field's name", b"\0\xffdata: 1\n\n", [(b"\0\xffdata: 1", b"error")]),
    ("more blank lines than needed", b"\n\ndata: 1\n\n\ndata: 2\n\n", [(b"", b""), (b"1", b""), (b"2", b"")]),
    ("a colon in the data", b'data: {"a":"b: c"}\n\n', [(b'{"a":"b: c"}', b"")]),
    ("nothing", b"", []),
]
_IDS = [case[0] for case in _CASES]


def _fed(*pieces: bytes) -> list[SseEvent]:
    reader = SseReader()
    events = [event for piece in pieces for event in reader.feed(piece)]
    assert reader.close() is None
    return events


@pytest.mark.parametrize(("name", "stream", "told"), _CASES, ids=_IDS)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_events_are_the_same_in_any_pieces(name: str, stream: bytes, told: object, size: int) -> None:
    events = _fed(*(stream[place : place + size] for place in range(0, len(stream), size)))
    assert [(event.data, event.event) for event in events] == told
    assert b"".join(event.raw for event in events) == stream


@pytest.mark.parametrize(("name", "stream", "told"), _CASES, ids=_IDS)
def test_what_is_cut_off_is_no_event_but_is_not_lost(name: str, stream: bytes, told: object) -> None:
    for end in range(len(stream)):
        reader = SseReader()
        events = reader.feed(stream[:end])
        left = reader.close()
        assert b"".join(event.raw for event in events) + (left.raw if left else b"") == stream[:end]
        assert all(event.raw.endswith((b"\n\n", b"\n\r\n")) for event in events)
        assert reader.close() is None


def test_what_is_left_can_still_be_read() -> None:
    reader = SseReader()
    assert reader.feed(b"data: 1\n\ndata: [DONE]") == [SseEvent(b"1", b"", b"data: 1\n\n")]
    assert reader.close() == SseEvent(b"[DONE]", b"", b"data: [DONE]")


@given(st.lists(st.text(st.characters(exclude_characters="\r\n", codec="utf-8")), min_size=1), st.data())
def test_any_data_survives_any_cutting(texts: list[str], draw: st.DataObject) -> None:
    stream = b"".join(frame(text.encode()) for text in texts)
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(stream)))))
    pieces = [stream[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert [event.data for event in _fed(*pieces)] == [text.encode() for text in texts]


def test_a_long_event_in_small_pieces_is_searched_once() -> None:
    """Each byte's share of the work doesn't grow with what came before it."""
    reader = SseReader()
    reader.feed(b"data: ")
    for _ in range(1000):
        reader.feed(b"x" * 100)
        assert len(reader._kept) - reader._searched <= 2
    [event] = reader.feed(b"\n\n")
    assert len(event.data) == 100_000
