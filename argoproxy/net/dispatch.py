"""
From a request to its route without a search, where the path settles it.

Klein owns all routes, and serves those with variables in their path, what there isn't, and what hangs below another
resource. The rest are a look-up here, which is a tenth of the work.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from klein import Klein
from klein.resource import KleinResource
from twisted.web.server import NOT_DONE_YET


class Dispatch(KleinResource):
    """
    A Klein application's resource. Its routes without variables are called as they are: they must write and finish
    their replies themselves, also when the client leaves; the L{Deferred} that one may return never fails.
    """

    def __init__(self, app: Klein) -> None:
        super().__init__(app)
        endpoints: Mapping[str, Any] = app.endpoints
        self._plain = {
            # Klein puts one function of its own around each.
            (method.encode("ascii"), rule.rule.encode("ascii")): endpoints[rule.endpoint].__wrapped__
            for rule in app.url_map.iter_rules()
            if not rule.arguments
            for method in rule.methods or ()
        }

    def render(self, request: Any) -> Any:
        """Serve a request."""
        serve = None if request.prepath else self._plain.get((request.method, request.path))
        if serve is None:
            return super().render(request)
        serve(request)
        return NOT_DONE_YET
