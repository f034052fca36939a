"""
ARGO's own list of models, C{GET models/}, in both shapes that it has had. What models are like isn't in it.

Old rows: C{{"id": "gpt35", "model_name": "GPT-3.5 Turbo"}}; new ones:
C{{"id": "GPT-3.5 Turbo", "internal_id": "gpt35", "object": "model", "created": 0, "owned_by": ""}}.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from argoproxy.errors import UpstreamFault

from . import names
from .table import table

MOST_ROWS = 1000
_LONGEST = 100
_LATEST = 1 << 40


class Row(msgspec.Struct, frozen=True):
    """
    A model that ARGO has.

    @ivar internal_id: what ARGO calls it.
    @ivar display: how its list writes it for people.
    @ivar created: seconds since the epoch, 0 if it doesn't say.
    """

    internal_id: str
    display: str
    created: int = 0


class _RawRow(msgspec.Struct, frozen=True):
    """A row before anything in it is believed."""

    id: Any = None
    internal_id: Any = None
    model_name: Any = None
    created: Any = None


class _Listing(msgspec.Struct, frozen=True):
    data: list[msgspec.Raw]


_listing = msgspec.json.Decoder(_Listing | list[msgspec.Raw])
_row = msgspec.json.Decoder(_RawRow)


def rows(listing: bytes) -> tuple[Row, ...]:
    """
    The usable rows: the first of each id, no more than L{MOST_ROWS}. Embedding models are left out: they are known.

    @raise UpstreamFault: there is none.
    """
    found: dict[str, Row] = {}
    embedding = {known.id for known in table().embedding}
    for raw in _raw_rows(listing):
        row = _usable(raw)
        if row is not None and row.internal_id not in embedding:
            found.setdefault(row.internal_id, row)
        if len(found) == MOST_ROWS:
            break
    if not found:
        raise UpstreamFault(502, "ARGO's list of models has no usable row; the list in use stays.", code="bad_models")
    return tuple(found.values())


def _raw_rows(listing: bytes) -> Iterable[msgspec.Raw]:
    try:
        decoded = _listing.decode(listing)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return ()
    return decoded.data if isinstance(decoded, _Listing) else decoded


def _usable(raw: msgspec.Raw) -> Row | None:
    """The row, if it has a name for the wire and one for people."""
    try:
        row = _row.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    if _is_name(row.internal_id):
        display = next((name for name in (row.id, row.model_name) if _is_name(name)), row.internal_id)
        return Row(row.internal_id, display, _seconds(row.created))
    if _is_name(row.model_name) and _is_name(row.id):
        return Row(row.id, row.model_name, _seconds(row.created))
    return None


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST and value.isprintable() and bool(names.key(value))


def _seconds(value: object) -> int:
    return value if type(value) is int and 0 <= value < _LATEST else 0
