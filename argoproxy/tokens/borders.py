"""
Where a text may be cut without changing its count.

Both of OpenAI's encodings split a text into words by a pattern first, and merge bytes within words only. Between the
pairs of characters below no word ever reaches across, whatever stands around them, so the counts of the two parts add
up to the count of the whole.
"""

from __future__ import annotations

import re

# Words begin with their blank, never end with it; a line break belongs to the punctuation before it, not to a letter
# or digit; letters and digits end at punctuation, but for the apostrophe of a contraction; digits begin anew.
_BORDER = re.compile(r"(?<=\S)[ \t]|(?<=[^\W_])[\r\n!-&(-/:-@[-`{-~、。！，：；？]|(?<=[A-Za-z])[0-9]")  # noqa: RUF001

_WINDOW = 64


def last(text: str, start: int, end: int) -> int:
    """
    The last border of C{text[start:end]}.

    @return: its place in the text, greater than C{start}; 0 if there is none.
    """
    window = _WINDOW
    while True:
        low = max(start + 1, end - window)
        found = 0
        for border in _BORDER.finditer(text, low, end):
            found = border.start()
        if found or low == start + 1:
            return found
        window *= 8
