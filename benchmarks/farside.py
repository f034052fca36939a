"""
An upstream that watches: it says when a proxy hangs up on it, and how far a proxy lets it write.

Python is fast enough for that, and it is only ever asked by one client at a time.
"""

from __future__ import annotations

import queue
import socketserver
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import attrs

_MODELS = (
    b'{"data": [{"id": "GPT-4o", "internal_id": "gpt4o"}, '
    b'{"id": "Claude Sonnet 4.5", "internal_id": "claudesonnet45"}]}'
)
_TEXT = (b"The first light of the morning came over the hills, and nobody was there to see it. " * 800)[:65536]
_WORDS = b"The morning came slowly."

_APART = 0.02

SILENCE = "[[silence]]"
TALK = "[[talk]]"
FLOOD = "[[flood]]"


@attrs.frozen
class Stream:
    """
    How a wire streams text.

    @ivar opening: what stands before the first piece.
    @ivar before: what stands before the text of each piece.
    @ivar after: what stands behind it.
    @ivar closing: what stands behind the last.
    """

    media_type: bytes
    opening: bytes
    before: bytes
    after: bytes
    closing: bytes

    def head(self) -> bytes:
        """The reply until its first piece."""
        head = b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nTransfer-Encoding: chunked\r\n\r\n" % self.media_type
        return head + _chunk(self.opening)

    def piece(self, text: bytes) -> bytes:
        """A piece of its text."""
        return _chunk(self.before + text + self.after)

    def end(self) -> bytes:
        """The reply behind its last piece."""
        return _chunk(self.closing) + b"0\r\n\r\n"


def _chunk(data: bytes) -> bytes:
    """Nothing for nothing: an empty chunk would be the last."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


_GATEWAY = Stream(b"text/plain; charset=utf-8", b"", b"", b"", b"")
_NATIVE: Mapping[bytes, Stream] = {
    b"/v1/chat/completions": Stream(
        b"text/event-stream",
        b"",
        b'data: {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o", "choices": '
        b'[{"index": 0, "finish_reason": null, "delta": {"content": "',
        b'"}}]}\n\n',
        b'data: {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o", "choices": '
        b'[{"index": 0, "finish_reason": "stop", "delta": {}}]}\n\ndata: [DONE]\n\n',
    ),
    b"/v1/messages": Stream(
        b"text/event-stream",
        b'event: message_start\ndata: {"type": "message_start", "message": {"id": "1", "type": "message", '
        b'"content": [], "role": "assistant", "model": "claude", "usage": {"input_tokens": 1, "output_tokens": 1}}}\n\n'
        b'event: content_block_start\ndata: {"type": "content_block_start", "index": 0, '
        b'"content_block": {"type": "text", "text": ""}}\n\n',
        b'event: content_block_delta\ndata: {"type": "content_block_delta", "index": 0, '
        b'"delta": {"type": "text_delta", "text": "',
        b'"}}\n\n',
        b'event: content_block_stop\ndata: {"type": "content_block_stop", "index": 0}\n\n'
        b'event: message_delta\ndata: {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, '
        b'"usage": {"output_tokens": 1}}\n\nevent: message_stop\ndata: {"type": "message_stop"}\n\n',
    ),
}


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
        """Serve its calls, until its caller has gone."""
        with suppress(ConnectionError):
            self._serve()

    def _serve(self) -> None:
        while (asked := self._request()) is not None:
            path, body = asked
            stream = _NATIVE.get(path, _GATEWAY)
            if SILENCE.encode() in body:
                self._wait()
            elif TALK.encode() in body:
                self._wait(stream.head() + stream.piece(_WORDS), stream.piece(_WORDS))
            elif FLOOD.encode() in body:
                self._flood(stream)
            else:
                self._whole(_MODELS)

    def _request(self) -> tuple[bytes, bytes] | None:
        """The path and the body of the next."""
        length = 0
        asked = self.rfile.readline().split()
        if not asked:
            return None
        while line := self.rfile.readline().strip().lower():
            if line.startswith(b"content-length:"):
                length = int(line[15:])
        return asked[1], self.rfile.read(length)

    def _whole(self, body: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        self.request.sendall(head + body)

    def _wait(self, *beginning: bytes) -> None:
        """Begin a reply, and note when the caller goes. Some programs keep a piece until there is another."""
        for piece in beginning:
            self.request.sendall(piece)
            time.sleep(_APART)
        self.server.asked.put(None)
        with suppress(ConnectionError):
            self.request.recv(1)
        self.server.hung_up.put(time.monotonic())

    def _flood(self, stream: Stream) -> None:
        """Write as much as the caller takes."""
        self.server.written = 0
        self.server.asked.put(None)
        self.request.sendall(stream.head())
        piece = stream.piece(_TEXT)
        for _ in range(self.server.pieces):
            self.request.sendall(piece)
            self.server.written += len(_TEXT)
        self.request.sendall(stream.end())


@contextmanager
def far_side(flood: int) -> Iterator[FarSide]:
    """One that serves on a thread of its own."""
    with FarSide(flood) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
