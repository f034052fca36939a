"""
An upstream that watches: it says when a proxy hangs up on it, and how far a proxy lets it write.

Python is fast enough for that, and it is only ever asked by one client at a time.
"""

from __future__ import annotations

import queue
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"
_MODELS = b'{"data": [{"id": "GPT-4o", "internal_id": "gpt4o"}]}'
_TEXT = (b"The first light of the morning came over the hills, and nobody was there to see it. " * 800)[:65536]
_PIECE = b"%x\r\n%b\r\n" % (len(_TEXT), _TEXT)

SILENCE = "[[silence]]"
TALK = "[[talk]]"
FLOOD = "[[flood]]"


class FarSide(socketserver.ThreadingTCPServer):
    """
    @ivar hung_up: the moments, by the monotonic clock, at which calls lost their caller.
    @ivar asked: an item for each call that has come.
    @ivar written: bytes of text that the last flood has got rid of so far.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, flood: int) -> None:
        """
        @param flood: bytes of text in a flood, at least.
        """
        super().__init__(("127.0.0.1", 0), Call)
        self.hung_up: queue.Queue[float] = queue.Queue()
        self.asked: queue.Queue[None] = queue.Queue()
        self.pieces = -(-flood // len(_TEXT))
        self.written = 0

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self.server_address[1]
        return port

    @property
    def flood(self) -> int:
        """Bytes of text in a flood."""
        return self.pieces * len(_TEXT)


class Call(socketserver.StreamRequestHandler):
    """A connection to the far side."""

    server: FarSide

    def handle(self) -> None:
        """Serve its calls."""
        while (body := self._request()) is not None:
            if SILENCE.encode() in body:
                self._wait()
            elif TALK.encode() in body:
                self._wait(_HEAD + b"18\r\nThe morning came slowly.\r\n")
            elif FLOOD.encode() in body:
                self._flood()
            else:
                self._whole(_MODELS)

    def _request(self) -> bytes | None:
        length = 0
        if not self.rfile.readline():
            return None
        while line := self.rfile.readline().strip().lower():
            if line.startswith(b"content-length:"):
                length = int(line[15:])
        return self.rfile.read(length)

    def _whole(self, body: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        self.request.sendall(head + body)

    def _wait(self, beginning: bytes = b"") -> None:
        """Begin a reply, and note when the caller goes."""
        self.request.sendall(beginning)
        self.server.asked.put(None)
        with suppress(ConnectionError):
            self.request.recv(1)
        self.server.hung_up.put(time.monotonic())

    def _flood(self) -> None:
        """Write as much as the caller takes."""
        self.server.written = 0
        self.server.asked.put(None)
        self.request.sendall(_HEAD)
        for _ in range(self.server.pieces):
            self.request.sendall(_PIECE)
            self.server.written += len(_TEXT)
        self.request.sendall(b"0\r\n\r\n")


@contextmanager
def far_side(flood: int) -> Iterator[FarSide]:
    """One that serves on a thread of its own."""
    with FarSide(flood) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
