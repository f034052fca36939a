"""
What every dialect's adapter has: how its client asks for each feature, and how it reads what comes back.

A client is strict: it asserts what the dialect's own SDKs rely on, and knows nothing of the proxy.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import attrs

from tests.matrix.asks import Ask, Said, Trouble


@attrs.frozen
class Event:
    """One of a stream's events: its name, empty if it has none, and its data."""

    name: str
    data: Any


class Adapter(ABC):
    """
    A dialect's client.

    @cvar dialect: the dialect's name in the registry.
    @cvar variant: which of the dialect's clients it is, where there are several.
    @cvar tools: whether it has tools.
    @cvar effort: the field that asks for thinking, by which the proxy tells of it.
    @cvar seals: whether a reply has room for the seal on its thoughts.
    @cvar splits: whether a call's arguments may come in pieces.
    @cvar statuses: the kinds of error by HTTP status, as the dialect's API names them.
    @cvar renamed: statuses that the dialect's clients don't know, and what they get instead.
    """

    dialect: ClassVar[str]
    variant: ClassVar[str] = ""
    tools: ClassVar[bool] = True
    effort: ClassVar[str] = ""
    seals: ClassVar[bool] = False
    splits: ClassVar[bool] = True
    statuses: ClassVar[Mapping[int, str]] = {}
    renamed: ClassVar[Mapping[int, int]] = {}

    @property
    def label(self) -> str:
        """Its name in the matrix."""
        return f"{self.dialect}.{self.variant}" if self.variant else self.dialect

    def key(self, name: str) -> dict[str, str]:
        """The headers in which its SDKs send a key."""
        return {"authorization": f"Bearer {name}"}

    @abstractmethod
    def path(self, ask: Ask, model: str) -> str:
        """Where to ask."""

    @abstractmethod
    def body(self, ask: Ask, model: str) -> dict[str, Any]:
        """What to send."""

    @abstractmethod
    def whole(self, document: Any) -> Said:
        """Read a reply that isn't streamed."""

    @abstractmethod
    def stream(self, body: bytes) -> Said:
        """Read a stream, to its end or to the error in it."""

    @abstractmethod
    def trouble(self, document: Any) -> Trouble:
        """Read an error."""


def events(body: bytes) -> list[Event]:
    """The events of a stream; comments are none, and what isn't ended by a blank line was cut off."""
    blocks = body.decode().replace("\r\n", "\n").split("\n\n")[:-1]
    return [event for event in map(_event, blocks) if event is not None]


def _event(block: str) -> Event | None:
    fields = dict(line.split(": ", 1) for line in block.split("\n") if line and not line.startswith(":"))
    if "data" not in fields:
        return None
    data = fields["data"]
    return Event(fields.get("event", ""), data if data == "[DONE]" else json.loads(data))
