"""
C{twistd argosim}: the simulator as a service of its own. Klein and Twisted's web are imported in C{makeService} only.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

from twisted.application.service import IService, MultiService, Service
from twisted.logger import Logger
from twisted.python import usage

from argoproxy.listening import AdoptedSocketService, ListenFault, bind_tcp
from argoproxy.simulator.settings import SimulatorSettings

_log = Logger()
_Number = TypeVar("_Number", int, float)


class Options(usage.Options):
    """The options of C{twistd argosim}."""

    synopsis = "[options]"
    longdesc = "A simulated ARGO, with its three wires, its strictness and its traps. Not ARGO: no model ever answers."
    optParameters = [
        ["port", "p", "44498", "Port to listen on (0: a free one)."],
        ["host", None, "127.0.0.1", "Address to listen on."],
        ["first-byte-delay", None, "0", "Seconds before the first byte of each reply."],
        ["chunk-delay", None, "0", "Seconds between two chunks of a stream."],
        ["chunk-size", None, "24", "Bytes of a streamchat chunk, characters of a native delta."],
        ["fault", None, None, "A fault that every request meets, as NAME or NAME=ARGUMENT."],
    ]
    optFlags = [["cut-characters", None, "Cut chunks inside of multi-byte characters."]]

    def settings(self) -> SimulatorSettings:
        """
        @return: The simulator's settings.
        @raise SystemExit: With one line, for a value that is none.
        """
        return SimulatorSettings(
            first_byte_delay=self._number("first-byte-delay", float, 0.0),
            chunk_delay=self._number("chunk-delay", float, 0.0),
            chunk_size=self._number("chunk-size", int, 1),
            cut_characters=bool(self["cut-characters"]),
            fault=self["fault"],
        )

    def listen_on(self) -> tuple[str, int]:
        """
        @return: Host and port.
        @raise SystemExit: With one line, for a port that is none.
        """
        return self["host"], self._number("port", int, 0)

    def _number(self, name: str, kind: Callable[[str], _Number], lowest: _Number) -> _Number:
        # Usage's own coercions would answer a wrong value with the whole usage text.
        try:
            value = kind(self[name])
        except ValueError:
            value = lowest - 1
        if not lowest <= value < math.inf:
            what = "a whole number" if kind is int else "a number of seconds"
            raise SystemExit(f"argosim: --{name} must be {what}, at least {lowest}, not {self[name]!r}")
        return value


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

    @raise SystemExit: With one line, for a wrong option, a port that can't be had, a fault that there isn't.
    """
    from twisted.internet import reactor

    from argoproxy.simulator.faults import UnknownFault
    from argoproxy.simulator.simulator import Simulator

    try:
        simulator = Simulator(options.settings(), clock=reactor)
        listener = bind_tcp(*options.listen_on())
    except (UnknownFault, ListenFault) as error:
        raise SystemExit(f"argosim: {error}") from None
    host, port = listener.getsockname()[:2]
    service = MultiService()
    AdoptedSocketService(listener, simulator.site()).setServiceParent(service)
    _Announcement(f"[{host}]:{port}" if ":" in host else f"{host}:{port}").setServiceParent(service)
    return service
