"""
A client's own Messages request, changed only where it must be: what isn't goes on byte for byte.

What must change is told by comparing the request with the same one mended. The conversation is
L{argoproxy.upstreams.anthropic_retelling}'s business.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from argoproxy.conversation import Abilities, ChatRequest, Message
from argoproxy.vocabulary.anthropic import OutputConfig, ThinkingShape, thinking_of
from argoproxy.vocabulary.anthropic_blocks import image_source
from argoproxy.wire import json
from argoproxy.wire.json import Fields

from .anthropic_requests import RULES, streams
from .anthropic_retelling import retold
from .mending import mended

# Fields of the body that say how the reply is to be made, named as those of the request.
_SETTINGS = ("max_tokens", "temperature", "top_p", "top_k")
# What is addressed to the proxy.
_OURS = ("timeout",)


class ToolHead(msgspec.Struct, frozen=True):
    """What of a tool tells whether it is the client's own or one that Anthropic knows."""

    type: str | None = None


_fields = msgspec.json.Decoder(Fields)
_optional = msgspec.json.Decoder(Fields | None)
_items = msgspec.json.Decoder(list[msgspec.Raw])
_tool_heads = msgspec.json.Decoder(list[ToolHead])
_thinking = msgspec.json.Decoder(ThinkingShape | None)
_output_config = msgspec.json.Decoder(OutputConfig | None)


def relays(request: ChatRequest) -> bool:
    """Whether the client's own fields can go on: not where they are no longer the request's."""
    return bool(request.raw)


def illustrated(request: ChatRequest) -> ChatRequest:
    """The request with its pictures in the client's own fields, where they stood for others."""
    if not request.pictures:
        return request
    sources = {
        json.place(path)[1:]: msgspec.Raw(msgspec.json.encode(image_source(url)))
        for path, url in request.pictures.items()
    }
    messages = json.put(request.raw["messages"], sources)
    return msgspec.structs.replace(request, raw={**request.raw, "messages": messages}, pictures={})


class Retelling:
    """
    The client's fields as they go on.

    @ivar adjusted: what had to be changed.
    @ivar streamed: whether ARGO is asked for a stream, be it for its own sake.
    """

    def __init__(self, request: ChatRequest, abilities: Abilities, conversation: Sequence[Message]) -> None:
        """
        @param request: as the client sent it.
        @param conversation: the client's own, or what is to be said in its place.
        """
        shape = _thinking.decode(request.raw.get("thinking", json.NULL))
        effort = (_output_config.decode(request.raw.get("output_config", json.NULL)) or OutputConfig()).effort
        self._keeps_mode = shape is None or shape.type in abilities.thinking
        # An effort alone is no wish to think, and beside a mode that the model has it is no matter of the mode.
        self._keeps_effort = effort in abilities.efforts and self._keeps_mode
        thinking = thinking_of(shape, None if self._keeps_effort else effort)
        self._asked = msgspec.structs.replace(request, thinking=thinking)
        spoken = msgspec.structs.replace(self._asked, prompts=(tuple(conversation),))
        self._taken, adjusted = mended(spoken, abilities, RULES)
        self.adjusted = dict.fromkeys(adjusted)
        self.streamed = streams(self._taken, abilities)

    def encode(self, who: Mapping[str, str]) -> bytes:
        """
        The body.

        @param who: C{model} and C{user}.
        """
        body: dict[str, Any] = {name: raw for name, raw in self._asked.raw.items() if name not in _OURS}
        body |= who
        body |= retold(self._asked.raw, self._asked.messages, self._taken.messages)
        if self.streamed and not self._asked.stream:
            body["stream"] = True
        self._settings(body)
        self._think(body)
        self._tools(body)
        if self._asked.shape is not None:
            self._unshape(body)
        return msgspec.json.encode({name: value for name, value in body.items() if value is not None})

    def _settings(self, body: dict[str, Any]) -> None:
        for name in _SETTINGS:
            taken = getattr(self._taken, name)
            if taken != getattr(self._asked, name):
                body[name] = taken

    def _think(self, body: dict[str, Any]) -> None:
        taken = self._taken.thinking
        if taken == self._asked.thinking and self._keeps_mode:
            return
        self.adjusted["thinking"] = None
        body["thinking"] = None if taken is None else ThinkingShape.of(taken)
        if not self._keeps_effort:
            self._exert(body, None if taken is None else taken.effort)

    def _exert(self, body: dict[str, Any], effort: str | None) -> None:
        """Put another effort, or none, in the place of the client's."""
        _configure(body, effort=effort)

    def _unshape(self, body: dict[str, Any]) -> None:
        """Leave out what asks for a shape: that this wire sees to it is not known."""
        body["output_format"] = None
        _configure(body, format=None)

    def _tools(self, body: dict[str, Any]) -> None:
        """The client's own tools; those that Anthropic knows by their types go on as they are."""
        before, after = self._asked.tools, self._taken.tools
        if after is before:
            return
        tools: list[Any] = _items.decode(body["tools"])
        heads = _tool_heads.decode(body["tools"])
        own = (place for place, head in enumerate(heads) if head.type in (None, "custom"))
        for place, same, tool in zip(own, before, after, strict=True):
            if tool is not same:
                tools[place] = {**_fields.decode(tools[place]), "input_schema": tool.parameters}
        body["tools"] = tools


def _configure(body: dict[str, Any], **settings: Any) -> None:
    """Put these into C{output_config}; L{None} takes one out."""
    config = {**(_optional.decode(body.get("output_config") or json.NULL) or {}), **settings}
    told = {name: value for name, value in config.items() if value is not None}
    body["output_config"] = msgspec.Raw(msgspec.json.encode(told)) if told else None
