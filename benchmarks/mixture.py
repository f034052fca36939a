"""
What many clients do at once in a soak: every dialect, whole and streamed, honest and under each of the simulator's
faults; and clients that leave, read slowly, send nonsense, or come in crowds.
"""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from random import Random
from typing import Any

import attrs
import msgspec

from argoproxy.simulator import FAULTS

from .asking import Client

_CLIENTS = 24
# Seconds between two requests of a client, on average.
_PAUSE = 0.35
_BURST = 100
_BETWEEN_BURSTS = 10.0
# Seconds after which a client gives up what has no end.
_PATIENCE = 1.0
_GRACE = 60.0
_LARGE = 300_000
# Seconds between two reads of a slow reader.
_SIP = 0.02
_MODELS = ("gpt-4o", "gpt-5", "claude-sonnet-4.5", "gemini-2.5-pro")
_EMBEDDER = "text-embedding-3-small"
_QUESTION = "Tell me in a few words what this is about, größer than it looks: 漢字 🙂"


@attrs.frozen
class Dialect:
    """
    @ivar whole: what stands in a reply that is complete.
    @ivar stream: what stands in a stream that is.
    @ivar path: from a model, and whether a stream is wanted.
    @ivar body: from a model, a text, and whether a stream is wanted.
    """

    whole: bytes
    stream: bytes
    path: Callable[[str, bool], str]
    body: Callable[[str, str, bool], Mapping[str, Any]]


def _at(path: str) -> Callable[[str, bool], str]:
    return lambda model, stream: path


def _google(model: str, stream: bool) -> str:
    return f"/v1beta/models/{model}:{'streamGenerateContent?alt=sse' if stream else 'generateContent'}"


def _messages(model: str, text: str, stream: bool) -> Mapping[str, Any]:
    return {"model": model, "stream": stream, "max_tokens": 1000, "messages": [{"role": "user", "content": text}]}


def _legacy(model: str, text: str, stream: bool) -> Mapping[str, Any]:
    return {"model": model, "stream": stream, "prompt": text}


def _responses(model: str, text: str, stream: bool) -> Mapping[str, Any]:
    return {"model": model, "stream": stream, "input": text}


def _contents(model: str, text: str, stream: bool) -> Mapping[str, Any]:
    return {"contents": [{"role": "user", "parts": [{"text": text}]}]}


def _input(model: str, text: str, stream: bool) -> Mapping[str, Any]:
    return {"model": _EMBEDDER, "input": [text]}


SPEAKING = (
    Dialect(b'"finish_reason"', b"data: [DONE]", _at("/v1/chat/completions"), _messages),
    Dialect(b'"finish_reason"', b"data: [DONE]", _at("/v1/completions"), _legacy),
    Dialect(b'"completed"', b"event: response.completed", _at("/v1/responses"), _responses),
    Dialect(b'"stop_reason"', b"event: message_stop", _at("/v1/messages"), _messages),
    Dialect(b'"finishReason"', b'"finishReason"', _google, _contents),
)
EMBEDDING = Dialect(b'"embedding"', b"", _at("/v1/embeddings"), _input)
_NONSENSE = (
    ("/v1/chat/completions", b"{"),
    ("/v1/chat/completions", b'{"model": "gpt-4o", "messages": "none"}'),
    ("/v1/messages", b"\xff\xfe"),
    ("/v1/responses", b'{"model": "no-such-model", "input": "x"}'),
    ("/v1/embeddings", b"[" * 100_000),
    ("/v1beta/models/gpt-4o:sing", b"{}"),
    ("/nowhere", b"{}"),
)


