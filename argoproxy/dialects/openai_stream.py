"""
The chunks of OpenAI's streamed replies: what chats and legacy completions have in common.

All that is the same in every chunk is made into bytes once per reply; what differs is put in between.
"""

from __future__ import annotations

import msgspec

from argoproxy.conversation import Usage
from argoproxy.errors import ProxyError
from argoproxy.vocabulary.openai import CompletionUsage
from argoproxy.wire import sse

from .openai_errors import error_body


class ChunkHead(msgspec.Struct, frozen=True, kw_only=True):
    """What every chunk of a reply begins with."""

    id: str
    object: str
    created: int
    model: str


class Frame:
    """
    What stands around the choices of every chunk.

    @ivar start: the bytes before a choice.
    @ivar end: the bytes behind it, to the end of the event.
    """

    __slots__ = ("_include_usage", "end", "start")

    def __init__(self, head: ChunkHead, include_usage: bool) -> None:
        self._include_usage = include_usage
        self.start = b"data: " + msgspec.json.encode(head)[:-1] + b',"choices":['
        self.end = b'],"usage":null}\n\n' if include_usage else b"]}\n\n"

    def usage(self, usage: Usage) -> bytes:
        """The chunk without choices that tells the usage, if the client wants it."""
        if not self._include_usage:
            return b""
        return self.start + b'],"usage":' + msgspec.json.encode(CompletionUsage.of(usage)) + b"}\n\n"


def failure(fault: ProxyError) -> bytes:
    """The chunk that makes a client raise. Nothing may follow, C{[DONE]} least of all."""
    return sse.frame(error_body(fault))
