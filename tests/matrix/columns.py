"""The wires of the matrix, each with the models that it is tried with, and what is known of a pair."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import attrs

from argoproxy.simulator import SimulatorSettings
from argoproxy.simulator.model.models import Model
from tests.web import Web

Effort = Literal["dropped", "adjusted", "told", "thinks"]

_PACE = SimulatorSettings(chunk_size=5, cut_characters=True)
_UNKNOWN = {"id": "Llama 4 Scout", "internal_id": "llama4scout"}


@attrs.frozen(eq=False)
class Column:
    """
    A wire and a model.

    @ivar wire: the wire's name in the registry.
    @ivar model: the model's name for clients.
    @ivar effort: what becomes of a wish to think: C{dropped} where the wire has no word for it, C{adjusted} where the
        model can't be told, C{told} where ARGO is told and shows nothing, C{thinks} where it shows its thoughts.
    @ivar shapes: whether the wire itself sees to it that a reply has a shape.
    @ivar tools: whether the wire has tools for the model, and not words alone.
    @ivar config: what makes the proxy use the wire.
    @ivar listed: a model that ARGO lists beside its own.
    """

    wire: str
    model: str
    effort: Effort | None = None
    shapes: bool = False
    tools: bool = True
    config: Mapping[str, Any] = {}
    listed: Mapping[str, str] | None = None

    @property
    def label(self) -> str:
        """Its name in the matrix."""
        return f"{self.wire}/{self.model}"

    @property
    def native(self) -> bool:
        """Whether the wire has streams of events, finish reasons and usage."""
        return self.wire != "gateway"

    def web(self, **more: Any) -> Web:
        """
        A proxy that uses the wire, before a simulated ARGO that has the model.

        @param more: of its configuration.
        """
        web = Web(_PACE, **{"upstream": "native" if self.native else "gateway", **self.config, **more})
        if self.listed is not None:
            web.simulator.set_models([*web.simulator.roster.rows, self.listed])
            assert web.post("/refresh", b"").status == 200
        return web

    def served(self, web: Web) -> Model:
        """The model as ARGO has it."""
        rows = web.simulator.roster
        internal = next(row["internal_id"] for row in rows.rows if _public(row["id"]) == self.model)
        found = rows.find(internal)
        assert found is not None
        return found


def _public(listed: str) -> str:
    return listed.lower().replace(" ", "-")


CHAT = (
    Column("gateway", "gpt-4o", "dropped"),
    Column("gateway", "claude-sonnet-4.5", "dropped"),
    Column("gateway", "claude-opus-4.7", "dropped"),
    Column("gateway", "gemini-2.5-pro", "dropped"),
    Column("gateway", "llama-4-scout", "dropped", tools=False, listed=_UNKNOWN),
    Column("openai_native", "gpt-4o", "adjusted", shapes=True),
    Column("openai_native", "gpt-5", "told", shapes=True),
    Column("openai_native", "gemini-2.5-pro", "told"),
    Column("openai_native", "claude-sonnet-4.5", "adjusted", config={"routes": {"*claude*": "openai"}}),
    Column("openai_native", "llama-4-scout", "adjusted", listed=_UNKNOWN),
    Column("anthropic_native", "claude-sonnet-4.5", "thinks"),
    Column("anthropic_native", "claude-opus-4.7", "thinks"),
)

EMBEDDINGS = tuple(
    Column(wire, model)
    for wire in ("gateway", "openai_native")
    for model in ("text-embedding-3-small", "text-embedding-3-large", "text-embedding-ada-002")
)
