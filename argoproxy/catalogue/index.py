"""The models of one list, and what their names lead to. Never changes: a new list makes a new one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from heapq import nlargest
from types import MappingProxyType
from typing import Literal

import attrs

from argoproxy.conversation import Model

from . import names
from .listing import Row
from .table import Overrides, table

_NEAREST = 3


@attrs.frozen(eq=False)
class Index:
    """
    @ivar models: all of them, chat first; each public name belongs to one of them only.
    @ivar by_key: the model for each key (L{names.key}) of a public name, and of an internal id that is no other's
        public name: what the list shows must lead where it says.
    """

    models: tuple[Model, ...]
    by_key: Mapping[str, Model]

    def find(self, spelling: str) -> Model | None:
        """The model of that name, if there is one."""
        key = names.key(spelling)
        return self.by_key.get(key) or self.by_key.get(names.undated(key))

    def nearest(self, spelling: str, kind: str) -> list[str]:
        """The names most like this one, each of another model of the kind."""
        matcher = SequenceMatcher(autojunk=False)
        matcher.set_seq2(names.key(spelling))
        likeness: list[tuple[float, str]] = []
        for model in self.models:
            if not kind or model.kind == kind:
                likeness.append(max((_likeness(matcher, name), name) for name in model.names))
        return [name for _, name in nlargest(_NEAREST, likeness)]


def built_in(overrides: Overrides) -> Index:
    """What serves until ARGO's own list is there."""
    return learnt([Row(known.id, known.name) for known in table().chat], overrides)


def learnt(rows: Iterable[Row], overrides: Overrides) -> Index:
    """
    Make sense of ARGO's list.

    @param rows: its chat models. The embedding models are always the same.
    @param overrides: what the operator says of models' abilities.
    """
    taken: dict[str, Model] = {}
    embedding = [_take(Row(known.id, known.name), taken, "embedding", overrides) for known in table().embedding]
    chat = [_take(row, taken, "chat", overrides) for row in rows]
    models = tuple(model for model in chat + embedding if model is not None)
    for model in models:
        taken.setdefault(names.key(model.internal_id), model)
    return Index(models, MappingProxyType(taken))


def _take(row: Row, taken: dict[str, Model], kind: Literal["chat", "embedding"], overrides: Overrides) -> Model | None:
    """
    The model of a row, with those of its names that no model has yet; failing all, one made of its internal id.

    @param taken: the models by the keys of their names; this one's are added.
    @return: L{None} if no name at all is left for it.
    """
    wanted = names.public(row.display)
    free = [name for name in wanted if names.key(name) not in taken]
    last_resort = names.PREFIX + row.internal_id.lower()
    if not free and names.key(last_resort) not in taken:
        free = [last_resort]
    if not free:
        return None
    about = table().about(row.internal_id, free, overrides)
    model = Model(internal_id=row.internal_id, names=tuple(free), kind=kind, created=row.created, **about)
    taken.update((names.key(name), model) for name in free)
    return model


def _likeness(matcher: SequenceMatcher[str], name: str) -> float:
    matcher.set_seq1(names.key(name))
    return matcher.ratio()
