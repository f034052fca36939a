"""
The list of models as Google's clients read it: a row for each public name, in pages.

Sorting, resolving and fetching are the catalogue's business.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec
from zope.interface import moduleProvides

from argoproxy.conversation import Model
from argoproxy.errors import ClientFault
from argoproxy.interfaces import IModelList

moduleProvides(IModelList)

_METHODS: Mapping[Literal["chat", "embedding"], tuple[str, ...]] = {
    "chat": ("generateContent", "streamGenerateContent", "countTokens"),
    "embedding": ("embedContent", "batchEmbedContents"),
}

_COLLECTION = "models/"
_DIGITS = re.compile(r"[0-9]{1,9}")
_PAGE = 1000
"""The size of a page where the client doesn't ask for a smaller one: the API reference's limit."""


class Row(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """
    A name that a client may use.

    @ivar version: what ARGO calls the model.
    """

    name: str
    version: str
    display_name: str
    input_token_limit: int | None = None
    output_token_limit: int | None = None
    supported_generation_methods: tuple[str, ...]


class Page(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """
    Some of the rows.

    @ivar next_page_token: where the next page begins; empty on the last one.
    """

    models: list[Row]
    next_page_token: str = ""


def listing(models: Iterable[Model], query: Mapping[str, str] = {}) -> bytes:
    """
    The body of C{GET /v1beta/models}, in the order of the models and of each one's names.

    @raise ClientFault: C{pageSize} or C{pageToken} is none.
    """
    rows = [_row(model, name) for model in models for name in model.names]
    start = _number(query, "pageToken", "page_token")
    end = start + min(_number(query, "pageSize", "page_size") or _PAGE, _PAGE)
    return msgspec.json.encode(Page(rows[start:end], str(end) if end < len(rows) else ""))


def one(model: Model, name: str) -> bytes:
    """
    The body of C{GET /v1beta/models/{name}}.

    @param name: what the client asked for, in its own spelling.
    """
    return msgspec.json.encode(_row(model, name))


def _row(model: Model, name: str) -> Row:
    plain = name.removeprefix(_COLLECTION)
    return Row(
        name=_COLLECTION + plain,
        version=model.internal_id,
        display_name=plain.removeprefix("argo:"),
        input_token_limit=model.abilities.context_limit,
        output_token_limit=model.abilities.output_limit,
        supported_generation_methods=_METHODS[model.kind],
    )


def _number(query: Mapping[str, str], *names: str) -> int:
    """
    A number of the query by any of its names; 0 if it isn't there.

    @raise ClientFault: it is none.
    """
    text = next((query[name] for name in names if query.get(name)), "0")
    if not _DIGITS.fullmatch(text):
        why = f"Invalid value for '{names[0]}': expected a whole number."
        raise ClientFault(why, code="invalid_value", param=names[0])
    return int(text)
