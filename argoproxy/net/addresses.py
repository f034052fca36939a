"""
Which addresses the proxy may be sent to by strangers.

A host's name is looked up once, what may not be reached is left out, and the connection goes to what remains: a name
can't pass the check as one address and be connected to as another.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any

import attrs
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.interfaces import (
    IAddress,
    IHostnameResolver,
    IHostResolution,
    IReactorPluggableNameResolver,
    IResolutionReceiver,
    IStreamClientEndpoint,
)
from twisted.web.client import URI, BrowserLikePolicyForHTTPS
from twisted.web.iweb import IAgentEndpointFactory
from zope.interface import directlyProvides, implementer

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# What the standard library, or an older one, takes for the open internet.
_INNER = tuple(
    ipaddress.ip_network(network)
    for network in (
        "168.63.129.16/32",  # Azure's, on every machine there
        "192.0.0.0/24",  # protocols' own, and Oracle's metadata
        "192.88.99.0/24",  # relays of 6to4, withdrawn
        "3fff::/20",  # documentation
        "fec0::/10",  # a site's own, withdrawn
    )
)


def is_public(address: str) -> bool:
    """Whether an address belongs to the open internet: not to this machine, its networks, or a cloud's metadata."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    inner_network = any(ip in network for network in _INNER)
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or inner_network)


@implementer(IResolutionReceiver)
@attrs.frozen
class PublicOnly:
    """Passes on those of a name's addresses that are public."""

    _receiver: Any

    def resolutionBegan(self, resolutionInProgress: IHostResolution) -> None:
        self._receiver.resolutionBegan(resolutionInProgress)

    def addressResolved(self, address: IAddress) -> None:
        if is_public(getattr(address, "host", "")):
            self._receiver.addressResolved(address)

    def resolutionComplete(self) -> None:
        self._receiver.resolutionComplete()


@implementer(IHostnameResolver)
@attrs.frozen
class PublicResolver:
    """Looks names up, and knows public addresses only."""

    _resolver: Any

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[IAddress]] | None = None,
        transportSemantics: str = "TCP",
    ) -> IHostResolution:
        resolution: IHostResolution = self._resolver.resolveHostName(
            PublicOnly(resolutionReceiver), hostName, portNumber, addressTypes, transportSemantics
        )
        return resolution


class _PublicReactor:
    """The reactor, but for the names that it resolves."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self.nameResolver = PublicResolver(reactor.nameResolver)
        directlyProvides(self, IReactorPluggableNameResolver)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)


@implementer(IAgentEndpointFactory)
class Outward:
    """Endpoints for addresses that strangers name."""

    def __init__(self, reactor: Any, *, public: bool, timeout: float) -> None:
        """
        @param public: whether only public addresses may be reached.
        @param timeout: seconds for a connection.
        """
        self._reactor = _PublicReactor(reactor) if public else reactor
        self._timeout = timeout
        self._tls = BrowserLikePolicyForHTTPS()

    def endpointForURI(self, uri: URI) -> IStreamClientEndpoint:
        endpoint = HostnameEndpoint(self._reactor, uri.host, uri.port, timeout=self._timeout)
        if uri.scheme == b"http":
            return endpoint
        return wrapClientTLS(self._tls.creatorForNetloc(uri.host, uri.port), endpoint)
