"""
What the matrix asks for and what it is told, in no dialect's words.

Only what the features of the matrix need. How a dialect writes it is its adapter's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

CITY: Mapping[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
"""The schema of every tool and of every shape: an object with a city."""

AWKWARD: Mapping[str, Any] = {
    "type": "object",
    "properties": {"city": {"$ref": "#/$defs/name"}, "at": {"oneOf": [{"type": "string"}, {"type": "integer"}]}},
    "required": ["city"],
    "additionalProperties": False,
    "$defs": {"name": {"type": "string", "minLength": 1}},
}
"""The same as a schema with much that ARGO's services refuse."""

LONG_DESCRIPTION = "Tells what there is to tell. " * 70
"""A tool's description, twice as long as ARGO's services take."""

PIXEL = "iVBORw0KGgo="
"""The picture that is shown, in base64: the eight bytes with which a PNG begins."""


@attrs.frozen
class Call:
    """
    A call of a tool by the model.

    @ivar id: empty where the dialect's client gets none.
    """

    id: str
    name: str
    arguments: Any


@attrs.frozen
class User:
    """
    What the user says.

    @ivar image: a PNG in base64, shown with it.
    """

    text: str
    image: str = ""


@attrs.frozen
class Model:
    """
    What the model said earlier.

    @ivar own: the turn in the dialect's own words, as its client has it from a reply; else the text is the turn.
    """

    text: str = ""
    own: Any = None


@attrs.frozen
class Result:
    """
    What a tool answered to a call.

    @ivar image: a PNG in base64, shown with it.
    """

    call: Call
    text: str
    image: str = ""


Turn = User | Model | Result


@attrs.frozen(kw_only=True)
class Ask:
    """
    A request.

    @ivar tools: names of tools, each with the schema L{CITY}.
    @ivar awkward: whether the tools have L{AWKWARD} and L{LONG_DESCRIPTION} instead.
    @ivar choice: C{auto}, C{none}, C{required}, or the name of the tool that must be called.
    @ivar single: whether no more than one call is wanted.
    @ivar limit: the most tokens of the reply.
    @ivar sampling: whether C{temperature} and C{top_p} are given, both.
    @ivar stop: a text that ends it.
    @ivar thinks: whether the model is to think hard, and to show it.
    @ivar shaped: whether the reply is to be JSON that fits L{CITY}.
    @ivar more: fields of the dialect's own, beside all others.
    """

    turns: tuple[Turn, ...]
    system: str = ""
    streamed: bool = False
    tools: tuple[str, ...] = ()
    awkward: bool = False
    choice: str = "auto"
    single: bool = False
    sampling: bool = False
    limit: int | None = None
    stop: str = ""
    thinks: bool = False
    shaped: bool = False
    more: Mapping[str, Any] = attrs.field(factory=dict)

    @property
    def schema(self) -> Mapping[str, Any]:
        """Of the tools."""
        return AWKWARD if self.awkward else CITY

    @property
    def description(self) -> str:
        """Of the tools."""
        return LONG_DESCRIPTION if self.awkward else "Tells."


TEMPERATURE, TOP_P = 0.5, 0.9


@attrs.frozen
class Usage:
    """Tokens, thoughts among those of the completion."""

    prompt: int
    completion: int


@attrs.frozen
class Trouble:
    """
    An error, as the dialect tells it.

    @ivar kind: its word for the kind of error.
    """

    kind: str
    message: str


@attrs.frozen(kw_only=True)
class Said:
    """
    A reply.

    @ivar pieces: the text, in the pieces in which it came.
    @ivar fragments: in how many pieces the arguments of each call came.
    @ivar finish: C{stop}, C{length} or C{tool_calls}; empty if the reply doesn't say.
    @ivar seal: what the reply has to prove that the thoughts are the model's own.
    @ivar own: the turn as this dialect's client sends it back.
    @ivar trouble: what went wrong; the rest is what had come until then.
    @ivar dropped: what the proxy says it left out.
    @ivar adjusted: what it says it changed.
    """

    status: int = 200
    model: str = ""
    pieces: tuple[str, ...] = ()
    calls: tuple[Call, ...] = ()
    fragments: tuple[int, ...] = ()
    thoughts: str = ""
    seal: str = ""
    finish: str = ""
    usage: Usage | None = None
    own: Any = None
    trouble: Trouble | None = None
    retry_after: str | None = None
    dropped: tuple[str, ...] = ()
    adjusted: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """All of the text."""
        return "".join(self.pieces)
