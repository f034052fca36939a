"""
A client's own Chat Completions request, changed only where it must be: what isn't goes on byte for byte.

What must change is told by comparing the request with the same one mended: a message that is still the same object
still has the client's own bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from argoproxy.conversation import Abilities, ChatRequest, Image, Message, Model, Opaque, Tool, ToolResult
from argoproxy.wire import json
from argoproxy.wire.json import Fields

from .mending import needs_stream
from .openai_messages import messages, text

_EMPTY = msgspec.Raw(b'""')
_SYSTEM = msgspec.Raw(b'"system"')
# Fields of the body that say how the reply is to be made, and of the request, where both have the same name.
_SETTINGS = ("temperature", "top_p", "max_tokens", "max_completion_tokens")
# What asks for tools is only said where there are some.
_ABOUT_TOOLS = ("tools", "tool_choice", "parallel_tool_calls")
_DEPRECATED = ("functions", "function_call")
# Where this proxy shows an assistant's reasoning: ARGO has never seen it.
_SHOWN = "reasoning_content"
# What is addressed to the proxy.
_OURS = ("timeout",)
_DEVELOPER = re.compile(rb'"developer"')


class Head(msgspec.Struct, frozen=True):
    """What of a message tells whether it can go on."""

    role: str = ""
    content: msgspec.Raw = json.NULL
    function_call: msgspec.Raw = json.NULL


class ToolHead(msgspec.Struct, frozen=True):
    """What of a tool tells whether it can go on."""

    type: str = ""


_fields = msgspec.json.Decoder(Fields)
_items = msgspec.json.Decoder(list[msgspec.Raw])
_heads = msgspec.json.Decoder(list[Head])
_tool_heads = msgspec.json.Decoder(list[ToolHead])
_encode = msgspec.json.encode


def relays(request: ChatRequest, model: Model) -> bool:
    """Whether the client's own fields can go on: nothing in them is something that this wire or model hasn't."""
    if not request.raw or request.n != 1 or any(_given(request.raw, name) for name in _DEPRECATED):
        return False
    if request.shape is not None and not model.abilities.structured:
        return False
    if not request.stream and needs_stream(request, model.abilities):
        return False
    if not model.abilities.attachments and any(map(_holds_opaque, request.messages)):
        return False
    return _tools_match(request) and _messages_match(request)


def _given(raw: Mapping[str, msgspec.Raw], name: str) -> bool:
    return name in raw and raw[name] != json.NULL


def _tools_match(request: ChatRequest) -> bool:
    """Whether all tools, and no others, are functions that the client described."""
    heads = _tool_heads.decode(request.raw["tools"]) if _given(request.raw, "tools") else []
    freeform = any(tool.freeform for tool in request.tools)
    return not freeform and len(heads) == len(request.tools) and all(head.type == "function" for head in heads)


def _messages_match(request: ChatRequest) -> bool:
    """Whether the conversation is the client's, message by message, without deprecated function calls."""
    heads = _heads.decode(request.raw["messages"])
    deprecated = any(head.role == "function" or head.function_call != json.NULL for head in heads)
    return not deprecated and len(heads) == len(request.messages)


def developers(request: ChatRequest) -> tuple[str, ...]:
    """What is told where the client's C{developer} became C{system}."""
    written = request.raw.get("messages", json.NULL)
    if _DEVELOPER.search(written) is None or not json.begins(written, b"["):
        return ()
    if not any(message.role == "system" for message in request.messages):
        return ()
    return ("developer-role",) if any(head.role == "developer" for head in _heads.decode(written)) else ()


def illustrated(request: ChatRequest) -> ChatRequest:
    """The request with its pictures in the client's own fields, where they stood for others."""
    if not request.pictures:
        return request
    addresses = {(*json.place(path)[1:], "url"): msgspec.Raw(_encode(url)) for path, url in request.pictures.items()}
    messages = json.put(request.raw["messages"], addresses)
    return msgspec.structs.replace(request, raw={**request.raw, "messages": messages}, pictures={})


