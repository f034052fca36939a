"""
What a supervisor and its workers say to each other, a JSON object a line.

The supervisor writes to a worker's standard input; the worker answers on a pipe of its own (L{REPORTS}). Keys and names
are in none of a process's arguments and variables.
"""

from __future__ import annotations

import signal
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from argoproxy.config import Config
from argoproxy.net.peers import Condition, Fleet, News

# A worker's file descriptors, beside the three that every process has: where it reports, and where its sockets begin,
# with what it has in common with others behind them.
REPORTS = 3
FIRST_SOCKET = 4
# Signals that are the supervisor's alone. A terminal's reach all processes.
UNHEARD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)


class Begin(msgspec.Struct, frozen=True, tag="begin"):
    """
    The first message to a worker.

    @ivar slot: its place among the workers, from 0.
    @ivar slots: how many places there are. The descriptors of its sockets go through them for each address.
    @ivar config: L{Config}'s fields.
    @ivar reactor: the module of the reactor to run.
    @ivar syslog: the prefix of its lines in the system's log; L{None} if they go to the supervisor.
    @ivar news: what the workers before it have learnt.
    """

    slot: int
    slots: int
    config: Mapping[str, Any]
    reactor: str
    syslog: str | None
    news: News


class Cover(msgspec.Struct, frozen=True, tag="cover"):
    """To a worker: serve another slot's sockets, too."""

    slot: int


class Uncover(msgspec.Struct, frozen=True, tag="uncover"):
    """To a worker: leave another slot's sockets to their own worker again."""

    slot: int


class Retire(msgspec.Struct, frozen=True, tag="retire"):
    """To a worker: another one is in its place; end when the last request has."""


class Drain(msgspec.Struct, frozen=True, tag="drain"):
    """To a worker: the whole proxy is about to stop; say so to whoever asks for readiness."""


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """To a worker: the whole proxy stops; end within the grace."""


class Cut(msgspec.Struct, frozen=True, tag="cut"):
    """To a worker: end all requests now."""


class Joined(msgspec.Struct, frozen=True, tag="joined"):
    """To a worker: how all of them are."""

    fleet: Fleet


class Learnt(msgspec.Struct, frozen=True, tag="learnt"):
    """Both ways: what is news to the others."""

    news: News


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """From a worker: it serves."""


class Alive(msgspec.Struct, frozen=True, tag="alive"):
    """From a worker: it has nothing to say, and lives."""


class Report(msgspec.Struct, frozen=True, tag="report"):
    """From a worker: how it is."""

    condition: Condition


Command = Begin | Cover | Uncover | Retire | Drain | Stop | Cut | Joined | Learnt
Told = Ready | Alive | Report | Learnt

commands = msgspec.json.Decoder(Command)
reports = msgspec.json.Decoder(Told)


def line(message: Command | Told) -> bytes:
    """A message as it is sent."""
    return _encoder.encode(message) + b"\n"


def fields(config: Config) -> Mapping[str, Any]:
    """A configuration as it is sent; C{Config(**fields)} is the same one again."""
    simulator = msgspec.structs.asdict(config.simulator)
    given = {name: value for name, value in simulator.items() if value is not None}
    return {**msgspec.structs.asdict(config), "simulator": given}


def _plain(value: object) -> object:
    if isinstance(value, MappingProxyType):
        return dict(value)
    raise NotImplementedError(type(value))


_encoder = msgspec.json.Encoder(enc_hook=_plain)


class Frames:
    """
    Puts what comes in pieces together again.

    @ivar rest: the beginning of one that isn't complete.
    """

    def __init__(self, end: bytes = b"\n") -> None:
        """@param end: what each ends with."""
        self._end = end
        self.rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Those that are complete now, without their ends."""
        *whole, self.rest = (self.rest + data).split(self._end)
        return whole
