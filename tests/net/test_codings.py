"""Compressed bodies: every coding at every endpoint, broken ones, bombs, and what others notice of it."""

from __future__ import annotations

import gzip
import json
import random
import sys
import zlib
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from anthropic import Anthropic
from openai import OpenAI
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import Clock

from argoproxy.errors import ClientFault, TooLarge
from argoproxy.net.codings import CODINGS, TAKEN, Coded
from tests.running import Running
from tests.web import Got, Web

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

pytest_plugins = ["tests.services"]

PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstd.compress,
}
HELLO = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello there"}]}
TEXT = json.dumps(HELLO).encode()
MB = 1_000_000
NOISE = random.Random(7).randbytes(300_000).hex().encode()

REQUESTS: dict[str, Any] = {
    "/v1/chat/completions": HELLO,
    "/v1/completions": {"model": "gpt-4o", "prompt": "Hello there"},
    "/v1/responses": {"model": "gpt-4o", "input": "Hello there"},
    "/v1/embeddings": {"model": "v3small", "input": "Hello there"},
    "/v1/messages": {**HELLO, "max_tokens": 99},
    "/v1/messages/count_tokens": HELLO,
    "/v1/chat": HELLO,
    "/v1/embed": {"model": "v3small", "prompt": ["Hello there"]},
    "/v1beta/models/gpt-4o:generateContent": {"contents": [{"parts": [{"text": "Hello there"}]}]},
    "/v1/models/gpt-4o:generateContent": {"contents": [{"parts": [{"text": "Hello there"}]}]},
}


class Turns(Clock):
    """Counts the turns that are asked for."""

    turns = 0

    def callLater(self, delay: float, callable: Callable[..., object], *args: object, **kw: object) -> IDelayedCall:
        self.turns += 1
        return super().callLater(delay, callable, *args, **kw)


def _decoded(data: bytes, coding: str, most: int = MB) -> bytes:
    """What becomes of a body, all at once."""
    clock = Turns()
    found: list[Any] = []
    Deferred.fromCoroutine(Coded(data, coding, most).decoded(clock)).addBoth(found.append)
    clock.advance(0)
    if not isinstance(found[0], bytes):
        found[0].raiseException()
    return bytes(found[0])


def _post(web: Web, path: str, data: bytes, coding: str) -> Got:
    return web.post(path, data, {"content-encoding": coding})


def test_every_coding_is_told_of() -> None:
    assert {"", *PACK} == CODINGS
    assert TAKEN.split(", ") == [coding for coding in PACK if coding != "x-gzip"]


@pytest.mark.parametrize("coding", PACK)
@pytest.mark.parametrize("data", [b"x", TEXT, NOISE, b" " * MB], ids=["a byte", "a request", "noise", "blanks"])
def test_a_body_comes_out_as_it_went_in(coding: str, data: bytes) -> None:
    assert _decoded(PACK[coding](data), coding) == data


@pytest.mark.parametrize("coding", PACK)
def test_a_body_that_ends_early_is_broken_wherever_it_ends(coding: str) -> None:
    packed = PACK[coding](TEXT)
    for end in range(len(packed)):
        with pytest.raises(ClientFault) as caught:
            _decoded(packed[:end], coding)
        assert (caught.value.status, caught.value.code) == (400, "invalid_encoding")


BROKEN = [
    *((coding, TEXT) for coding in PACK),
    *((coding, PACK[coding](TEXT) + b"more") for coding in PACK),
    *((coding, PACK[coding](b"one") + PACK[coding](b"two")) for coding in PACK),
    ("deflate", gzip.compress(TEXT)),
    ("gzip", gzip.compress(TEXT)[:-8] + b"\0" * 8),
    ("deflate", zlib.compress(TEXT)[:-4] + b"\0" * 4),
    ("zstd", zstd.compress(TEXT, options={zstd.CompressionParameter.checksum_flag: 1})[:-4] + b"\0" * 4),
]


@pytest.mark.parametrize(("coding", "data"), BROKEN)
def test_what_is_not_in_its_coding_is_broken(coding: str, data: bytes) -> None:
    with pytest.raises(ClientFault, match="not valid") as caught:
        _decoded(data, coding)
    assert (caught.value.status, caught.value.code) == (400, "invalid_encoding")


def test_a_frame_cannot_ask_for_more_memory_than_the_coding_allows() -> None:
    """A window is what a decoder must keep in memory: 8 MB is what RFC 9659 lets a client ask for."""
    for log, fits in [(23, True), (24, False)]:
        packer = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: log})
        packed = packer.compress(TEXT) + packer.flush()
        if fits:
            assert _decoded(packed, "zstd") == TEXT
        else:
            with pytest.raises(ClientFault):
                _decoded(packed, "zstd")


@pytest.mark.parametrize("coding", PACK)
def test_a_body_may_be_as_large_as_allowed_and_no_larger(coding: str) -> None:
    packed = PACK[coding](NOISE)
    assert _decoded(packed, coding, len(NOISE)) == NOISE
    with pytest.raises(TooLarge):
        _decoded(packed, coding, len(NOISE) - 1)


