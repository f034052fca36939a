"""UTF-8 that comes in pieces cut anywhere."""

from __future__ import annotations

import codecs

_Decoder = codecs.getincrementaldecoder("utf-8")


class Utf8:
    """
    Turns bytes into text, holding back a character that isn't whole yet.

    What is no UTF-8 becomes U+FFFD: the upstream's slip must not cost the client its reply.

    @ivar _begun: whether a character is held back.
    """

    def __init__(self) -> None:
        self._decoder = _Decoder("replace")
        self._begun = False

    def feed(self, data: bytes) -> str:
        """The text that is whole."""
        if data.isascii() and not self._begun:
            return data.decode("ascii")
        text = self._decoder.decode(data)
        self._begun = bool(self._decoder.getstate()[0])
        return text

    def close(self) -> str:
        """What was held back, if the bytes ended inside a character."""
        return self._decoder.decode(b"", True)
