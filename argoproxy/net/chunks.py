"""
A body in chunks, read so that nobody could see its end elsewhere.

Twisted takes whatever stands between the last chunk and an empty line for trailers, also the beginning of what others
read as the next request; and sizes that others read as smaller ones.
"""

from __future__ import annotations

import re

from twisted.web.http import _ChunkedTransferDecoder, _MalformedChunkedDataError

_TRAILER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~\x80-\xff]*")
# Above it programs differ in what number it is.
_LARGEST = 2**31 - 1


class Chunks(_ChunkedTransferDecoder):
    """Reads chunks. Trailers are dropped."""

    def _dataReceived_CHUNK_LENGTH(self) -> bool:
        more: bool = super()._dataReceived_CHUNK_LENGTH()
        if more and self.length > _LARGEST:
            raise _MalformedChunkedDataError("A chunk is too large.")
        return more

    def _dataReceived_TRAILER(self) -> bool:
        more: bool = super()._dataReceived_TRAILER()
        if self._trailerHeaders and not _TRAILER.fullmatch(self._trailerHeaders.pop()):
            raise _MalformedChunkedDataError("A trailer is none.")
        return more