@attrs.define
class Mixture:
    """
    @ivar port: the proxy's.
    @ivar done: how many requests have ended, by what they were.
    @ivar failed: those that should have been served and were not, by what they were and what came.
    """

    port: int
    seed: int = 1
    done: Counter[str] = attrs.field(factory=Counter, init=False)
    failed: Counter[str] = attrs.field(factory=Counter, init=False)
    _faults: Iterator[str] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._faults = _in_turn(sorted(FAULTS))

    async def run(self, seconds: float) -> None:
        """Let all of them ask for so long; those that ask then may end."""
        tasks = [asyncio.ensure_future(self._client(Random(self.seed + who))) for who in range(_CLIENTS)]
        tasks.append(asyncio.ensure_future(self._crowds()))
        await asyncio.sleep(seconds)
        for task in tasks:
            task.cancel()
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended

    async def _client(self, chance: Random) -> None:
        client = Client(self.port)
        try:
            while True:
                await asyncio.sleep(chance.expovariate(1 / _PAUSE))
                [deed] = chance.choices(list(_DEEDS), list(_DEEDS.values()))
                with suppress(OSError):
                    await deed(self, client, chance)
        finally:
            client.close()

    async def _crowds(self) -> None:
        while True:
            await asyncio.sleep(_BETWEEN_BURSTS)
            clients = [Client(self.port) for _ in range(_BURST)]
            await asyncio.gather(*(self.honest(one, Random(who)) for who, one in enumerate(clients)))
            for one in clients:
                one.close()

    async def honest(self, client: Client, chance: Random, text: str = _QUESTION) -> None:
        """Ask for a reply that must come."""
        stream = chance.random() < 0.5
        dialect = chance.choice(SPEAKING)
        await self._served(client, dialect, chance.choice(_MODELS), text, stream)

    async def embed(self, client: Client, chance: Random) -> None:
        """Ask for vectors."""
        await self._served(client, EMBEDDING, "", _QUESTION, False)

    async def large(self, client: Client, chance: Random) -> None:
        """Ask with much text."""
        await self.honest(client, chance, "[sim:say=Much.] " + "word " * (_LARGE // 5))

    async def faulty(self, client: Client, chance: Random) -> None:
        """Ask for a fault, and leave if it has no end."""
        dialect, stream = chance.choice(SPEAKING), chance.random() < 0.5
        await self._ask(client, "fault", dialect, f"x [sim:{next(self._faults)}]", stream, _PATIENCE)

    async def leaving(self, client: Client, chance: Random) -> None:
        """Leave at some moment of a long stream, or before it."""
        text = chance.choice(("[sim:hang]", "[sim:long=20000]", "[sim:hang-mid]", "[sim:wait=0.5]"))
        await self._ask(client, "left", chance.choice(SPEAKING), text, chance.random() < 0.8, chance.random() * 0.5)

    async def slow(self, client: Client, chance: Random) -> None:
        """Read a long stream in small pieces, a while."""
        dialect, model = chance.choice(SPEAKING), chance.choice(_MODELS)
        body = msgspec.json.encode(dialect.body(model, "[sim:long=50000]", True))
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(_read_slowly(self.port, dialect.path(model, True), body), chance.uniform(1, 4))
        self.done["slow reader"] += 1

    async def nonsense(self, client: Client, chance: Random) -> None:
        """Send what can't be served, and is to be told so."""
        path, body = chance.choice(_NONSENSE)
        reply = await client.ask(path, body, b"", _GRACE)
        self._note("nonsense", reply is not None and 400 <= reply.status < 500, f"{path} {reply and reply.status}")

    async def _served(self, client: Client, dialect: Dialect, model: str, text: str, stream: bool) -> None:
        body = msgspec.json.encode(dialect.body(model, text, stream))
        path = dialect.path(model, stream)
        ending = dialect.stream if stream else dialect.whole
        reply = await client.ask(path, body, ending, _GRACE)
        self._note("served", reply is not None and reply.complete, f"{path} {model} {stream=} {reply}")

    async def _ask(
        self, client: Client, kind: str, dialect: Dialect, text: str, stream: bool, leaves: float
    ) -> None:
        body = msgspec.json.encode(dialect.body("gpt-4o", text, stream))
        await client.ask(dialect.path("gpt-4o", stream), body, b"", leaves)
        self.done[kind] += 1

    def _note(self, kind: str, good: bool, seen: str) -> None:
        self.done[kind] += 1
        if not good:
            self.failed[f"{kind}: {seen}"] += 1


_DEEDS: Mapping[Callable[[Mixture, Client, Random], Awaitable[None]], int] = {
    Mixture.honest: 62,
    Mixture.embed: 8,
    Mixture.faulty: 12,
    Mixture.leaving: 8,
    Mixture.nonsense: 5,
    Mixture.large: 2,
    Mixture.slow: 3,
}
"""What a client does next, and how often."""


def _in_turn(names: list[str]) -> Iterator[str]:
    while True:
        yield from names


async def _read_slowly(port: int, path: str, body: bytes) -> None:
    """Ask, and read a little at a time."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.setblocking(False)
    loop = asyncio.get_running_loop()
    with connection:
        await loop.sock_connect(connection, ("127.0.0.1", port))
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        await loop.sock_sendall(connection, head.encode() + b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        while True:
            await asyncio.sleep(_SIP)
            if not await loop.sock_recv(connection, 1024):
                return
