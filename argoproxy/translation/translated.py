"""Replies between different languages: events that a decoder finds, bytes that a renderer makes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from zope.interface import implementer

from argoproxy.conversation import (
    Call,
    ChatRequest,
    EmbeddingRequest,
    Event,
    Failed,
    Head,
    Model,
    Started,
    Usage,
    Used,
)
from argoproxy.errors import ProxyError
from argoproxy.interfaces import ICounter, IDecoder, ILeg, IRenderer, ITally, ITranslation, IUpstream

from .legs import Leg


class Shown:
    """
    A reply as its legs see it: their events become bytes, behind one beginning. It doesn't know them, so that nothing
    of an exchange waits for the garbage collector.
    """

    def __init__(self, renderer: IRenderer, prompt: ITally) -> None:
        self._renderer = renderer
        self._prompt = prompt
        self._opened = False

    def open(self, prompt: int = 0) -> bytes:
        """
        The beginning.

        @param prompt: the prompt's tokens, where the upstream told them.
        """
        self._opened = True
        return self._renderer.render(Started(prompt or self._prompt.total()))

    def render(self, event: Event) -> bytes:
        """The bytes of an event."""
        if self._opened:
            # Nothing is derived from it, and isinstance is slow where the answer is no.
            return b"" if type(event) is Started else self._renderer.render(event)
        if isinstance(event, Started):
            return self.open(event.prompt)
        return self.open() + self._renderer.render(event)


@implementer(ITranslation)
class Translation:
    """
    From the events that an upstream's decoder finds to the bytes that a dialect's renderer makes.

    @ivar _each: how many replies a prompt gets.
    @ivar _limit: the most tokens that a reply may have.
    """

    status = 200

    def __init__(
        self,
        request: ChatRequest | EmbeddingRequest,
        model: Model,
        upstream: IUpstream,
        renderer: IRenderer,
        counter: ICounter,
    ) -> None:
        self._request: ChatRequest | EmbeddingRequest | None = request
        self._each = request.n if isinstance(request, ChatRequest) else 1
        self._limit = request.token_limit if isinstance(request, ChatRequest) else None
        self._model = model
        self._upstream = upstream
        self._renderer = renderer
        self._counter = counter
        self._prompt = counter.prompt(request, model)
        self._shown = Shown(renderer, self._prompt)
        self._legs: dict[int, Leg] = {}
        self._cost: Usage | None = None

    @property
    def content_type(self) -> str:
        """The renderer's."""
        return self._renderer.content_type

    @property
    def keepalive(self) -> bytes:
        """The renderer's."""
        return self._renderer.keepalive

    def calls(self, user: str) -> tuple[Call, ...]:
        """
        The choices of one prompt share their call: its bytes are there once. From then on nothing is needed of the
        request.
        """
        request, self._request = self._request, None
        assert request is not None
        if not isinstance(request, ChatRequest) or len(request.prompts) == request.n == 1:
            return (self._encoded(request, user),)
        firsts = tuple(request.singles())[:: self._each]
        calls = [self._encoded(one, user) for one in firsts]
        return tuple(call for call in calls for _ in range(self._each))

    def _encoded(self, request: ChatRequest | EmbeddingRequest, user: str) -> Call:
        return self._upstream.encode(request, self._model, user)

    def leg(self, call: Call, head: Head, choice: int) -> ILeg:
        leg = self._legs[choice] = Leg(*self._parts_of_leg(call, head, choice))
        return leg

    def _parts_of_leg(
        self, call: Call, head: Head, choice: int
    ) -> tuple[IDecoder, Callable[[Event], bytes], ITally, int | None]:
        tally = self._counter.completion(self._model)
        return self._upstream.decoder(call, head, choice), self._shown.render, tally, self._limit

    def settle(self) -> bool:
        return self._prompt.step()

    def usage(self) -> Usage:
        return self._cost or self._usage()

    def _usage(self) -> Usage:
        told = [self._legs[choice].used for choice in sorted(self._legs)]
        if told and None not in told:
            return _summed([usage for usage in told if usage], self._each)
        completion = sum([leg.used.completion if leg.used else leg.counted for leg in self._legs.values()])
        return Usage(prompt=self._prompt.total(), completion=completion)

    def open(self) -> bytes:
        return self._shown.open()

    def close(self) -> bytes:
        self._cost = self._usage()
        return self._shown.render(Used(self._cost)) + self._renderer.close()

    def fail(self, fault: ProxyError) -> bytes:
        return self._renderer.render(Failed(fault))


def _summed(told: Sequence[Usage], each: int) -> Usage:
    """
    What the calls of one reply cost together, a prompt counted once.

    @param each: how many replies a prompt got: so many of the usages in a row are of the same one.
    """
    prompts = told[::each]
    return Usage(
        prompt=sum(usage.prompt for usage in prompts),
        completion=sum(usage.completion for usage in told),
        cached=sum(usage.cached for usage in prompts),
        reasoning=sum(usage.reasoning for usage in told),
        cache_written=sum(usage.cache_written for usage in prompts),
    )
