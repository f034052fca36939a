"""
The first text of a reply, held while it could still be ARGO's notice to a user whom it doesn't know: that is a failure
under status 200.
"""

from __future__ import annotations

from .refusals import NOTICE

# Of the notice, no more is read than is told; of what could still become it, no more is kept.
_MOST_HELD = 2000
MOST_WAITING = 65_536
"""Bytes of events around that text that may wait for it."""


class Opening:
    """
    @ivar open: whether all that comes may go on.
    """

    __slots__ = ("_held", "open")

    def __init__(self) -> None:
        self._held = ""
        self.open = False

    def add(self, text: str) -> str:
        """More of the text; returns what may go on."""
        if self.open:
            return text
        self._held += text
        start = self._held.lstrip()
        could_be = NOTICE.startswith(start) and len(self._held) <= _MOST_HELD
        return "" if could_be or start.startswith(NOTICE) else self.release()

    def release(self) -> str:
        """What was held: something else came, or the end. Not to be called where it is the notice."""
        self.open = True
        held, self._held = self._held, ""
        return held

    @property
    def notice(self) -> str:
        """What was held, if it is the notice or its beginning as far as it came; else an empty string."""
        start = self._held.lstrip()
        return start if start.startswith(NOTICE) else ""

    @property
    def is_whole_notice(self) -> bool:
        """Whether enough of the notice has come to tell it."""
        return len(self._held) > _MOST_HELD and bool(self.notice)
