"""
A worker's process: it serves what its supervisor has told it to, on sockets that it has been given.

It ends when it is told to, or when its supervisor has gone. Signals are the supervisor's: those of a terminal or of a
service manager reach all processes.
"""

from __future__ import annotations

import importlib
import itertools
import os
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import Any

import attrs
import msgspec
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.task import LoopingCall, deferLater
from twisted.logger import globalLogBeginner
from twisted.python.failure import Failure

from argoproxy.config import Config, ConfigFault
from argoproxy.net.peers import Condition, News

from .messages import (
    FIRST_SOCKET,
    REPORTS,
    UNHEARD,
    Alive,
    Begin,
    Command,
    Cover,
    Cut,
    Drain,
    Frames,
    Joined,
    Learnt,
    Ready,
    Report,
    Retire,
    Stop,
    Told,
    Uncover,
    commands,
    line,
)
from .outlet import Outlet
from .share import share, shortage
from .vigil import BEAT

_STDIN, _STDOUT = 0, 1
# Seconds between two reports; none is sent while nothing has changed.
_PACE = 0.5
# Turns of the reactor in which what waits in an accepted connection is read.
_TURNS = 2


def main() -> None:
    """Run until it is told to end."""
    for number in UNHEARD:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, UNHEARD)
    first, rest = _first_line()
    if not first:
        return
    begin = commands.decode(first)
    assert isinstance(begin, Begin)
    importlib.import_module(begin.reactor).install()
    from twisted.internet import reactor, stdio

    outlet = Outlet(reactor, _STDOUT)
    try:
        worker = _assembled(begin, reactor, outlet)
    except ConfigFault as fault:
        # A file that it names has changed since the supervisor has looked.
        raise SystemExit(f"can't serve: {fault}") from None
    control = Control(worker, rest)
    worker.report = control.send
    reactor.callWhenRunning(worker.start)
    reactor.callWhenRunning(stdio.StandardIO, control, _STDIN, REPORTS)
    # Its handlers would heed signals until they are taken out again.
    reactor.run(installSignalHandlers=False)  # type: ignore[call-arg]  # which the interface doesn't have
    outlet.end()


def _first_line() -> tuple[bytes, bytes]:
    """The first message, and what has come behind it; nothing if there is no supervisor any more."""
    frames = Frames()
    while data := os.read(_STDIN, 65536):
        if whole := frames.feed(data):
            return whole[0], b"".join(one + b"\n" for one in whole[1:]) + frames.rest
    return b"", b""


def _assembled(begin: Begin, reactor: Any, outlet: Outlet) -> Worker:
    from argoproxy.endpoints import TcpClaim, claim
    from argoproxy.logs import piped
    from argoproxy.service import make_worker_proxy

    from .balance import Balance
    from .commons import take_up
    from .doors import Doors

    whole = Config(**begin.config)
    config = share(whole, begin.slot, begin.slots)
    globalLogBeginner.beginLoggingTo([piped(config, begin.syslog, outlet)], redirectStandardIO=False)
    if begin.slot:
        config = msgspec.structs.replace(config, update_check=False)
    proxy = make_worker_proxy(config, reactor)
    numbers = itertools.count(FIRST_SOCKET)
    groups: list[list[socket.socket]] = []

    def inherited(host: str, port: int) -> socket.socket:
        groups.append([socket.socket(fileno=next(numbers)) for _ in range(begin.slots)])
        return groups[-1][begin.slot]

    claims = [one for one in claim(config.listen, config.host, config.port, inherited) if isinstance(one, TcpClaim)]
    proxy.listen_at(claims)
    ahead = shortage(whole, begin.slot, begin.slots)
    balance = Balance(*take_up(numbers, groups), begin.slot, ahead, config.max_connections)
    doors = Doors(reactor, list(zip(groups, (one.served(proxy.site) for one in claims), strict=True)), balance)
    return Worker(reactor, proxy, doors, begin.slot, begin.news)


