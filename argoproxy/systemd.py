"""
What a service manager is told of us, by systemd's protocol (sd_notify(3)): datagrams to a socket that it names.

Where there is none, nothing is told. Who is told what, and when, is the daemon's affair.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import MutableMapping
from typing import Any

import attrs
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

_log = Logger()


@attrs.define(eq=False, repr=False)
class ServiceManager:
    """
    @ivar _address: of its socket; empty for none.
    @ivar _watchdog: seconds without a sign of life after which it ends us; 0 for any time.
    """

    _address: str = ""
    _watchdog: float = 0.0
    _beating: IDelayedCall | None = None

    @classmethod
    def named_by(cls, environ: MutableMapping[str, str]) -> ServiceManager:
        """The one that the variables name, which are taken out: processes of ours mustn't speak for us."""
        address, microseconds = environ.pop("NOTIFY_SOCKET", ""), environ.pop("WATCHDOG_USEC", "")
        meant = environ.pop("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        if address[:1] not in ("/", "@"):
            return cls()
        return cls(address, int(microseconds) / 1e6 if meant and microseconds.isdecimal() else 0.0)

    def ready(self) -> None:
        """We serve, by the configuration that it wanted."""
        self._tell("READY=1", "STATUS=Serving.")

    def reloading(self) -> None:
        """We are about to serve by another configuration."""
        microseconds = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._tell("RELOADING=1", f"MONOTONIC_USEC={microseconds}", "STATUS=Reading the configuration again.")

    def stopping(self) -> None:
        """We end when all requests have."""
        self._tell("STOPPING=1", "STATUS=Running requests end.")

    def watch(self, reactor: Any) -> None:
        """Give signs of life from now on, for as long as the reactor turns."""
        if self._watchdog:
            self._tell("WATCHDOG=1")
            self._beating = reactor.callLater(self._watchdog / 2, self.watch, reactor)

    def leave(self) -> None:
        """Give no more of them."""
        if self._beating is not None and self._beating.active():
            self._beating.cancel()

    def _tell(self, *lines: str) -> None:
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as speaker:
            try:
                speaker.sendto("\n".join(lines).encode("ascii"), socket.MSG_DONTWAIT, address)
            except OSError as error:
                _log.warn("the service manager can't be told {what}: {reason}", what=lines[0], reason=error.strerror)
