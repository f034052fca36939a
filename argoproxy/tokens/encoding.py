"""
The two token encodings of OpenAI's models. Counting here takes a text whole: slices are the tally's business.

The vocabularies come with splintr and are loaded when they are first needed: 30 MB and a tenth of a second each.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from splintr import AnyTokenizer

# The library remembers words that it has seen, 100,000 of any length: more than a long-lived process can afford.
_REMEMBERED = 8 * 1024 * 1024

# The encodings' own last tokens, all special. The library has more behind them that OpenAI doesn't know.
_LAST_TOKEN = {"o200k_base": 200_018, "cl100k_base": 100_276}

_BYTES_PER_TOKEN = 4


class UnknownToken(ValueError):
    """
    A token id that the encoding doesn't have.

    @ivar place: which of the ids it is, counted from 0.
    """

    def __init__(self, place: int) -> None:
        super().__init__(place)
        self.place = place


@attrs.define
class Encoding:
    """
    One encoding. Its results depend on nothing but its arguments.

    @ivar name: C{o200k_base} or C{cl100k_base}.
    """

    name: str
    _library: AnyTokenizer | None = None
    _counted: int = 0

    def count(self, text: str) -> int:
        """
        The tokens of a text. Special tokens spelled out in it count as the plain text that they are.

        Half of a surrogate pair counts as U+FFFD does. What the library refuses is estimated.
        """
        self._counted += len(text)
        if self._counted > _REMEMBERED:
            self._tokenizer.clear_cache()
            self._counted = 0
        try:
            return len(self._tokenizer.encode_ordinary(text))
        except UnicodeEncodeError:
            return self.count(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
        except (LookupError, MemoryError, OverflowError, RuntimeError, ValueError):
            return -(-len(text.encode()) // _BYTES_PER_TOKEN)

    def spell(self, ids: Sequence[int]) -> str:
        """
        The text of these tokens. Bytes that aren't whole characters become U+FFFD.

        @raise UnknownToken: one of them isn't the encoding's.
        """
        try:
            if max(ids, default=0) <= _LAST_TOKEN[self.name]:
                return self._tokenizer.decode_bytes(ids).decode("utf-8", "replace")
        except (OverflowError, ValueError):
            pass
        raise UnknownToken(next(place for place, one in enumerate(ids) if not self._has(one)))

    def _has(self, token: int) -> bool:
        if not 0 <= token <= _LAST_TOKEN[self.name]:
            return False
        try:
            self._tokenizer.decode_bytes((token,))
        except ValueError:
            return False
        return True

    @property
    def _tokenizer(self) -> AnyTokenizer:
        if self._library is None:
            from splintr import Tokenizer

            self._library = Tokenizer.from_pretrained(self.name)
        return self._library


@functools.cache
def encoding(name: str) -> Encoding:
    """The encoding of that name: one for the whole process, since all it holds is the vocabulary."""
    return Encoding(name)
