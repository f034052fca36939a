"""
Who asks in the fault suite: a client of each dialect over each wire, for streams and for whole replies.

What it gets is sorted into a few outcomes, so that one rule holds for all. What a reply means is read by the adapters
of the matrix, which are strict.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

import attrs

from tests.matrix.adapters.adapter import Adapter
from tests.matrix.adapters.anthropic_messages import AnthropicMessages
from tests.matrix.adapters.embeddings import EmbeddingsAdapter, GoogleBatch, OpenAIFloats
from tests.matrix.adapters.google_genai import GoogleArray, GoogleGenAI
from tests.matrix.adapters.openai_chat import OpenAIChat
from tests.matrix.adapters.openai_completions import OpenAICompletions
from tests.matrix.adapters.openai_responses import OpenAIResponses
from tests.matrix.asks import Ask, Trouble, User
from tests.matrix.columns import Column
from tests.web import Got

TEXT = "Grüße aus 東京 🙂, and tell me the weather"
TOOLS = ("get_weather", "read_clock")


@attrs.frozen
class Whole:
    """A reply that looks complete, and what it says."""

    content: object


@attrs.frozen
class Refused:
    """An error with a status of its own."""

    status: int


@attrs.frozen
class BrokenOff:
    """A stream that ended with an error event."""


@attrs.frozen
class Cut:
    """A reply whose connection ended before it did."""


Outcome = Whole | Refused | BrokenOff | Cut


@attrs.frozen(eq=False)
class Asker(ABC):
    """
    One way to ask.

    @ivar column: the wire and the model.
    @ivar streamed: whether a stream is asked for.
    """

    column: Column
    streamed: bool

    @property
    @abstractmethod
    def label(self) -> str:
        """Its name in the suite."""

    @property
    @abstractmethod
    def path(self) -> str:
        """Where to ask."""

    @property
    @abstractmethod
    def body(self) -> dict[str, Any]:
        """What to send."""

    @abstractmethod
    def outcome(self, got: Got) -> Outcome:
        """What became of it; raises where a reply isn't in the dialect's shape."""

    @property
    def has_words_for_failure(self) -> bool:
        """Whether the dialect can say on a stream that it failed."""
        return True

    @property
    def takes_bytes_as_they_are(self) -> bool:
        """Whether what ARGO ends in peace is the reply, whatever it is: there is nothing to tell it by."""
        return self.column.wire == "gateway" and self.streamed


@attrs.frozen(eq=False)
class ChatAsker(Asker):
    """
    A client of a dialect in which models speak.

    @ivar tools: whether the model calls tools rather than speaks.
    """

    adapter: Adapter
    tools: bool = False

    @property
    def label(self) -> str:
        return _label(self.adapter.label, self.column, self.streamed, "tools" if self.tools else "")

    @property
    def path(self) -> str:
        return self.adapter.path(self._ask, self.column.model)

    @property
    def body(self) -> dict[str, Any]:
        return self.adapter.body(self._ask, self.column.model)

    @property
    def _ask(self) -> Ask:
        return Ask(turns=(User(TEXT),), streamed=self.streamed, tools=TOOLS if self.tools else ())

    def outcome(self, got: Got) -> Outcome:
        if got.status != 200:
            return _refused(got, self.adapter.trouble(got.json()))
        if not got.ended:
            return Cut()
        said = self.adapter.stream(_read(got.body)) if self.streamed else self.adapter.whole(got.json())
        if said.trouble is not None:
            assert said.trouble.message
            return BrokenOff()
        calls = tuple((call.name, json.dumps(call.arguments)) for call in said.calls)
        return Whole((said.text, calls, said.finish))


@attrs.frozen(eq=False)
class EmbeddingsAsker(Asker):
    """A client that asks for vectors."""

    adapter: EmbeddingsAdapter

    @property
    def label(self) -> str:
        return _label(f"{self.adapter.dialect}.{self.adapter.variant}", self.column, self.streamed)

    @property
    def path(self) -> str:
        return self.adapter.path(self.column.model)

    @property
    def body(self) -> dict[str, Any]:
        return self.adapter.body((TEXT, "and more")[: self.adapter.most], self.column.model, None)

    def outcome(self, got: Got) -> Outcome:
        if got.status != 200:
            return _refused(got, self.adapter.trouble(got.json()))
        return Whole(self.adapter.vectors(got.json())) if got.ended else Cut()


@attrs.frozen(eq=False)
class DirectAsker(Asker):
    """A client of ARGO's own calls, which gets ARGO's own bytes, errors included."""

    path: str = ""
    field: str = "prompt"

    @property
    def label(self) -> str:
        return _label(self.path, self.column, self.streamed)

    @property
    def body(self) -> dict[str, Any]:
        return {"model": self.column.model, self.field: [TEXT], "stream": self.streamed}

    @property
    def has_words_for_failure(self) -> bool:
        return False

    @property
    def takes_bytes_as_they_are(self) -> bool:
        return True

    def outcome(self, got: Got) -> Outcome:
        if got.status != 200:
            return Refused(got.status)
        return Whole(got.body) if got.ended else Cut()


def _read(stream: bytes) -> bytes:
    """What clients read of a stream: none looks behind OpenAI's last event."""
    head, done, _ = stream.partition(b"data: [DONE]\n\n")
    return head + done


def _refused(got: Got, trouble: Trouble) -> Refused:
    assert got.ended
    assert 400 <= got.status <= 599
    assert trouble.message
    assert trouble.kind
    assert "/app/" not in trouble.message
    return Refused(got.status)


def _label(dialect: str, column: Column, streamed: bool, more: str = "") -> str:
    return "-".join(filter(None, (dialect, column.label, more, "streamed" if streamed else "")))


ADAPTERS: tuple[Adapter, ...] = (
    OpenAIChat(),
    OpenAICompletions(),
    OpenAIResponses(),
    AnthropicMessages(),
    GoogleGenAI(),
    GoogleArray(),
)
EMBEDDERS: tuple[EmbeddingsAdapter, ...] = (OpenAIFloats(), GoogleBatch())
COLUMNS = (
    Column("gateway", "gpt-4o"),
    Column("openai_native", "gpt-4o"),
    Column("anthropic_native", "claude-sonnet-4.5"),
)
VECTORS = (Column("gateway", "text-embedding-3-small"), Column("openai_native", "text-embedding-3-small"))


def _askers() -> Iterator[Asker]:
    for adapter in ADAPTERS:
        for column in COLUMNS:
            yield ChatAsker(column, False, adapter)
            yield ChatAsker(column, True, adapter)
    for tools in (OpenAIChat(), OpenAIResponses(), AnthropicMessages(), GoogleGenAI()):
        for column in (*COLUMNS, Column("gateway", "claude-sonnet-4.5")):
            yield ChatAsker(column, True, tools, tools=True)
    for embedder in EMBEDDERS:
        for column in VECTORS:
            yield EmbeddingsAsker(column, False, embedder)
    yield DirectAsker(COLUMNS[0], False, "/v1/chat")
    yield DirectAsker(COLUMNS[0], True, "/v1/chat")
    yield DirectAsker(VECTORS[0], False, "/v1/embed")


ASKERS = tuple(_askers())
