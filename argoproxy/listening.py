"""
TCP sockets that are bound before a process goes on, and served after a possible fork.

C{makeService} is the only place where C{twistd} turns a failure into one line and exit status 1, daemonized or not, so
the port is bound there; the reactor (an epoll one doesn't survive a fork) adopts the socket when the service starts.
Must stay out of here: what is served, and anything but Twisted. The reactor is imported on start only.
"""

from __future__ import annotations

import ctypes
import errno
import os
import select
import socket
import struct
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred

if TYPE_CHECKING:
    from twisted.internet.interfaces import IListeningPort
    from twisted.internet.protocol import ServerFactory

_REASONS = {
    errno.EADDRINUSE: "the port is taken (another argoproxy?)",
    errno.EACCES: "not allowed to use this port",
    errno.EADDRNOTAVAIL: "no such address on this machine",
}
_BACKLOG = 1024
# Seconds between two attempts to have a port.
MOMENT = 0.1
# How many times a queue is emptied before it is closed; a turn takes many connections.
_MOST_TURNS = 1000
_HIGHEST = 65535
# Of Linux's asm/socket.h and linux/filter.h.
_SO_ATTACH_FILTER = 26
_BPF_RETURN = 6


class ListenFault(Exception):
    """An address can't be listened on. The text is one line that names it and says why."""


def bind_tcp(host: str, port: int) -> socket.socket:
    """
    Bind and listen.

    @param host: An address or a name, IPv4 or IPv6.
    @param port: 0 for a free one.
    @return: The listening socket, non-blocking.
    @raise ListenFault: It can't be done.
    """
    return bind_group(host, port, 1)[0]


def bind_group(
    host: str, port: int, count: int, attempts: int = 1, pause: Callable[[float], object] = time.sleep
) -> list[socket.socket]:
    """
    Bind sockets to one address, between which the kernel shares out the connections.

    The first is bound as if it were alone, so that two programs never share a port by mistake: the kernel would let
    them, if both are the same user's.

    @param count: How many; 1 is a plain socket.
    @param attempts: How often a port that is taken is tried, C{MOMENT} after each other.
    @param pause: Waits for so many seconds.
    @return: The listening sockets, non-blocking.
    @raise ListenFault: It can't be done.
    """
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if not 0 <= port <= _HIGHEST:
        raise ListenFault(f"{where}: there is no such port (0 to {_HIGHEST})")
    # For a text Python loads what international names take, whatever it is.
    name = host.encode("ascii") if host.isascii() else host
    try:
        family, _, _, _, address = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except (OSError, UnicodeError) as error:
        raise ListenFault(f"{where}: {getattr(error, 'strerror', None) or error}") from None
    while True:
        attempts -= 1
        try:
            return _bound(family, address, count)
        except OSError as error:
            reason = error.errno or 0
        if reason != errno.EADDRINUSE or attempts <= 0:
            raise ListenFault(f"{where}: {_REASONS.get(reason) or os.strerror(reason)}")
        pause(MOMENT)


def _bound(family: int, address: Any, count: int) -> list[socket.socket]:
    """@raise OSError: it can't be done; nothing is left over."""
    group = [socket.socket(family, socket.SOCK_STREAM) for _ in range(count)]
    try:
        _listen(group, address)
    except OSError:
        for listener in group:
            listener.close()
        raise
    return group


def _listen(group: Sequence[socket.socket], address: Any) -> None:
    for listener in group:
        listener.setblocking(False)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if listener.family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    first, *others = group
    first.bind(address)
    if others:
        first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    first.listen(_BACKLOG)
    for listener in others:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(first.getsockname())
        listener.listen(_BACKLOG)


def shut(listener: socket.socket) -> None:
    """
    Have the kernel of Linux drop whatever else comes for a listening socket, here and wherever it is shared.

    What waits in its queue can then be accepted, and the socket be closed, without breaking off a connection that came
    in between.
    """
    drop_all = ctypes.create_string_buffer(struct.pack("HBBI", _BPF_RETURN, 0, 0, 0))
    listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HP", 1, ctypes.addressof(drop_all)))


def accept_waiting(port: Any) -> None:
    """Accept what waits for a reactor's port."""
    poll = select.poll()
    poll.register(port.fileno(), select.POLLIN)
    for _ in range(_MOST_TURNS):
        if not poll.poll(0):
            return
        port.doRead()


class AdoptedSocketService(Service):
    """
    Serves a factory on a socket that is bound already.

    @ivar port: What the reactor listens with, between start and stop.
    """

    port: IListeningPort | None = None

    def __init__(self, listener: socket.socket, factory: ServerFactory[Any]) -> None:
        self._listener = listener
        self._factory = factory

    def startService(self) -> None:
        """Hand the socket to the reactor, which works on a duplicate of it."""
        from twisted.internet import reactor

        super().startService()
        family, number = self._listener.family, self._listener.fileno()
        self.port = reactor.adoptStreamPort(number, family, self._factory)  # type: ignore[attr-defined]
        self._listener.close()

    def stopService(self) -> Deferred[None] | None:
        """Accept what waits, and stop listening; open connections are the factory's affair."""
        super().stopService()
        port, self.port = self.port, None
        if port is None:
            self._listener.close()
            return None
        accept_waiting(port)
        return port.stopListening()
