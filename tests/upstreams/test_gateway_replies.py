"""What the gateway's replies say, whole, byte by byte and cut short."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from zope.interface.verify import verifyObject

from argoproxy.conversation import (
    Call,
    Event,
    Failed,
    Finished,
    Head,
    TextDelta,
    ToolCallArguments,
    ToolCallBegun,
    Vectors,
)
from argoproxy.interfaces import IDecoder
from argoproxy.upstreams.gateway_calls import Calls
from argoproxy.upstreams.gateway_replies import TextStream, VectorList, WholeMessage
from argoproxy.upstreams.refusals import NOTICE

OK = Head(200)
CALL = Call(url="", body=b"asked", reply="message")


def _fed(decoder: IDecoder, *pieces: bytes) -> list[Event]:
    return [event for piece in pieces for event in decoder.feed(piece)] + decoder.close()


def _text(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def _bytewise(body: bytes) -> list[bytes]:
    return [body[i : i + 1] for i in range(len(body))]


_TEXTS = [
    "",
    "Hello",
    "  leading space",
    "I",
    "IMPORTANT",
    "IMPORTANT AUTHENTICATION NOTICE",
    "{",
    '{"',
    '{"a": 1}',
    '{"err',
    '{"error": not json',
    '{"type": "object"}',
    '{"detail": "fine"}',
    '{"error": null, "x": 1}',
    '{"type": "error"}',
    '{"type":"err',
    "größer 🙂 漢字",
    "\n\n",
]


@pytest.mark.parametrize("text", _TEXTS)
@pytest.mark.parametrize("cut", [lambda body: [body], _bytewise], ids=["whole", "byte by byte"])
def test_text_comes_through_unchanged(text: str, cut: Any) -> None:
    events = _fed(TextStream(OK, 3), *cut(text.encode()))
    assert _text(events) == text
    assert events[-1] == Finished(None, 3)
    assert all(event.choice == 3 for event in events)  # type: ignore[union-attr]


@given(st.text(), st.lists(st.integers(1, 9), min_size=1))
def test_any_text_survives_any_cut(text: str, sizes: list[int]) -> None:
    body = (". " + text).encode()
    pieces: list[bytes] = []
    while body:
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(body[:size])
        body = body[size:]
    assert _text(_fed(TextStream(OK, 0), *pieces)) == ". " + text


def test_text_is_held_only_while_it_could_be_a_failure() -> None:
    decoder = TextStream(OK, 0)
    assert decoder.feed(b"IMPORTANT ") == []
    assert decoder.feed(b"news") == [TextDelta("IMPORTANT news")]
    assert decoder.feed(b"I") == [TextDelta("I")]


def test_what_looks_like_an_error_is_held_up_to_a_bound() -> None:
    decoder = TextStream(OK, 0)
    events = [event for _ in range(40) for event in decoder.feed(b'{"error":' + b" " * 4000)]
    assert events


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (f"{NOTICE}\nPlease register.", 401, f"{NOTICE}\nPlease register."),
        (f"\n {NOTICE}", 401, NOTICE),
        ('{"error": {"message": "no such thing"}}', 502, "no such thing"),
        (' {"type" : "error", "error": {"type": "api_error", "message": "Oh"}}', 502, "Oh"),
    ],
)
@pytest.mark.parametrize("cut", [lambda body: [body], _bytewise], ids=["whole", "byte by byte"])
def test_a_failure_under_status_200_is_one(body: str, status: int, message: str, cut: Any) -> None:
    [event] = _fed(TextStream(OK, 0), *cut(body.encode()))
    assert isinstance(event, Failed)
    assert (event.fault.status, event.fault.message) == (status, message)


def test_bytes_that_are_no_utf8_do_not_cost_the_reply() -> None:
    assert _text(_fed(TextStream(OK, 0), b"a\xffb", b"\xe2\x82")) == "a\ufffdb\ufffd"


_OPENAI_CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
_CLAUDE_CALL = {"id": "toolu_1", "input": {"a": 1}, "name": "f", "type": "tool_use"}
_GEMINI_CALL = {"id": None, "name": "f", "args": {"a": 1}}


@pytest.mark.parametrize(
    ("response", "text", "calls"),
    [
        ("Hi", "Hi", []),
        ("", "", []),
        ({"content": "Hi", "tool_calls": None}, "Hi", []),
        ({"content": None, "tool_calls": [_OPENAI_CALL]}, "", [("call_1", "f", {"a": 1})]),
        ({"content": "Look", "tool_calls": [_CLAUDE_CALL]}, "Look", [("toolu_1", "f", {"a": 1})]),
        ({"content": [{"type": "text", "text": "A"}, _CLAUDE_CALL]}, "A", [("toolu_1", "f", {"a": 1})]),
        (
            {"content": [{"type": "text", "text": "A"}, _CLAUDE_CALL], "tool_calls": [_CLAUDE_CALL]},
            "A",
            [("toolu_1", "f", {"a": 1})],
        ),
        (
            {"content": "", "tool_calls": [_GEMINI_CALL, _GEMINI_CALL]},
            "",
            [(None, "f", {"a": 1}), (None, "f", {"a": 1})],
        ),
        ({"tool_calls": [{"function": {"name": "f", "arguments": {"a": 1}}}]}, "", [(None, "f", {"a": 1})]),
        ({"tool_calls": [{"name": "f"}]}, "", [(None, "f", {})]),
    ],
)
@pytest.mark.parametrize("cut", [lambda body: [body], _bytewise], ids=["whole", "byte by byte"])
def test_messages_of_every_family_are_understood(response: Any, text: str, calls: list[Any], cut: Any) -> None:
    events = _fed(WholeMessage(OK, 2, Calls(CALL, 2)), *cut(json.dumps({"response": response}).encode()))
    begun = [event for event in events if isinstance(event, ToolCallBegun)]
    arguments = [json.loads(event.fragment) for event in events if isinstance(event, ToolCallArguments)]
    assert _text(events) == text
    assert [(event.name, found) for event, found in zip(begun, arguments, strict=True)] == [call[1:] for call in calls]
    assert all(
        event.id == call[0] if call[0] else event.id.startswith("call_")
        for event, call in zip(begun, calls, strict=True)
    )
    assert len({event.id for event in begun}) == len(calls)
    assert [event.call for event in begun] == list(range(len(calls)))
    assert events[-1] == Finished(None, 2)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 502),
        (b"garbage", 502),
        (b'{"response": "cut sho', 502),
        (b'{"response": 7}', 502),
        (b"[]", 502),
        (b'{"response": "\xff"}', 502),
        (b'{"error": "no"}', 502),
        (b'{"type": "error", "error": {"message": "no"}}', 502),
        (b"[" * 100000, 502),
        (json.dumps({"response": f"Dear user, {NOTICE}: register"}).encode(), 401),
    ],
)
def test_what_is_no_message_is_a_failure(body: bytes, status: int) -> None:
    [event] = _fed(WholeMessage(OK, 0, Calls(CALL, 0)), body)
    assert isinstance(event, Failed)
    assert event.fault.status == status


def test_vectors_pass_byte_for_byte() -> None:
    events = _fed(VectorList(OK, 0), *_bytewise(b'{"embedding": [[1.0, 2e-1],[3]]}'))
    assert events == [Vectors((msgspec.Raw(b"[1.0, 2e-1]"),)), Vectors((msgspec.Raw(b"[3]"),))]


def test_a_vector_passes_as_soon_as_it_is_whole() -> None:
    decoder = VectorList(OK, 0)
    assert decoder.feed(b'{"embedding": [[1.0,') == []
    assert decoder.feed(b"2],[3],[4") == [Vectors((msgspec.Raw(b"[1.0,2]"), msgspec.Raw(b"[3]")))]
    assert decoder.feed(b"]]}") == [Vectors((msgspec.Raw(b"[4]"),))]
    assert decoder.close() == []


def test_vectors_behind_something_else_pass_at_the_end() -> None:
    [event] = _fed(VectorList(OK, 0), b'{"took": 3, "embedding": [[1.0],[3]]}')
    assert event == Vectors((msgspec.Raw(b"[1.0]"), msgspec.Raw(b"[3]")))


@pytest.mark.parametrize("end", [b"", b"]", b",]}", b" [2]]}", b",[2}", b"]}x", b"]]}"])
def test_vectors_that_break_off_are_a_failure(end: bytes) -> None:
    *_, event = _fed(VectorList(OK, 0), b'{"embedding": [[1.0]' + end)
    assert isinstance(event, Failed)


@pytest.mark.parametrize("body", [b"", b"{}", b'{"embedding": [[1.0', b'{"error": "no"}', b"[" * 100000])
def test_what_are_no_vectors_is_a_failure(body: bytes) -> None:
    [event] = _fed(VectorList(OK, 0), body)
    assert isinstance(event, Failed)
    assert event.fault.status == 502


@pytest.mark.parametrize("decoder", [TextStream(OK, 0), WholeMessage(OK, 0, Calls(CALL, 0)), VectorList(OK, 0)])
def test_the_decoders_keep_their_interface(decoder: Any) -> None:
    verifyObject(IDecoder, decoder)
