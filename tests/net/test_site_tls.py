"""How a server that stops goes on with connections over TLS, whose end both sides tell."""

from __future__ import annotations

import ssl
from contextlib import suppress

import pytest
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from twisted.python.failure import Failure

from tests.net.certificates import certificate_for, pem_for
from tests.net.test_channel import HEALTH
from tests.web import Web


class Socket(StringTransport):
    """A connection as TLS has it below: it closes a turn after it is told to."""

    def __init__(self, clock: Clock, above: TLSMemoryBIOProtocol) -> None:
        super().__init__()
        self._clock, self._above = clock, above

    def setTcpNoDelay(self, enabled: bool) -> None:
        """It makes no difference here."""

    def loseConnection(self) -> None:
        if not self.disconnecting:
            self.disconnecting = True
            self._clock.callLater(0, self._above.connectionLost, Failure(ConnectionDone()))

    abortConnection = loseConnection


class Client:
    """A client over TLS that is served in memory."""

    def __init__(self, web: Web) -> None:
        self._web = web
        factory = TLSMemoryBIOFactory(certificate_for("localhost").options(), False, web.proxy.site, web.clock)
        self.server = factory.buildProtocol(IPv4Address("TCP", "127.0.0.1", 1))
        self.transport = Socket(web.clock, self.server)
        self.server.makeConnection(self.transport)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = ssl.create_default_context(cadata=pem_for("localhost").decode())
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname="localhost")

    def agree(self) -> None:
        """Agree on TLS."""
        for _ in range(3):
            with suppress(ssl.SSLWantReadError):
                self._tls.do_handshake()
            self._exchange()

    def send(self, data: bytes) -> bytes:
        self._tls.write(data)
        return self.read()

    def read(self) -> bytes:
        """@return: empty if the server has said that this was all."""
        self._exchange()
        return self._tls.read(65_536)

    def answer(self) -> None:
        """Say that this was all, too."""
        self._tls.unwrap()
        self._exchange()

    def _exchange(self) -> None:
        if data := self._outgoing.read():
            self.server.dataReceived(data)
        self._web.settle()
        self._incoming.write(self.transport.value())
        self.transport.clear()


def _stopping(web: Web) -> list[None]:
    ended: list[None] = []
    web.proxy.site.drain().addCallback(ended.append)
    return ended


@pytest.mark.parametrize("asked", [False, True])
@pytest.mark.parametrize("answers", [False, True])
def test_idle_connections_are_ended_whether_or_not_the_client_agrees(asked: bool, answers: bool) -> None:
    web = Web()
    client = Client(web)
    client.agree()
    if asked:
        assert client.send(HEALTH).startswith(b"HTTP/1.1 200 ")
    ended = _stopping(web)
    assert client.read() == b""
    assert not ended
    if answers:
        client.answer()
    web.settle(0.0 if answers else 2.1)
    assert ended
    assert client.transport.disconnecting
    assert not [call for call in web.clock.getDelayedCalls() if "abort" in str(call)]


def test_so_is_one_on_which_tls_has_not_been_agreed_on() -> None:
    web = Web()
    client = Client(web)
    ended = _stopping(web)
    web.settle()
    assert ended
    assert client.transport.disconnecting
