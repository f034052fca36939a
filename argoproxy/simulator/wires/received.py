"""A request as it came in, and what an endpoint of a wire does with it."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import Any, Protocol

import attrs
import msgspec

from argoproxy.simulator.model.models import Roster
from argoproxy.simulator.settings import SimulatorSettings
from argoproxy.simulator.strict.refusal import Refusal
from argoproxy.simulator.wires.reply import Reply

_USER = re.compile(r"[a-z][a-z0-9_.-]{0,31}")
UNREGISTERED = "unregistered"


@attrs.frozen
class Received:
    """
    A request as it came in.

    @ivar path: Without the query.
    @ivar headers: Names in lower case; several of a name joined by commas.
    @ivar reused: Whether its connection had carried a request before.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    reused: bool = False

    def document(self) -> Any:
        """@return: The body's JSON, or None if it is none."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None


class Scene(Protocol):
    """What endpoints know of the simulator that they belong to."""

    settings: SimulatorSettings
    roster: Roster

    def now(self) -> int:
        """@return: Seconds since the epoch, for C{created}."""


class Endpoint(Protocol):
    """One call of one wire, apart from HTTP."""

    def last_text(self, received: Received) -> str:
        """@return: The text that may hold markers; empty if there is none."""

    def honest(self, received: Received) -> Reply:
        """
        @return: The reply of an ARGO in good health.
        @raise Refusal: As ARGO would refuse.
        """

    def say(self, received: Received, text: str) -> Reply:
        """
        @return: The reply in which the model says that text; an honest one where no model speaks.
        @raise Refusal: As ARGO would refuse.
        """

    def refuse(self, refusal: Refusal, received: Received) -> Reply:
        """@return: The error reply of this wire."""


class Mute(ABC):
    """An endpoint behind which no model speaks."""

    @abstractmethod
    def honest(self, received: Received) -> Reply:
        """@raise Refusal: As ARGO would refuse."""

    def last_text(self, received: Received) -> str:
        """@return: Nothing, where there is no text at all."""
        return ""

    def say(self, received: Received, text: str) -> Reply:
        """@return: An honest reply."""
        return self.honest(received)


def is_user(name: str) -> bool:
    """
    @return: Whether a name could be a user's: a lower-case letter and up to 31 more of C{a-z0-9_.-}. The simulator has
        no list of users; API keys (C{sk-…}) with capital letters, and long ones, are none.
    """
    return _USER.fullmatch(name) is not None


def is_registered(name: str) -> bool:
    """@return: Whether ARGO knows the user: it knows all but C{unregistered}, and what is no user's name."""
    return name != UNREGISTERED and is_user(name)