class Retelling:
    """
    The client's fields as they go on.

    @ivar adjusted: what had to be changed in messages beyond what the mended request shows.
    """

    def __init__(self, request: ChatRequest, taken: ChatRequest, abilities: Abilities) -> None:
        """
        @param request: as the client sent it.
        @param taken: the same, mended.
        """
        self._request = request
        self._taken = taken
        self._system_parts = abilities.system_parts
        self.adjusted: dict[str, None] = {}

    def encode(self, who: Mapping[str, str]) -> bytes:
        """
        The body.

        @param who: C{model} and C{user}.
        """
        body: dict[str, Any] = {
            name: raw for name, raw in self._request.raw.items() if raw != json.NULL and name not in _OURS
        }
        body |= who
        body["messages"] = self._messages()
        self._settings(body)
        self._tools(body)
        if self._request.stream:
            options = _fields.decode(body.get("stream_options", b"{}"))
            body["stream_options"] = {**options, "include_usage": True}
        return _encode(body)

    def _settings(self, body: dict[str, Any]) -> None:
        changed = {name: getattr(self._taken, name) for name in _SETTINGS}
        changed = {name: value for name, value in changed.items() if value != getattr(self._request, name)}
        if self._taken.thinking != self._request.thinking:
            changed["reasoning_effort"] = self._taken.thinking.effort if self._taken.thinking is not None else None
        for name, value in changed.items():
            body[name] = value
            if value is None:
                del body[name]

    def _tools(self, body: dict[str, Any]) -> None:
        before, after = self._request.tools, self._taken.tools
        if not before:
            for name in _ABOUT_TOOLS:
                body.pop(name, None)
        elif after is not before:
            own = _items.decode(body["tools"])
            body["tools"] = [
                raw if tool is same else _described(raw, tool)
                for raw, tool, same in zip(own, after, before, strict=True)
            ]

    def _messages(self) -> list[Any] | msgspec.Raw:
        raw = self._request.raw["messages"]
        own = _items.decode(raw)
        kept = {id(message): one for message, one in zip(self._request.messages, own, strict=True)}
        told = [one for message in self._taken.messages for one in self._entries(message, kept.get(id(message)))]
        same = len(told) == len(own) and all(one is other for one, other in zip(told, own, strict=True))
        return raw if same else told

    def _entries(self, message: Message, own: msgspec.Raw | None) -> Iterator[Any]:
        """A message's entries: the client's own, or such as say the same."""
        if own is None or _shows_by_tool(message):
            yield from self._rebuilt(message)
            return
        fields = _fields.decode(own)
        told = {name: raw for name, raw in fields.items() if raw != json.NULL and name != _SHOWN}
        told |= self._otherwise(told, message)
        if _SHOWN in fields:
            self.adjusted["thinking"] = None
        same = len(told) == len(fields) and all(told[name] is raw for name, raw in fields.items())
        yield own if same else told

    def _rebuilt(self, message: Message) -> Iterator[Any]:
        """Entries that say the same; of what only the client has words for, in the client's."""
        entries = messages([message])
        if _holds_opaque(message):
            own = self._own_parts()
            entries[0]["content"] = [own[id(part)] for part in message.parts]
        yield from entries

    def _own_parts(self) -> dict[int, msgspec.Raw]:
        """By the parts that they are, the client's own of those messages that nobody else can write."""
        raws = _items.decode(self._request.raw["messages"])
        theirs = [pair for pair in zip(self._request.messages, raws, strict=True) if _holds_opaque(pair[0])]
        return {
            id(part): written
            for message, raw in theirs
            for part, written in zip(message.parts, _items.decode(_fields.decode(raw)["content"]), strict=True)
        }

    def _otherwise(self, fields: Fields, message: Message) -> Fields:
        """What must be said otherwise in a client's own message."""
        changes: Fields = {}
        if bytes(fields["role"]) == b'"developer"':
            self.adjusted["developer-role"] = None
            changes["role"] = _SYSTEM
        content = fields.get("content")
        if content is None:
            self.adjusted["content"] = None
            changes["content"] = _EMPTY
        elif message.role == "system" and not self._system_parts and json.begins(content, b"["):
            self.adjusted["content"] = None
            changes["content"] = msgspec.Raw(_encode(text(message.parts)))
        return changes


def _holds_opaque(message: Message) -> bool:
    return any(isinstance(part, Opaque) for part in message.parts)


def _shows_by_tool(message: Message) -> bool:
    """Whether a tool's result holds pictures: OpenAI's tools have no place for them."""
    return any(isinstance(one, Image) for part in message.parts if isinstance(part, ToolResult) for one in part.parts)


def _described(raw: msgspec.Raw, tool: Tool) -> dict[str, Any]:
    """A client's tool with another description and other parameters."""
    outer = _fields.decode(raw)
    function: dict[str, Any] = dict(_fields.decode(outer["function"]))
    if tool.description is not None:
        function["description"] = tool.description
    if tool.parameters is not None:
        function["parameters"] = tool.parameters
    return {**outer, "function": function}
