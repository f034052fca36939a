"""What instances have in common in CPython: one table of their attributes' names, if it knows all of them early."""

from __future__ import annotations

from collections.abc import Iterable

# What Twisted's channel notes of a connection.
CHANNEL = frozenset(
    {
        "_HTTPChannel__first_line",
        "_abortingCall",
        "_dataBuffer",
        "_handlingRequest",
        "_networkProducer",
        "_receivedHeaderCount",
        "_receivedHeaderSize",
        "_requestProducer",
        "_requestProducerStreaming",
        "_savedTimeOut",
        "_transferDecoder",
        "_waitingForTransport",
        "connected",
        "length",
        "persistent",
        "requests",
        "site",
        "timeOut",
        "transport",
    }
)
# What a request notes, in whichever way it goes.
REQUEST = frozenset(
    {
        "_adapterCache",
        "_bodiless",
        "_disconnected",
        "args",
        "channel",
        "chunked",
        "clientproto",
        "code",
        "code_message",
        "content",
        "finished",
        "method",
        "notifications",
        "objection",
        "path",
        "postpath",
        "prepath",
        "producer",
        "refused",
        "requestHeaders",
        "responseHeaders",
        "sentLength",
        "site",
        "startedWriting",
        "streamingProducer",
        "uri",
    }
)


def share_names(kind: type, names: Iterable[str]) -> None:
    """
    Have the table of a class know names from the beginning, at most thirty.

    Each new instance lessens by one how many names it still takes up. An instance with others makes a table of its own,
    for 0.8 kB: a process that is asked for its health thirty times before its first stream would do so for each stream.
    """
    first: object = object.__new__(kind)
    for name in names:
        setattr(first, name, None)
