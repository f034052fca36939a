"""What is written of replies can be read, and so can whatever else may come."""

from __future__ import annotations

import msgspec
import pytest

from argoproxy.vocabulary.anthropic import ErrorBody, ErrorObject, MessageUsage
from argoproxy.vocabulary.anthropic_blocks import RedactedThinkingBlock, TextBlock, ThinkingBlock, ToolUseBlock
from argoproxy.vocabulary.anthropic_replies import (
    PING,
    BlockDelta,
    BlockStart,
    BlockStop,
    Ending,
    InputPiece,
    LooseBlock,
    LooseDelta,
    LooseEvent,
    LooseMessage,
    MessageDelta,
    MessageStart,
    MessageStop,
    OpeningMessage,
    SignaturePiece,
    TextPiece,
    ThinkingPiece,
)

USAGE = MessageUsage(input_tokens=3, output_tokens=1)
HEAD = OpeningMessage(id="m", model="claude", usage=USAGE)
EVENTS: list[tuple[msgspec.Struct, LooseEvent]] = [
    (MessageStart(HEAD), LooseEvent(type="message_start", message=LooseMessage(type="message", usage=USAGE))),
    (
        BlockStart(1, TextBlock("")),
        LooseEvent(type="content_block_start", index=1, content_block=LooseBlock(type="text", text="")),
    ),
    (
        BlockStart(1, ThinkingBlock("")),
        LooseEvent(
            type="content_block_start",
            index=1,
            content_block=LooseBlock(type="thinking", thinking="", signature=""),
        ),
    ),
    (
        BlockStart(0, RedactedThinkingBlock("x")),
        LooseEvent(type="content_block_start", content_block=LooseBlock(type="redacted_thinking", data="x")),
    ),
    (
        BlockStart(0, ToolUseBlock(id="i", name="f", input=msgspec.Raw(b"{}"))),
        LooseEvent(type="content_block_start", content_block=LooseBlock(type="tool_use", id="i", name="f")),
    ),
    (
        BlockDelta(2, TextPiece("x")),
        LooseEvent(type="content_block_delta", index=2, delta=LooseDelta(type="text_delta", text="x")),
    ),
    (
        BlockDelta(2, ThinkingPiece("x")),
        LooseEvent(type="content_block_delta", index=2, delta=LooseDelta(type="thinking_delta", thinking="x")),
    ),
    (
        BlockDelta(2, SignaturePiece("x")),
        LooseEvent(type="content_block_delta", index=2, delta=LooseDelta(type="signature_delta", signature="x")),
    ),
    (
        BlockDelta(2, InputPiece("{")),
        LooseEvent(type="content_block_delta", index=2, delta=LooseDelta(type="input_json_delta", partial_json="{")),
    ),
    (BlockStop(3), LooseEvent(type="content_block_stop", index=3)),
    (
        MessageDelta(Ending("stop_sequence", "END"), USAGE),
        LooseEvent(
            type="message_delta", delta=LooseDelta(stop_reason="stop_sequence", stop_sequence="END"), usage=USAGE
        ),
    ),
    (MessageStop(), LooseEvent(type="message_stop")),
    (
        ErrorBody(error=ErrorObject("api_error", "No.")),
        LooseEvent(type="error", error=ErrorObject("api_error", "No.")),
    ),
]


@pytest.mark.parametrize(("written", "read"), EVENTS)
def test_what_is_written_is_read(written: msgspec.Struct, read: LooseEvent) -> None:
    assert msgspec.json.decode(msgspec.json.encode(written), type=LooseEvent) == read


UNHEARD_OF = [
    b"{}",
    b'{"type":"ping"}',
    b'{"type":"content_block_start","index":0,"content_block":{"type":"server_tool_use","input":{"a":[1]}}}',
    b'{"type":"content_block_delta","index":0,"delta":{"type":"citations_delta","citation":{"type":"x"}}}',
    b'{"type":"message_delta","delta":{"stop_reason":null,"container":null},"usage":{"output_tokens":null}}',
    b'{"type":"tomorrow","message":null,"delta":null,"usage":null,"error":null}',
]


@pytest.mark.parametrize("data", UNHEARD_OF)
def test_whatever_may_come_is_read(data: bytes) -> None:
    msgspec.json.decode(data, type=LooseEvent)


def test_an_error_in_place_of_a_reply_is_read() -> None:
    body = b'{"type":"error","error":{"type":"api_error","message":"No."}}'
    assert msgspec.json.decode(body, type=LooseMessage).error == ErrorObject("api_error", "No.")


def test_a_ping_is_an_event() -> None:
    assert PING.startswith(b"event: ping\n")
    assert PING.endswith(b"\n\n")
