"""
What a direct request to ARGO says. Its fields are ARGO's business, so this is an estimate for the log.

What isn't shaped as usual counts as nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import msgspec

from argoproxy.conversation import DirectRequest

from . import overhead

T = TypeVar("T")


class _Part(msgspec.Struct, frozen=True):
    type: str = "text"
    text: str | None = None


class _Message(msgspec.Struct, frozen=True):
    content: str | list[str | _Part] | None = None


_texts = msgspec.json.Decoder(str | list[str] | None)
_messages = msgspec.json.Decoder(list[_Message] | None)


def said(request: DirectRequest) -> Iterator[str | int]:
    """The texts of its messages, system and prompt, with a chat's overhead if it is one."""
    frame, priming = (overhead.MESSAGE, overhead.REPLY) if request.resource == "chat" else (0, 0)
    for message in _read(_messages, request, "messages") or ():
        yield frame
        content = message.content or ""
        for part in [content] if isinstance(content, str) else content:
            yield part if isinstance(part, str) else _part(part)
    for field in ("system", "prompt"):
        texts = _read(_texts, request, field) or ()
        for text in [texts] if isinstance(texts, str) else texts:
            yield frame
            yield text
    yield priming


def _read(decoder: msgspec.json.Decoder[T], request: DirectRequest, field: str) -> T | None:
    try:
        return decoder.decode(request.fields.get(field, b"null"))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None


def _part(part: _Part) -> str | int:
    return overhead.image() if part.type == "image_url" else part.text or ""
