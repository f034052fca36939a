"""
The list of models as Codex reads it, when it asks with its C{client_version}: a row for each model that chats.

Codex takes a list only if every row has all of the fields that its version requires, and it goes by what a row says
before its own defaults.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec
from zope.interface import moduleProvides

from argoproxy.conversation import Model
from argoproxy.interfaces import IModelList

moduleProvides(IModelList)

_INSTRUCTIONS = (
    "You are Codex, a coding agent that works with the user in one directory of their machine. Read the code before "
    "you change it, and make changes as small as the task allows, in the style of what is there. Run commands and edit "
    "files with the tools that you are given; of several tools for one thing take the most specific. Go on until the "
    "task is done, check your work by running what checks it, and then tell briefly what you did and what you could "
    "not do. Never undo changes that you did not make, and ask before you do anything that can't be undone."
)
"""What a model is told that it is. Older versions of Codex send what the row has, and so nothing if it is empty."""

_EFFORTS = frozenset({"none", "minimal", "low", "medium", "high", "xhigh"})
"""Those that Codex knows. A word that it doesn't know costs the whole list."""


class _Level(msgspec.Struct, frozen=True):
    """An effort that the user may choose."""

    effort: str
    description: str


class _Truncation(msgspec.Struct, frozen=True):
    """How much of a tool's output goes into the conversation: Codex's own limit for models that it doesn't know."""

    mode: Literal["bytes"] = "bytes"
    limit: int = 10_000


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A model. Of two that would do, Codex takes that of the lower priority first."""

    slug: str
    display_name: str
    description: str | None = None
    supported_reasoning_levels: list[_Level]
    shell_type: Literal["default"] = "default"
    visibility: Literal["list"] = "list"
    supported_in_api: bool = True
    priority: int
    upgrade: None = None
    base_instructions: str = _INSTRUCTIONS
    supports_reasoning_summaries: bool
    support_verbosity: bool = False
    default_verbosity: None = None
    apply_patch_tool_type: Literal["freeform"] = "freeform"
    truncation_policy: _Truncation = _Truncation()
    supports_parallel_tool_calls: bool
    context_window: int | None
    experimental_supported_tools: tuple[str, ...] = ()
    input_modalities: tuple[str, ...]


class Listing(msgspec.Struct, frozen=True):
    """All rows."""

    models: list[Row]


def listing(models: Iterable[Model], query: Mapping[str, str] = {}) -> bytes:
    """The body of C{GET /v1/models?client_version=…}, in the order of the models."""
    chatting = [model for model in models if model.kind == "chat"]
    return msgspec.json.encode(Listing([_row(model, model.name, place) for place, model in enumerate(chatting)]))


def one(model: Model, name: str) -> bytes:
    """
    One row. Codex never asks for it.

    @param name: what the client asked for, in its own spelling.
    """
    return msgspec.json.encode(_row(model, name, 0))


def _row(model: Model, name: str, place: int) -> Row:
    abilities = model.abilities
    efforts = [effort for effort in abilities.efforts if effort in _EFFORTS]
    return Row(
        slug=name,
        display_name=model.name.removeprefix("argo:"),
        supported_reasoning_levels=[_Level(effort, f"Thinks with {effort} effort") for effort in efforts],
        priority=place,
        supports_reasoning_summaries=bool(efforts),
        supports_parallel_tool_calls=abilities.parallel_calls,
        context_window=abilities.context_limit,
        input_modalities=("text", "image") if abilities.images else ("text",),
    )
