"""What needn't wait for the reactor's next turn: bytes, and the end of a connection."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Any

from twisted.internet.abstract import FileDescriptor
from twisted.internet.interfaces import ITransport
from twisted.internet.tcp import Connection


def send_now(transport: ITransport, data: bytes) -> None:
    """
    Write, and where that is safe do it at once: on plain TCP with nothing waiting before it.

    A transport by itself waits until the reactor says that the socket can be written to, and asks for that before and
    takes it back behind: two system calls that a socket with room doesn't need. What doesn't fit is written as ever.
    """
    if isinstance(transport, Connection) and _is_clear(transport):
        try:
            sent = transport.socket.send(data)
        except OSError:
            sent = 0  # Whatever it is, the reactor finds it when it tries the same.
        if sent == len(data):
            return
        data = data[sent:] if sent else data
    transport.write(data)


def close_now(transport: ITransport) -> None:
    """
    Close, and on plain TCP tell the other side at once: it may be about to use the connection again.

    A transport by itself tells it in the next turn; what comes until then is lost.
    """
    if isinstance(transport, Connection) and _is_clear(transport):
        with suppress(OSError):
            transport.socket.shutdown(socket.SHUT_RDWR)
    transport.loseConnection()


def say_no_more(transport: ITransport) -> bool:
    """
    Tell the other side that nothing more will come, and still take what it sends: who is cut off as it sends may not
    read what it was told.

    @return: whether that can be done.
    """
    if not isinstance(transport, Connection) or transport.TLS:
        return False
    transport.loseWriteConnection()
    return True


def progress_of(transport: Any) -> object:
    """
    What changes each time that the other side has made room for more bytes, if there is a socket; else L{None}.

    A transport changes its buffer, or how much of it is sent, only then; what is written meanwhile goes elsewhere.
    """
    while transport is not None and not isinstance(transport, FileDescriptor):
        transport = getattr(transport, "transport", None)
    return None if transport is None else (id(transport.dataBuffer), transport.offset)


def _is_clear(transport: Connection) -> bool:
    waiting = transport.dataBuffer or transport._tempDataBuffer
    return bool(transport.connected) and not (transport.disconnecting or transport.TLS or waiting)
