"""The ways to a store of limits: over TLS, through a Unix socket, as a user of its own; and one that falls silent."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet import reactor as _reactor
from twisted.internet.task import deferLater
from twisted.logger import capturedLogs, formatEvent

from argoproxy.config import Config
from argoproxy.conversation import Limits
from argoproxy.entrance import make_ledger
from argoproxy.errors import ProxyError
from argoproxy.quotas.scripts import LOOK
from argoproxy.quotas.shared import SharedLedger
from tests.net.certificates import key_pem_for, pem_for
from tests.running import free_port, started

pytest_plugins = ["tests.quotas.server"]

reactor: Any = _reactor

# As the documentation has it.
NEEDED = (
    "~{argoproxy}:* +eval +evalsha +select "
    "+time +get +set +zadd +zcard +zrem +zremrangebyscore +pexpire"
)
ONE_PLACE = Limits(concurrency=1).of("key", "a")
ALL = Limits(requests_per_minute=10, tokens_per_minute=60, concurrency=1).of("key", "a")
OTHER = Limits(concurrency=1).of("key", "b")


@contextmanager
def _ledger(store: str, **fields: Any) -> Iterator[SharedLedger]:
    ledger = make_ledger(Config(user="someone", limits_store=store, **fields), reactor, reactor.seconds)
    assert isinstance(ledger, SharedLedger)
    try:
        yield ledger
    finally:
        ledger.close()


async def _why_away(store: str, **fields: Any) -> str:
    """What the log says of a store that can't be used."""
    with _ledger(store, **fields) as ledger, capturedLogs() as events:
        with pytest.raises(ProxyError):
            await ledger.enter(ONE_PLACE)
        told = [formatEvent(event) for event in events if event["log_namespace"].startswith("argoproxy")]
    (line,) = told
    assert line.startswith("limits: the store is away (")
    return line.partition("(")[2].partition(")")[0]


@ensureDeferred
async def test_a_user_of_the_server_s_own(redis_command: list[str], tmp_path: Path) -> None:
    port = int(redis_command[-1])
    users = tmp_path / "users.acl"
    users.write_text(
        "user default off\n"
        f"user proxy on >pass@word {NEEDED}\n"
        "user reader on >word ~* +get\n"
    )
    with started([*redis_command, "--aclfile", str(users)], tmp_path, port):
        with _ledger(f"redis://proxy:pass%40word@127.0.0.1:{port}/0") as ledger:
            ledger.leave(await ledger.enter(ALL), 5)
            await ledger.enter(OTHER)
            ledger._hold_on()
            await ledger._connection.eval(LOOK, ["{argoproxy}:there"], [60])
            assert not ledger.away
            assert (await ledger.enter(ONE_PLACE)).denied is None
        with _ledger(f"redis://proxy@127.0.0.1:{port}", limits_store_password="pass@word") as ledger:
            assert (await ledger.enter(ONE_PLACE)).denied is ONE_PLACE.places[0]
        assert await _why_away(f"redis://proxy:wrong@127.0.0.1:{port}") == "WRONGPASS"
        assert await _why_away(f"redis://127.0.0.1:{port}") == "NOAUTH"
        assert await _why_away(f"redis://reader:word@127.0.0.1:{port}") == "NOPERM"


@ensureDeferred
async def test_a_unix_socket(redis_command: list[str], tmp_path: Path) -> None:
    port, path = int(redis_command[-1]), tmp_path / "redis.sock"
    with started([*redis_command, "--unixsocket", str(path), "--requirepass", "word"], tmp_path, port):
        with _ledger(f"unix://:word@{path}?db=3") as ledger:
            assert (await ledger.enter(ONE_PLACE)).denied is None
        for store, denied in ((f"unix://{path}?db=3", True), (f"unix://{path}", False)):
            with _ledger(store, limits_store_password="word") as ledger:
                assert ((await ledger.enter(ONE_PLACE)).denied is not None) == denied


@contextmanager
def _over_tls(redis_command: list[str], folder: Path) -> Iterator[tuple[str, str]]:
    """
    A server that speaks TLS alone, by a certificate for localhost.

    @return: it, without a scheme, and the file of whose word is taken for that.
    """
    port = free_port()
    (folder / "it.pem").write_bytes(pem_for("localhost"))
    (folder / "key.pem").write_bytes(key_pem_for("localhost"))
    files = ["--tls-cert-file", "it.pem", "--tls-key-file", "key.pem"]
    tls = ["--tls-port", str(port), *files, "--tls-auth-clients", "no"]
    with started([*redis_command[:-1], "0", *tls], folder, port):
        yield f"localhost:{port}", str(folder / "it.pem")


@ensureDeferred
async def test_tls_is_verified(redis_command: list[str], tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(pem_for("other.example"))
    with _over_tls(redis_command, tmp_path) as (where, authority):
        with _ledger(f"rediss://{where}/2", ca_file=authority) as ledger:
            assert (await ledger.enter(ONE_PLACE)).denied is None
            assert (await ledger.enter(ONE_PLACE)).denied is ONE_PLACE.places[0]
        assert await _why_away(f"rediss://{where}") == "certificate verify failed"
        assert await _why_away(f"rediss://{where}", ca_file=str(other)) == "certificate verify failed"
        elsewhere = where.replace("localhost", "127.0.0.1")
        assert await _why_away(f"rediss://{elsewhere}", ca_file=authority) == "IPAddressMismatch"


@contextmanager
def _frozen(process: int) -> Iterator[None]:
    """It has the machine's ear, and doesn't answer."""
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@ensureDeferred
async def test_one_that_falls_silent_is_told_once_and_keeps_no_place(
    redis_command: list[str], tmp_path: Path, tls: bool
) -> None:
    if tls:
        with _over_tls(redis_command, tmp_path) as (where, authority):
            await _falls_silent(f"rediss://{where}", ca_file=authority)
    else:
        port = int(redis_command[-1])
        with started(redis_command, tmp_path, port):
            await _falls_silent(f"redis://127.0.0.1:{port}")


async def _falls_silent(store: str, **fields: Any) -> None:
    two = Limits(concurrency=2).of("key", "a")
    with _ledger(store, **fields) as ledger, capturedLogs() as events:
        running = await ledger.enter(two)
        server = await ledger._connection.info("server")
        with _frozen(int(server["process_id"])):
            with pytest.raises(ProxyError):
                await ledger.enter(two)
            for _ in range(3):
                refused = ledger.enter(two)
                assert refused.called
                with pytest.raises(ProxyError):
                    await refused
                await deferLater(reactor, 0.5)
            ledger.leave(running, 0)
        while ledger.away:
            await deferLater(reactor, 0.05)
        # Who ended meanwhile, or was given up, holds nothing.
        assert [(await ledger.enter(two)).denied for _ in range(2)] == [None, None]
    told = [formatEvent(event) for event in events if event["log_namespace"].startswith("argoproxy")]
    assert told == [
        "limits: the store is away (TimeoutError); requests are refused",
        "limits: the store is there again",
    ]
