"""
The list of models as OpenAI's clients read it: a row for each public name.

Sorting, resolving and fetching are the catalogue's business.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec
from zope.interface import moduleProvides

from argoproxy.conversation import Model
from argoproxy.interfaces import IModelList

moduleProvides(IModelList)


class Row(msgspec.Struct, frozen=True):
    """
    A name that a client may use.

    @ivar owned_by: the model's family.
    @ivar internal_name: what ARGO calls the model. OpenAI's API has no such field.
    """

    id: str
    created: int
    owned_by: str
    internal_name: str
    object: Literal["model"] = "model"


class Listing(msgspec.Struct, frozen=True):
    """All rows."""

    data: list[Row]
    object: Literal["list"] = "list"


def listing(models: Iterable[Model], query: Mapping[str, str] = {}) -> bytes:
    """The body of C{GET /v1/models}, in the order of the models and of each one's names. OpenAI has no pages of it."""
    return msgspec.json.encode(Listing([_row(model, name) for model in models for name in model.names]))


def one(model: Model, name: str) -> bytes:
    """
    The body of C{GET /v1/models/{id}}.

    @param name: what the client asked for, in its own spelling.
    """
    return msgspec.json.encode(_row(model, name))


def _row(model: Model, name: str) -> Row:
    return Row(id=name, created=model.created, owned_by=model.family, internal_name=model.internal_id)
