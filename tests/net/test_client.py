"""Connections to ARGO, as far as the client decides about them."""

from __future__ import annotations

from twisted.internet.error import ConnectionRefusedError
from twisted.internet.protocol import Factory
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure
from twisted.web.client import URI

from argoproxy.net.client import Overridden


def test_that_a_connection_is_refused_is_known_after_a_tenth_of_a_second() -> None:
    clock = MemoryReactorClock()
    endpoint = Overridden(clock, {}, 10.0).endpointForURI(URI.fromBytes(b"http://127.0.0.1:9/"))
    failures: list[Failure] = []
    endpoint.connect(Factory()).addErrback(failures.append)
    [(_, _, factory, timeout, _)] = clock.tcpClients
    factory.clientConnectionFailed(clock.connectors[0], Failure(ConnectionRefusedError()))
    clock.advance(0.1)
    assert timeout == 10.0
    assert [failure.type for failure in failures] == [ConnectionRefusedError]
