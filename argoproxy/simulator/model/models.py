"""
The models that the simulated ARGO serves, and its list of them.

A table of the simulator's own, on purpose shared with nothing that it tests. C{served_as} is the name in native
replies, as recorded where a recording exists and after the vendor's naming elsewhere (a guess).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import attrs
import msgspec

OPENAI, ANTHROPIC, GOOGLE, UNKNOWN = "openai", "anthropic", "google", "unknown"
_CREATED = 1_750_000_000
_FAMILIES = (
    (re.compile(r"claude", re.IGNORECASE), ANTHROPIC),
    (re.compile(r"gemini", re.IGNORECASE), GOOGLE),
    (re.compile(r"gpt|^o\d", re.IGNORECASE), OPENAI),
)


class Model(msgspec.Struct, frozen=True):
    """
    A chat model.

    @ivar served_as: The C{model} of its native replies.
    @ivar reasons: Whether it spends tokens on reasoning.
    """

    internal_id: str
    public_name: str
    family: str
    served_as: str
    vision: bool = True
    reasons: bool = False


class Embedder(msgspec.Struct, frozen=True):
    """
    An embedding model.

    @ivar length: Numbers in a vector.
    @ivar shortens: Whether C{dimensions} is understood.
    """

    internal_id: str
    public_name: str
    length: int
    shortens: bool


CHAT_MODELS = (
    Model("gpt4o", "GPT-4o", OPENAI, "gpt-4o-2024-11-20"),
    Model("gpto1", "GPT-o1", OPENAI, "o1-2024-12-17", reasons=True),
    Model("gpto3mini", "GPT-o3-mini", OPENAI, "o3-mini-2025-01-31", vision=False, reasons=True),
    Model("gpto3", "GPT-o3", OPENAI, "o3-2025-04-16", reasons=True),
    Model("gpto4mini", "GPT-o4-mini", OPENAI, "o4-mini-2025-04-16", reasons=True),
    Model("gpt41", "GPT-4.1", OPENAI, "gpt-4.1-2025-04-14"),
    Model("gpt41mini", "GPT-4.1 mini", OPENAI, "gpt-4.1-mini-2025-04-14"),
    Model("gpt41nano", "GPT-4.1 nano", OPENAI, "gpt-4.1-nano-2025-04-14"),
    Model("gpt5", "GPT-5", OPENAI, "gpt-5-2025-08-07", reasons=True),
    Model("gpt5mini", "GPT-5 mini", OPENAI, "gpt-5-mini-2025-08-07", reasons=True),
    Model("gpt5nano", "GPT-5 nano", OPENAI, "gpt-5-nano-2025-08-07", reasons=True),
    Model("gpt51", "GPT-5.1", OPENAI, "gpt-5.1", reasons=True),
    Model("gpt52", "GPT-5.2", OPENAI, "gpt-5.2", reasons=True),
    Model("gpt54", "GPT-5.4", OPENAI, "gpt-5.4", reasons=True),
    Model("gpt55", "GPT-5.5", OPENAI, "gpt-5.5", reasons=True),
    Model("gemini25pro", "Gemini 2.5 Pro", GOOGLE, "gemini25pro"),
    Model("gemini25flash", "Gemini 2.5 Flash", GOOGLE, "gemini25flash"),
    Model("gemini35flash", "Gemini 3.5 Flash", GOOGLE, "gemini35flash"),
    Model("gemini31flashlite", "Gemini 3.1 Flash Lite", GOOGLE, "gemini31flashlite"),
    Model("claudeopus47", "Claude Opus 4.7", ANTHROPIC, "claude-opus-4-7"),
    Model("claudeopus46", "Claude Opus 4.6", ANTHROPIC, "claude-opus-4-6"),
    Model("claudeopus45", "Claude Opus 4.5", ANTHROPIC, "claude-opus-4-5-20251101"),
    Model("claudeopus41", "Claude Opus 4.1", ANTHROPIC, "claude-opus-4-1-20250805"),
    Model("claudesonnet46", "Claude Sonnet 4.6", ANTHROPIC, "claude-sonnet-4-6"),
    Model("claudesonnet45", "Claude Sonnet 4.5", ANTHROPIC, "claude-sonnet-4-5-20250929"),
    Model("claudehaiku45", "Claude Haiku 4.5", ANTHROPIC, "claude-haiku-4-5-20251001"),
)
EMBEDDERS = {
    row.internal_id: row
    for row in (
        Embedder("ada002", "text-embedding-ada-002", 1536, shortens=False),
        Embedder("v3small", "text-embedding-3-small", 1536, shortens=True),
        Embedder("v3large", "text-embedding-3-large", 3072, shortens=True),
    )
}


def _row(model: Model) -> dict[str, Any]:
    """@return: A row of the model list, in the newer of the two shapes that were seen."""
    return {
        "id": model.public_name,
        "internal_id": model.internal_id,
        "object": "model",
        "created": _CREATED,
        "owned_by": model.family,
    }


def _model_of_row(row: Mapping[str, Any]) -> Model | None:
    """@return: The model that a row in either shape announces, or None where the row names none."""
    internal = row.get("internal_id") or row.get("id")
    public = row.get("id") if row.get("internal_id") else row.get("model_name")
    if not isinstance(internal, str) or not isinstance(public, str):
        return None
    family = next((family for pattern, family in _FAMILIES if pattern.search(internal)), UNKNOWN)
    return Model(internal, public, family, internal)


@attrs.define
class Roster:
    """
    The list of chat models as it is told, and the models that are served.

    Models of a replaced list are served beside the built-in ones, their family told by their id (of no known family
    otherwise); the built-in ones go on being served although the list doesn't tell of them.
    """

    rows: list[Any] = attrs.field(factory=lambda: [_row(model) for model in CHAT_MODELS])
    _models: dict[str, Model] = attrs.field(factory=lambda: {model.internal_id: model for model in CHAT_MODELS})

    def replace(self, rows: Iterable[Any] | None) -> None:
        """@param rows: Any JSON values to tell as the list's rows; None for the built-in list."""
        fresh = Roster()
        self.rows = fresh.rows if rows is None else list(rows)
        announced = [_model_of_row(row) for row in self.rows if isinstance(row, dict)]
        self._models = {model.internal_id: model for model in announced if model} | fresh._models

    def find(self, internal_id: object) -> Model | None:
        """@return: The chat model of that internal id (public names are none), or None."""
        return self._models.get(internal_id) if isinstance(internal_id, str) else None
