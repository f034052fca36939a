"""Which of ARGO's wires serves a model. What the wires say is the upstreams' business."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
from zope.interface import implementer

from argoproxy.conversation import DirectRequest, Family, Model, Request
from argoproxy.interfaces import IRouter, IUpstream

GATEWAY = "gateway"
OPENAI = "openai_native"
ANTHROPIC = "anthropic_native"

FAMILIES: tuple[Family, ...] = ("openai", "anthropic", "google", "unknown")

# What the operator may choose, and the wire of each family then.
_WIRES: Mapping[str, Mapping[Family, str]] = {
    "gateway": dict.fromkeys(FAMILIES, GATEWAY),
    "native": {**dict.fromkeys(FAMILIES, OPENAI), "anthropic": ANTHROPIC},
    "openai": dict.fromkeys(FAMILIES, OPENAI),
}


@implementer(IRouter)
@attrs.define
class Router:
    """
    Chooses by the operator's patterns, else by the model's family.

    @ivar _upstreams: the wires, by their names.
    @ivar _mode: C{auto}, C{gateway} or C{native}.
    @ivar _patterns: shell patterns for models' ids and names, to C{gateway}, C{native} or C{openai}; the first that
        fits counts.
    @ivar native: whether ARGO has been seen to have the native wires.
    """

    _upstreams: Mapping[str, IUpstream]
    _mode: str = "auto"
    _patterns: Mapping[str, str] = attrs.field(factory=dict)
    native: bool = attrs.field(default=False, init=False)

    @property
    def undecided(self) -> bool:
        """Whether it depends on ARGO which wires are used."""
        return self._mode == "auto"

    def route(self, request: Request, model: Model) -> IUpstream:
        """The wire of the model; the gateway for what speaks its language already."""
        if isinstance(request, DirectRequest):
            return self._upstreams[GATEWAY]
        return self._upstreams[_WIRES[self._chosen(model)][model.family]]

    def in_use(self) -> Mapping[str, str]:
        """The wire of each family, and of each pattern."""
        wires = {str(family): wire for family, wire in _WIRES[self._by_family()].items()}
        return wires | dict(self._patterns)

    def _by_family(self) -> str:
        if self._mode != "auto":
            return self._mode
        return "native" if self.native else "gateway"

    def _chosen(self, model: Model) -> str:
        for pattern, wire in self._patterns.items():
            if model.fits(pattern):
                return wire
        return self._by_family()
