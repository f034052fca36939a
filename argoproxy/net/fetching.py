"""Getting what is at an address that a stranger named: bounded in size, time and hops. Every fault is the client's."""

from __future__ import annotations

from typing import Any

import attrs
from hyperlink import URL, URLParseError
from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IResponse

from argoproxy.errors import ClientFault, UpstreamFault

from .client import Receiver, answered

_MOST_BYTES = 20_000_000
_MOST_HOPS = 3
_SECONDS = 20.0
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@attrs.frozen
class Fetcher:
    """
    @ivar agent: reaches only what may be reached, at each hop.
    """

    _clock: Any
    _agent: IAgent

    def get(self, url: str, path: str) -> Deferred[bytes]:
        """
        What is there.

        @param path: where the address stands in the request.
        @return: fails with a L{ClientFault} if it can't be had. Cancelling it ends the call.
        """
        return Deferred.fromCoroutine(self._follow(url, path)).addTimeout(_SECONDS, self._clock, _too_late(path))

    async def _follow(self, url: str, path: str) -> bytes:
        address = _parsed(url, path)
        for _ in range(_MOST_HOPS + 1):
            response = await self._ask(address, path)
            if response.code not in _REDIRECTS:
                return await _body(response, path)
            address = _next(address, response, path)
        raise unavailable(path, "too many redirects")

    async def _ask(self, address: URL, path: str) -> IResponse:
        headers = Headers({"user-agent": ["argoproxy"], "accept": ["image/*"]})
        try:
            return await answered(self._agent.request(b"GET", address.to_text().encode("ascii"), headers))
        except UpstreamFault:
            raise unavailable(path, "it can't be reached from here") from None


def unavailable(path: str, why: str) -> ClientFault:
    """The fault for what can't be had."""
    return ClientFault(f"The image at '{path}' can't be fetched: {why}.", code="image_unavailable", param=path)


def _too_late(path: str) -> Any:
    def late(result: object, seconds: float) -> None:
        raise unavailable(path, f"it took more than {seconds:g} s")

    return late


def _parsed(url: str, path: str) -> URL:
    try:
        address = URL.from_text(url).to_uri()
    except (URLParseError, ValueError, UnicodeError):
        raise unavailable(path, "it is no address") from None
    if address.scheme not in ("http", "https") or not address.host:
        raise unavailable(path, "only http and https addresses are fetched")
    return address.replace(fragment="", userinfo="")


def _next(address: URL, response: IResponse, path: str) -> URL:
    _discard(response)
    locations = response.headers.getRawHeaders("location") or [""]
    try:
        joined = address.click(locations[0]).to_text()
    except (URLParseError, ValueError, UnicodeError, NotImplementedError):
        raise unavailable(path, "it redirects to no address") from None
    return _parsed(joined, path)


def _discard(response: IResponse) -> None:
    """Close the connection of a reply whose body doesn't matter."""
    unread = Receiver(lambda data: None)
    response.deliverBody(unread)
    unread.done.addErrback(_as_meant)
    unread.done.cancel()


def _as_meant(failure: Failure) -> None:
    failure.trap(CancelledError)


async def _body(response: IResponse, path: str) -> bytes:
    if response.code != 200:
        _discard(response)
        raise unavailable(path, f"status {response.code}")
    body = bytearray()

    def collect(data: bytes) -> None:
        body.extend(data)
        if len(body) > _MOST_BYTES:
            raise unavailable(path, f"it is larger than {_MOST_BYTES // 1_000_000} MB")

    receiver = Receiver(collect)
    response.deliverBody(receiver)
    try:
        await receiver.done
    except UpstreamFault:
        raise unavailable(path, "it broke off") from None
    return bytes(body)
