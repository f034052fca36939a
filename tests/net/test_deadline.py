"""A connection is there in time, or given up."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionRefusedError, TimeoutError
from twisted.internet.interfaces import IProtocol, IStreamClientEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from zope.interface import implementer
from zope.interface.verify import verifyObject

from argoproxy.net.deadline import Deadline


@implementer(IStreamClientEndpoint)
class Endpoint:
    """One that is connected to when the test says so."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.cancelled = 0
        self.connecting: Deferred[IProtocol] = Deferred(self._cancel)
        self.ended: list[Any] = []
        self.connected = Deadline(self, self.clock, 10.0).connect(Factory())
        self.connected.addBoth(self.ended.append)

    def connect(self, protocolFactory: Any) -> Deferred[IProtocol]:
        return self.connecting

    def _cancel(self, connecting: object) -> None:
        self.cancelled += 1


def test_it_is_an_endpoint() -> None:
    assert verifyObject(IStreamClientEndpoint, Deadline(Endpoint(), Clock(), 1.0))


def test_what_comes_in_time_is_handed_on() -> None:
    endpoint, protocol = Endpoint(), Protocol()
    endpoint.clock.advance(9.9)
    endpoint.connecting.callback(protocol)
    endpoint.clock.advance(10.0)
    assert endpoint.ended == [protocol]
    assert endpoint.clock.getDelayedCalls() == []


def test_what_fails_in_time_fails_as_it_does() -> None:
    endpoint = Endpoint()
    endpoint.connecting.errback(ConnectionRefusedError())
    assert endpoint.ended[0].check(ConnectionRefusedError)
    assert endpoint.clock.getDelayedCalls() == []


def test_what_takes_longer_is_given_up() -> None:
    endpoint = Endpoint()
    endpoint.clock.advance(9.9)
    assert endpoint.ended == []
    endpoint.clock.advance(0.1)
    assert endpoint.ended[0].check(TimeoutError)
    assert endpoint.cancelled == 1


def test_who_no_longer_waits_ends_it() -> None:
    endpoint = Endpoint()
    endpoint.connected.cancel()
    assert endpoint.ended[0].check(CancelledError)
    assert endpoint.cancelled == 1
    assert endpoint.clock.getDelayedCalls() == []
