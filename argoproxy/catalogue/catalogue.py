"""Which model a client means. Where lists of models come from, and how names are spelled, is not decided here."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
from zope.interface import implementer

from argoproxy.conversation import Model
from argoproxy.errors import ClientFault
from argoproxy.interfaces import ICatalogue

from . import index, names
from .index import Index
from .listing import rows
from .table import Overrides

_REMEMBERED = 1024
_LONGEST = 200

_OTHER_KIND = {
    "chat": "The model '{name}' makes embeddings; it doesn't chat.",
    "embedding": "The model '{name}' chats; it doesn't make embeddings.",
}


def _by_key(aliases: Mapping[str, str]) -> Mapping[str, str]:
    return {names.key(name): model for name, model in aliases.items()}


@implementer(ICatalogue)
@attrs.define(eq=False)
class Catalogue:
    """
    @ivar _aliases: the operator's own names for models. They come before all others, in any spelling; what they
        stand for is a model's name, not another alias.
    @ivar _overrides: what the operator says of models' abilities.
    @ivar _remembered: the spellings that clients have used, and what they lead to.
    """

    _aliases: Mapping[str, str] = attrs.field(factory=dict, converter=_by_key)
    default_chat_model: str | None = None
    default_embedding_model: str | None = None
    fallback: str | None = None
    _overrides: Overrides = attrs.field(factory=dict)
    builtin: bool = attrs.field(default=True, init=False)
    _index: Index = attrs.field(init=False)
    _remembered: dict[str, Model] = attrs.field(factory=dict, init=False)

    @_index.default
    def _built_in(self) -> Index:
        return index.built_in(self._overrides)

    def resolve(self, name: str, kind: str = "") -> Model:
        """The model of that name, or the default for none, or the fallback for one that isn't known."""
        model = self._remembered.get(name) or self._known(name) or self._substitute(name, kind)
        if kind and model.kind != kind:
            text = _OTHER_KIND[kind].format(name=model.name)
            raise ClientFault(text, code="unsupported_model", param="model")
        return model

    def is_known(self, name: str) -> bool:
        """Whether it is the name of a model, or an alias of one."""
        return self._known(name) is not None

    def models(self) -> tuple[Model, ...]:
        """All models in ARGO's order, chat first."""
        return self._index.models

    def learn(self, listing: bytes) -> tuple[int, int]:
        """Take ARGO's list in either of its shapes."""
        before = len(self._index.models)
        self._index = index.learnt(rows(listing), self._overrides)
        self._remembered = {}
        self.builtin = False
        return before, len(self._index.models)

    def _known(self, name: str) -> Model | None:
        """The model of that name, if there is one. Remembers the spelling."""
        model = self._remembered.get(name)
        if model is None and len(name) <= _LONGEST:
            model = self._index.find(self._meant(name))
            if model is not None:
                self._remember(name, model)
        return model

    def _meant(self, name: str) -> str:
        """What an alias stands for; any other name itself."""
        return self._aliases.get(names.key(name), name)

    def _remember(self, name: str, model: Model) -> None:
        if len(self._remembered) >= _REMEMBERED:
            self._remembered.clear()
        self._remembered[name] = model

    def _substitute(self, name: str, kind: str) -> Model:
        """
        What serves a request whose own name leads nowhere.

        @raise ClientFault: nothing.
        """
        if not name.strip():
            return self._default(kind)
        fallback = self._known(self.fallback) if self.fallback else None
        if fallback is not None and kind in ("", fallback.kind):
            return fallback
        raise self._unknown(self._meant(name[:_LONGEST]), kind)

    def _default(self, kind: str) -> Model:
        name = {"chat": self.default_chat_model, "embedding": self.default_embedding_model}.get(kind)
        if not name:
            text = "Missing required parameter: 'model'."
            raise ClientFault(text, code="missing_required_parameter", param="model")
        model = self._known(name)
        if model is None:
            raise self._unknown(name, kind)
        return model

    def _unknown(self, name: str, kind: str) -> ClientFault:
        shown = names.shown(name)
        nearest = ", ".join(self._index.nearest(shown, kind))
        text = f"The model '{shown}' does not exist here. The nearest names are: {nearest}."
        return ClientFault(text, status=404, code="model_not_found", param="model")