@pytest.mark.parametrize("coding", PACK)
def test_a_bomb_is_not_unpacked_to_its_end(coding: str) -> None:
    clock = Turns()
    decoding = Deferred.fromCoroutine(Coded(PACK[coding](bytes(50 * MB)), coding, MB).decoded(clock))
    clock.advance(0)
    assert clock.turns < MB / 131_072 + 4
    decoding.addErrback(lambda failure: failure.trap(TooLarge))


@pytest.mark.parametrize("coding", PACK)
def test_the_reactor_turns_between_slices(coding: str) -> None:
    clock = Turns()
    Deferred.fromCoroutine(Coded(PACK[coding](bytes(MB)), coding, MB).decoded(clock))
    clock.advance(0)
    assert MB / 131_072 <= clock.turns < MB / 131_072 + 4


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_client_that_leaves_meanwhile_ends_it(coding: str) -> None:
    clock = Turns()
    decoding = Deferred.fromCoroutine(Coded(PACK[coding](bytes(MB)), coding, MB).decoded(clock))
    decoding.cancel()
    clock.advance(0)
    assert clock.turns == 1
    decoding.addErrback(lambda failure: failure.trap(CancelledError))


@pytest.mark.parametrize("coding", PACK)
@pytest.mark.parametrize("path", REQUESTS)
def test_every_endpoint_takes_it(path: str, coding: str) -> None:
    plain, packed = Web(), Web()
    expected = plain.post(path, REQUESTS[path])
    got = _post(packed, path, PACK[coding](json.dumps(REQUESTS[path]).encode()), coding)
    assert (got.status, len(got.body)) == (200, len(expected.body))
    asked = [[request.document() for request in web.simulator.requests] for web in (plain, packed)]
    assert asked[0] == asked[1]


@pytest.mark.parametrize("spelling", ["GZIP", " gzip ", "gzip, identity", "identity,gzip", ",gzip,"])
def test_a_coding_is_one_however_it_is_written(spelling: str) -> None:
    assert _post(Web(), "/v1/chat/completions", gzip.compress(TEXT), spelling).status == 200


@pytest.mark.parametrize("spelling", ["", "identity", "Identity, identity"])
def test_none_is_none_however_it_is_written(spelling: str) -> None:
    assert _post(Web(), "/v1/chat/completions", TEXT, spelling).status == 200


@pytest.mark.parametrize("spelling", ["br", "gzip, zstd", "gzip,gzip", "gzip;q=1", "*", "compress"])
def test_others_are_refused_and_which_are_taken_is_told(spelling: str) -> None:
    got = _post(Web(), "/v1/chat/completions", TEXT, spelling)
    assert (got.status, got.error["code"]) == (415, "unsupported_content_encoding")
    assert got.header("accept-encoding") == TAKEN


def test_where_a_coding_is_taken_nothing_is_said_of_it() -> None:
    assert _post(Web(), "/v1/chat/completions", b"{", "gzip").header("accept-encoding") is None


FAULTS: list[tuple[bytes, int]] = [(b"{", 400), (gzip.compress(bytes(2 * MB)), 413)]


@pytest.mark.parametrize(("data", "status"), FAULTS)
def test_each_dialect_has_its_own_words_for_what_is_wrong(data: bytes, status: int) -> None:
    web = Web(max_body_mb=1.0)
    chat = _post(web, "/v1/chat/completions", data, "gzip")
    assert (chat.status, chat.error["type"]) == (status, "invalid_request_error")
    message = _post(web, "/v1/messages", data, "gzip")
    kinds = {400: "invalid_request_error", 413: "request_too_large"}
    assert (message.status, message.error["type"]) == (status, kinds[status])
    content = _post(web, "/v1beta/models/gpt-4o:generateContent", data, "gzip")
    assert (content.status, content.error["code"]) == (status, status)
    assert not web.simulator.requests


def test_argo_never_hears_of_a_coding() -> None:
    web = Web()
    _post(web, "/v1/chat", gzip.compress(TEXT), "gzip")
    assert web.asked()["messages"] == HELLO["messages"]
    assert "content-encoding" not in web.simulator.requests[-1].headers


class Packing(httpx2.HTTPTransport):
    """Compresses what an SDK sends."""

    def __init__(self, coding: str) -> None:
        super().__init__()
        self.coding = coding

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        headers = {name: value for name, value in request.headers.items() if name != "content-length"}
        packed = PACK[self.coding](request.read())
        headers["content-encoding"] = self.coding
        return super().handle_request(
            httpx2.Request(request.method, request.url, headers=headers, content=packed, extensions=request.extensions)
        )


@pytest.mark.parametrize("coding", PACK)
def test_sdks_may_compress_what_they_send(proxy: Running, coding: str) -> None:
    """Over real sockets, with a text of some size."""
    text = "Hello " * 100_000
    with httpx2.Client(transport=Packing(coding)) as http:
        openai = OpenAI(base_url=f"{proxy.url}/v1", api_key="k", max_retries=0, http_client=http)
        chat = openai.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": text}])
        assert text in str(chat.choices[0].message.content)
        anthropic = Anthropic(base_url=proxy.url, api_key="k", max_retries=0, http_client=http)
        said = anthropic.messages.create(
            model="claude-sonnet-4.5", max_tokens=9, messages=[{"role": "user", "content": "Hello"}]
        )
        assert said.stop_reason == "max_tokens"
