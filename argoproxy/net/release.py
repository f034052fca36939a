"""
Whether there is a newer version, asked of the index that the machine's own pip is set up for.

Asked once a day in a process of its own; no request waits for it, and not knowing is no error.
"""

from __future__ import annotations

import os
import re
import sys
from typing import Any

import attrs
from packaging.version import InvalidVersion, Version
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IProcessTransport
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

FIRST = 90.0
INTERVAL = 24 * 3600.0
PATIENCE = 5.0

_FIRST_LINE = re.compile(r"^\S+ \(([^)\s]+)\)")
_MOST_OUTPUT = 65536


@attrs.define(eq=False)
class Release:
    """
    @ivar installed: the version that runs.
    @ivar latest: the newest that is known, or L{None}.
    """

    _reactor: Any
    _package: str
    installed: str
    latest: str | None = None
    _next: IDelayedCall | None = None
    _asking: Asking | None = None

    def start(self) -> None:
        """Ask in a while, and then daily."""
        self._next = self._reactor.callLater(FIRST, self._ask)

    def stop(self) -> None:
        """Ask no more."""
        if self._next is not None and self._next.active():
            self._next.cancel()
        if self._asking is not None:
            self._asking.end()

    @property
    def up_to_date(self) -> bool | None:
        """Whether what runs is the newest; L{None} if that isn't known."""
        return None if self.latest is None else Version(self.installed) >= Version(self.latest)

    @property
    def install(self) -> str:
        """The command that installs the newest."""
        return f"pip install --upgrade {self._package}"

    @property
    def message(self) -> str:
        """The two versions compared, in a sentence."""
        if self.latest is None:
            return f"This is version {self.installed}. Whether there is a newer one is not known."
        if self.up_to_date:
            return f"This is version {self.installed}, the newest."
        return f"Version {self.latest} is out; this is {self.installed}. Update with: {self.install}"

    def _ask(self) -> None:
        self._next = self._reactor.callLater(INTERVAL, self._ask)
        self._asking = asking = Asking()
        command = [sys.executable, "-m", "pip", "index", "versions", "--no-cache-dir", "--no-input", self._package]
        self._reactor.spawnProcess(asking, sys.executable, command, env=dict(os.environ))
        asking.limit(self._reactor.callLater(PATIENCE, asking.end))
        asking.said.addCallback(self._learn)

    def _learn(self, output: str) -> None:
        self._asking = None
        self.latest = newest(output) or self.latest


def newest(output: str) -> str | None:
    """The newest version in what C{pip index versions} prints, or L{None}."""
    found = _FIRST_LINE.match(output)
    if found is None:
        return None
    try:
        return str(Version(found.group(1)))
    except InvalidVersion:
        return None


class Asking(ProcessProtocol):
    """One run of pip. C{said} fires with its output when it has ended, however that was."""

    transport: IProcessTransport | None

    def __init__(self) -> None:
        self.said: Deferred[str] = Deferred()
        self._output = b""
        self._limit: IDelayedCall | None = None

    def limit(self, call: IDelayedCall) -> None:
        """What is to be cancelled when it ends in time."""
        self._limit = call

    def end(self) -> None:
        """Kill it."""
        if self.transport is not None and self.transport.pid:
            self.transport.signalProcess("KILL")

    def outReceived(self, data: bytes) -> None:
        self._output = (self._output + data)[:_MOST_OUTPUT]

    def processEnded(self, reason: Failure) -> None:
        if self._limit is not None and self._limit.active():
            self._limit.cancel()
        self.said.callback(self._output.decode("utf-8", "replace"))