class Control(Protocol):
    """The worker's end of what it and its supervisor say to each other."""

    def __init__(self, worker: Worker, rest: bytes) -> None:
        """@param rest: what has come already."""
        self._worker = worker
        self._rest = rest
        self._frames = Frames()

    def connectionMade(self) -> None:
        self.dataReceived(self._rest)

    def dataReceived(self, data: bytes) -> None:
        for message in self._frames.feed(data):
            self._worker.obey(commands.decode(message))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The supervisor has gone, and nobody will tell this process to end."""
        self._worker.stop()

    def send(self, message: Told) -> None:
        """Tell the supervisor."""
        if self.transport is not None:
            self.transport.write(line(message))


@attrs.define(eq=False)
class Worker:
    """
    What a worker does.

    @ivar report: tells the supervisor something.
    """

    _reactor: Any
    _proxy: Any
    _doors: Any
    _slot: int
    _known: News
    report: Callable[[Told], None] = attrs.field(init=False)
    _condition: Condition | None = None
    _silent: float = 0.0
    _reporting: LoopingCall = attrs.field(init=False)
    _ending: Deferred[None] | None = None
    _stopping: bool = False

    def __attrs_post_init__(self) -> None:
        self._reporting = LoopingCall(self._tell)

    def start(self) -> None:
        """Serve."""
        from argoproxy.tuning import settle

        self._proxy.peers.learn(self._known)
        self._proxy.peers.watch_models(lambda news: self.report(Learnt(news)))
        self._proxy.start()
        self._doors.open(self._slot)
        settle()
        # The way to the supervisor opens behind this.
        self._reactor.callLater(0, self._serve)

    def obey(self, command: Command) -> None:
        """Do what the supervisor says."""
        _DEEDS[type(command)](self, command)

    def join(self, joined: Joined) -> None:
        """Know how all are."""
        self._proxy.peers.join(joined.fleet)

    def learn(self, learnt: Learnt) -> None:
        """Know what another has learnt."""
        self._known = learnt.news.over(self._known)
        self._proxy.peers.learn(learnt.news)

    def cover(self, cover: Cover) -> None:
        """Serve another slot's sockets, unless the own are served no more."""
        if self._ending is None:
            self._doors.open(cover.slot)

    def uncover(self, uncover: Uncover) -> None:
        """Leave another slot's sockets to its own worker."""
        self._doors.close(uncover.slot)

    def retire(self) -> None:
        """Accept no more, and end when all clients have gone. The successor has the sockets."""
        if self._ending is None:
            self._doors.leave()
            self._end_behind(self._proxy.retire())

    def drain(self) -> None:
        """Tell whoever asks for readiness that this is the end; serve on."""
        self._proxy.drain()

    def stop(self) -> None:
        """Accept what waits, and no more; end when all requests have, or the grace is over."""
        if self._stopping:
            return
        self._stopping = True
        if self._ending is not None:
            self._ending.cancel()
        self._doors.empty()
        self._doors.leave()
        self._end_behind(self._stop())

    def cut(self) -> None:
        """End all requests now."""
        self._proxy.cut()

    async def _stop(self) -> None:
        """The requests of those who have just been accepted are read before idle connections are closed."""
        for _ in range(_TURNS):
            await deferLater(self._reactor, 0)
        await self._proxy.stop()

    def _end_behind(self, last: Coroutine[Deferred[Any], Any, None]) -> None:
        self._ending = Deferred.fromCoroutine(last)
        self._ending.addCallbacks(lambda ignored: self._reactor.stop(), _cancelled)

    def _serve(self) -> None:
        self.report(Ready())
        self._reporting.clock = self._reactor
        self._reporting.start(_PACE)

    def _tell(self) -> None:
        self._doors.beat()
        said = [*self._changed(), *self._learnt()]
        self._silent = 0.0 if said else self._silent + _PACE
        if self._silent >= BEAT:
            self._silent = 0.0
            said = [Alive()]
        for message in said:
            self.report(message)

    def _changed(self) -> Iterator[Told]:
        condition = self._proxy.peers.condition()
        if condition != self._condition:
            self._condition = condition
            yield Report(condition)

    def _learnt(self) -> Iterator[Told]:
        known = self._proxy.peers.news().over(self._known)
        if known != self._known:
            self._known = known
            yield Learnt(self._proxy.peers.news())


_DEEDS: Mapping[type, Callable[[Worker, Any], None]] = {
    Joined: Worker.join,
    Learnt: Worker.learn,
    Cover: Worker.cover,
    Uncover: Worker.uncover,
    Retire: lambda worker, command: worker.retire(),
    Drain: lambda worker, command: worker.drain(),
    Stop: lambda worker, command: worker.stop(),
    Cut: lambda worker, command: worker.cut(),
}


def _cancelled(failure: Failure) -> None:
    failure.trap(CancelledError)
