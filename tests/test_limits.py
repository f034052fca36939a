"""Which limit of time counts."""

from __future__ import annotations

from typing import Any

import pytest

from argoproxy.errors import ClientFault
from argoproxy.limits import time_allowed


@pytest.mark.parametrize(
    ("asked", "query", "default", "client_side", "allowed"),
    [
        (None, {}, None, None, None),
        (None, {}, 9.0, None, 9.0),
        (5.0, {}, 9.0, None, 5.0),
        (50.0, {}, 9.0, None, 50.0),
        (None, {"timeout": "2.5"}, None, None, 2.5),
        (5.0, {"timeout": "2.5"}, None, None, 2.5),
        (1.5, {"timeout": "2.5"}, None, None, 1.5),
        (5.0, {}, None, "3", 3.0),
        (None, {}, 9.0, "600", 600.0),
        (None, {}, 9.0, "soon", 9.0),
        (None, {}, 9.0, "nan", 9.0),
        (None, {"other": "1"}, None, None, None),
    ],
)
def test_the_smallest_that_is_given_counts_and_else_the_default(
    asked: Any, query: Any, default: Any, client_side: Any, allowed: Any
) -> None:
    assert time_allowed(asked, query, default, client_side) == allowed


@pytest.mark.parametrize("text", ["0", "-1", "", "soon", "nan", "inf", "1e999", "1,5"])
def test_what_is_no_time_is_refused_by_name(text: str) -> None:
    with pytest.raises(ClientFault) as refused:
        time_allowed(5.0, {"timeout": text}, None)
    assert (refused.value.status, refused.value.param) == (400, "timeout")
