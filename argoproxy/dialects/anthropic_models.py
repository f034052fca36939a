"""
The list of models as Anthropic's clients read it: a row for each model that chats, in pages.

Claude Code shows only ids that begin with C{claude} or C{anthropic}. So Claude's are written as Anthropic writes them,
and those of other families have C{anthropic/} in front; the catalogue takes both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Annotated, Literal

import msgspec
from zope.interface import moduleProvides

from argoproxy.conversation import Model
from argoproxy.errors import ClientFault
from argoproxy.interfaces import IModelList

moduleProvides(IModelList)

_LATEST = 253_402_300_799
"""The last second that a date of four digits for the year can say."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """
    A model.

    @ivar max_input_tokens: the context window, as far as it is known.
    @ivar max_tokens: the highest token limit for a reply, as far as it is known.
    @ivar created_at: as RFC 3339 has it; the epoch where it isn't known, as in Anthropic's own list.
    """

    type: Literal["model"] = "model"
    id: str
    display_name: str
    created_at: datetime
    max_input_tokens: int | None
    max_tokens: int | None
    lifecycle: Literal["active"] = "active"


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """
    Some of the rows.

    @ivar has_more: whether there are others on the side to which the client reads.
    """

    data: list[Row]
    has_more: bool
    first_id: str | None
    last_id: str | None


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the query says. The limits are the API reference's."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 20
    after_id: str | None = None
    before_id: str | None = None


def listing(models: Iterable[Model], query: Mapping[str, str] = {}) -> bytes:
    """The body of C{GET /v1/models}, in the order of the models."""
    asked = _read(query)
    rows = [_row(model, _id(model)) for model in models if model.kind == "chat"]
    start = 0 if asked.after_id is None else _place(rows, asked.after_id, "after_id") + 1
    stop = len(rows) if asked.before_id is None else _place(rows, asked.before_id, "before_id")
    wanted = rows[start:stop]
    page = wanted[: asked.limit] if asked.before_id is None else wanted[-asked.limit :]
    first, last = (page[0].id, page[-1].id) if page else (None, None)
    return msgspec.json.encode(Page(data=page, has_more=len(page) < len(wanted), first_id=first, last_id=last))


def one(model: Model, name: str) -> bytes:
    """
    The body of C{GET /v1/models/{id}}.

    @param name: what the client asked for, in its own spelling.
    """
    return msgspec.json.encode(_row(model, name))


def _read(query: Mapping[str, str]) -> _Asked:
    try:
        return msgspec.convert(dict(query), _Asked, strict=False)
    except msgspec.ValidationError:
        text = "Invalid value for 'limit': expected an integer from 1 to 1000."
        raise ClientFault(text, code="invalid_value", param="limit") from None


def _place(rows: list[Row], name: str, param: str) -> int:
    """
    Where a row is.

    @raise ClientFault: nowhere.
    """
    for index, row in enumerate(rows):
        if row.id == name:
            return index
    raise ClientFault(f"Invalid value for '{param}': the list has no such id.", code="invalid_value", param=param)


def _row(model: Model, name: str) -> Row:
    created = datetime.fromtimestamp(min(model.created, _LATEST), timezone.utc)
    return Row(
        id=name,
        display_name=_display(model),
        created_at=created,
        max_input_tokens=model.abilities.context_limit,
        max_tokens=model.abilities.output_limit,
    )


def _plain(model: Model) -> str:
    return model.name.removeprefix("argo:")


def _id(model: Model) -> str:
    name = _plain(model)
    return name.replace(".", "-") if name.startswith("claude") else f"anthropic/{name}"


def _display(model: Model) -> str:
    """C{Claude Sonnet 4.5}, as Anthropic writes it; the names of others are no words."""
    name = _plain(model)
    return name.replace("-", " ").title() if name.startswith("claude") else name
