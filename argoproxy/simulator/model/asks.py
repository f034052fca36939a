"""What a chat request comes down to once its wire is forgotten, and what is said to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from argoproxy.simulator.model.models import Model

LONG_UNIT = "longish "
ANTHROPIC_PREAMBLE = "Let me look."
_PIECE = LONG_UNIT * 8192


class Tool(msgspec.Struct, frozen=True):
    """@ivar schema: The JSON schema of the arguments."""

    name: str
    schema: dict[str, Any]


class Choice(msgspec.Struct, frozen=True):
    """
    Which tools may or must be called.

    @ivar mode: C{"auto"}, C{"none"} or C{"required"}.
    @ivar names: The tools that may be called; empty for all.
    """

    mode: str = "auto"
    names: tuple[str, ...] = ()


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """
    A chat request.

    @ivar text: The text of the last user message that has one.
    @ivar images: A line on each image of the last user message, such as C{"image/png, 68 bytes"}.
    @ivar results: The texts of tool results that no assistant message has answered yet.
    @ivar form: The JSON schema that the reply must fit (an empty one for any JSON object), or None.
    @ivar prompted: Tools that are described in the system prompt instead of natively.
    @ivar registered: Whether ARGO knows the user; it tells others by the text of its reply.
    @ivar seed: The request's bytes: ids are made from them.
    """

    model: Model
    text: str
    images: tuple[str, ...] = ()
    results: tuple[str, ...] = ()
    tools: tuple[Tool, ...] = ()
    prompted: tuple[Tool, ...] = ()
    choice: Choice = Choice()
    parallel: bool = True
    stop: tuple[str, ...] = ()
    max_tokens: int | None = None
    form: dict[str, Any] | None = None
    thinks: bool = False
    registered: bool = True
    prompt_tokens: int = 0
    seed: bytes = b""


class Spoken(msgspec.Struct, frozen=True):
    """A call of a tool by the model."""

    name: str
    arguments: dict[str, Any]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """
    What the model says.

    @ivar text: The text, or its beginning if C{length} says that it is a long one.
    @ivar length: Characters of a long text, which is C{LONG_UNIT} over and over.
    @ivar finish: C{"stop"}, C{"length"}, C{"tool_calls"} or C{"stop_sequence"}.
    @ivar stopped_by: The stop string that was met.
    @ivar tokens: Completion tokens, reasoning included.
    """

    text: str = ""
    length: int | None = None
    calls: tuple[Spoken, ...] = ()
    reasoning: str = ""
    finish: str = "stop"
    stopped_by: str | None = None
    tokens: int = 0
    reasoning_tokens: int = 0

    def pieces(self) -> Iterator[str]:
        """@return: The text in pieces of at most 64 KiB where it is long, lazily made."""
        if self.length is None:
            if self.text:
                yield self.text
            return
        left = self.length
        while left > 0:
            yield _PIECE if left >= len(_PIECE) else _PIECE[:left]
            left -= len(_PIECE)

    def whole(self) -> str:
        """@return: The whole text."""
        return "".join(self.pieces())
