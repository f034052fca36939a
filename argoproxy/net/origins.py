"""
Whose pages may call the proxy from a browser (CORS).

A browser lets a page send much to any address, and only hides the reply from it; a call costs tokens all the same. So
what comes from another origin is refused unless the operator has named that, and not just left without headers.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from twisted.web.http_headers import Headers

from argoproxy.errors import ClientFault

_METHODS = b"GET, HEAD, POST, OPTIONS"
_NAMES = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~ ,-]{1,4096}")
# Seconds for which a browser need not ask again.
_MAX_AGE = b"7200"
_VARIES = b"Origin"
_VARIES_MORE = b"Access-Control-Request-Method, Access-Control-Request-Headers, Access-Control-Request-Private-Network"


class Origins:
    """The origins whose pages may call."""

    def __init__(self, named: Collection[str] = ()) -> None:
        """
        @param named: origins as browsers write them (C{https://chat.example.gov}); C{*} among them stands for all.
        """
        self._all = "*" in named
        self._named = frozenset(one.lower().encode("ascii") for one in named)

    def fault(self, origin: bytes, host: bytes) -> ClientFault | None:
        """
        Why a page may not call, if it may not.

        @param origin: of the page.
        @param host: what the request names; the proxy's own pages may always call.
        """
        if self._all or origin.lower() in self._named or _authority(origin) == host.lower():
            return None
        text = "Web pages of this origin may not use this proxy. Its operator can name the origin in 'cors_origins'."
        return ClientFault(text, status=403, code="origin_not_allowed")

    def allow(self, origin: bytes, asked: Headers, told: Headers) -> None:
        """
        Have the browser give the reply to the page.

        @param asked: the request's headers.
        @param told: the reply's.
        """
        told.setRawHeaders(b"access-control-allow-origin", [b"*" if self._all else origin])
        told.setRawHeaders(b"access-control-expose-headers", [b"*"])
        told.setRawHeaders(b"vary", [_VARIES])
        if asked.hasHeader(b"access-control-request-method"):
            _answer_preflight(asked, told)


def _answer_preflight(asked: Headers, told: Headers) -> None:
    """Tell a browser that asks beforehand what it may send."""
    told.setRawHeaders(b"access-control-allow-methods", [_METHODS])
    told.setRawHeaders(b"access-control-max-age", [_MAX_AGE])
    told.addRawHeader(b"vary", _VARIES_MORE)
    names = b", ".join(asked.getRawHeaders(b"access-control-request-headers", []))
    if _NAMES.fullmatch(names):
        told.setRawHeaders(b"access-control-allow-headers", [names])
    if asked.hasHeader(b"access-control-request-private-network"):
        told.setRawHeaders(b"access-control-allow-private-network", [b"true"])


def _authority(origin: bytes) -> bytes:
    return origin.lower().partition(b"://")[2]
