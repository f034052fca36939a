"""A proxy that has no descriptor left lives on: whoever can't be served is let go, the others are served."""

from __future__ import annotations

import os
import resource
import socket
from contextlib import ExitStack, closing

from tests.process.twistd import PATIENCE, Twistd, chat, until

# Beyond what a proxy that is idle has.
_MORE = 12
_CLIENTS = 60


def _descriptors(process: int) -> int:
    return len(os.listdir(f"/proc/{process}/fd"))


def _asked(twistd: Twistd) -> int:
    with closing(twistd.connection()) as connection:
        connection.request("POST", "/v1/chat/completions", chat("Hello"), {"Content-Type": "application/json"})
        return connection.getresponse().status


def _is_closed(client: socket.socket) -> bool:
    try:
        return client.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def test_without_descriptors_whoever_is_too_many_is_let_go(twistd: Twistd) -> None:
    with twistd.running(*twistd.proxy()) as process, ExitStack() as stack:
        # What is imported when it is first needed is imported before.
        assert _asked(twistd) == 200
        most = _descriptors(process.pid) + _MORE
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (most, most))
        clients = [
            stack.enter_context(closing(socket.create_connection(("127.0.0.1", twistd.port), PATIENCE)))
            for _ in range(_CLIENTS)
        ]
        for client in clients:
            client.setblocking(False)
        until(lambda: sum(map(_is_closed, clients)) >= _CLIENTS - 2 * _MORE, "those beyond are let go")
        [served, *_] = [client for client in clients if not _is_closed(client)]
        served.setblocking(True)
        served.settimeout(PATIENCE)
        served.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert served.recv(65536).startswith(b"HTTP/1.1 200")
        for client in clients:
            client.close()
        assert _asked(twistd) == 200
        assert "no descriptor is left" in twistd.output()
        # A loop that turned without end would have had more to say.
        assert len(twistd.output().splitlines()) < _CLIENTS
