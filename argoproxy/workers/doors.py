"""
A worker's listening sockets: its own, and those of a slot that it covers.

All are shared with the supervisor, so that closing one here closes nothing: what waits in its queue waits for whoever
serves it next.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Any

import attrs

from argoproxy.listening import accept_waiting, shut


@attrs.define(eq=False)
class Doors:
    """
    @ivar _addresses: for each address the sockets of all slots, and the factory that serves there.
    """

    _reactor: Any
    _addresses: Sequence[tuple[Sequence[socket.socket], Any]]
    _open: dict[int, list[Any]] = attrs.field(factory=dict)

    def open(self, slot: int) -> None:
        """Serve a slot's sockets."""
        if slot not in self._open:
            self._open[slot] = [
                self._reactor.adoptStreamPort(sockets[slot].fileno(), sockets[slot].family, factory)
                for sockets, factory in self._addresses
            ]

    def close(self, slot: int) -> None:
        """Serve them no longer."""
        for port in self._open.pop(slot, []):
            port.stopListening()

    def empty(self) -> None:
        """
        Accept what waits, and let nothing more come, for any worker: when all leave, a queue is broken off with its
        socket. Who has left already does nothing.
        """
        for sockets, _ in self._addresses:
            for one in sockets:
                shut(one)
        for ports in self._open.values():
            for port in ports:
                accept_waiting(port)

    def leave(self) -> None:
        """Serve nothing any longer, and give up the sockets: they are closed when nobody has them any more."""
        for slot in list(self._open):
            self.close(slot)
        for sockets, _ in self._addresses:
            for one in sockets:
                one.close()
        self._addresses = ()
