"""The supervisor as a service of C{twistd}'s: what it claims before the process may become a daemon, and then runs."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import msgspec
from twisted.application.service import IService, MultiService
from twisted.internet.defer import CancelledError, Deferred, maybeDeferred, succeed
from twisted.internet.task import deferLater
from twisted.logger import Logger

from argoproxy import __version__
from argoproxy.config import Config, ConfigFault, successor
from argoproxy.endpoints import claim
from argoproxy.listening import bind_group
from argoproxy.logs import Destination, LogFault, syslog_prefix
from argoproxy.net.peers import News
from argoproxy.soundness import check

from .commons import Commons
from .messages import Begin, Told, fields
from .process import WorkerProcess, spawn
from .share import shares
from .supervisor import Slot, Supervisor
from .vigil import Vigil

_log = Logger()

# How often a port is tried: the workers of a supervisor that was killed a moment ago take some time to notice.
_ATTEMPTS = 30
# Kinds of endpoint of which there is only one socket.
_SINGLE = frozenset({"unix", "systemd"})


def claim_for_workers(config: Config) -> list[socket.socket]:
    """
    Bind every address for every worker.

    @return: the sockets of each address, in the order of the slots.
    @raise ConfigFault: the configuration can't serve, or not with several workers.
    @raise ListenFault: an address can't be had.
    """
    check(config)
    if sys.platform != "linux":
        raise ConfigFault("workers: must be 1: only Linux shares out connections between processes")
    for endpoint in config.listen:
        if endpoint.partition(":")[0] in _SINGLE:
            raise ConfigFault(f"workers: must be 1 to listen on {endpoint}: processes share TCP addresses only")
    sockets: list[socket.socket] = []

    def bind(host: str, port: int) -> socket.socket:
        group = bind_group(host, port, config.workers, _ATTEMPTS)
        sockets.extend(group)
        return group[0]

    claim(config.listen, config.host, config.port, bind)
    return sockets


def make_supervisor(
    config: Config, sockets: list[socket.socket], log: Destination, twistd: Mapping[str, Any]
) -> SupervisorService:
    """
    What starts the workers, once it is started itself.

    @param sockets: as L{claim_for_workers} gives them.
    @param twistd: C{twistd}'s options.
    @raise ConfigFault: there is no such simulator, or nothing that workers could have in common.
    @raise LogFault: the workers couldn't log there.
    """
    from twisted.internet import reactor

    if log.observer is None:
        raise LogFault("several workers can't log by --logger: set workers to 1")
    played, simulator = _simulated(config, reactor) if config.use_simulator else (config, None)
    begin = Begin(
        slot=0,
        slots=config.workers,
        config=_told(played),
        reactor=type(reactor).__module__,
        syslog=syslog_prefix(twistd),
        news=News(),
    )
    commons = _commons(sockets, config.workers)
    return SupervisorService(reactor, played, begin, commons, _writer(log.stream), simulator)


def _commons(sockets: list[socket.socket], slots: int) -> Commons:
    try:
        return Commons(sockets, slots)
    except OSError as error:
        raise ConfigFault(f"workers: must be 1: what they have in common can't be made ({error.strerror})") from None


def _simulated(config: Config, reactor: Any) -> tuple[Config, IService]:
    # Who doesn't play ARGO needs nothing of it.
    from argoproxy.simulation import simulated

    return simulated(config, reactor)


def _told(config: Config) -> Mapping[str, Any]:
    """What a worker is told of a configuration; its notices the supervisor tells."""
    return fields(msgspec.structs.replace(config, notices=()))


def _writer(stream: Any) -> Callable[[str], None]:
    """What writes the workers' lines."""

    def write(lines: str) -> None:
        stream.write(lines)
        stream.flush()

    return write if stream is not None else lambda lines: None


class SupervisorService(MultiService):
    """Runs the workers, and the simulator that they share."""

    def __init__(
        self,
        reactor: Any,
        config: Config,
        begin: Begin,
        commons: Commons,
        write: Callable[[str], None],
        simulator: IService | None,
    ) -> None:
        """
        @param config: a worker's.
        @param begin: a worker's first message, but for what differs between them.
        @param write: takes the workers' lines.
        """
        super().__init__()
        if simulator is not None:
            simulator.setServiceParent(self)
        self._reactor = reactor
        self._config = config
        self._begin = begin
        self._commons = commons
        self._write = write
        self._delaying: Deferred[None] | None = None
        slots = [Slot(number) for number in range(begin.slots)]
        self._vigil = Vigil(reactor)
        self._supervisor = Supervisor(reactor, self._spawn, config.shutdown_grace, slots)

    def startService(self) -> None:
        """Start the workers when the reactor runs."""
        super().startService()
        _log.info("argoproxy {version} with {count} workers", version=__version__, count=self._begin.slots)
        self._notify()
        self._reactor.callWhenRunning(self._start)

    def stopService(self) -> Deferred[None]:
        """Have all workers end, behind the delay that is configured; fires when the last has."""
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        if delay := self._config.drain_delay:
            self._supervisor.drain()
            self._delaying = deferLater(self._reactor, delay)
            with suppress(CancelledError):
                await self._delaying
        self._commons.close()
        await self._supervisor.stop()
        self._vigil.stop()
        await maybeDeferred(super().stopService)

    def when_ready(self) -> Deferred[None]:
        """Fires when every worker serves."""
        return self._supervisor.ready

    def when_loaded(self) -> Deferred[None]:
        """Has fired: a supervisor serves nothing."""
        return succeed(None)

    def reload(self, config: Config) -> Deferred[None]:
        """
        Put workers in the place of all that serve by another configuration, without losing a request.

        @return: fires when that is done, or given up.
        @raise ConfigFault: it can't serve; nothing has changed.
        """
        after = successor(self._config, config)
        check(after)
        self._config = after
        self._notify()
        self._begin = msgspec.structs.replace(self._begin, config=_told(after))
        return self._supervisor.replace(after.shutdown_grace)

    def cut(self) -> None:
        """End all requests now."""
        if self._delaying is not None:
            self._delaying.cancel()
        self._supervisor.cut()

    def _notify(self) -> None:
        for notice in self._config.notices:
            _log.warn("{notice}", notice=notice)
        if told := shares(self._config, self._begin.slots):
            _log.info("bounds are shared out: each worker has {told}", told=told)

    def _start(self) -> None:
        if self.running:
            self._supervisor.start()
            self._vigil.start()

    def _spawn(self, slot: int, news: News) -> WorkerProcess:
        worker = WorkerProcess(slot, self._heard, self._ended, self._write)
        spawn(self._reactor, worker, self._commons.descriptors)
        worker.send(msgspec.structs.replace(self._begin, slot=slot, news=news))
        return worker

    def _heard(self, worker: WorkerProcess, told: Told) -> None:
        self._vigil.heard(worker)
        self._supervisor.heard(worker, told)

    def _ended(self, worker: WorkerProcess, how: str) -> None:
        if worker.pid is not None:
            self._commons.board.leave(worker.slot, worker.pid)
        self._vigil.ended(worker)
        self._supervisor.ended(worker, how)
