"""Reads the file with keys again when it has been written anew. A file that is wrong changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.internet.threads import deferToThread
from twisted.logger import Logger
from twisted.python.failure import Failure

from argoproxy.config.faults import ConfigFault
from argoproxy.config.keys import ApiKey

from . import file

_log = Logger()

# Seconds between two looks.
_PACE = 2.0

# No file's mark.
_NEVER = object()

_Keys = tuple[ApiKey, ...]


@attrs.define(eq=False)
class Watch:
    """
    @ivar _read: gives all keys; may raise a L{ConfigFault}.
    @ivar _changed: is given the new ones, and gives how many of them are good.
    @ivar _seen: the file's mark when it was read last.
    @ivar _trouble: why it couldn't be used then, if it couldn't.
    """

    _clock: Any
    _path: str
    _read: Callable[[], _Keys]
    _changed: Callable[[_Keys], int]
    _seen: object
    _in_thread: Callable[..., Deferred[_Keys | None]] = deferToThread
    _looking: LoopingCall | None = None
    _trouble: str = ""

    def start(self) -> None:
        """Look from now on."""
        self._looking = LoopingCall(self._look)
        self._looking.clock = self._clock
        self._looking.start(_PACE, now=False)

    def stop(self) -> None:
        """Look no more."""
        if self._looking is not None:
            self._looking.stop()
            self._looking = None

    def _look(self) -> Deferred[None]:
        # A file may be far away.
        return self._in_thread(self._news).addCallback(self._heard).addErrback(self._failed)

    def _news(self) -> _Keys | None:
        mark = file.mark(self._path)
        if mark == self._seen:
            return None
        self._seen = mark
        return self._read()

    def _heard(self, keys: _Keys | None) -> None:
        if keys is not None and self._looking is not None:
            count = self._changed(keys)
            self._trouble = ""
            _log.info("keys: good ones now: {count}", count=count)

    def _failed(self, failure: Failure) -> None:
        """Say so. What may pass by itself is looked at again, and told once as long as it stays the same."""
        before, self._trouble = self._trouble, _told(failure)
        if failure.check(file.Unreadable):
            self._seen = _NEVER
            if self._trouble == before:
                return
        _log.error("keys: those in use stay: {trouble}", trouble=self._trouble)


def _told(failure: Failure) -> str:
    if failure.check(ConfigFault):
        return failure.getErrorMessage()
    # Its text could have what the file has.
    return f"the file could not be used ({type(failure.value).__name__})"
