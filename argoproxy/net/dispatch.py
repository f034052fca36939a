"""
From a request to its route without a search, where the path settles it.

Klein owns all routes, and serves those with variables in their path, what there isn't, and what hangs below another
resource. The rest are a look-up here, which is a tenth of the work.
"""

from __future__ import annotations

from typing import Any

from klein import Klein
from klein.resource import KleinResource
from twisted.internet.defer import Deferred
from twisted.web.server import NOT_DONE_YET, Request


class Dispatch(KleinResource):
    """
    A Klein application's resource. Its routes without variables must write and finish their replies themselves; the
    L{Deferred} that one returns is cancelled when the client leaves, and never fails.
    """

    def __init__(self, app: Klein) -> None:
        super().__init__(app)
        self._plain = {
            (method.encode("ascii"), rule.rule.encode("ascii")): rule.endpoint
            for rule in app.url_map.iter_rules()
            if not rule.arguments
            for method in rule.methods or ()
        }

    def render(self, request: Any) -> Any:
        """Serve a request."""
        endpoint = None if request.prepath else self._plain.get((request.method, request.path))
        return super().render(request) if endpoint is None else self._answer(endpoint, request)

    def _answer(self, endpoint: str, request: Request) -> int:
        answer = self._app.execute_endpoint(endpoint, request)
        if isinstance(answer, Deferred):
            request.notifyFinish().addErrback(lambda ignored: answer.cancel())
        return NOT_DONE_YET
