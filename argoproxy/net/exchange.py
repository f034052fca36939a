"""
The pump: one request from its bytes to the last byte of its reply.

It knows the order of things and who may end them: the client by leaving, the clock, the upstream, the operator. What
the bytes mean is the translation's business; only the reply writes to the client.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from argoproxy.conversation import (
    Call,
    Head,
    Request,
    RouteCall,
)
from argoproxy.errors import ProxyError, TimedOut, UpstreamFault
from argoproxy.interfaces import (
    IClient,
    IDialect,
    ILeg,
    ITranslation,
)
from argoproxy.limits import time_allowed

from .client import give_up
from .codings import Coded
from .fallbacks import Fallbacks, fails
from .fanout import together
from .later import Later
from .planning import Plan, Planner
from .record import log_bug, log_shape
from .reply import Reply
from .silence import Silence

_log = Logger()

# Headers that tell of a call to one model.
_OF_A_MODEL = ("x-argoproxy-dropped", "x-argoproxy-adjusted", "x-argo-request-id", "retry-after")


@attrs.frozen
class Terms:
    """
    What the operator lays down for every exchange.

    @ivar keepalive: seconds of silence before a stream shows that it lives; 0 for never.
    @ivar timeout: seconds for a reply where the client gives none, or L{None}.
    @ivar verbose: whether the log tells the shape of requests.
    """

    keepalive: float
    timeout: float | None
    verbose: bool


@attrs.frozen
class Parties:
    """Everything that exchanges work with, and that outlives them."""

    clock: Any
    client: IClient
    planner: Planner
    terms: Terms
    later: Later


@attrs.frozen
class Asked:
    """
    What a client asks.

    @ivar user: in whose name ARGO is asked.
    @ivar client_timeout: what the client's SDK says that it will wait, in seconds, if that is to be honoured.
    """

    body: bytes | Coded
    route: RouteCall
    user: str
    client_timeout: str | None


@attrs.define(eq=False)
class Exchange:
    """One request's way through the proxy."""

    # Calls that one request may have under way.
    _at_once = 8
    _parties: Parties
    _dialect: IDialect
    _reply: Reply
    _running: Deferred[None] | None = None
    _cause: ProxyError | None = None
    _translation: ITranslation | None = None
    _expiry: IDelayedCall | None = None
    _silence: Silence | None = None
    _counting: IDelayedCall | None = None
    _uncounted: bool = True
    _asked: Asked | None = None
    _fallbacks: Fallbacks | None = None
    _instead: Plan | None = None
    _calls: list[Call] = attrs.field(factory=list)

    def run(self, asked: Asked) -> Deferred[None]:
        """
        Serve the request. Cancelling ends the upstream's calls, and so does a client that leaves.

        @return: fires when the reply is complete, and never fails.
        """
        self._asked = asked
        self._running = Deferred.fromCoroutine(self._run())
        self._reply.abandon = self._running.cancel
        return self._running

    def cut(self, cause: ProxyError) -> None:
        """End it now, and tell the client why."""
        self._cause = cause
        if self._running is not None:
            self._running.cancel()

    async def _run(self) -> None:
        try:
            translation = await self._planned()
            while True:
                try:
                    await self._converse(translation)
                    return
                except UpstreamFault as fault:
                    translation = self._replanned(fault)
        except Exception as error:  # noqa: BLE001 - the one place that turns the unexpected into a 500
            await self._failed(error)
            # The frames that it has come through hold the exchange, and would wait for the garbage collector with it.
            error.__traceback__ = error.__context__ = None
        finally:
            self._stop_clocks()
            self._account()

    def _account(self) -> None:
        """Note what it has cost so far, also where it was broken off."""
        if self._reply.record.usage is None and self._translation is not None:
            self._reply.record.usage = self._translation.usage()

    async def _failed(self, error: Exception) -> None:
        if self._reply.gone:
            return
        fault = self._cause or error
        if not isinstance(fault, ProxyError):
            log_bug("request {id} failed", self._reply.record.id, Failure(error))
            fault = self._reply.bug()
        await self._break_off(fault)

    async def _break_off(self, fault: ProxyError) -> None:
        """Tell the client in the way that is still open: a status, an event, or a broken connection."""
        if not self._reply.begun:
            self._reply.refuse(fault)
            return
        self._reply.blame(fault)
        event = self._translation.fail(fault) if self._translation is not None else b""
        if not event:
            await self._reply.cut()
            return
        self._reply.write(event)
        self._reply.finish()

    async def _planned(self) -> ITranslation:
        """Understand the request. Nothing of it is kept beyond the calls that it takes: replies take long."""
        asked, self._asked = self._asked, None
        assert asked is not None
        terms = self._parties.terms
        body = asked.body if isinstance(asked.body, bytes) else await asked.body.decoded(self._parties.clock)
        request = self._dialect.parse(body, asked.route)
        if terms.verbose:
            log_shape(self._reply.record.id, request, len(body))
        self._limit(time_allowed(request.timeout, asked.route.query, terms.timeout, asked.client_timeout))
        plan = await self._parties.planner.plan(self._dialect, request, asked.user, self._reply.record)
        self._fallbacks = plan.fallbacks
        self._take(plan)
        self._watch(request)
        return plan.translation

    def _take(self, plan: Plan) -> None:
        self._reply.tell(plan.headers)
        self._translation, self._calls = plan.translation, list(plan.calls)

    def _replanned(self, fault: UpstreamFault) -> ITranslation:
        """
        The same request for another model.

        @raise UpstreamFault: the same, if no other may serve.
        """
        if not self._falls_back(fault.status):
            raise fault
        plan, self._instead = self._instead, None
        assert plan is not None
        _log.info("request {id}: after a {status} another model serves", id=self._reply.record.id, status=fault.status)
        if self._counting is not None and self._counting.active():
            self._counting.cancel()
        self._reply.forget(_OF_A_MODEL)
        self._take(plan)
        return plan.translation

    def _falls_back(self, status: int) -> bool:
        """Whether another model is to serve because of that; then the plan for it is there."""
        if self._fallbacks is None or self._reply.begun or self._cause is not None or not fails(status):
            return False
        self._instead = self._instead or self._fallbacks.next()
        return self._instead is not None

    async def _converse(self, translation: ITranslation) -> None:
        if len(self._calls) == 1:
            await self._leg(translation, 0)
        else:
            legs = [partial(self._leg, translation, choice) for choice in range(len(self._calls))]
            await together(legs, self._at_once)
        if self._uncounted:
            await self._settled(translation)
        data = translation.close()
        self._reply.record.usage = translation.usage()
        self._end(translation, data)

    async def _leg(self, translation: ITranslation, choice: int) -> None:
        """Make a call, and the one that its reply asks for instead, if it does."""
        leg = await self._carried(translation, choice)
        while (instead := leg.again()) is not None:
            self._calls[choice] = instead
            leg = await self._carried(translation, choice)
        self._pass(translation, leg, leg.close())

    async def _carried(self, translation: ITranslation, choice: int) -> ILeg:
        """Make a call, and take its reply to its end."""
        until, record = None if self._expiry is None else self._expiry.getTime(), self._reply.record
        record.asked = True
        sending = self._parties.client.send(self._calls[choice], until, record.repeated)
        self._calls[choice] = self._calls[choice].without_body()
        self._parties.later.do(partial(self._count_on, translation))
        answer = await sending
        if self._fallbacks is not None and self._falls_back(answer.head.status):
            give_up(answer)
            raise UpstreamFault(answer.head.status, "Another model serves.")
        self._pass_head(answer.head)
        leg = translation.leg(self._calls[choice], answer.head, choice)
        self._reply.draw_from(answer)
        try:
            await answer.deliver(lambda data: self._pass(translation, leg, leg.feed(data)))
        finally:
            self._reply.leave(answer)
        self._pass(translation, leg, leg.ended())
        if leg.settle():
            await self._settled(leg)
        return leg

    def _pass_head(self, head: Head) -> None:
        """Of ARGO's headers, the two that help a client."""
        if head.request_id is not None:
            self._reply.tell({"x-argo-request-id": head.request_id})
        if head.retry_after is not None:
            self._reply.tell({"retry-after": head.retry_after})

    def _pass(self, translation: ITranslation, leg: ILeg, data: bytes) -> None:
        """Send on what a leg gave, if anything, and stop if it has failed."""
        if data:
            if not self._reply.begun:
                self._begin(translation)
            self._reply.write(data)
        if leg.fault is not None:
            raise leg.fault

    def _begin(self, translation: ITranslation) -> None:
        self._reply.begin(translation.status, translation.content_type)
        self._fallbacks = None

    def _end(self, translation: ITranslation, data: bytes) -> None:
        if not self._reply.begun:
            self._reply.whole(translation.status, data, translation.content_type)
            return
        self._reply.write(data)
        self._reply.finish()

    def _count_on(self, translation: ITranslation) -> None:
        """Count a slice of the request, and the next one a turn later: ARGO is thinking meanwhile."""
        # By now it may be over, or another model's.
        if translation is not self._translation or (self._running is not None and self._running.called):
            return
        if self._counting is None or not self._counting.active():
            self._uncounted = more = translation.settle()
            self._counting = self._parties.clock.callLater(0, self._count_on, translation) if more else None

    async def _settled(self, counting: ITranslation | ILeg) -> None:
        """Wait until everything is counted, a slice a turn."""
        while counting.settle():
            await deferLater(self._parties.clock, 0)

    def _watch(self, request: Request) -> None:
        interval = self._parties.terms.keepalive
        if request.stream and interval and self._translation is not None and self._translation.keepalive:
            self._silence = Silence(self._parties.clock, self._reply, interval, self._show_life)
            self._silence.watch()

    def _show_life(self) -> None:
        translation = self._translation
        if translation is not None:
            opening = b""
            if not self._reply.begun:
                opening = translation.open()
                self._begin(translation)
            self._reply.write(opening + translation.keepalive)

    def _limit(self, seconds: float | None) -> None:
        if seconds is not None:
            self._expiry = self._parties.clock.callLater(seconds, self.cut, TimedOut(seconds))

    def _stop_clocks(self) -> None:
        for call in (self._expiry, self._counting):
            if call is not None and call.active():
                call.cancel()
        if self._silence is not None:
            self._silence.end()
            self._silence = None
        self._reply.abandon = None
