"""
Where connections come in to one slot at one address: from its listening socket, and from workers that pass them on.

Both go the same way, through the reactor's own port, as if all had been accepted here.
"""

from __future__ import annotations

import errno
import socket
import time
from functools import partial
from typing import Any

import attrs
from twisted.internet.interfaces import IReadDescriptor
from twisted.internet.tcp import Server
from twisted.python.failure import Failure
from zope.interface import implementer

from argoproxy.listening import accept_waiting

from .balance import Balance
from .passage import Arrival

# Connections that go to others, or come from them, in one turn.
_MOST = 100


class Counted(Server):
    """A connection that counts as open until it is lost."""

    def __init__(self, balance: Balance, *arguments: Any) -> None:
        """@param arguments: a L{Server}'s."""
        super().__init__(*arguments)
        self._balance = balance
        self._since = time.monotonic()
        balance.came()

    def connectionLost(self, reason: Failure) -> None:
        # Twisted may tell of it twice.
        was_open = not self.disconnected
        super().connectionLost(reason)
        if was_open:
            self._balance.went(time.monotonic() - self._since)


@attrs.define(eq=False)
class Entry:
    """
    A listening socket, as far as a port needs one, that gives only what is to be served here.

    @ivar brought: a connection that has been accepted elsewhere, and is next.
    """

    _listener: socket.socket
    _balance: Balance
    _address: int
    brought: Arrival | None = None

    def accept(self) -> Arrival:
        """@raise BlockingIOError: nothing is to be served now."""
        if self.brought is not None:
            brought, self.brought = self.brought, None
            return brought
        for _ in range(_MOST):
            kept = self._balance.place(self._address, *self._listener.accept())
            if kept is not None:
                return kept
        raise BlockingIOError(errno.EAGAIN, "others are served first")

    def getsockname(self) -> Any:
        return self._listener.getsockname()

    def close(self) -> None:
        self._listener.close()


@implementer(IReadDescriptor)
class Door:
    """One slot's, at one address, while it is open."""

    def __init__(
        self, reactor: Any, listener: socket.socket, factory: Any, balance: Balance, slot: int, address: int
    ) -> None:
        """@param address: the address' number."""
        self._reactor = reactor
        self._take_next = partial(balance.take, slot, address)
        self.fileno = balance.passage(slot, address).fileno
        self._port = reactor.adoptStreamPort(listener.fileno(), listener.family, factory)
        self._port.transport = partial(Counted, balance)
        self._port.socket = self._entry = Entry(self._port.socket, balance, address)
        reactor.addReader(self)

    def empty(self) -> None:
        """Accept what waits."""
        accept_waiting(self._port)
        while self._take():
            pass

    def close(self) -> None:
        """Accept no more."""
        self._reactor.removeReader(self)
        self._port.stopListening()

    def doRead(self) -> None:
        for _ in range(_MOST):
            if not self._take():
                return

    def connectionLost(self, reason: Failure) -> None:
        """The reactor stops."""

    def logPrefix(self) -> str:
        return "-"

    def _take(self) -> bool:
        """Have the port accept the next that was passed on, if there is one."""
        self._entry.brought = self._take_next()
        if self._entry.brought is None:
            return False
        self._port.doRead()
        return True
