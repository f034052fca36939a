"""
C{twistd argosim}: the simulator as a service of its own. Klein and Twisted's web are imported in C{makeService} only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from twisted.application.service import IService, MultiService, Service
from twisted.logger import Logger
from twisted.python import usage

from argoproxy.listening import AdoptedSocketService, ListenFault, bind_tcp
from argoproxy.simulator.settings import SimulatorSettings

_log = Logger()
_Number = TypeVar("_Number", int, float)


def _number(kind: Callable[[str], _Number], lowest: _Number, what: str) -> Callable[[str], _Number]:
    """@return: A coercion of an option; what it can't read, usage tells of in one line."""

    def coerce(text: str) -> _Number:
        value = kind(text)
        if not value >= lowest or value == float("inf"):
            raise ValueError(what)
        return value

    coerce.coerceDoc = what  # type: ignore[attr-defined]
    return coerce


_seconds = _number(float, 0.0, "must be a number of seconds, 0 or more")
_size = _number(int, 1, "must be a whole number, 1 or more")
_port = _number(int, 0, "must be a port number")


class Options(usage.Options):
    """The options of C{twistd argosim}."""

    synopsis = "[options]"
    longdesc = "A simulated ARGO, with its three wires, its strictness and its traps. Not ARGO: no model ever answers."
    optParameters = [
        ["port", "p", 44498, "Port to listen on (0: a free one).", _port],
        ["host", None, "127.0.0.1", "Address to listen on."],
        ["first-byte-delay", None, 0.0, "Seconds before the first byte of each reply.", _seconds],
        ["chunk-delay", None, 0.0, "Seconds between two chunks of a stream.", _seconds],
        ["chunk-size", None, 24, "Bytes of a streamchat chunk, characters of a native delta.", _size],
        ["fault", None, None, "A fault that every request meets, as NAME or NAME=ARGUMENT."],
    ]
    optFlags = [["cut-characters", None, "Cut chunks inside of multi-byte characters."]]

    def settings(self) -> SimulatorSettings:
        """@return: The simulator's settings."""
        return SimulatorSettings(
            first_byte_delay=self["first-byte-delay"],
            chunk_delay=self["chunk-delay"],
            chunk_size=self["chunk-size"],
            cut_characters=bool(self["cut-characters"]),
            fault=self["fault"],
        )


class _Announcement(Service):
    """Says in the log what this is, as it starts."""

    name = "announcement"

    def __init__(self, where: str) -> None:
        self._where = where

    def startService(self) -> None:
        """Say it loudly."""
        super().startService()
        _log.warn("SIMULATED ARGO on http://{where}: every reply is made up, no model answers.", where=self._where)


def makeService(options: Options) -> IService:
    """
    Bind the port and compose the service.

    @raise SystemExit: With one line, for a port that can't be had and a fault that there isn't.
    """
    from twisted.internet import reactor

    from argoproxy.simulator.faults import UnknownFault
    from argoproxy.simulator.simulator import Simulator

    try:
        simulator = Simulator(options.settings(), clock=reactor)
        listener = bind_tcp(options["host"], options["port"])
    except (UnknownFault, ListenFault) as error:
        raise SystemExit(f"argosim: {error}") from None
    host, port = listener.getsockname()[:2]
    service = MultiService()
    AdoptedSocketService(listener, simulator.site()).setServiceParent(service)
    _Announcement(f"[{host}]:{port}" if ":" in host else f"{host}:{port}").setServiceParent(service)
    return service
