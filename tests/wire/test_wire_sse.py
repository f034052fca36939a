"""Server-sent events look as the standard wants them."""

from __future__ import annotations

from argoproxy.wire import sse


def test_an_event_is_one_line_of_data_and_an_empty_line() -> None:
    assert sse.frame(b'{"a":1}') == b'data: {"a":1}\n\n'


def test_a_named_event_says_its_name_first() -> None:
    assert sse.frame(b"{}", b"ping") == b"event: ping\ndata: {}\n\n"


def test_a_comment_is_an_event_that_nobody_sees() -> None:
    assert sse.COMMENT.startswith(b":")
    assert sse.COMMENT.endswith(b"\n\n")
    assert sse.COMMENT.count(b"\n") == 2


def test_the_end_of_openais_streams() -> None:
    assert sse.frame(b"[DONE]") == sse.DONE
