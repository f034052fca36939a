"""
The supervisor's decisions: which slot needs a worker, who serves meanwhile, and who is to end.

Processes, sockets and signals stay out: a worker is whatever takes commands, can be killed, and says how it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import attrs
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from argoproxy.net.peers import Condition, Fleet, News, Requests, Workers, joined

from .backoff import Backoff
from .messages import Command, Cover, Cut, Drain, Joined, Learnt, Ready, Report, Retire, Stop, Told, Uncover

_log = Logger()

# Seconds that a worker may take to be ready, and to end when it has been told to at once.
_PATIENCE = 60.0
_LAST_WORDS = 5.0
# Seconds between two accounts of all workers to each of them, while only their figures change.
_PACE = 0.5


class Worker(Protocol):
    """A process, or what plays one."""

    slot: int
    pid: int | None

    def send(self, command: Command) -> None:
        """Tell it something."""

    def kill(self) -> None:
        """End it at once."""


@attrs.define(eq=False)
class Slot:
    """
    A place for one worker.

    @ivar serving: who serves.
    @ivar coming: who will, when it is ready.
    @ivar since: when the one that serves began to.
    @ivar due: what will start one.
    @ivar patience: what ends one that never gets ready.
    """

    number: int
    backoff: Backoff = attrs.field(factory=Backoff)
    serving: Worker | None = None
    coming: Worker | None = None
    since: float = 0.0
    due: IDelayedCall | None = None
    patience: IDelayedCall | None = None

    @property
    def workers(self) -> list[Worker]:
        return [one for one in (self.serving, self.coming) if one is not None]


@attrs.define(eq=False)
class Supervisor:
    """
    Keeps every slot served.

    @ivar _spawn: starts a worker in a slot, with what is known by then. It tells L{heard} and L{ended} of itself.
    @ivar _grace: seconds that a stop leaves to running requests.
    @ivar ready: fires when every slot is served for the first time.
    """

    _clock: Any
    _spawn: Callable[[int, News], Worker]
    _grace: float
    _slots: list[Slot]
    ready: Deferred[None] = attrs.field(factory=Deferred)
    _retiring: set[Worker] = attrs.field(factory=set)
    _covers: dict[int, Worker] = attrs.field(factory=dict)
    _to_replace: list[Slot] = attrs.field(factory=list)
    _outdated: set[Worker] = attrs.field(factory=set)
    _replace_again: bool = False
    _replaced: list[Deferred[None]] = attrs.field(factory=list)
    _conditions: dict[Worker, Condition] = attrs.field(factory=dict)
    _departed: Requests = attrs.field(factory=Requests)
    _news: News = attrs.field(factory=News)
    _told: Fleet | None = None
    _telling: IDelayedCall | None = None
    _draining: bool = False
    _stopped: Deferred[None] | None = None
    _killing: IDelayedCall | None = None

    def start(self) -> None:
        """Start a worker in each slot."""
        for slot in self._slots:
            self._launch(slot)

    def replace(self, grace: float) -> Deferred[None]:
        """
        Put a new worker in the place of each, one by one; each serves before its predecessor ends.

        @param grace: seconds that a stop leaves to running requests from now on.
        @return: fires when that is done, or given up.
        """
        if self._draining or self._stopped is not None:
            return succeed(None)
        self._grace = grace
        replaced: Deferred[None] = Deferred()
        self._replaced.append(replaced)
        if self._to_replace:
            self._replace_again = True
        else:
            self._replace_all()
        return replaced

    def drain(self) -> None:
        """Have all workers tell that they are about to stop; they serve on, and dead ones are started again."""
        self._draining = True
        self._let_stay()
        self._say(Drain())

    def stop(self) -> Deferred[None]:
        """Let running requests end; fires when the last worker has."""
        stopped: Deferred[None] = Deferred()
        self._stopped = stopped
        self._let_stay()
        for slot in self._slots:
            _cancel(slot.due)
            _cancel(slot.patience)
        _cancel(self._telling)
        self._say(Stop())
        self._kill_in(self._grace + _LAST_WORDS)
        self._stopped_if_empty()
        return stopped

    def cut(self) -> None:
        """End every request now, and the workers with them."""
        self._say(Cut())
        self._kill_in(_LAST_WORDS)

    def heard(self, worker: Worker, message: Told) -> None:
        """A worker has said something."""
        if isinstance(message, Report):
            self._conditions[worker] = message.condition
            self._tell_soon()
        elif isinstance(message, Learnt):
            self._learn(worker, message.news)
        elif isinstance(message, Ready):
            self._ready(worker)

    def ended(self, worker: Worker, how: str) -> None:
        """
        A worker's process has ended.

        @param how: in words, behind the worker's name.
        """
        gone = self._conditions.pop(worker, Condition()).requests
        self._departed += Requests(served=gone.served, repeated=gone.repeated)
        self._covers = {slot: one for slot, one in self._covers.items() if one is not worker}
        slot = self._slots[worker.slot]
        if worker in self._retiring:
            self._retiring.discard(worker)
            _log.info("worker {slot} (process {pid}), replaced, has ended", slot=worker.slot, pid=worker.pid)
        elif worker is slot.serving:
            slot.serving = None
            self._vacant(slot, worker, how)
        elif worker is slot.coming:
            _cancel(slot.patience)
            slot.coming = None
            self._failed(slot, worker, how)
        self._rearrange()
        self._stopped_if_empty()

    @property
    def _everybody(self) -> Iterator[Worker]:
        for slot in self._slots:
            yield from slot.workers
        yield from self._retiring

    def _say(self, command: Command) -> None:
        for worker in list(self._everybody):
            worker.send(command)

    def _launch(self, slot: Slot) -> None:
        slot.due = None
        try:
            slot.coming = worker = self._spawn(slot.number, self._news)
        except OSError as error:
            self._not_started(slot, error)
            return
        slot.patience = self._clock.callLater(_PATIENCE, worker.kill)

    def _ready(self, worker: Worker) -> None:
        slot = self._slots[worker.slot]
        if worker is not slot.coming or self._stopped is not None:
            return
        _cancel(slot.patience)
        before, slot.serving, slot.coming = slot.serving, worker, None
        slot.since = self._clock.seconds()
        _log.info("worker {slot} (process {pid}) serves", slot=slot.number, pid=worker.pid)
        if self._draining:
            worker.send(Drain())
        if before is not None:
            self._retire(before)
        if self._to_replace and self._to_replace[0] is slot:
            if worker not in self._outdated:
                self._to_replace.pop(0)
            self._proceed()
        self._rearrange()
        if not self.ready.called and all(slot.serving for slot in self._slots):
            self.ready.callback(None)

    def _retire(self, worker: Worker) -> None:
        self._retiring.add(worker)
        self._covers = {slot: one for slot, one in self._covers.items() if one is not worker}
        worker.send(Retire())

    def _replace_all(self) -> None:
        _log.info("workers: all are being replaced")
        self._to_replace = list(self._slots)
        self._outdated = {slot.coming for slot in self._slots if slot.coming is not None}
        self._proceed()

    def _proceed(self) -> None:
        """Begin with the next that is to be replaced. One that is on its way will do, unless it was before all this."""
        if self._to_replace:
            slot = self._to_replace[0]
            if slot.coming is None:
                _cancel(slot.due)
                self._launch(slot)
        elif self._replace_again:
            self._replace_again = False
            self._replace_all()
        else:
            self._tell_replaced()

    def _vacant(self, slot: Slot, worker: Worker, how: str) -> None:
        """Who served has ended, and wasn't told to."""
        if self._stopped is not None:
            return
        if slot.coming is None:
            self._launch_later(slot, worker, how, self._clock.seconds() - slot.since)
        else:
            _log.error("worker {slot} (process {pid}) {how}", slot=slot.number, pid=worker.pid, how=how)

    def _failed(self, slot: Slot, worker: Worker, how: str) -> None:
        """A worker has ended before it was ready."""
        if self._stopped is not None:
            return
        if slot.serving is None:
            self._launch_later(slot, worker, how, 0.0)
            return
        self._let_stay()
        _log.error(
            "worker {slot} (process {pid}) {how} before it served: those that have not been replaced stay",
            slot=slot.number,
            pid=worker.pid,
            how=how,
        )

    def _not_started(self, slot: Slot, error: OSError) -> None:
        """There are no processes, descriptors or memory to be had."""
        if slot.serving is None:
            delay = self._launch_behind(slot, 0.0)
            _log.error(
                "worker {slot} can't be started ({reason}): tried again in {delay:g} s",
                slot=slot.number,
                reason=error.strerror,
                delay=delay,
            )
            return
        self._let_stay()
        _log.error(
            "worker {slot} can't be started ({reason}): those that have not been replaced stay",
            slot=slot.number,
            reason=error.strerror,
        )

    def _let_stay(self) -> None:
        """Replace no more."""
        self._to_replace.clear()
        self._replace_again = False
        self._tell_replaced()

    def _tell_replaced(self) -> None:
        replaced, self._replaced = self._replaced, []
        for one in replaced:
            one.callback(None)

    def _launch_later(self, slot: Slot, worker: Worker, how: str, lived: float) -> None:
        delay = self._launch_behind(slot, lived)
        _log.error(
            "worker {slot} (process {pid}) {how}: another one is started in {delay:g} s",
            slot=slot.number,
            pid=worker.pid,
            how=how,
            delay=delay,
        )

    def _launch_behind(self, slot: Slot, lived: float) -> float:
        """
        Start another one behind one that served for C{lived} seconds.

        @return: in how many.
        """
        delay = slot.backoff.delay(lived)
        slot.due = self._clock.callLater(delay, self._launch, slot)
        return delay

    def _rearrange(self) -> None:
        """See that somebody serves the sockets of every slot, and tell all who there is."""
        if self._stopped is not None:
            return
        for slot in self._slots:
            if slot.serving is not None and slot.number in self._covers:
                self._covers.pop(slot.number).send(Uncover(slot.number))
            elif slot.serving is None and slot.number not in self._covers:
                self._cover(slot.number)
        self._tell()

    def _cover(self, number: int) -> None:
        serving = [slot.serving for slot in self._slots if slot.serving is not None]
        if serving:
            taken = list(self._covers.values())
            self._covers[number] = worker = min(serving, key=taken.count)
            worker.send(Cover(number))

    def _learn(self, worker: Worker, news: News) -> None:
        known = news.over(self._news)
        if known == self._news:
            return
        self._news = known
        for other in self._everybody:
            if other is not worker:
                other.send(Learnt(news))

    def _fleet(self) -> Fleet:
        live = sum(slot.serving is not None for slot in self._slots)
        condition = joined([*self._conditions.values(), Condition(self._departed)])
        return Fleet(Workers(len(self._slots), live, len(self._retiring)), condition)

    def _tell_soon(self) -> None:
        if self._telling is None and self._stopped is None:
            self._telling = self._clock.callLater(_PACE, self._tell)

    def _tell(self) -> None:
        _cancel(self._telling)
        self._telling = None
        fleet = self._fleet()
        if fleet != self._told:
            self._told = fleet
            self._say(Joined(fleet))

    def _kill_in(self, seconds: float) -> None:
        _cancel(self._killing)
        self._killing = self._clock.callLater(seconds, self._kill)

    def _kill(self) -> None:
        for worker in list(self._everybody):
            _log.error("worker {slot} (process {pid}) doesn't end: killed", slot=worker.slot, pid=worker.pid)
            worker.kill()

    def _stopped_if_empty(self) -> None:
        if self._stopped is not None and not list(self._everybody):
            _cancel(self._killing)
            stopped, self._stopped = self._stopped, None
            stopped.callback(None)


def _cancel(call: IDelayedCall | None) -> None:
    if call is not None and call.active():
        call.cancel()
