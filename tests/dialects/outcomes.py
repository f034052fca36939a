"""What became of something that may be refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from argoproxy.errors import ClientFault

T = TypeVar("T")


def outcome(attempt: Callable[[], T]) -> T | ClientFault:
    """What it returned, or the fault with which it was refused. Whatever else it raises is raised."""
    try:
        return attempt()
    except ClientFault as fault:
        return fault
