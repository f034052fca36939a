"""
Whole messages as Anthropic's own description of its API has them.

That description requires fields which ARGO leaves out; most may be null. Clients that are generated from it, or check
by it, refuse messages without them. Clients give back what they got, and ARGO has never seen these fields: they are
taken out of the history again.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from argoproxy.wire.json import Fields, begins

_NULL = msgspec.Raw(b"null")
# What Anthropic's OpenAPI document requires of Message, Usage, ResponseTextBlock and ResponseToolUseBlock.
_MESSAGE = dict.fromkeys(("stop_reason", "stop_sequence", "stop_details", "container"), _NULL)
_USAGE = dict.fromkeys(
    (
        "cache_creation",
        "cache_creation_input_tokens",
        "cache_read_input_tokens",
        "inference_geo",
        "output_tokens_details",
        "server_tool_use",
        "service_tier",
    ),
    _NULL,
)
_BLOCKS: Mapping[bytes, Fields] = {
    b'"text"': {"citations": _NULL},
    b'"tool_use"': {"caller": msgspec.Raw(b'{"type":"direct"}')},
}

_encode = msgspec.json.encode
_fields = msgspec.json.Decoder(Fields)
_items = msgspec.json.Decoder(list[Fields])
_messages = msgspec.json.Decoder(list[msgspec.Raw])


def described(message: Fields) -> Fields:
    """A message with all that is required of it: what is there stays, and what is missing comes behind it."""
    told = _with(message, _MESSAGE)
    content = [_with(block, _BLOCKS.get(_kind(block), {})) for block in _items.decode(message.get("content", b"[]"))]
    usage = _with(_fields.decode(message["usage"]), _USAGE)
    return told | {"content": msgspec.Raw(_encode(content)), "usage": msgspec.Raw(_encode(usage))}


def _with(fields: Fields, required: Fields) -> Fields:
    return fields | {name: raw for name, raw in required.items() if name not in fields}


def _kind(block: Fields) -> bytes:
    return bytes(block.get("type", b""))


def given_back(messages: msgspec.Raw) -> msgspec.Raw:
    """A history without what was put into it here; the same object, if there is nothing of that in it."""
    written = bytes(messages)
    if b'"citations"' not in written and b'"caller"' not in written:
        return messages
    before = _messages.decode(messages)
    after = [_without(message) for message in before]
    same = all(one is other for one, other in zip(before, after, strict=True))
    return messages if same else msgspec.Raw(_encode(after))


def _without(message: msgspec.Raw) -> msgspec.Raw:
    fields = _fields.decode(message)
    if not begins(fields["content"], b"["):
        return message
    before = _items.decode(fields["content"])
    after = [_plain(block) for block in before]
    return message if after == before else msgspec.Raw(_encode({**fields, "content": after}))


def _plain(block: Fields) -> Fields:
    ours = _BLOCKS.get(_kind(block), {})
    return {name: raw for name, raw in block.items() if name not in ours or not _same(raw, ours[name])}


def _same(raw: msgspec.Raw, other: msgspec.Raw) -> bool:
    """Whether they say the same, however it is spaced."""
    return msgspec.json.format(raw, indent=-1) == bytes(other)
