"""Bytes that needn't wait for the reactor's next turn."""

from __future__ import annotations

from twisted.internet.interfaces import ITransport
from twisted.internet.tcp import Connection


def send_now(transport: ITransport, data: bytes) -> None:
    """
    Write, and where that is safe do it at once: on plain TCP with nothing waiting before it.

    A transport by itself waits until the reactor says that the socket can be written to, and asks for that before and
    takes it back behind: two system calls that a socket with room doesn't need. What doesn't fit is written as ever.
    """
    if isinstance(transport, Connection) and _is_clear(transport):
        sent = transport.writeSomeData(data)
        # An error is the reactor's to find, when it tries the same.
        if isinstance(sent, int) and sent > 0:
            if sent == len(data):
                return
            data = data[sent:]
    transport.write(data)


def _is_clear(transport: Connection) -> bool:
    waiting = transport.dataBuffer or transport._tempDataBuffer
    return bool(transport.connected) and not (transport.disconnecting or transport.TLS or waiting)
