"""Connections to ARGO, as far as the client decides about them, and what it makes of those that fail."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet import error
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IHostnameResolver
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from twisted.web.client import URI, RequestTransmissionFailed, ResponseFailed, ResponseNeverReceived
from twisted.web.iweb import IAgent, IResponse
from zope.interface import implementer

from argoproxy.conversation import Call
from argoproxy.errors import ConnectTimedOut, Unanswered, Unreachable
from argoproxy.net.agent import UnansweredAgain
from argoproxy.net.client import Overridden, make_client
from argoproxy.net.handshake import CutShort, NotAgreed


def test_that_a_connection_is_refused_is_known_after_a_tenth_of_a_second() -> None:
    clock = MemoryReactorClock()
    endpoint = Overridden(clock, {}, 10.0).endpointForURI(URI.fromBytes(b"http://127.0.0.1:9/"))
    failures: list[Failure] = []
    endpoint.connect(Factory()).addErrback(failures.append)
    [(_, _, factory, timeout, _)] = clock.tcpClients
    factory.clientConnectionFailed(clock.connectors[0], Failure(error.ConnectionRefusedError()))
    clock.advance(0.1)
    assert timeout == 10.0
    assert [failure.type for failure in failures] == [error.ConnectionRefusedError]


@implementer(IHostnameResolver)
class Silent:
    """Never finds a name, and never says so."""

    def resolveHostName(self, resolutionReceiver: Any, *rest: Any, **options: Any) -> Any:
        resolutionReceiver.resolutionBegan(self)
        self.receiver = resolutionReceiver
        return resolutionReceiver


@pytest.mark.parametrize("url", [b"http://argo.example/", b"https://argo.example/"])
def test_the_time_for_a_connection_is_for_the_look_up_of_its_name_too(url: bytes) -> None:
    clock, silent = MemoryReactorClock(), Silent()
    clock.installNameResolver(silent)
    failures: list[Failure] = []
    Overridden(clock, {}, 10.0).endpointForURI(URI.fromBytes(url)).connect(Factory()).addErrback(failures.append)
    clock.advance(9.9)
    assert failures == []
    clock.advance(0.1)
    assert [failure.type for failure in failures] == [error.TimeoutError]
    silent.receiver.addressResolved(IPv4Address("TCP", "10.0.0.1", 80))
    silent.receiver.resolutionComplete()
    assert clock.tcpClients == []
    assert clock.getDelayedCalls() == []


def test_the_time_for_a_connection_is_for_tls_too() -> None:
    """All of it together: who has been connected to late has less time to agree on TLS."""
    clock, transport = MemoryReactorClock(), StringTransport()
    failures: list[Failure] = []
    endpoint = Overridden(clock, {}, 10.0).endpointForURI(URI.fromBytes(b"https://127.0.0.1:9/"))
    endpoint.connect(Factory()).addErrback(failures.append)
    clock.advance(6.0)
    [(_, _, factory, _, _)] = clock.tcpClients
    protocol: Any = factory.buildProtocol(None)
    protocol.makeConnection(transport)
    clock.advance(3.9)
    assert failures == []
    clock.advance(0.1)
    assert [failure.type for failure in failures] == [error.TimeoutError]
    assert transport.disconnected
    protocol.connectionLost(Failure(error.ConnectionDone()))
    assert clock.getDelayedCalls() == []


@implementer(IAgent)
class Failing:
    """A network on which every request fails in the same way."""

    def __init__(self, reason: Exception) -> None:
        self._reason = reason

    def request(self, method: bytes, uri: bytes, headers: Any = None, bodyProducer: Any = None) -> Deferred[IResponse]:
        return fail(self._reason)


def _because(kind: Any, *reasons: Exception) -> Exception:
    made: Exception = kind([Failure(reason) for reason in reasons])
    return made


DONE, LOST = error.ConnectionDone(), error.ConnectionLost()
FAULTS: list[tuple[Exception, type[Unanswered], bool, int]] = [
    (error.ConnectionRefusedError(), Unreachable, True, 1),
    (CutShort(), Unreachable, True, 1),
    (NotAgreed(), Unreachable, False, 1),
    (error.TimeoutError(), ConnectTimedOut, False, 1),
    (error.DNSLookupError(), Unreachable, False, 1),
    (error.NoRouteError(), Unreachable, False, 1),
    (_because(ResponseNeverReceived, LOST), Unanswered, True, 1),
    (_because(ResponseNeverReceived, DONE), Unanswered, True, 1),
    (_because(RequestTransmissionFailed, LOST), Unanswered, True, 1),
    (_because(ResponseFailed, LOST), Unanswered, False, 1),
    (_because(ResponseFailed, ValueError()), Unanswered, False, 1),
    (_because(UnansweredAgain, _because(ResponseNeverReceived, DONE)), Unanswered, True, 2),
    (_because(UnansweredAgain, _because(ResponseFailed, LOST)), Unanswered, False, 2),
    (_because(UnansweredAgain, error.ConnectionRefusedError()), Unreachable, True, 2),
    (_because(UnansweredAgain, error.TimeoutError()), ConnectTimedOut, False, 2),
]


@pytest.mark.parametrize(("reason", "kind", "repeatable", "attempts"), FAULTS, ids=repr)
def test_a_call_that_gets_no_reply_tells_whether_it_may_be_repeated(
    reason: Exception, kind: type[Unanswered], repeatable: bool, attempts: int
) -> None:
    """Not if anything came, whatever it was."""
    failures: list[Any] = []
    call = Call(url="http://argo.example/", body=b"{}", reply="message")
    make_client(Failing(reason), Clock()).send(call).addErrback(lambda failure: failures.append(failure.value))
    [fault] = failures
    assert (type(fault), fault.repeatable, fault.attempts) == (kind, repeatable, attempts)
    told = (504, "timeout_connect") if kind is ConnectTimedOut else (502, "upstream_unreachable")
    assert (fault.status, fault.code) == told
