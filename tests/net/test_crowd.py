"""How many connections there may be: one too many is closed as it comes, and is counted."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.interfaces import IAddress
from twisted.internet.testing import StringTransport
from twisted.protocols.tls import TLSMemoryBIOFactory

from argoproxy.net.channel import Channel
from argoproxy.net.crowd import Crowd, TurnedAway
from tests.net.certificates import certificate_for
from tests.net.test_site import HELLO, Line, _post, _status
from tests.web import Web

A, B = IPv4Address("TCP", "10.0.0.1", 1), IPv4Address("TCP", "10.0.0.2", 1)
A6 = [IPv6Address("TCP", f"2001:db8::{number}", 1) for number in range(1, 4)]
B6 = IPv6Address("TCP", "2001:db8:0:1::1", 1)
PEER = StringTransport().getPeer()
UNIX = UNIXAddress("")

ROOM: list[tuple[int | None, int | None, list[IAddress], IAddress, str]] = [
    # The bounds, who is there, who comes, and which bound is in the way.
    (None, None, [A, A], A, ""),
    (2, None, [A], B, ""),
    (2, None, [A, B], B, "max_connections"),
    (2, None, [A, A], UNIX, "max_connections"),
    (None, 2, [A, A], A, "max_connections_per_address"),
    (None, 2, [A, A], B, ""),
    (None, 2, [A6[0], A6[1]], A6[2], "max_connections_per_address"),
    (None, 2, [A6[0], A6[1]], B6, ""),
    (None, 1, [UNIX, UNIX], UNIX, ""),
    (2, 1, [A, B], A, "max_connections"),
]


@pytest.mark.parametrize(("most", "most_of_one", "there", "comes", "bound"), ROOM)
def test_there_is_room_or_a_bound_is_in_the_way(
    most: int | None, most_of_one: int | None, there: list[IAddress], comes: IAddress, bound: str
) -> None:
    crowd = Crowd(most, most_of_one, lambda: 0.0)
    for address in there:
        assert crowd.has_room(address)
        crowd.came(address)
    assert crowd.has_room(comes) is not bool(bound)
    assert dict(crowd.turned_away) == ({bound: 1} if bound else {})
    for address in there:
        crowd.went(address)
    assert crowd.has_room(comes)
    assert not crowd._of_one


def test_the_log_tells_of_it_now_and_then(told: list[str]) -> None:
    time = 0.0
    crowd = Crowd(1, None, lambda: time)
    crowd.came(A)
    for second in (0.0, 0.1, 9.9, 10.0, 10.1, 25.0):
        time = second
        crowd.has_room(A)
    assert told == [
        "connections closed as they came, by max_connections: 1 more, 1 in all",
        "connections closed as they came, by max_connections: 3 more, 4 in all",
        "connections closed as they came, by max_connections: 2 more, 6 in all",
    ]


def _come(web: Web) -> Line | None:
    """One more connection, if there is room."""
    protocol: Any = web.proxy.site.buildProtocol(PEER)
    if isinstance(protocol, Channel):
        return Line(web)
    transport = StringTransport()
    protocol.makeConnection(transport)
    assert isinstance(protocol, TurnedAway)
    assert transport.disconnected
    assert not transport.value()
    return None


def test_connections_are_let_in_as_others_go() -> None:
    web = Web(max_connections=2)
    first, second = _come(web), _come(web)
    assert first is not None
    assert second is not None
    assert _come(web) is None
    assert _status(second.send(_post(HELLO))) == 200
    first.transport.loseConnection()
    third = _come(web)
    assert third is not None
    assert _come(web) is None


def test_one_too_many_costs_no_handshake_either() -> None:
    web = Web(max_connections=1)
    assert _come(web) is not None
    secured: Any = TLSMemoryBIOFactory(certificate_for("x").options(), False, web.proxy.site)
    protocol = secured.buildProtocol(PEER)
    transport = StringTransport()
    protocol.makeConnection(transport)
    assert transport.disconnected
    assert not transport.value()


def test_a_reload_brings_other_bounds() -> None:
    web = Web()
    assert all(_come(web) for _ in range(3))
    web.proxy.reload(msgspec.structs.replace(web.config, max_connections=3))
    assert _come(web) is None
    web.proxy.reload(msgspec.structs.replace(web.config, max_connections_per_address=4))
    assert _come(web) is not None
    assert _come(web) is None
    web.proxy.reload(web.config)
    assert _come(web) is not None
