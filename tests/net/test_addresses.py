"""Which addresses strangers may send the proxy to."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor as _reactor
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.error import DNSLookupError
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.web.client import Agent
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

from argoproxy.net.addresses import Outward, is_public
from argoproxy.net.client import Receiver
from argoproxy.net.fetching import Fetcher

reactor: Any = _reactor


@pytest.mark.parametrize("address", ["8.8.8.8", "140.221.6.15", "2001:4860:4860::8888", "::ffff:8.8.8.8"])
def test_the_open_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2002:a00:1::",
        "fd00:ec2::254",
        "64:ff9b:1::7f00:1",
        "::7f00:1",
        "::ffff:0:7f00:1",
        "2001:0:4136:e378:8000:63bf:80ff:fffe",
        "fec0::1",
        "3fff::1",
        "2001:db8::1",
        "fe80::1%eth0",
        "168.63.129.16",
        "192.0.0.192",
        "192.88.99.1",
        "198.18.0.1",
        "localhost",
        "",
        "8.8.8.8.8",
    ],
)
def test_machines_networks_and_metadata_are_not(address: str) -> None:
    assert not is_public(address)


class Here(Resource):
    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        return b"here"


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "0.0.0.0", "[::1]", "127.1", "2130706433", "0x7f000001"])
@pytest_twisted.ensureDeferred
async def test_what_is_not_public_is_not_connected_to(name: str) -> None:
    port = reactor.listenTCP(0, Site(Here()), interface="127.0.0.1")
    url = f"http://{name}:{port.getHost().port}/".encode()
    agent = Agent.usingEndpointFactory(reactor, Outward(reactor, public=True, timeout=5.0))
    try:
        with pytest.raises(DNSLookupError):
            await agent.request(b"GET", url)
    finally:
        await port.stopListening()


@pytest_twisted.ensureDeferred
async def test_unless_the_operator_says_that_any_is_fine() -> None:
    port = reactor.listenTCP(0, Site(Here()), interface="127.0.0.1")
    agent = Agent.usingEndpointFactory(reactor, Outward(reactor, public=False, timeout=5.0))
    reply = await agent.request(b"GET", f"http://127.0.0.1:{port.getHost().port}/".encode())
    assert reply.code == 200
    reply.deliverBody(Receiver(lambda data: None))
    await port.stopListening()


class Changing:
    """A resolver whose answers change from one time to the next."""

    def __init__(self, *answers: list[str]) -> None:
        self.left = list(answers)

    def resolveHostName(self, receiver: Any, hostName: str, portNumber: int = 0, *rest: Any) -> Any:
        """As Twisted's."""
        receiver.resolutionBegan(self)
        for one in self.left.pop(0):
            kind = IPv6Address if ":" in one else IPv4Address
            receiver.addressResolved(kind("TCP", one, portNumber))
        receiver.resolutionComplete()
        return self


class Fetching:
    """A picture that is fetched from a name whose addresses change, over connections that the test plays."""

    def __init__(self, *answers: list[str]) -> None:
        reactor: Any = MemoryReactorClock()
        self.reactor, self.resolver = reactor, Changing(*answers)
        reactor.nameResolver = self.resolver
        outward = Outward(reactor, public=True, timeout=5.0)
        fetcher = Fetcher(reactor, Agent.usingEndpointFactory(reactor, outward))
        self.outcome: list[Any] = []
        fetcher.get("http://changing.example/a.png", "messages").addBoth(self.outcome.append)

    @property
    def connected_to(self) -> list[str]:
        return [host for host, *_ in self.reactor.tcpClients]

    def answer(self, data: bytes) -> None:
        """Let the latest connection be made, and its server say something."""
        connection = self.reactor.tcpClients[-1][2].buildProtocol(None)
        connection.makeConnection(StringTransport())
        connection.dataReceived(data)


def test_the_address_that_was_checked_is_the_one_that_is_connected_to() -> None:
    """A name is looked up once: nobody asks for it again between the check and the connection."""
    fetching = Fetching(["8.8.8.8"], ["127.0.0.1"])
    assert (fetching.connected_to, len(fetching.resolver.left)) == (["8.8.8.8"], 1)
    fetching.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nPNG")
    assert (fetching.outcome, fetching.connected_to) == ([b"PNG"], ["8.8.8.8"])


@pytest.mark.parametrize("then", ["127.0.0.1", "0.0.0.0", "169.254.169.254", "::ffff:10.0.0.1", "64:ff9b::a00:1"])
def test_a_name_that_leads_elsewhere_behind_a_redirect_is_not_followed(then: str) -> None:
    fetching = Fetching(["8.8.8.8"], [then])
    fetching.answer(b"HTTP/1.1 302 Found\r\nLocation: /b.png\r\nContent-Length: 0\r\n\r\n")
    assert fetching.outcome[0].value.code == "image_unavailable"
    assert (fetching.connected_to, fetching.resolver.left) == (["8.8.8.8"], [])


def test_of_several_addresses_only_the_public_ones_are_tried() -> None:
    fetching = Fetching(["10.0.0.1", "::ffff:127.0.0.1", "8.8.8.8", "fd00:ec2::254"])
    fetching.reactor.advance(10.0)
    assert fetching.connected_to == ["8.8.8.8"]
