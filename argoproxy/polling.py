"""
How Twisted's epoll reactor waits for sockets and goes to those that are ready, in half of the steps: it goes on by
itself as long as nothing but sockets is due, and makes nothing around each event that nobody has a use for.

Whatever else there is to do is left to Twisted's own loop, which this returns to.
"""

from __future__ import annotations

import select
from functools import partial
from typing import Any

from twisted.python import log

# Other systems than Linux have no epoll.
_Epoll = getattr(select, "epoll", None)
_READABLE = getattr(select, "EPOLLIN", 0)
# What it knows of a reactor beyond its interface. One that lacks any of it keeps its own way.
_KNOWN = (
    "_selectables",
    "_doReadOrWrite",
    "_disconnectSelectable",
    "_newTimedCalls",
    "_pendingTimedCalls",
    "_justStopped",
    "threadCallQueue",
)
# Seconds, of what epoll can be asked for.
_LONGEST = 1_000_000.0


def poll_by(reactor: Any) -> None:
    """Have a reactor that runs, or is to run, wait in this way, if it is one that waits by epoll."""
    by_epoll = _Epoll is not None and isinstance(getattr(reactor, "_poller", None), _Epoll)
    if by_epoll and all(hasattr(reactor, name) for name in _KNOWN):
        reactor.doIteration = partial(serve_sockets, reactor)


def serve_sockets(reactor: Any, timeout: float | None) -> None:
    """
    Wait for sockets and go to those that are ready, until anything else is due.

    @param timeout: seconds until that is so; L{None} if nothing else will be, 0 to wait for none.
    """
    poll, selectables = reactor._poller.poll, reactor._selectables
    while True:
        for number, event in poll(timeout, len(selectables)):
            selectable = selectables.get(number)
            if selectable is None:
                continue
            if event != _READABLE:
                reactor._doReadOrWrite(selectable, number, event)
                continue
            try:
                ended = selectable.doRead()
            except BaseException as error:  # noqa: BLE001 - as Twisted has it: whatever it is, it ends that socket alone
                log.err()
                reactor._disconnectSelectable(selectable, error, False)
            else:
                if ended:
                    reactor._disconnectSelectable(selectable, ended, True)
        timeout = _quiet(reactor)
        if timeout == 0:
            return


def _quiet(reactor: Any) -> float | None:
    """For how many seconds nothing but sockets will be due; L{None} for any time."""
    if reactor._newTimedCalls or reactor.threadCallQueue or reactor._justStopped or not reactor.running:
        return 0
    pending = reactor._pendingTimedCalls
    return max(0, min(pending[0].time - reactor.seconds(), _LONGEST)) if pending else None
