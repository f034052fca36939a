"""
Which of Google's function responses answers which call.

Calls may have no ids. Then one is made up of the call's place in the conversation, and responses answer calls in order,
by their names.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs


@attrs.frozen
class _Made:
    """A call that nobody has answered yet."""

    id: str
    name: str
    without_id: bool


@attrs.define
class Pairing:
    """
    The calls of a conversation, in their order. Responses answer those of the model's latest turn.

    @ivar count: how many calls there were so far.
    """

    count: int = 0
    _open: list[_Made] = attrs.Factory(list)

    def next_turn(self) -> None:
        """The model speaks again: what it called before and nobody answered stays so."""
        self._open.clear()

    def call_id(self, given: str | None, name: str) -> str:
        """The id of the next call: its own, or one that is made up."""
        made = _Made(given or f"call_{self.count}", name, not given)
        self.count += 1
        self._open.append(made)
        return made.id

    def answered(self, given: str | None, name: str) -> str:
        """
        The id of the call that a response answers: the one that it tells, or else the first of that name.

        Some clients give ids to calls that came without, and tell them in the response alone. Where there is no such
        call, it is what was given.
        """
        if not given:
            return self._take(lambda call: call.name == name) or ""
        return (
            self._take(lambda call: call.id == given)
            or self._take(lambda call: call.without_id and call.name == name)
            or given
        )

    def _take(self, fits: Callable[[_Made], bool]) -> str | None:
        """The id of the first open call that fits, which is answered now."""
        call = next(filter(fits, self._open), None)
        if call is None:
            return None
        self._open.remove(call)
        return call.id
