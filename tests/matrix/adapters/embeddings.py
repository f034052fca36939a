"""The clients of both embeddings dialects: texts in, vectors out."""

from __future__ import annotations

import base64
import struct
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from tests.matrix.asks import Trouble

from .google_genai import GoogleGenAI
from .openai_chat import OpenAIChat

Texts = Sequence[str | list[int]]


class EmbeddingsAdapter(ABC):
    """
    A client of one of the dialects.

    @cvar variant: which of the dialect's ways to ask it is.
    @cvar most: how many texts a request may have.
    @cvar takes_tokens: whether the dialect has token ids.
    @cvar statuses: the kinds of error by HTTP status.
    """

    dialect: ClassVar[str]
    variant: ClassVar[str]
    most: ClassVar[int] = 9
    takes_tokens: ClassVar[bool] = False
    statuses: ClassVar[Mapping[int, str]]

    @abstractmethod
    def path(self, model: str) -> str:
        """Where to ask."""

    @abstractmethod
    def body(self, texts: Texts, model: str, dimensions: int | None) -> dict[str, Any]:
        """What to send."""

    @abstractmethod
    def vectors(self, document: Any) -> list[list[float]]:
        """The vectors of a reply."""

    @abstractmethod
    def prompt_tokens(self, document: Any) -> int | None:
        """What a reply says that it cost, if the dialect has a place for it."""

    @abstractmethod
    def trouble(self, document: Any) -> Trouble:
        """Read an error."""


class OpenAIFloats(EmbeddingsAdapter):
    """C{POST /v1/embeddings}, vectors as numbers."""

    dialect = "openai_embeddings"
    variant = "float"
    takes_tokens = True
    statuses = OpenAIChat.statuses

    def path(self, model: str) -> str:
        return "/v1/embeddings"

    def body(self, texts: Texts, model: str, dimensions: int | None) -> dict[str, Any]:
        asked = {"model": model, "input": list(texts), "encoding_format": self.variant}
        return asked if dimensions is None else asked | {"dimensions": dimensions}

    def vectors(self, document: Any) -> list[list[float]]:
        assert document["object"] == "list"
        assert [row["index"] for row in document["data"]] == list(range(len(document["data"])))
        return [self._numbers(row["embedding"]) for row in document["data"]]

    def prompt_tokens(self, document: Any) -> int | None:
        assert document["usage"]["total_tokens"] == document["usage"]["prompt_tokens"]
        return int(document["usage"]["prompt_tokens"])

    def trouble(self, document: Any) -> Trouble:
        return OpenAIChat().trouble(document)

    def _numbers(self, written: Any) -> list[float]:
        assert isinstance(written, list)
        return written


class OpenAIBase64(OpenAIFloats):
    """The same, as OpenAI's SDKs ask by default: base64 of little-endian float32."""

    variant = "base64"

    def _numbers(self, written: Any) -> list[float]:
        data = base64.b64decode(written, validate=True)
        return list(struct.unpack(f"<{len(data) // 4}f", data))


class GoogleBatch(EmbeddingsAdapter):
    """C{:batchEmbedContents}, which the newest SDK always uses."""

    dialect = "google_embeddings"
    variant = "batch"
    statuses = GoogleGenAI.statuses

    def path(self, model: str) -> str:
        return f"/v1beta/models/{model}:batchEmbedContents"

    def body(self, texts: Texts, model: str, dimensions: int | None) -> dict[str, Any]:
        return {"requests": [_request(text, model, dimensions) for text in texts]}

    def vectors(self, document: Any) -> list[list[float]]:
        return [row["values"] for row in document["embeddings"]]

    def prompt_tokens(self, document: Any) -> int | None:
        return None

    def trouble(self, document: Any) -> Trouble:
        return GoogleGenAI().trouble(document)


class GoogleSingle(GoogleBatch):
    """C{:embedContent}, for one text."""

    variant = "single"
    most = 1

    def path(self, model: str) -> str:
        return f"/v1beta/models/{model}:embedContent"

    def body(self, texts: Texts, model: str, dimensions: int | None) -> dict[str, Any]:
        [text] = texts
        return _request(text, model, dimensions)

    def vectors(self, document: Any) -> list[list[float]]:
        return [document["embedding"]["values"]]


def _request(text: object, model: str, dimensions: int | None) -> dict[str, Any]:
    asked = {"model": f"models/{model}", "content": {"parts": [{"text": text}]}}
    return asked if dimensions is None else asked | {"outputDimensionality": dimensions}
