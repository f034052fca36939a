"""Whatever a client sends, it is served or told what is wrong, in its own shape; it never meets a bug of ours."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.faults.askers import ASKERS, Asker
from tests.fuzz.mutation import fuzzing, wrong_bytes, wrong_json
from tests.matrix.asks import PIXEL, Ask, Model, User
from tests.matrix.columns import Column
from tests.web import Web

_FULL = Ask(
    turns=(User("Hi", image=PIXEL), Model("Hello"), User("The weather")),
    system="Be brief.",
    tools=("get_weather", "read_clock"),
    choice="required",
    sampling=True,
    limit=99,
    stop="HALT",
    thinks=True,
)
_CLIENTS = [asker for asker in ASKERS if "tools" not in asker.label]


@cache
def _web(column: Column) -> Web:
    return column.web()


@cache
def _right(asker: Asker) -> Any:
    """A request with much in it."""
    adapter = getattr(asker, "adapter", None)
    if adapter is None or not hasattr(adapter, "tools"):
        return asker.body
    ask = _FULL if adapter.tools else Ask(turns=(User("Hi"),), sampling=True, limit=99, stop="HALT")
    return adapter.body(ask, asker.column.model) | ({"stream": True} if "stream" in asker.body else {})


def _is_told(asker: Asker, body: bytes) -> None:
    web = _web(asker.column)
    got = web.begin("POST", asker.path, body, {"content-type": "application/json"})
    for _ in range(3):
        if not got.ended and got.failure is None:
            web.settle(60.0)
    assert got.response is not None, got.failure
    if got.status != 200:
        assert json.loads(got.body)["error"]
        assert b"Internal error of the proxy" not in got.body, body
    assert web.proxy.underway.open == 0


@fuzzing
@given(st.sampled_from(_CLIENTS), st.data())
def test_any_json_is_served_or_refused(asker: Asker, data: st.DataObject) -> None:
    body = data.draw(wrong_json(_right(asker)))
    _is_told(asker, json.dumps(body).encode())


@fuzzing
@given(st.sampled_from(_CLIENTS), st.data())
def test_any_bytes_are_served_or_refused(asker: Asker, data: st.DataObject) -> None:
    _is_told(asker, data.draw(wrong_bytes(json.dumps(_right(asker)).encode())))
