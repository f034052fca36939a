"""
Calls that fail at once while ARGO can't be reached, and whoever looks meanwhile whether it is there again.

There is a circuit for each wire in each environment. Whether that is so never costs a client's call: each second one is
made that nobody waits for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs
from twisted.internet.defer import CancelledError, Deferred, TimeoutError, fail
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from argoproxy.conversation import Call
from argoproxy.errors import Unavailable, Unreachable, UpstreamFault
from argoproxy.interfaces import IClient, IReply

from .breaker import Breaker
from .client import give_up

_log = Logger()
_BETWEEN_PROBES = 1.0
# Seconds that a probe may take. Without an end, one whose connection was lost without a word would be the last.
_PATIENCE = 30.0


@attrs.define(eq=False)
class Circuit:
    """
    The way to a wire in an environment.

    @ivar name: for the log.
    @ivar _probe: a call that costs nobody anything.
    @ivar _client: carries the probe, on a connection of its own.
    """

    name: str
    _probe: Call
    _client: IClient
    _clock: Any
    _breaker: Breaker = attrs.field(factory=Breaker)
    _looking: Deferred[None] | None = None
    _stopped: bool = False

    @property
    def open(self) -> bool:
        """Whether calls fail at once."""
        return self._breaker.open

    def answered(self, reply: IReply) -> IReply:
        """A call has a reply."""
        self._breaker.succeeded()
        return reply

    def failed(self, failure: Failure) -> Failure:
        """A call has none."""
        if failure.check(Unreachable):
            if self._breaker.failed(self._clock.seconds()) and not self._stopped:
                _log.warn("{name} can't be reached: calls fail at once until it can be", name=self.name)
                self._looking = Deferred.fromCoroutine(self._look()).addErrback(_stopped)
        elif failure.check(UpstreamFault):
            self._breaker.succeeded()
        return failure

    def stop(self) -> None:
        """Look no more."""
        self._stopped = True
        if self._looking is not None:
            self._looking.cancel()

    async def _look(self) -> None:
        await deferLater(self._clock, _BETWEEN_PROBES)
        while not await self._is_there():
            await deferLater(self._clock, _BETWEEN_PROBES)
        self._breaker.close()
        _log.info("{name} can be reached again", name=self.name)

    async def _is_there(self) -> bool:
        try:
            give_up(await self._client.send(self._probe).addTimeout(_PATIENCE, self._clock))
        except (Unreachable, TimeoutError):
            return False
        except UpstreamFault:
            # It doesn't answer well, but it can be connected to.
            return True
        return True


@implementer(IClient)
@attrs.frozen
class Guarded:
    """
    A client whose calls fail at once where their circuit is open.

    @ivar _circuits: by the addresses of the calls.
    """

    _client: IClient
    _circuits: Mapping[str, Circuit]

    def send(
        self, call: Call, until: float | None = None, repeated: Callable[[], object] | None = None
    ) -> Deferred[IReply]:
        circuit = self._circuits[call.url]
        if circuit.open:
            return fail(Unavailable())
        return self._client.send(call, until, repeated).addCallbacks(circuit.answered, circuit.failed)


@attrs.frozen
class Circuits:
    """
    All circuits of a proxy, as something that goes on in the background.

    @ivar by_address: by the addresses of the calls.
    """

    by_address: Mapping[str, Circuit]

    def start(self) -> None:
        """Nothing is looked for until something fails."""

    def stop(self) -> None:
        """Look for nothing any more."""
        for circuit in self.by_address.values():
            circuit.stop()


def _stopped(failure: Failure) -> None:
    failure.trap(CancelledError)
