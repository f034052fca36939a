"""Instances that note everything have no table of names for themselves, however many came before them."""

from __future__ import annotations

import gc
import sys

import pytest

from argoproxy.net.channel import Channel
from argoproxy.net.names import CHANNEL, REQUEST, share_names
from argoproxy.net.request import BoundedRequest

pytestmark = pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="others share in ways of their own")
# More than a class takes up new names for.
MANY = 40


class Shared:
    """Knows its names."""


class Late:
    """Learns them too late."""


share_names(Shared, REQUEST)


def _has_a_table(kind: type, names: frozenset[str]) -> bool:
    """Whether the last of many instances has one."""
    one: object = None
    for _ in range(MANY):
        one = object.__new__(kind)
    for name in names:
        setattr(one, name, 1)
    return any(isinstance(part, dict) for part in gc.get_referents(one))


@pytest.mark.parametrize(
    ("kind", "names", "expected"),
    [(Channel, CHANNEL, False), (BoundedRequest, REQUEST, False), (Shared, REQUEST, False), (Late, REQUEST, True)],
)
def test_who_knows_its_names_from_the_beginning_has_no_table(
    kind: type, names: frozenset[str], expected: bool
) -> None:
    assert _has_a_table(kind, names) == expected
