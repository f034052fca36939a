"""
Replies that must have a shape, over a wire that can't see to it: asked for in words, held until they are known to
fit, and asked for once more if they don't.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from argoproxy import structured
from argoproxy.conversation import (
    Call,
    ChatRequest,
    EmbeddingRequest,
    Event,
    Finished,
    Head,
    Model,
    OutputShape,
    TextDelta,
)
from argoproxy.errors import ClientFault, UpstreamFault
from argoproxy.interfaces import ICounter, IDecoder, ILeg, IRenderer, IRewordingRelay, ITally, IUpstream

from .legs import Leg
from .translated import Translation

_MOST_ATTEMPTS = 2


class Shaped(Translation):
    """A translation whose legs hold their reply until it fits."""

    def __init__(
        self, request: ChatRequest, model: Model, upstream: IUpstream, renderer: IRenderer, counter: ICounter
    ) -> None:
        """@raise ClientFault: the schema is none."""
        shape = request.shape or OutputShape()
        if shape.schema is not None and (problem := structured.bad_schema(msgspec.json.decode(shape.schema))):
            raise ClientFault(f"The schema for the reply is invalid: {problem}.", code="invalid_schema")
        super().__init__(structured.asked(request, shape), model, upstream, renderer, counter)
        self._shape = shape
        self._singles: tuple[ChatRequest, ...] = ()
        self._attempts: dict[int, int] = {}
        self._user = ""

    def calls(self, user: str) -> tuple[Call, ...]:
        self._user = user
        self._singles = tuple(self._request.singles()) if isinstance(self._request, ChatRequest) else ()
        return super().calls(user)

    def leg(self, call: Call, head: Head, choice: int) -> ILeg:
        self._attempts[choice] = self._attempts.get(choice, 0) + 1
        leg = HeldLeg(*self._parts_of_leg(call, head, choice), lambda text: self._judged(text, choice))
        self._legs[choice] = leg
        return leg

    def _judged(self, text: str, choice: int) -> Call | None:
        """
        The call to make instead, if the text doesn't fit.

        @raise UpstreamFault: it was the last attempt.
        """
        problem = structured.misfit(structured.bare(text), self._shape)
        if problem is None:
            return None
        if self._attempts[choice] >= _MOST_ATTEMPTS:
            words = f"The model's reply did not fit the requested format in {_MOST_ATTEMPTS} attempts."
            raise UpstreamFault(502, words, code="invalid_structured_output")
        request = structured.again(self._singles[choice], text, problem)
        return self._encoded(request, self._user)


class Reworded(Shaped):
    """
    The same over a wire that speaks the client's language: ARGO gets the client's own bytes, with the words that ask
    for the shape among them.
    """

    def __init__(
        self, request: ChatRequest, model: Model, upstream: IRewordingRelay, renderer: IRenderer, counter: ICounter
    ) -> None:
        """@raise ClientFault: the schema is none."""
        super().__init__(request, model, upstream, renderer, counter)
        self._relay = upstream
        self._told = request

    def _encoded(self, request: ChatRequest | EmbeddingRequest, user: str) -> Call:
        assert isinstance(request, ChatRequest)
        return self._relay.reworded(self._told, request.messages, self._model, user)


class HeldLeg(Leg):
    """A leg whose reply waits until it has been judged: nothing of one that is rejected may have been shown."""

    def __init__(
        self,
        decoder: IDecoder,
        render: Callable[[Event], bytes],
        tally: ITally,
        limit: int | None,
        judged: Callable[[str], Call | None],
    ) -> None:
        super().__init__(decoder, self._hold, tally, limit)
        self._show_held = render
        self._judged = judged
        self._held: list[Event] = []

    def again(self) -> Call | None:
        """A reply that calls tools, or was cut off, is not expected to fit."""
        finished = next((event for event in self._held if isinstance(event, Finished)), None)
        reason = self._reason() if finished is None else finished.reason
        return self._judged(self._text()) if reason == "stop" else None

    def close(self) -> bytes:
        super().close()
        return b"".join([self._show_held(event) for event in self._told()])

    def _hold(self, event: Event) -> bytes:
        self._held.append(event)
        return b""

    def _text(self) -> str:
        return "".join([event.text for event in self._held if isinstance(event, TextDelta)])

    def _told(self) -> Iterator[Event]:
        """What is shown: all of the text, without a fence, where it began."""
        text = structured.bare(self._text())
        for event in self._held:
            if not isinstance(event, TextDelta):
                yield event
            elif text:
                yield TextDelta(text, event.choice)
                text = ""
