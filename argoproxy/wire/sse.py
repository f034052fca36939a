"""Server-sent events, as the WHATWG's HTML standard frames them. What is in C{data} is the caller's business."""

from __future__ import annotations

COMMENT = b": keepalive\n\n"
DONE = b"data: [DONE]\n\n"


def frame(data: bytes, event: bytes = b"") -> bytes:
    """
    One event.

    @param data: without line breaks, as JSON is encoded here.
    @param event: its type; empty for none.
    """
    if event:
        return b"event: " + event + b"\ndata: " + data + b"\n\n"
    return b"data: " + data + b"\n\n"
