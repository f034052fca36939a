"""Which addresses strangers may send the proxy to."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor as _reactor
from twisted.internet.error import DNSLookupError
from twisted.web.client import Agent
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

from argoproxy.net.addresses import Outward, is_public
from argoproxy.net.client import Receiver

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
