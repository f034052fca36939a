"""
Replies that are put together from bytes, because they are many or long: as Structs, which nothing else needs.

What is served is held against them in the tests.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from argoproxy.dialects.openai_chat_replies import Delta
from argoproxy.dialects.openai_embeddings import EmbeddingsUsage
from argoproxy.dialects.openai_stream import ChunkHead
from argoproxy.dialects.responses_object import Standing
from argoproxy.vocabulary.openai import CompletionUsage


class ChunkChoice(msgspec.Struct, frozen=True, kw_only=True):
    """What a chunk adds to a choice."""

    index: int
    delta: Delta
    logprobs: None = None
    finish_reason: str | None = None


class ChatChunk(ChunkHead, frozen=True, kw_only=True):
    """A piece of a streamed reply. One without choices tells the usage, if that was asked for."""

    choices: tuple[ChunkChoice, ...]
    usage: CompletionUsage | None = None


class CompletionChunkChoice(msgspec.Struct, frozen=True, kw_only=True):
    """What a chunk adds to a choice."""

    text: str
    index: int
    logprobs: None = None
    finish_reason: str | None = None


class CompletionChunk(ChunkHead, frozen=True, kw_only=True):
    """A piece of a streamed completion."""

    choices: tuple[CompletionChunkChoice, ...]
    usage: CompletionUsage | None = None


class ResponseObject(Standing, frozen=True, kw_only=True):
    """How a response stands, and what it repeats of the request."""

    instructions: msgspec.Raw
    max_output_tokens: msgspec.Raw
    metadata: msgspec.Raw
    parallel_tool_calls: bool
    reasoning: msgspec.Raw
    temperature: float
    text: msgspec.Raw
    tool_choice: msgspec.Raw
    tools: tuple[msgspec.Raw, ...]
    top_p: float
    truncation: str
    user: msgspec.Raw


class ResponseEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event of a streamed response. What else is in it goes by its type."""

    type: str
    sequence_number: int


class Embedding(msgspec.Struct, frozen=True, kw_only=True):
    """A vector: numbers, or base64 of them as little-endian float32."""

    object: Literal["embedding"]
    index: int
    embedding: tuple[float, ...] | str


class Embeddings(msgspec.Struct, frozen=True, kw_only=True):
    """Vectors, in the order of the inputs."""

    object: Literal["list"]
    data: tuple[Embedding, ...]
    model: str
    usage: EmbeddingsUsage


class ContentEmbedding(msgspec.Struct, frozen=True, kw_only=True):
    """A vector."""

    values: tuple[float, ...]


class EmbedContentResponse(msgspec.Struct, frozen=True, kw_only=True):
    """The vector of one content."""

    embedding: ContentEmbedding


class BatchEmbedContentsResponse(msgspec.Struct, frozen=True, kw_only=True):
    """Vectors, in the order of the requests."""

    embeddings: tuple[ContentEmbedding, ...]
