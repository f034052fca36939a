"""
The way of connections from whoever has accepted them to the worker of one slot: their descriptors, over a Unix socket.

Like a slot's listening sockets it outlives workers: what waits in it when one ends is its successor's. The system
counts what waits, so that is known to everybody at once.
"""

from __future__ import annotations

import fcntl
import socket
import struct
import termios
from typing import Any

from twisted.logger import Logger

_log = Logger()

# A connection, and the far end's address as the socket module gives it.
Arrival = tuple[socket.socket, tuple[Any, ...]]

# An address as it is sent, always as long: its text, the port, and what else IPv6 has, flow and scope.
_ADDRESS = struct.Struct("=46sHII")
_DESCRIPTOR = struct.Struct("=i")
_COUNT = struct.Struct("=i")


def make_ends() -> tuple[socket.socket, socket.socket]:
    """What a new passage is made of: where to put something in, and where to take it out, message by message."""
    entry, exit_ = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in (entry, exit_):
        end.setblocking(False)
    return entry, exit_


class Passage:
    """
    One way, as one of those who share it sees it.

    @ivar lost: how many connections there was no descriptor for.
    """

    lost = 0

    def __init__(self, family: int, entry: socket.socket, exit_: socket.socket) -> None:
        """@param family: the connections' kind of address."""
        self._family = family
        self._entry = entry
        self._exit = exit_

    def put(self, client: socket.socket, peer: tuple[Any, ...]) -> bool:
        """
        Pass a connection on. It is still open here, too.

        @return: whether that could be done: not if too many wait.
        """
        host, *numbers = peer
        message = _ADDRESS.pack(host.encode("ascii"), *numbers, *(0,) * (4 - len(peer)))
        descriptor = (socket.SOL_SOCKET, socket.SCM_RIGHTS, _DESCRIPTOR.pack(client.fileno()))
        try:
            self._entry.sendmsg([message], [descriptor])
        except OSError:
            return False
        return True

    def take(self) -> Arrival | None:
        """The next that waits, if one does."""
        room = socket.CMSG_SPACE(_DESCRIPTOR.size)
        while True:
            try:
                message, extras, *_ = self._exit.recvmsg(_ADDRESS.size, room, socket.MSG_CMSG_CLOEXEC)
            except BlockingIOError:
                return None
            peer = _address(self._family, message)
            if extras:
                (number,) = _DESCRIPTOR.unpack(extras[0][2])
                return socket.socket(self._family, socket.SOCK_STREAM, 0, number), peer
            # The system has closed what came when it saw that.
            self.lost += 1
            _log.warn("a connection from {host} is lost: there was no descriptor left for it", host=peer[0])

    def waiting(self) -> int:
        """How many wait."""
        (count,) = _COUNT.unpack(fcntl.ioctl(self._exit, termios.FIONREAD, bytes(_COUNT.size)))
        return int(count) // _ADDRESS.size

    def fileno(self) -> int:
        """The descriptor that can be read from when something waits."""
        return self._exit.fileno()

    def close(self) -> None:
        """Have no part in it any longer."""
        self._entry.close()
        self._exit.close()


def _address(family: int, message: bytes) -> tuple[Any, ...]:
    host, *numbers = _ADDRESS.unpack(message)
    return (host.rstrip(b"\0").decode("ascii"), *numbers[: 3 if family == socket.AF_INET6 else 1])
