"""
The proxy below a path of a web site of your own: C{http://127.0.0.1:44497/argo/v1} is the base for clients.

Run it with C{python examples/embed_resource.py}, and end it with Ctrl-C. What this Site can't do, and the proxy's own
can, is told in C{docs/operating.md}.
"""

import sys
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.task import react
from twisted.logger import globalLogBeginner, textFileLogObserver
from twisted.web.resource import Resource
from twisted.web.server import Site
from twisted.web.static import Data

from argoproxy.config import Config
from argoproxy.service import make_resource


async def serve(reactor: Any) -> None:
    """Listen until the reactor is stopped. The proxy's background work begins and ends with the reactor."""
    root = Resource()
    root.putChild(b"", Data(b"Our laboratory.\n", "text/plain"))
    root.putChild(b"argo", make_resource(Config(use_simulator=True), reactor))
    endpoint = serverFromString(reactor, "tcp:44497:interface=127.0.0.1")
    await endpoint.listen(Site(root))
    print("listening", flush=True)
    await Deferred()


if __name__ == "__main__":
    globalLogBeginner.beginLoggingTo([textFileLogObserver(sys.stderr)])
    react(lambda reactor: Deferred.fromCoroutine(serve(reactor)))
