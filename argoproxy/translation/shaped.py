"""
Replies that must have a shape, over a wire that can't see to it: asked for in words, held until they are known to
fit, and asked for once more if they don't.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from argoproxy import structured
from argoproxy.conversation import Call, ChatRequest, Event, Finished, Head, Model, OutputShape, TextDelta
from argoproxy.errors import ClientFault, UpstreamFault
from argoproxy.interfaces import ICounter, IDecoder, ILeg, IRenderer, ITally, IUpstream

from .legs import Leg
from .translated import Translation

_MOST_ATTEMPTS = 2


class Shaped(Translation):
    """A translation whose legs hold their text until it fits."""

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
        return self._upstream.encode(request, self._model, self._user)


class HeldLeg(Leg):
    """A leg whose text waits until it has been judged."""

    def __init__(
        self,
        decoder: IDecoder,
        render: Callable[[Event], bytes],
        tally: ITally,
        limit: int | None,
        judged: Callable[[str], Call | None],
    ) -> None:
        super().__init__(decoder, render, tally, limit)
        self._judged = judged
        self._pieces: list[str] = []
        self._finished: Finished | None = None

    def again(self) -> Call | None:
        """A reply that calls tools, or was cut off, is not expected to fit."""
        reason = self._finished.reason if self._finished is not None else self._reason()
        return self._judged("".join(self._pieces)) if reason == "stop" else None

    def close(self) -> bytes:
        text = structured.bare("".join(self._pieces))
        shown = self._render(TextDelta(text, self._choice())) if text else b""
        return shown + (super().close() if self._finished is None else self._render(self._finished))

    def _show(self, event: Event) -> bytes:
        if isinstance(event, TextDelta):
            self._tally.add(event.text)
            self._pieces.append(event.text)
            return b""
        if isinstance(event, Finished) and event.reason is not None:
            self._finished = event
            return b""
        return super()._show(event)

    def _choice(self) -> int:
        finished = self._finished or self._unexplained
        return finished.choice if finished is not None else 0
