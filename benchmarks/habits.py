"""How people use coding agents: what their programs ask for, when, and how long they wait. Drawn by chance, no I/O."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import attrs


@attrs.frozen
class Habits:
    """
    Ranges are drawn from evenly unless said.

    @ivar messages: the most that a history has; then the next begins.
    @ivar calls: calls of the model for one task of the user's, each but the last for tools.
    @ivar tokens: of a reply; most are short.
    @ivar tool: seconds that tools run.
    @ivar thinking: seconds until the user sets the next task.
    @ivar arriving: seconds within which all have made their first call.
    @ivar leaving: the share of calls that are broken off.
    """

    messages: int = 200
    calls: tuple[int, int] = (3, 15)
    tokens: tuple[int, int] = (300, 2000)
    tool: tuple[float, float] = (0.5, 10.0)
    thinking: tuple[float, float] = (10.0, 120.0)
    arriving: float = 40.0
    leaving: float = 0.02


@attrs.frozen
class Step:
    """
    A call of the model.

    @ivar wait: seconds before it.
    @ivar messages: of its history.
    @ivar tokens: of its reply.
    @ivar leaves: the part of its reply after which the user breaks it off; L{None}: not.
    """

    wait: float
    messages: int
    tokens: int
    leaves: float | None


def steps(habits: Habits, chance: Random) -> Iterator[Step]:
    """A user's calls, without end. We come upon the user at any moment: in the midst of a history and of a task."""
    messages = chance.randrange(1, habits.messages + 1, 2)
    calls = chance.randint(1, _calls(habits, chance))
    wait = chance.uniform(0.0, habits.arriving)
    while True:
        yield _step(habits, chance, wait, messages)
        messages = messages + 2 if messages + 2 <= habits.messages else 1
        calls -= 1
        wait = chance.uniform(*(habits.tool if calls else habits.thinking))
        calls = calls or _calls(habits, chance)


def _calls(habits: Habits, chance: Random) -> int:
    return chance.randint(*habits.calls)


def _step(habits: Habits, chance: Random, wait: float, messages: int) -> Step:
    shortest, longest = habits.tokens
    tokens = round(chance.triangular(shortest, longest, shortest))
    leaves = chance.uniform(0.0, 1.0) if chance.random() < habits.leaving else None
    return Step(wait, messages, tokens, leaves)
