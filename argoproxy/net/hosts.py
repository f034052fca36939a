"""
Which hosts a request may name. A page that a browser has loaded from elsewhere reaches a proxy on the browser's own
machine under a name that its owner controls (DNS rebinding): such names are refused. Addresses can't be bent so.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

from argoproxy.errors import ClientFault, Misdirected

_HOST = re.compile(rb"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]*)(:[0-9]*)?")
# Clients use a few names; what more there are is looked at each time.
_MOST_KNOWN = 256


class Hosts:
    """The hosts that requests may name."""

    def __init__(self, patterns: Sequence[str] | None = None) -> None:
        """
        @param patterns: names, or shell patterns for them, that are served beside C{localhost} and addresses; L{None}
            for all there are.
        """
        self._patterns = None if patterns is None else ["localhost", *(pattern.lower() for pattern in patterns)]
        self._known: set[bytes] = set()

    def fault(self, host: bytes) -> ClientFault | None:
        """
        What is wrong with a host, if anything.

        @param host: as a request's C{Host} has it, with or without a port.
        """
        if host in self._known:
            return None
        found = _HOST.fullmatch(host)
        if found is None:
            return ClientFault("The 'Host' is not valid.", code="bad_host")
        if self._patterns is not None and not self._serves(found["name"].decode("ascii")):
            return Misdirected()
        if len(self._known) < _MOST_KNOWN:
            self._known.add(host)
        return None

    def _serves(self, name: str) -> bool:
        name = name.lower().removesuffix(".")
        return _is_address(name) or any(fnmatchcase(name, pattern) for pattern in self._patterns or ())


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
