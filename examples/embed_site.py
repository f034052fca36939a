"""
The proxy's own Site on an endpoint of your choice, in a program that runs the reactor by itself.

Run it with C{python examples/embed_site.py}, and end it with Ctrl-C.
"""

import sys
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.task import react
from twisted.logger import globalLogBeginner, textFileLogObserver

from argoproxy.config import Config
from argoproxy.service import make_site


async def serve(reactor: Any) -> None:
    """Listen until the reactor is stopped. The proxy's background work begins and ends with the reactor."""
    site = make_site(Config(use_simulator=True), reactor)
    endpoint = serverFromString(reactor, "tcp:44497:interface=127.0.0.1")
    await endpoint.listen(site)
    print("listening", flush=True)
    await Deferred()


if __name__ == "__main__":
    globalLogBeginner.beginLoggingTo([textFileLogObserver(sys.stderr)])
    react(lambda reactor: Deferred.fromCoroutine(serve(reactor)))
