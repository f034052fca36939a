"""Replies byte by byte, broken off anywhere, with more behind them; and bytes that are no reply."""

from __future__ import annotations

import pytest
from twisted.web.client import ResponseDone, ResponseFailed, ResponseNeverReceived
from twisted.web.http import PotentialDataLoss

from tests.net.agent.lines import OK, RESET, client, feedings, is_kept
from tests.net.agent.test_agent_contract import REPLIES, H

# Those after which the connection can't be used any more, since they say so or nobody can tell.
_LAST = {"HEAD", "HEAD of chunks", "a close", "HTTP/1.0"}

CHUNKED = H + b"Transfer-Encoding: chunked\r\n\r\n"
CLOSED = H + b"\r\nall"

_NAMES = sorted(REPLIES)

# What may come behind a reply: none of it belongs to the next.
_TAILS = [b"x", b"HTTP/1.1 2", OK, b"HTTP/1.1 100 Continue\r\n\r\n", b"\x00"]


@pytest.mark.parametrize("name", _NAMES)
def test_a_connection_is_kept_where_it_may_be(name: str) -> None:
    method, reply, _, _ = REPLIES[name]
    for pieces in feedings(reply):
        asker = client()
        asker.ask(method)
        for piece in pieces:
            asker.line.say(piece)
        assert is_kept(asker) is (name not in _LAST)
        assert asker.world.lines[0].closed is (name in _LAST)


