"""
Where connections come in to a worker: at its own slot's doors, and at those of a slot that it covers.

All their sockets are shared with the supervisor, so that closing one here closes nothing: what waits in its queue waits
for whoever serves it next.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Any

import attrs

from argoproxy.listening import shut

from .balance import Balance
from .door import Door


@attrs.define(eq=False)
class Doors:
    """
    @ivar _addresses: for each address the sockets of all slots, and the factory that serves there.
    """

    _reactor: Any
    _addresses: Sequence[tuple[Sequence[socket.socket], Any]]
    _balance: Balance
    _open: dict[int, list[Door]] = attrs.field(factory=dict)

    def open(self, slot: int) -> None:
        """Serve a slot. From when it is the own one, other workers pass connections on."""
        if slot not in self._open:
            self._open[slot] = [
                Door(self._reactor, sockets[slot], factory, self._balance, slot, number)
                for number, (sockets, factory) in enumerate(self._addresses)
            ]
        if slot == self._balance.slot:
            self._balance.enter()

    def close(self, slot: int) -> None:
        """Serve it no longer."""
        for door in self._open.pop(slot, []):
            door.close()

    def beat(self) -> None:
        """Called twice a second: let the other workers know that this one lives."""
        self._balance.beat()

    def empty(self) -> None:
        """
        Accept what waits, and let nothing more come, for any worker: when all leave, a queue is broken off with its
        socket. Who has left already does nothing.
        """
        self._balance.leave()
        for sockets, _ in self._addresses:
            for one in sockets:
                shut(one)
        for doors in self._open.values():
            for door in doors:
                door.empty()

    def leave(self) -> None:
        """Serve nothing any longer, and give up the sockets: they are closed when nobody has them any more."""
        self._balance.leave()
        for slot in list(self._open):
            self.close(slot)
        self._balance.close()
        for sockets, _ in self._addresses:
            for one in sockets:
                one.close()
        self._addresses = ()
