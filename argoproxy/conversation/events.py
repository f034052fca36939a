"""
What happens in a reply. A reply that is not streamed is the same events, gathered.

Each event of a choice carries the choice's index; the reply's id and creation time belong to the reply
(L{argoproxy.conversation.Stamp}).
"""

from __future__ import annotations

from typing import Literal

import msgspec

from argoproxy.errors import ProxyError

FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]


class Started(msgspec.Struct, frozen=True):
    """The reply begins. Comes once, before all others. C{prompt} is an estimate of the prompt's tokens."""

    prompt: int = 0


class TextDelta(msgspec.Struct, frozen=True):
    """More text."""

    text: str
    choice: int = 0


class ReasoningDelta(msgspec.Struct, frozen=True):
    """
    More of what the model thinks.

    @ivar signature: closes a block that is sealed; it comes with the last, possibly empty, text of the block.
    @ivar redacted: a block of its own, sealed, in place of text.
    """

    text: str
    choice: int = 0
    signature: str | None = None
    redacted: str | None = None


class ToolCallBegun(msgspec.Struct, frozen=True):
    """
    The model calls a tool. C{call} counts the calls of a choice from 0; a call's events do not interleave with
    another's of the same choice.

    @ivar signature: the provider's seal on the call (Google's), or L{None}.
    """

    id: str
    name: str
    call: int = 0
    choice: int = 0
    signature: str | None = None


class ToolCallArguments(msgspec.Struct, frozen=True):
    """More of a call's arguments: a fragment of JSON text."""

    fragment: str
    call: int = 0
    choice: int = 0


class Finished(msgspec.Struct, frozen=True):
    """
    A choice is complete. C{reason} is L{None} where the wire doesn't tell.

    @ivar stopped_by: the stop string that ended it, where the wire tells.
    """

    reason: FinishReason | None
    choice: int = 0
    stopped_by: str | None = None


class Usage(msgspec.Struct, frozen=True):
    """
    Tokens of a reply. C{cached} (read from a cache) and C{cache_written} are among C{prompt}, C{reasoning} among
    C{completion}.
    """

    prompt: int = 0
    completion: int = 0
    cached: int = 0
    reasoning: int = 0
    cache_written: int = 0

    @property
    def total(self) -> int:
        return self.prompt + self.completion


class Used(msgspec.Struct, frozen=True):
    """What the whole reply cost. Comes once, after every choice has finished."""

    usage: Usage


class Vectors(msgspec.Struct, frozen=True):
    """Embeddings, in the order of the inputs: each a JSON array of numbers, byte for byte."""

    rows: tuple[msgspec.Raw, ...]


class Failed(msgspec.Struct, frozen=True):
    """The reply can't be completed. Nothing follows."""

    fault: ProxyError


Event = Started | TextDelta | ReasoningDelta | ToolCallBegun | ToolCallArguments | Finished | Used | Vectors | Failed
