"""
The two token encodings of OpenAI's models. Counting here takes a text whole: slices are the tally's business.

The vocabularies come with splintr and are loaded when they are first needed: 40 MB and 0.15 s each, in which other
threads run.
"""

from __future__ import annotations

import functools
import threading
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

# Characters from which on a look-up is cheaper than a count, and how many counts are kept: some 4 MB.
WORTH_IT = 24
_MOST_KNOWN = 32_768

# A sentence that makes the library build all that it builds at its first count, and at the first word that it must take
# apart.
_SAMPLE = "The quick brown fox, 10 times: zyxwv."
# Who needs an encoding that another thread is loading waits for that.
_loading = threading.Lock()


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

    @ivar _known: counts of texts, by the texts' hashes: those of a process, which nobody outside can foresee.

    @ivar name: C{o200k_base} or C{cl100k_base}.
    """

    name: str
    _library: AnyTokenizer | None = None
    _counted: int = 0
    _known: dict[int, int] = attrs.field(factory=dict)

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
            return len((self._library or self.load()).encode_ordinary(text))
        except UnicodeEncodeError:
            return self.count(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
        except (LookupError, MemoryError, OverflowError, RuntimeError, ValueError):
            return -(-len(text.encode()) // _BYTES_PER_TOKEN)

    def remembered(self, text: str) -> int | None:
        """The tokens of a text that was counted before. Texts are told apart by their hashes; none is kept."""
        return self._known.get(hash(text))

    def remember(self, text: str, tokens: int) -> None:
        """Take note of a count."""
        self._note(hash(text), tokens)

    def remembered_sum(self, said: bytes) -> int | None:
        """The tokens of what was said before in these bytes, by more texts than one. None of the bytes is kept."""
        return self._known.get(_key(said))

    def remember_sum(self, said: bytes, tokens: int) -> None:
        """Take note of such a sum."""
        self._note(_key(said), tokens)

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

    def load(self) -> AnyTokenizer:
        """Have the vocabulary, and all that the library makes of it."""
        with _loading:
            if self._library is None:
                from splintr import Tokenizer

                library = Tokenizer.from_pretrained(self.name)
                library.encode_ordinary(_SAMPLE)
                self._library = library
            return self._library

    def _note(self, key: int, tokens: int) -> None:
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[key] = tokens

    @property
    def _tokenizer(self) -> AnyTokenizer:
        return self._library or self.load()


def _key(said: bytes) -> int:
    """Another one than that of a text with the same bytes."""
    return hash((said,))


@functools.cache
def encoding(name: str) -> Encoding:
    """The encoding of that name: one for the whole process, since all it holds is the vocabulary."""
    return Encoding(name)