def test_a_connection_of_http_1_0_is_kept_if_both_want_it() -> None:
    asker = client()
    asker.whole(b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok")
    assert is_kept(asker)


@pytest.mark.parametrize("name", _NAMES)
def test_broken_off_anywhere_it_is_never_complete(name: str) -> None:
    method, reply, _, body = REPLIES[name]
    for cut in range(len(reply)):
        asker = client()
        got = asker.ask(method)
        if cut:
            asker.line.say(reply[:cut])
        asker.line.lose()
        end = got.failure or got.body.ends[0]
        assert end.check(ResponseFailed if cut else ResponseNeverReceived), (cut, end)
        assert body.startswith(got.body.data)


@pytest.mark.parametrize("tail", _TAILS)
@pytest.mark.parametrize("name", _NAMES)
def test_what_is_behind_its_end_changes_nothing_and_ends_the_connection(name: str, tail: bytes) -> None:
    method, reply, status, body = REPLIES[name]
    for pieces in ([reply + tail], [reply, tail], [reply[:-1], reply[-1:] + tail]):
        asker = client()
        got = asker.ask(method)
        for piece in pieces:
            asker.line.say(piece)
        assert (got.response.code, got.body.data, got.reason) == (status, body, ResponseDone)
        assert asker.line.closed
        assert not is_kept(asker)


def test_a_line_that_is_empty_behind_a_reply_is_let_pass_with_it_only() -> None:
    asker = client()
    assert asker.whole(OK + b"\r\n").body.data == b"ok"
    assert not asker.line.closed
    asker.line.say(b"\r\n")
    assert asker.line.closed


@pytest.mark.parametrize("reason", [RESET, ValueError("as TLS has them")])
def test_a_body_that_ends_with_its_connection_must_end_in_peace(reason: Exception) -> None:
    asker = client()
    got = asker.whole(CLOSED)
    asker.line.lose(reason)
    assert got.body.data == b"all"
    assert got.reason is ResponseFailed


@pytest.mark.parametrize("coding", [b"gzip", b"chunked, gzip", b"identity"])
def test_other_codings_end_with_the_connection(coding: bytes) -> None:
    asker = client()
    got = asker.whole(H + b"Transfer-Encoding: " + coding + b"\r\n\r\nall")
    asker.line.lose()
    assert (got.body.data, got.reason) == (b"all", PotentialDataLoss)


def test_chunks_within_another_coding_have_an_end() -> None:
    asker = client()
    got = asker.whole(H + b"Transfer-Encoding: gzip, Chunked\r\n\r\n2\r\nok\r\n")
    asker.line.lose()
    assert got.reason is ResponseFailed


# No replies, and whether their heads are good.
FAULTS = {
    "another protocol": (b"SSH-2.0-OpenSSH\r\n", False),
    "another version": (b"HTTP/3.7 200 OK\r\n\r\n", False),
    "a status of two figures": (b"HTTP/1.1 20 OK\r\n\r\n", False),
    "a status of four": (b"HTTP/1.1 2000 OK\r\n\r\n", False),
    "a status in words": (b"HTTP/1.1 two OK\r\n\r\n", False),
    "a bare line feed": (b"HTTP/1.1 200 OK\nContent-Length: 0\n\n", False),
    "no colon": (H + b"Header\r\n\r\n", False),
    "no name": (H + b": x\r\n\r\n", False),
    "a space in a name": (H + b"Content Length: 0\r\n\r\n", False),
    "a space behind a name": (H + b"Content-Length : 0\r\n\r\n", False),
    "NUL": (H + b"X: \x00\r\n\r\n", False),
    "a folded line": (H + b"X: a\r\n b\r\nContent-Length: 0\r\n\r\n", False),
    "a length that is none": (H + b"Content-Length: many\r\n\r\n", False),
    "a negative length": (H + b"Content-Length: -1\r\n\r\n", False),
    "a signed length": (H + b"Content-Length: +1\r\n\r\na", False),
    "a length without end": (H + b"Content-Length: 99999999999999999999999\r\n\r\n", False),
    "two lengths": (H + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", False),
    "one length twice": (H + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\na", False),
    "two lengths in one": (H + b"Content-Length: 1, 2\r\n\r\nab", False),
    "a length and chunks": (H + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", False),
    "chunks and a length": (H + b"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", False),
    "another protocol from now on": (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", False),
    "the same, spelled out": (
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nx",
        False,
    ),
    "a chunk's size that is none": (CHUNKED + b"2\r\nok\r\nx\r\n", True),
    "a negative size": (CHUNKED + b"2\r\nok\r\n-1\r\n", True),
    "a size without end": (CHUNKED + b"2\r\nok\r\nfffffffffffffffff\r\n", True),
    "a chunk that is longer": (CHUNKED + b"2\r\nok!\r\n", True),
    "no line behind the last": (CHUNKED + b"2\r\nok\r\n0\r\nx", True),
}


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_what_is_no_reply_fails_and_ends_the_connection(name: str) -> None:
    data, head_is_good = FAULTS[name]
    for pieces in feedings(data + b"\r\n\r\n"):
        asker = client()
        got = asker.ask()
        for piece in pieces:
            asker.line.say(piece)
        asker.turn()
        assert asker.line.cut
        assert (got.response is not None) is head_is_good
        end = got.failure or got.body.ends[0]
        assert end.check(ResponseFailed)
        assert got.body.data == (b"ok" if head_is_good else b"")
        assert len(got.body.ends) == head_is_good


# What has no end, piece by piece; and what would be its end.
FLOODS = {
    "headers": (H, b"X: y\r\n"),
    "one header": (H + b"X: ", b"y" * 100),
    "a name": (H, b"y" * 100),
    "a phrase": (b"HTTP/1.1 200 ", b"y" * 100),
    "heads that say that another will follow": (b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
    "a chunk's extension": (CHUNKED + b"2\r\nok\r\n2;", b"y" * 100),
    "trailers": (CHUNKED + b"2\r\nok\r\n0\r\n", b"X: y\r\n"),
    "a trailer": (CHUNKED + b"2\r\nok\r\n0\r\nX: ", b"y" * 100),
    "empty lines": (b"", b"\r\n"),
}


@pytest.mark.parametrize("name", sorted(FLOODS))
def test_what_has_no_end_is_cut(name: str) -> None:
    beginning, more = FLOODS[name]
    asker = client()
    got = asker.ask()
    asker.line.say(beginning)
    for _ in range(100_000 // len(more)):
        asker.line.say(more)
    assert asker.line.cut
    end = got.failure or got.body.ends[0]
    assert end.check(ResponseFailed)


@pytest.mark.parametrize(("count", "good"), [(99, True), (100, False)])
def test_the_number_of_headers_is_bounded(count: int, good: bool) -> None:
    asker = client()
    got = asker.whole(H + b"X: y\r\n" * count + b"Content-Length: 0\r\n\r\n")
    assert (got.response is not None) is good
    assert asker.line.cut is not good


def test_a_long_stream_is_no_flood() -> None:
    asker = client()
    got = asker.whole(CHUNKED)
    for _ in range(5000):
        asker.line.say(b"2;" + b"y" * 100 + b"\r\n")
        asker.line.say(b"ok\r\n")
    asker.line.say(b"0\r\n\r\n")
    assert got.reason is ResponseDone
    assert len(got.body.data) == 10_000


def test_a_read_brings_one_piece_of_the_body() -> None:
    asker = client()
    got = asker.whole(CHUNKED + b"1\r\na\r\n1\r\nb\r\n")
    asker.line.say(b"1\r\nc\r\n1\r\nd\r\n0\r\n\r\n")
    assert got.body.pieces == [b"ab", b"cd"]
