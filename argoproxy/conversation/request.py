"""What a client asks for, whatever dialect it spoke."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from .parts import Message, OutputShape, Thinking, Tool, ToolChoice


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """
    What every request has.

    @ivar model: the model's name in the client's own spelling; empty if it named none.
    @ivar stream: whether the reply goes out piece by piece.
    @ivar timeout: seconds for the whole reply, or L{None}.
    @ivar extras: fields that the neutral language doesn't know, byte for byte.
    @ivar raw: all fields of the client's body, byte for byte, for a wire that speaks the client's own language.
    @ivar headers: the client's headers that such a wire takes, by their lower-case names.
    """

    model: str
    stream: bool = False
    timeout: float | None = None
    extras: Mapping[str, msgspec.Raw] = {}
    raw: Mapping[str, msgspec.Raw] = {}
    headers: Mapping[str, str] = {}


class ChatRequest(Asked, frozen=True, kw_only=True):
    """
    Ask for the next turn of a conversation.

    @ivar prompts: the conversations, each of which gets C{n} replies; chats have one, legacy completions several.
    @ivar bare: the prompts are bare texts of a legacy completion, without a chat's overhead.
    @ivar max_tokens: the older of OpenAI's two limits; C{max_completion_tokens} is the newer.
    @ivar include_usage: whether a stream ends with its usage.
    @ivar top_k: Anthropic's and Google's.
    @ivar thinking: L{None} where the client leaves it to the model.
    @ivar shape: what the text must be, or L{None} for anything.
    @ivar pictures: by their places in the client's body, the C{data:} URIs that pictures have in place of what C{raw}
        says there.
    """

    prompts: tuple[tuple[Message, ...], ...]
    n: int = 1
    include_usage: bool = False
    bare: bool = False
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: tuple[str, ...] = ()
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    thinking: Thinking | None = None
    shape: OutputShape | None = None
    pictures: Mapping[str, str] = {}

    @property
    def messages(self) -> tuple[Message, ...]:
        """The first conversation: the only one, but for legacy completions."""
        return self.prompts[0]

    @property
    def token_limit(self) -> int | None:
        """The most tokens that the reply may have, or L{None}."""
        return self.max_completion_tokens if self.max_tokens is None else self.max_tokens

    def without_content(self) -> ChatRequest:
        """How the reply is wanted, without what was asked."""
        return msgspec.structs.replace(self, prompts=((),), tools=(), extras={}, raw={}, pictures={})

    def singles(self) -> Iterator[ChatRequest]:
        """The same request cut into those with one prompt and one choice, in the order of their choices' indexes."""
        if len(self.prompts) == 1 and self.n == 1:
            yield self
            return
        for prompt in self.prompts:
            for _ in range(self.n):
                yield msgspec.structs.replace(self, prompts=(prompt,), n=1)


class EmbeddingRequest(Asked, frozen=True, kw_only=True):
    """
    Ask for vectors.

    @ivar inputs: texts, or token ids of the model's encoding.
    @ivar dimensions: how many numbers a vector is to have, or L{None} for the model's own.
    """

    inputs: tuple[str | tuple[int, ...], ...]
    dimensions: int | None = None


class DirectRequest(Asked, frozen=True, kw_only=True):
    """
    Ask ARGO itself, unconverted.

    @ivar resource: C{chat} or C{embed}.
    @ivar fields: the client's whole body, byte for byte, without what is addressed to the proxy.
    """

    resource: str
    fields: Mapping[str, msgspec.Raw]


Request = ChatRequest | EmbeddingRequest | DirectRequest
