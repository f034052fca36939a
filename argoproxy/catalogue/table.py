"""What is known of models beforehand: L{models.yaml}, read once. Which models ARGO has today is not known here."""

from __future__ import annotations

import functools
from fnmatch import fnmatchcase
from importlib import resources
from typing import Any, Literal

import msgspec

from argoproxy.conversation import Family


class Known(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    A model of the built-in list.

    @ivar id: what ARGO calls it.
    @ivar name: how ARGO's list writes it for people.
    @ivar source: where that is known from.
    """

    id: str
    name: str
    source: str


class Traits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    What all models are like whose id fits a pattern. What is unset, the row says nothing about.

    @ivar match: patterns for internal ids in lower case.
    @ivar source: where that is known from.
    """

    match: tuple[str, ...]
    source: str
    family: Family | msgspec.UnsetType = msgspec.UNSET
    encoding: Literal["o200k_base", "cl100k_base"] | msgspec.UnsetType = msgspec.UNSET
    unstreamed_token_cap: int | msgspec.UnsetType = msgspec.UNSET
    system_role: bool | msgspec.UnsetType = msgspec.UNSET

    def fits(self, internal_id: str) -> bool:
        """Whether a model is meant."""
        return any(fnmatchcase(internal_id.lower(), pattern) for pattern in self.match)

    def said(self) -> dict[str, Any]:
        """The fields of L{argoproxy.conversation.Model} that the row gives a value."""
        fields: dict[str, Any] = msgspec.structs.asdict(self)
        return {
            name: value
            for name, value in fields.items()
            if name not in ("match", "source") and value is not msgspec.UNSET
        }


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    chat: tuple[Known, ...]
    embedding: tuple[Known, ...]
    traits: tuple[Traits, ...]

    def about(self, internal_id: str) -> dict[str, Any]:
        """What a model is like, as fields of L{argoproxy.conversation.Model}."""
        fields: dict[str, Any] = {"family": "unknown"}
        for row in self.traits:
            if row.fits(internal_id):
                fields.update(row.said())
        return fields


@functools.cache
def table() -> Table:
    """The table. Read when it is first needed."""
    import yaml

    text = resources.files(__package__).joinpath("models.yaml").read_text(encoding="utf-8")
    return msgspec.convert(yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)), Table)
