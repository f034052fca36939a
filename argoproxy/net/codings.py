"""
Bodies that clients have compressed, decoded in slices: what a slice costs is bounded in time and memory, and a body
that turns out too large is given up there and then. What is in a body is not known.

What stands behind the end of the compressed data makes a body a broken one: members or frames by the million would be
work without an end that makes no bytes.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from io import BytesIO
from typing import Any

import attrs
from twisted.internet.task import deferLater
from twisted.web.server import Request

from argoproxy.errors import ClientFault, TooLarge

_SLICE = 131_072
_READ = 65_536
# A window of 8 MB, as RFC 9659 has it of this coding: what a frame asks for beyond is memory.
_ZSTD_WINDOW_LOG = 23
# zlib's numbers for what stands around the data; that of zlib itself is RFC 9110's "deflate".
_GZIP_FRAME, _ZLIB_FRAME = 31, 15


def _zlib(body: bytes, frame: int) -> Iterator[bytes]:
    source, unpacker = BytesIO(body), zlib.decompressobj(frame)
    while not unpacker.eof:
        data = unpacker.unconsumed_tail or source.read(_READ)
        piece = unpacker.decompress(data, _SLICE)
        if not (data or piece):
            raise EOFError
        yield piece
    if unpacker.unused_data or source.read(1):
        raise EOFError


def _zstd(body: bytes) -> Iterator[bytes]:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd

    options: dict[int, int] = {zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG}
    source, unpacker = BytesIO(body), zstd.ZstdDecompressor(options=options)
    try:
        while not unpacker.eof:
            data = source.read(_READ) if unpacker.needs_input else b""
            if unpacker.needs_input and not data:
                raise EOFError
            yield unpacker.decompress(data, _SLICE)
    except zstd.ZstdError:
        raise EOFError from None
    if unpacker.unused_data or source.read(1):
        raise EOFError


_PIECES: Mapping[str, Callable[[bytes], Iterator[bytes]]] = {
    "gzip": partial(_zlib, frame=_GZIP_FRAME),
    "x-gzip": partial(_zlib, frame=_GZIP_FRAME),
    "deflate": partial(_zlib, frame=_ZLIB_FRAME),
    "zstd": _zstd,
}
CODINGS = frozenset({"", *_PIECES})
TAKEN = "gzip, deflate, zstd"
"""The codings that are taken, as a header says it."""


@attrs.frozen
class Coded:
    """
    A body in its coding.

    @ivar coding: one of L{CODINGS}.
    @ivar most_bytes: how large it may be without.
    """

    data: bytes
    coding: str
    most_bytes: int

    async def decoded(self, clock: Any) -> bytes:
        """
        The body as it was before. The reactor turns between any two slices.

        @raise ClientFault: it is too large, or broken.
        """
        whole = BytesIO()
        try:
            for piece in _PIECES[self.coding](self.data):
                if whole.tell() + len(piece) > self.most_bytes:
                    raise TooLarge(self.most_bytes)
                whole.write(piece)
                await deferLater(clock, 0)
        except (EOFError, zlib.error):
            raise ClientFault(f"The body is not valid {self.coding}.", code="invalid_encoding") from None
        return whole.getvalue()


def coding_of(request: Request) -> str:
    """A body's coding, empty if it has none. What is none of L{CODINGS} can't be decoded: several, for one."""
    told = request.requestHeaders.getRawHeaders(b"content-encoding")
    if told is None:
        return ""
    names = (name.strip().lower() for name in b",".join(told).decode("latin-1").split(","))
    return ",".join(name for name in names if name not in ("", "identity"))
