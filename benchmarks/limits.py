"""How many files a process may have open here, and so how many streams a proxy can carry."""

from __future__ import annotations

import resource

# What a program has open besides its connections, at most.
_ELSE = 200
# The connections that one address of a client can have to one of a server, safely.
_PORTS = 25_000


def raise_limit() -> None:
    """Allow ourselves, and so every program that we start, as many files as the machine does."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def most_streams() -> int:
    """How many streams a proxy can have open at once, with two descriptors for each."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min((most - _ELSE) // 2, _PORTS)
