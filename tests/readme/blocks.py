"""
The examples in documents: fenced blocks of C{sh} or C{python}, each with a block of C{text} behind it that shows what
it prints. Blocks of other kinds are not examples.

In an output C{…} stands for anything, and white space for nothing.
"""

from __future__ import annotations

import re
from itertools import zip_longest
from pathlib import Path

import attrs

RUN = ("sh", "python")
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_PORTS = re.compile(r"\b4449[78]\b")


@attrs.frozen
class Example:
    """
    @ivar place: the document and the line.
    @ivar kind: C{sh} or C{python}.
    @ivar printed: what it is said to print.
    """

    place: str
    kind: str
    source: str
    printed: str

    def at(self, ports: dict[str, int]) -> str:
        """The source, with the ports that services listen on in place of those that documents name."""
        return _PORTS.sub(lambda found: str(ports[found[0]]), self.source)

    def agrees(self, output: str) -> bool:
        """Whether an output is the one that is shown."""
        pieces = "".join(self.printed.split()).split("…")
        return re.fullmatch(".*?".join(map(re.escape, pieces)), "".join(output.split()), re.DOTALL) is not None


def examples(document: Path) -> list[Example]:
    """The examples of a document, in their order."""
    text = document.read_text(encoding="utf-8")
    found: list[Example] = []
    blocks = list(_BLOCK.finditer(text))
    for block, after in zip_longest(blocks, blocks[1:]):
        if block[1] in RUN:
            place = f"{document.name}:{text.count(chr(10), 0, block.start()) + 1}"
            if after is None or after[1] != "text" or text[block.end() : after.start()] != "\n":
                raise AssertionError(f"{place}: no output is shown behind the example")
            found.append(Example(place, block[1], block[2], after[2]))
    return found
