"""
The way to the Redis or Valkey that keeps what is used of limits: over TCP, TLS, or a Unix socket.

Only where one is configured is this imported, and the library that speaks to it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from twisted.internet.endpoints import HostnameEndpoint, UNIXClientEndpoint, wrapClientTLS
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.python.failure import Failure
from txredisapi import ConnectionHandler, RedisFactory, RedisProtocol

from .config import Config
from .reach import trust

_PORT = 6379
# Seconds that a connection may take to open, and an answer of it to come.
_PATIENCE = 1.0


class Connection(ConnectionHandler):
    """
    What txredisapi asks by: C{eval}, C{disconnect} and more.

    @ivar trouble: what has kept it from opening, in words that may hold what nobody should read; or an empty text.
    """

    trouble = ""

    def note(self, failure: Failure) -> None:
        """It could not be opened. The first that is known of that is the reason, and the rest comes of it."""
        self.trouble = self.trouble or str(failure.value)


class _Protocol(RedisProtocol):
    def connectionLost(self, why: Failure) -> None:
        self.factory.handler.note(why)
        super().connectionLost(why)


def connector(config: Config, reactor: Any) -> Callable[[], Connection]:
    """
    What gives a connection to the store, which opens by itself. What is asked of it meanwhile waits.

    @raise OSError: the file with authorities can't be read. C{ValueError}: it has none.
    """
    address = urlsplit(config.limits_store or "")
    user, password = _plain(address.username), _plain(address.password) or config.limits_store_password
    # The file with authorities may have gone by the time of the next connection.
    return partial(_connected, _endpoint(address, config, reactor), _number(address), user, password)


def _connected(endpoint: IStreamClientEndpoint, number: int, user: str | None, password: str | None) -> Connection:
    factory = RedisFactory(
        "limits",
        number,
        1,
        handler=Connection,
        username=user,
        password=password,
        replyTimeout=_PATIENCE,
        convertNumbers=False,
    )
    factory.protocol = _Protocol
    factory.deferred.addErrback(factory.handler.note)
    factory.startConnecting(endpoint)
    connection: Connection = factory.handler
    return connection


def _number(address: SplitResult) -> int:
    """Which of the server's databases."""
    if address.scheme == "unix":
        return int(parse_qs(address.query).get("db", ["0"])[0])
    return int(address.path.strip("/") or 0)


def _plain(escaped: str | None) -> str | None:
    return None if escaped is None else unquote(escaped)


def _endpoint(address: SplitResult, config: Config, reactor: Any) -> IStreamClientEndpoint:
    if address.scheme == "unix":
        return UNIXClientEndpoint(reactor, address.path, timeout=_PATIENCE)
    host, port = address.hostname or "", address.port or _PORT
    endpoint: IStreamClientEndpoint = HostnameEndpoint(reactor, host, port, timeout=_PATIENCE)
    if address.scheme == "rediss":
        creator = trust(config).creatorForNetloc(host.encode("ascii"), port)
        endpoint = wrapClientTLS(creator, endpoint)
    return endpoint
