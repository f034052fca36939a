"""What a rule is, and how rules are applied. Which there are is not decided here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache

import attrs
import msgspec

from argoproxy.conversation import Abilities, ChatRequest, Message

Messages = tuple[Message, ...]

_MOST_KINDS = 1024


def _everyone(abilities: Abilities) -> bool:
    return True


@attrs.frozen(eq=False)
class Rule:
    """
    One thing that is put right.

    @ivar name: what clients are told was adjusted (C{temperature}); empty if it only says the same otherwise.
    @ivar mend: gives the request as the model takes it; the same object if nothing is wrong with it.
    @ivar concerns: whether there is anything to put right for a model.
    """

    name: str
    mend: Callable[[ChatRequest, Abilities], ChatRequest]
    concerns: Callable[[Abilities], bool] = _everyone


def mended(request: ChatRequest, abilities: Abilities, rules: Iterable[Rule]) -> tuple[ChatRequest, tuple[str, ...]]:
    """
    The request as the model takes it, and the names of what was adjusted, each once.

    @param rules: applied in this order.
    """
    adjusted: dict[str, None] = {}
    for rule in _concerning(abilities, tuple(rules)):
        after = rule.mend(request, abilities)
        if after is not request and rule.name:
            adjusted[rule.name] = None
        request = after
    return request, tuple(adjusted)


@lru_cache(_MOST_KINDS)
def _concerning(abilities: Abilities, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """There are a few kinds of models, and a few lists of rules."""
    return tuple(rule for rule in rules if rule.concerns(abilities))


def on_history(mend: Callable[[Messages, Abilities], Messages]) -> Callable[[ChatRequest, Abilities], ChatRequest]:
    """
    A rule's function, of one that looks at a conversation's messages. Messages that it leaves alone stay the same
    objects: relays tell by that which of the client's own bytes still hold.
    """

    def on_request(request: ChatRequest, abilities: Abilities) -> ChatRequest:
        after = tuple([mend(messages, abilities) for messages in request.prompts])
        return request if after == request.prompts else msgspec.structs.replace(request, prompts=after)

    return on_request
