"""The part of the models that somebody may use."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
from zope.interface import implementer

from argoproxy.conversation import Model
from argoproxy.errors import ClientFault
from argoproxy.interfaces import ICatalogue


@implementer(ICatalogue)
@attrs.define(eq=False)
class Permitted:
    """
    @ivar _all: all models.
    @ivar _patterns: what fits one of them may be used.
    @ivar _judged: the models that have been asked for, by their ids, and whether they may be.
    """

    _all: ICatalogue
    _patterns: Sequence[str]
    _judged: dict[str, tuple[Model, bool]] = attrs.field(factory=dict, init=False)

    @property
    def builtin(self) -> bool:
        """Whether the built-in list serves."""
        return self._all.builtin

    def resolve(self, name: str, kind: str = "") -> Model:
        """@raise ClientFault: 403, too, for a model that may not be used."""
        model = self._all.resolve(name, kind)
        if not self._allows(model):
            text = f"This key may not use the model '{model.name}'."
            raise ClientFault(text, status=403, code="model_not_allowed", param="model")
        return model

    def is_known(self, name: str) -> bool:
        """Whether it is the name of a model, allowed or not."""
        return self._all.is_known(name)

    def models(self) -> tuple[Model, ...]:
        """Those that may be used, in the order of all."""
        return tuple(model for model in self._all.models() if self._allows(model))

    def learn(self, listing: bytes) -> tuple[int, int]:
        """Take ARGO's list."""
        return self._all.learn(listing)

    def _allows(self, model: Model) -> bool:
        known, allowed = self._judged.get(model.internal_id, (None, False))
        if known is not model:
            allowed = any(model.fits(pattern) for pattern in self._patterns)
            self._judged[model.internal_id] = model, allowed
        return allowed
