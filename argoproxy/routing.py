"""Which of ARGO's wires serves a model. What the wires say is the upstreams' business."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
from zope.interface import implementer

from argoproxy.conversation import DirectRequest, Model, Request
from argoproxy.interfaces import IRouter, IUpstream

GATEWAY = "gateway"

# By the configured mode: the wire for each family.
_WIRES: Mapping[str, Mapping[str, str]] = {
    "auto": {"openai": GATEWAY, "anthropic": GATEWAY, "google": GATEWAY, "unknown": GATEWAY},
    "gateway": {"openai": GATEWAY, "anthropic": GATEWAY, "google": GATEWAY, "unknown": GATEWAY},
}


@implementer(IRouter)
@attrs.frozen
class Router:
    """
    Chooses by the model's family (L{argoproxy.conversation.Family}).

    @ivar _upstreams: the wires, by the name that the modes give them.
    @ivar _mode: C{auto} or C{gateway}.
    """

    _upstreams: Mapping[str, IUpstream]
    _mode: str = attrs.field(default="auto", validator=attrs.validators.in_(_WIRES))

    def route(self, request: Request, model: Model) -> IUpstream:
        """The wire of the model's family; the gateway for what speaks its language already."""
        wire = GATEWAY if isinstance(request, DirectRequest) else _WIRES[self._mode][model.family]
        return self._upstreams[wire]

    def in_use(self) -> Mapping[str, str]:
        """The wire of each family."""
        return {str(family): wire for family, wire in _WIRES[self._mode].items()}
