"""
How many connections there may be, in all and from one address.

One too many is closed at once and without a word: a reply would cost a handshake, a request's bytes and a descriptor
for as long as somebody reads it, which is what a bound is to save. Clients' SDKs try again by themselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Protocol
from twisted.logger import Logger

from .admission import network_of

_log = Logger()

# Seconds between two lines of the log about the same bound.
_PAUSE = 10.0


class TurnedAway(Protocol):
    """A connection that there is no room for."""

    transport: Any

    def connectionMade(self) -> None:
        self.transport.abortConnection()


class Crowd:
    """
    Counts connections.

    @ivar turned_away: how many were one too many, by the key that bounds them.
    """

    def __init__(self, most: int | None, most_of_one: int | None, seconds: Callable[[], float]) -> None:
        """
        @param most: connections there may be; L{None} for any number.
        @param most_of_one: from one address.
        @param seconds: the time.
        """
        self._most = most
        self._most_of_one = most_of_one
        self._seconds = seconds
        self._all = 0
        self._of_one: Counter[str] = Counter()
        self.turned_away: Counter[str] = Counter()
        self._told: dict[str, tuple[float, int]] = {}

    def has_room(self, address: IAddress | None) -> bool:
        """Whether one more may come from there. If not, that is counted."""
        if self._most is not None and self._all >= self._most:
            self._count("max_connections")
            return False
        if self._most_of_one is not None and self._of_one[_name(address)] >= self._most_of_one:
            self._count("max_connections_per_address")
            return False
        return True

    def turn_away(self) -> TurnedAway:
        """The connection of whoever there is no room for."""
        return TurnedAway()

    def came(self, address: IAddress | None) -> None:
        """There is one more."""
        self._all += 1
        if name := _name(address):
            self._of_one[name] += 1

    def went(self, address: IAddress | None) -> None:
        """There is one fewer."""
        self._all -= 1
        if name := _name(address):
            self._of_one[name] -= 1
            if not self._of_one[name]:
                del self._of_one[name]

    def _count(self, bound: str) -> None:
        self.turned_away[bound] += 1
        now, count = self._seconds(), self.turned_away[bound]
        last, told = self._told.get(bound, (-_PAUSE, 0))
        if now - last >= _PAUSE:
            self._told[bound] = now, count
            text = "connections closed as they came, by {bound}: {count} more, {all} in all"
            _log.warn(text, bound=bound, count=count - told, all=count)


def _name(address: IAddress | None) -> str:
    """What counts as one address; nothing on a Unix socket, where all are of this machine."""
    return network_of(address.host) if isinstance(address, (IPv4Address, IPv6Address)) else ""
