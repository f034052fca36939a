"""ARGO's list is understood in every shape that it has had, and what is no list is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argoproxy.catalogue.listing import MOST_ROWS, Row, rows
from argoproxy.errors import UpstreamFault

OLD = {"id": "gpt35", "model_name": "GPT-3.5 Turbo"}
NEW = {"id": "GPT-4o", "internal_id": "gpt4o", "object": "model", "created": 1715367049, "owned_by": "system"}


def listing(*found: Any) -> bytes:
    return json.dumps({"object": "list", "data": found}).encode()


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (OLD, Row("gpt35", "GPT-3.5 Turbo")),
        (NEW, Row("gpt4o", "GPT-4o", 1715367049)),
        ({"internal_id": "gpt4o"}, Row("gpt4o", "gpt4o")),
        ({"internal_id": "gpt4o", "model_name": "GPT-4o"}, Row("gpt4o", "GPT-4o")),
        (NEW | {"id": 7}, Row("gpt4o", "gpt4o", 1715367049)),
        (NEW | {"created": "2024-05-10"}, Row("gpt4o", "GPT-4o")),
        (NEW | {"created": True}, Row("gpt4o", "GPT-4o")),
        (NEW | {"created": -1}, Row("gpt4o", "GPT-4o")),
        (NEW | {"created": 1.5}, Row("gpt4o", "GPT-4o")),
        (NEW | {"created": 10**30}, Row("gpt4o", "GPT-4o")),
        (NEW | {"owned_by": [1], "extra": {"a": None}}, Row("gpt4o", "GPT-4o", 1715367049)),
    ],
)
def test_row_is_understood(row: Any, expected: Row) -> None:
    assert rows(listing(row)) == (expected,)


@pytest.mark.parametrize(
    "odd",
    [
        {}, None, 7, "gpt4o", [], [OLD], {"id": "gpt4o"}, {"model_name": "GPT-4o"}, {"internal_id": None},
        {"internal_id": ""}, {"internal_id": " "}, {"internal_id": "argo:"}, {"internal_id": 4},
        {"internal_id": "x" * 101}, {"internal_id": "a\nb"}, {"id": "gpt35", "model_name": None},
        {"id": 3, "model_name": "GPT"}, {"id": "text-embedding-3-small", "internal_id": "v3small"},
    ],
)  # fmt: skip
def test_odd_row_is_skipped(odd: Any) -> None:
    assert rows(listing(odd, OLD, odd)) == (Row("gpt35", "GPT-3.5 Turbo"),)
    with pytest.raises(UpstreamFault):
        rows(listing(odd))


def test_bare_list_is_a_list() -> None:
    assert rows(json.dumps([OLD, NEW]).encode()) == (Row("gpt35", "GPT-3.5 Turbo"), Row("gpt4o", "GPT-4o", 1715367049))


def test_first_row_of_an_id_counts() -> None:
    assert rows(listing(NEW, NEW | {"id": "Another"})) == (Row("gpt4o", "GPT-4o", 1715367049),)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{}", b"null", b'{"data": null}', b'{"data": {}}', b'{"data": []}', b'"data"', b"7",
        b"<html><body>502 Bad Gateway</body></html>", b'{"detail": "Method Not Allowed"}', b"Internal Server Error",
        b'{"data": [{"id": "gpt4o", "internal_id": "gpt4o"}', b'{"data": [{"internal_id": "\xff"}]}',
        b"[" * 100_000, b'{"data": [' + b"[" * 100_000 + b"]" * 100_000 + b"]}",
    ],
)  # fmt: skip
def test_what_is_no_list_is_refused(body: bytes) -> None:
    with pytest.raises(UpstreamFault) as caught:
        rows(body)
    assert caught.value.status == 502


@pytest.mark.parametrize("end", range(1, len(listing(OLD, NEW)) - 1, 7))
def test_list_that_is_cut_off_is_refused(end: int) -> None:
    with pytest.raises(UpstreamFault):
        rows(listing(OLD, NEW)[:end])


def test_list_without_end_is_bounded() -> None:
    many = listing(*({"id": f"Model {place}", "internal_id": f"m{place}"} for place in range(MOST_ROWS + 500)))
    assert len(rows(many)) == MOST_ROWS


@given(st.binary(max_size=200))
def test_no_bytes_do_harm(body: bytes) -> None:
    with pytest.raises(UpstreamFault):
        rows(body)
