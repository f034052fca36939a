"""
Connections that are there in time, or not at all.

Twisted's endpoints bound each attempt at an address, and not what comes before and behind: a name's look-up, TLS.
"""

from __future__ import annotations

from typing import Any

import attrs
from twisted.internet import error
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from zope.interface import implementer


@implementer(IStreamClientEndpoint)
@attrs.frozen
class Deadline:
    """
    @ivar _endpoint: what connects.
    @ivar _seconds: how long all of it may take.
    """

    _endpoint: IStreamClientEndpoint
    _clock: Any
    _seconds: float

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """@return: fails with Twisted's C{error.TimeoutError} when the time is over, else as the endpoint's does."""
        connecting: Deferred[IProtocol] = self._endpoint.connect(protocolFactory)
        return connecting.addTimeout(self._seconds, self._clock, _too_late)


def _too_late(result: object, seconds: float) -> Any:
    raise error.TimeoutError(f"{seconds:g} s")
