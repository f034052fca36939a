"""Keeps the catalogue up to date with ARGO's own list, in the background and on demand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import attrs
import msgspec
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from argoproxy.conversation import Call
from argoproxy.errors import ProxyError, TimedOut, UpstreamFault
from argoproxy.interfaces import ICatalogue, IClient

from .client import whole_list
from .discovery import Discovery

_log = Logger()

_PATIENCE = 30.0
# Seconds until another attempt: at first, then twice as long each time, and at most.
_SOON = 1.0
_RETRY = 60.0


class Waiting(msgspec.Struct, frozen=True):
    """What the body of a refresh may say."""

    timeout: Annotated[float, msgspec.Meta(gt=0)] | None = None


class Counts(msgspec.Struct, frozen=True):
    """How many models there were, and are."""

    before: int
    after: int


@attrs.define(eq=False)
class Refresher:
    """
    @ivar interval: seconds between refreshes; 0 for none once the list is there.
    @ivar learned_at: when ARGO's list came last, by the reactor's clock; L{None} while the built-in one serves.
    @ivar told: called with each list that came, and when that was.
    """

    _clock: Any
    _client: IClient
    _catalogue: ICatalogue
    _models: Call
    _discovery: Discovery
    interval: float
    learned_at: float | None = None
    told: Callable[[bytes, float], object] | None = None
    _learned: bytes = b""
    _running: Deferred[None] | None = None
    _nudged: Deferred[Any] | None = None

    def start(self) -> None:
        """Ask for the list now, and again and again."""
        self._running = Deferred.fromCoroutine(self._keep_up()).addErrback(_stopped)

    def stop(self) -> None:
        """Ask no more."""
        self._discovery.stop()
        if self._nudged is not None:
            self._nudged.cancel()
        if self._running is not None:
            self._running.cancel()

    def refresh(self, seconds: float = _PATIENCE) -> Deferred[tuple[int, int]]:
        """
        Ask for the list once, and meanwhile for ARGO's wires if they aren't known.

        @param seconds: how long to wait, where that is less than the usual.
        @return: fires with the number of models before and after; fails with an L{UpstreamFault} if there was no
            usable list, in which case the one in use stays.
        """
        self._discovery.look()
        asked = Deferred.fromCoroutine(self._refresh())
        return asked.addTimeout(min(seconds, _PATIENCE), self._clock, _too_late)

    def learn(self, body: bytes, at: float | None) -> tuple[int, int]:
        """
        Take a list that came from ARGO.

        @param at: when that was.
        @return: the number of models before and after.
        @raise UpstreamFault: it is none; the one in use stays.
        """
        counts = self._catalogue.learn(body)
        self._learned, self.learned_at = body, at
        return counts

    def follow(self, before: Refresher) -> None:
        """Know the list that another one has, of the same ARGO."""
        if before._learned:
            self.learn(before._learned, before.learned_at)

    def nudge(self) -> None:
        """See whether ARGO is there, unless that is being seen to."""
        if self._nudged is None:
            self._nudged = self.refresh()
            self._nudged.addErrback(_no_matter).addBoth(self._seen)

    def _seen(self, ignored: object) -> None:
        self._nudged = None

    async def _keep_up(self) -> None:
        if self.learned_at is None:
            _log.info("models: the built-in list serves until ARGO's own is there")
        retry = _SOON
        while True:
            try:
                before, after = await self.refresh()
            except ProxyError as fault:
                _log.warn("models: ARGO's list could not be had ({code}); the one in use stays", code=fault.code)
                delay, retry = retry, min(2 * retry, _RETRY)
            else:
                _log.info("models: ARGO's list has {after} (before: {before})", before=before, after=after)
                delay, retry = self.interval, _SOON
            if not delay:
                return
            await deferLater(self._clock, delay)

    async def _refresh(self) -> tuple[int, int]:
        reply = await self._client.send(self._models)
        body = await whole_list(reply)
        if reply.head.status != 200:
            text = f"ARGO answered with status {reply.head.status} when asked for its models."
            raise UpstreamFault(502, text, code="bad_model_list")
        now = self._clock.seconds()
        counts = self.learn(body, now)
        if self.told is not None:
            self.told(body, now)
        return counts


def _too_late(result: Any, seconds: float) -> Any:
    raise TimedOut(seconds)


def _no_matter(failure: Failure) -> None:
    """Whoever calls ARGO keeps account of how that went."""
    failure.trap(ProxyError, CancelledError)


def _stopped(failure: Failure) -> None:
    failure.trap(CancelledError)
