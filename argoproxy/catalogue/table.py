"""What is known of models beforehand: L{models.yaml}, read once. Which models ARGO has today is not known here."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping
from fnmatch import fnmatchcase
from importlib import resources
from typing import Any, Literal

import msgspec

from argoproxy.conversation import Abilities, Family

from . import names

Overrides = Mapping[str, Mapping[str, Any]]
"""The operator's own rows: a model's name, or a pattern for one, to fields of L{Abilities}."""


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
    What all models are whose id fits a pattern. What is unset, the row says nothing about.

    @ivar match: patterns for internal ids in lower case.
    @ivar source: where that is known from.
    """

    match: tuple[str, ...]
    source: str
    family: Family | msgspec.UnsetType = msgspec.UNSET
    encoding: Literal["o200k_base", "cl100k_base"] | msgspec.UnsetType = msgspec.UNSET

    def said(self) -> dict[str, Any]:
        """The fields of L{argoproxy.conversation.Model} that the row gives a value."""
        fields = {"family": self.family, "encoding": self.encoding}
        return {name: value for name, value in fields.items() if value is not msgspec.UNSET}


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """
    What all models take whose id fits a pattern.

    @ivar match: patterns for internal ids in lower case.
    @ivar source: where that is known from.
    @ivar recorded: the recorded calls that show it, each as C{model/variant}.
    @ivar said: fields of L{Abilities}.
    """

    match: tuple[str, ...]
    source: str
    recorded: tuple[str, ...] = ()
    said: Mapping[str, Any]

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Row:
        """@param row: as the file has it: what is said stands beside where it is known from."""
        about = {name: row[name] for name in ("match", "source", "recorded") if name in row}
        return msgspec.convert({**about, "said": abilities({k: v for k, v in row.items() if k not in about})}, cls)


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    chat: tuple[Known, ...]
    embedding: tuple[Known, ...]
    traits: tuple[Traits, ...]
    abilities: tuple[Row, ...]

    def about(
        self, internal_id: str, public: Collection[str] = (), overrides: Overrides | None = None
    ) -> dict[str, Any]:
        """
        What a model is like, as fields of L{argoproxy.conversation.Model}.

        @param public: its public names, by which the operator may mean it.
        @param overrides: what the operator says, later rows over earlier ones.
        """
        fields: dict[str, Any] = {"family": "unknown"}
        for trait in self.traits:
            if _fits(trait.match, internal_id):
                fields.update(trait.said())
        taken: dict[str, Any] = {}
        for row in self.abilities:
            if _fits(row.match, internal_id):
                taken.update(row.said)
        for pattern, said in (overrides or {}).items():
            if any(_fits([names.key(pattern)], names.key(name)) for name in (internal_id, *public)):
                taken.update(said)
        return fields | {"abilities": Abilities(**taken)}


def abilities(fields: Mapping[str, Any]) -> dict[str, Any]:
    """
    Fields of L{Abilities} in their own types, from those of YAML.

    @raise msgspec.ValidationError: one is of another.
    @raise KeyError: there is no such field.
    """
    return {name: msgspec.convert(value, _types()[name]) for name, value in fields.items()}


@functools.cache
def _types() -> Mapping[str, Any]:
    """Of the fields of L{Abilities}: to have the annotations evaluated takes 0.3 ms."""
    return {field.name: field.type for field in msgspec.structs.fields(Abilities)}


def _fits(patterns: Iterable[str], internal_id: str) -> bool:
    return any(fnmatchcase(internal_id.lower(), pattern) for pattern in patterns)


@functools.cache
def table() -> Table:
    """The table. Read when it is first needed."""
    import yaml

    text = resources.files(__package__).joinpath("models.yaml").read_text(encoding="utf-8")
    read = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return msgspec.convert({**read, "abilities": [Row.read(row) for row in read["abilities"]]}, Table)
