"""Clients that ask without a pause, and what becomes of their requests."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse

import attrs

from tests.process.twistd import PATIENCE, chat, until

_BODY = chat("say something")
_HEAD = {"Content-Type": "application/json"}


@attrs.define
class Crowd:
    """
    Threads, each with a client of its own.

    @ivar answered: how many requests were answered in whole, with status 200.
    @ivar failures: what went wrong, a text for each request.
    """

    port: int
    answered: int = 0
    failures: list[str] = attrs.field(factory=list)
    _over: threading.Event = attrs.field(factory=threading.Event)
    _lock: threading.Lock = attrs.field(factory=threading.Lock)

    def wait_for_more(self, count: int) -> None:
        """Until so many more requests have been answered."""
        enough = self.answered + count
        until(lambda: self.answered >= enough, f"{count} more answers")

    def ask(self, keeping: bool) -> None:
        """One client's life. One that keeps its connection opens another one only behind a failure or its end."""
        connection = self._connection()
        while not self._over.is_set():
            try:
                connection.request("POST", "/v1/chat/completions", _BODY, _HEAD)
                self._note(connection.getresponse())
            except (OSError, HTTPException) as error:
                self._fail(repr(error))
                connection.close()
            if not keeping:
                connection.close()
        connection.close()

    def _connection(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def _note(self, reply: HTTPResponse) -> None:
        body = reply.read()
        if reply.status != 200 or b"something" not in body:
            self._fail(f"{reply.status} {body!r}")
            return
        with self._lock:
            self.answered += 1

    def _fail(self, what: str) -> None:
        with self._lock:
            self.failures.append(what)


@contextmanager
def crowd(port: int, keeping: int = 4, coming: int = 4) -> Iterator[Crowd]:
    """
    @param keeping: clients that keep their connections.
    @param coming: clients with a new connection for each request.
    """
    it = Crowd(port)
    threads = [threading.Thread(target=it.ask, args=(number < keeping,)) for number in range(keeping + coming)]
    for one in threads:
        one.start()
    try:
        yield it
    finally:
        it._over.set()
        for one in threads:
            one.join()
