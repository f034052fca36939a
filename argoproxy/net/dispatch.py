"""
From a request to its route without a search, where the path settles it.

Klein owns all routes, and serves those with variables in their path, what there isn't, and what hangs below another
resource. The rest are a look-up here, which is a tenth of the work.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from inspect import unwrap
from typing import Any

from klein import Klein
from klein.resource import KleinResource
from twisted.python.failure import Failure
from twisted.web.server import NOT_DONE_YET

from .later import Later


class Dispatch(KleinResource):
    """
    A Klein application's resource. Its routes without variables are called as they are, behind the turn in which their
    requests came: they must write and finish their replies themselves, also when the client leaves; the L{Deferred}
    that one may return never fails.
    """

    def __init__(self, app: Klein, later: Later) -> None:
        super().__init__(app)
        self._later = later
        self._plain = {
            (method.encode("ascii"), rule.rule.encode("ascii")): unwrap(app.endpoints[rule.endpoint])
            for rule in app.url_map.iter_rules()
            if not rule.arguments
            for method in rule.methods or ()
        }

    def render(self, request: Any) -> Any:
        """Serve a request."""
        serve = None if request.prepath else self._plain.get((request.method, request.path))
        if serve is None:
            return super().render(request)
        self._later.do(partial(_served, serve, request))
        return NOT_DONE_YET


def _served(serve: Callable[[Any], object], request: Any) -> None:
    """Serve a request, unless its client has left meanwhile: nobody would hear of that any more."""
    if request._disconnected:
        return
    try:
        serve(request)
    except Exception:  # noqa: BLE001 - what a route does not expect is the request's to tell
        request.processingFailed(Failure())
