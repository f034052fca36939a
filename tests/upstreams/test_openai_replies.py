"""What the native OpenAI wire answers, in the neutral language: whole, byte by byte, broken off, and wrong."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from zope.interface.verify import verifyObject

from argoproxy.conversation import (
    Call,
    Event,
    Failed,
    Finished,
    Head,
    ReasoningDelta,
    TextDelta,
    ToolCallArguments,
    ToolCallBegun,
    Usage,
    Used,
    Vectors,
)
from argoproxy.errors import Truncated
from argoproxy.interfaces import IDecoder
from argoproxy.upstreams.openai_replies import ChatStream, EmbeddingList, WholeChat
from argoproxy.upstreams.refusals import NOTICE
from tests.upstreams.wire import played

CALL = Call(url="", body=b"", reply="stream")
ONE_CALL = Call(url="", body=b"", reply="stream", one_call=True)
SSE = Head(200, "text/event-stream")
JSON = Head(200, "application/json")

DONE = b"data: [DONE]\n\n"
STOP: dict[str, Any] = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}


def chunk(finish: str | None = None, **delta: Any) -> dict[str, Any]:
    return {"id": "c", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def piece(**fields: Any) -> dict[str, Any]:
    return chunk(tool_calls=[fields])


def sse(*chunks: Any) -> bytes:
    return b"".join(
        b"data: " + (one if isinstance(one, bytes) else json.dumps(one).encode()) + b"\n\n" for one in chunks
    )


USAGE = {
    "prompt_tokens": 5,
    "completion_tokens": 7,
    "total_tokens": 12,
    "prompt_tokens_details": {"cached_tokens": 2},
    "completion_tokens_details": {"reasoning_tokens": 3},
}
USED = Used(Usage(prompt=5, completion=7, cached=2, reasoning=3))

STREAMS: list[tuple[str, list[Any], list[Event]]] = [
    (
        "text",
        [chunk(role="assistant", content=""), chunk(content="Hel"), chunk(content="lo"), STOP],
        [TextDelta("Hel"), TextDelta("lo"), Finished("stop")],
    ),
    ("no text at all", [chunk(role="assistant", content=None), STOP], [Finished("stop")]),
    ("the limit", [chunk(content="a"), chunk("length")], [TextDelta("a"), Finished("length")]),
    ("a filter", [chunk("content_filter")], [Finished("content_filter")]),
    ("google's word for the limit", [chunk("MAX_TOKENS")], [Finished("length")]),
    ("a reason that nobody knows", [chunk("bored")], [Finished(None)]),
    ("told in one chunk", [chunk("stop", content="a")], [TextDelta("a"), Finished("stop")]),
    ("told twice", [STOP, STOP], [Finished("stop")]),
    ("a refusal is text", [chunk(refusal="No."), STOP], [TextDelta("No."), Finished("stop")]),
    (
        "usage in a chunk of its own",
        [chunk(content="a"), STOP, {"choices": [], "usage": USAGE}],
        [TextDelta("a"), Finished("stop"), USED],
    ),
    (
        "usage before the end",
        [{**chunk(content="a"), "usage": USAGE}, {**STOP, "usage": None}],
        [TextDelta("a"), Finished("stop"), USED],
    ),
    (
        "usage that says little",
        [STOP, {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens_details": None}}],
        [Finished("stop"), Used(Usage(prompt=1))],
    ),
    (
        "reasoning, under either name",
        [chunk(reasoning_content="Hm"), chunk(reasoning="m"), chunk(content="a"), STOP],
        [ReasoningDelta("Hm"), ReasoningDelta("m"), TextDelta("a"), Finished("stop")],
    ),
    (
        "reasoning and text together",
        [chunk(reasoning_content="Hm", content="a"), STOP],
        [ReasoningDelta("Hm"), TextDelta("a"), Finished("stop")],
    ),
    (
        "two calls in pieces",
        [
            piece(index=0, id="x", type="function", function={"name": "f", "arguments": ""}),
            piece(index=0, function={"arguments": '{"a"'}),
            piece(index=0, function={"arguments": ":1}"}),
            piece(index=1, id="y", type="function", function={"name": "g", "arguments": '{"b":2}'}),
            chunk("tool_calls"),
        ],
        [
            ToolCallBegun("x", "f", 0),
            ToolCallArguments('{"a"', 0),
            ToolCallArguments(":1}", 0),
            ToolCallBegun("y", "g", 1),
            ToolCallArguments('{"b":2}', 1),
            Finished("tool_calls"),
        ],
    ),
    (
        "calls without arguments",
        [
            piece(index=0, id="x", function={"name": "f"}),
            piece(index=1, id="y", function={"name": "g", "arguments": ""}),
            chunk("tool_calls"),
        ],
        [
            ToolCallBegun("x", "f", 0),
            ToolCallArguments("{}", 0),
            ToolCallBegun("y", "g", 1),
            ToolCallArguments("{}", 1),
            Finished("tool_calls"),
        ],
    ),
    (
        "calls that all have the same index, and a wrong reason",
        [
            piece(index=0, id="x", function={"name": "f", "arguments": "{}"}),
            piece(index=0, id="y", function={"name": "f", "arguments": "{}"}),
            chunk("stop"),
        ],
        [
            ToolCallBegun("x", "f", 0),
            ToolCallArguments("{}", 0),
            ToolCallBegun("y", "f", 1),
            ToolCallArguments("{}", 1),
            Finished("tool_calls"),
        ],
    ),
    (
        "a name that is repeated with each piece",
        [
            piece(index=0, id="x", function={"name": "f", "arguments": "{"}),
            piece(index=0, id="x", function={"name": "f", "arguments": "}"}),
            piece(index=0, function={"name": "f", "arguments": " "}),
            chunk("tool_calls"),
        ],
        [
            ToolCallBegun("x", "f", 0),
            ToolCallArguments("{", 0),
            ToolCallArguments("}", 0),
            ToolCallArguments(" ", 0),
            Finished("tool_calls"),
        ],
    ),
    (
        "no reason, but the end",
        [chunk(content="a")],
        [TextDelta("a"), Finished(None)],
    ),
    (
        "no reason behind a call",
        [piece(index=0, id="x", function={"name": "f"})],
        [ToolCallBegun("x", "f", 0), ToolCallArguments("{}", 0), Finished(None)],
    ),
    (
        "what looks like the notice for a while",
        [chunk(content="IMPORT"), chunk(content="ANT news"), STOP],
        [TextDelta("IMPORTANT news"), Finished("stop")],
    ),
    (
        "what looks like the notice to the end",
        [chunk(content="IMPORTANT"), STOP],
        [TextDelta("IMPORTANT"), Finished("stop")],
    ),
    (
        "what looks like the notice, and a call",
        [chunk(content="I"), piece(index=0, id="x", function={"name": "f"}), STOP],
        [
            TextDelta("I"),
            ToolCallBegun("x", "f", 0),
            ToolCallArguments("{}", 0),
            Finished("tool_calls"),
        ],
    ),
    (
        "what looks like the notice, and reasoning",
        [chunk(content="I"), chunk(reasoning_content="Hm"), STOP],
        [TextDelta("I"), ReasoningDelta("Hm"), Finished("stop")],
    ),
    ("chunks without choices", [{"id": "c", "model": "m"}, {"choices": None}, STOP], [Finished("stop")]),
]
_IDS = [case[0] for case in STREAMS]


@pytest.mark.parametrize(("name", "chunks", "told"), STREAMS, ids=_IDS)
@pytest.mark.parametrize("size", [1, 13, 1 << 20])
def test_a_stream_tells_the_same_in_any_pieces(name: str, chunks: list[Any], told: list[Event], size: int) -> None:
    assert played(ChatStream(CALL, SSE, 0), sse(*chunks) + DONE, size) == told


@pytest.mark.parametrize(("name", "chunks", "told"), STREAMS, ids=_IDS)
def test_line_ends_and_comments_change_nothing(name: str, chunks: list[Any], told: list[Event]) -> None:
    stream = b": hello\n\n" + sse(*chunks) + b": bye\n\n" + DONE
    assert played(ChatStream(CALL, SSE, 0), stream.replace(b"\n", b"\r\n"), 5) == told


def test_events_carry_their_choice() -> None:
    stream = sse(chunk(content="a"), piece(index=0, id="x", function={"name": "f"}), chunk("tool_calls"))
    assert played(ChatStream(CALL, SSE, 3), stream) == [
        TextDelta("a", 3),
        ToolCallBegun("x", "f", 0, 3),
        ToolCallArguments("{}", 0, 3),
        Finished("tool_calls", 3),
    ]


def test_calls_without_ids_get_some() -> None:
    stream = sse(chunk("tool_calls", tool_calls=[{"function": {"name": "f", "arguments": "{}"}}] * 2))
    begun = [event for event in played(ChatStream(CALL, SSE, 0), stream) if isinstance(event, ToolCallBegun)]
    assert [event.call for event in begun] == [0, 1]
    assert len({event.id for event in begun}) == 2
    assert all(event.id.startswith("call_") for event in begun)


def test_only_the_first_call_counts_where_the_client_takes_no_more() -> None:
    stream = sse(
        piece(index=0, id="x", function={"name": "f", "arguments": "{"}),
        piece(index=1, id="y", function={"name": "g", "arguments": "{}"}),
        piece(index=0, function={"arguments": "}"}),
        chunk("tool_calls"),
    )
    assert played(ChatStream(ONE_CALL, SSE, 0), stream) == [
        ToolCallBegun("x", "f", 0),
        ToolCallArguments("{", 0),
        ToolCallArguments("}", 0),
        Finished("tool_calls"),
    ]


@pytest.mark.parametrize(
    "stream",
    [
        b"",
        b": hello\n\n",
        sse(chunk(content="a")),
        sse(chunk(content="a")) + b'data: {"choices": [{"delta": {"content": "b"}, "finish_reason": "st',
        sse(piece(index=0, id="x", function={"name": "f", "arguments": "{"})),
        b"data: [DON",
    ],
)
def test_a_stream_that_just_ends_was_broken_off(stream: bytes) -> None:
    for size in (1, 1 << 20):
        with pytest.raises(Truncated):
            played(ChatStream(CALL, SSE, 0), stream, size)


@pytest.mark.parametrize("end", [b"", b"data: [DONE]", b"data: [DONE]\n"])
def test_a_stream_may_end_short_of_its_last_line_end(end: bytes) -> None:
    assert played(ChatStream(CALL, SSE, 0), sse(chunk("stop", content="a")) + end) == [TextDelta("a"), Finished("stop")]


def test_the_end_without_its_line_end_is_still_the_end() -> None:
    assert played(ChatStream(CALL, SSE, 0), sse(chunk(content="a")) + b"data: [DONE]")[-1] == Finished(None)


_ERROR = {"error": {"message": "Error code: 429 - {'error': {'message': 'Slow down', 'code': 'rate'}}", "code": "x"}}


@pytest.mark.parametrize(
    ("stream", "message"),
    [
        (sse(chunk(content="a"), _ERROR, chunk(content="b")) + DONE, "Slow down"),
        (sse(chunk(content="a")) + b'event: error\ndata: {"message": "Oh"}\n\n', "Oh"),
        (sse(chunk(content="a"), b"{nonsense", chunk(content="b")), "ARGO answered with something"),
        (sse(chunk(content="a"), b'{"choices": 3}'), "ARGO answered with something"),
        (sse(chunk(content="a"), b"\xff\xfe"), "ARGO answered with something"),
        (sse(chunk(content="a"), b"[" * 100_000), "ARGO answered with something"),
    ],
)
def test_a_failure_in_a_stream_is_one_and_the_last(stream: bytes, message: str) -> None:
    for size in (1, 1 << 20):
        first, last = played(ChatStream(CALL, SSE, 0), stream, size)
        assert first == TextDelta("a")
        assert isinstance(last, Failed)
        assert (last.fault.status, last.fault.message.startswith(message)) == (502, True)


def test_closing_after_a_failure_adds_nothing() -> None:
    decoder = ChatStream(CALL, SSE, 0)
    assert len(decoder.feed(sse({"choices": [], "usage": USAGE}, _ERROR))) == 1
    assert decoder.close() == []


@pytest.mark.parametrize("size", [1, 20, 5000])
@pytest.mark.parametrize("ended", [True, False])
def test_the_notice_is_a_401(size: int, ended: bool) -> None:
    words = f"\n{NOTICE}\nYou are not registered. " + "Please register. " * 10
    pieces = [chunk(content=words[place : place + size]) for place in range(0, len(words), size)]
    [failed] = played(ChatStream(CALL, SSE, 0), sse(*pieces, *([STOP] if ended else [])))
    assert isinstance(failed, Failed)
    assert (failed.fault.status, failed.fault.code, failed.fault.message) == (401, "argo_authentication", words.strip())


def test_a_notice_without_end_is_told_before_its_end() -> None:
    decoder = ChatStream(CALL, SSE, 0)
    [failed] = decoder.feed(sse(chunk(content=NOTICE + "x" * 3000)))
    assert isinstance(failed, Failed)
    assert failed.fault.status == 401


def _whole(finish: str = "stop", **message: Any) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}
    return json.dumps({"id": "c", "choices": [choice], "usage": USAGE}).encode()


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (_whole(content="Hello"), [TextDelta("Hello"), Finished("stop"), USED]),
        (_whole(content=None, refusal="No."), [TextDelta("No."), Finished("stop"), USED]),
        (_whole("length", content=""), [Finished("length"), USED]),
        (
            _whole(content="a", reasoning_content="Hm"),
            [ReasoningDelta("Hm"), TextDelta("a"), Finished("stop"), USED],
        ),
        (
            _whole(
                "stop",
                content=None,
                tool_calls=[
                    {"id": "x", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}},
                    {"id": "y", "type": "function", "function": {"name": "g", "arguments": ""}},
                ],
            ),
            [
                ToolCallBegun("x", "f", 0),
                ToolCallArguments('{"a":1}', 0),
                ToolCallBegun("y", "g", 1),
                ToolCallArguments("{}", 1),
                Finished("tool_calls"),
                USED,
            ],
        ),
        (b'{"choices": [{"message": {"content": "a"}}]}', [TextDelta("a"), Finished(None)]),
    ],
)
def test_a_whole_reply_tells_the_same_in_any_pieces(body: bytes, told: list[Event]) -> None:
    for size in (1, 1 << 20):
        assert played(WholeChat(CALL, JSON, 0), body, size) == told


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (json.dumps(_ERROR).encode(), "Slow down"),
        (b'{"type": "error", "error": {"type": "api_error", "message": "Oh"}}', "Oh"),
        (b'{"choices": []}', "ARGO answered with something"),
        (b"{}", "ARGO answered with something"),
        (b"", "ARGO answered with something"),
        (_whole(content="a")[:-1], "ARGO answered with something"),
        (b"\xff" + _whole(content="a"), "ARGO answered with something"),
    ],
)
def test_what_is_no_reply_is_a_failure(body: bytes, message: str) -> None:
    [failed] = played(WholeChat(CALL, JSON, 0), body)
    assert isinstance(failed, Failed)
    assert (failed.fault.status, failed.fault.message.startswith(message)) == (502, True)


def test_the_notice_as_a_whole_reply_is_a_401() -> None:
    [failed] = played(WholeChat(CALL, JSON, 0), _whole(content=f"Dear user: {NOTICE}"))
    assert isinstance(failed, Failed)
    assert failed.fault.status == 401


def test_vectors_come_in_the_order_of_the_inputs_byte_for_byte() -> None:
    rows = b'{"index": 1, "embedding": [1.50]}, {"index": 0, "embedding": [ 2 ]}'
    body = b'{"data": [' + rows + b'], "usage": {"prompt_tokens": 4}}'
    for size in (1, 1 << 20):
        assert played(EmbeddingList(CALL, JSON, 0), body, size) == [
            Vectors((msgspec.Raw(b"[ 2 ]"), msgspec.Raw(b"[1.50]"))),
            Used(Usage(prompt=4)),
        ]


def test_a_vector_passes_as_soon_as_it_is_whole_and_its_turn() -> None:
    decoder = EmbeddingList(CALL, JSON, 0)
    given = [decoder.feed(b'{"object":"list","data":[{"index":0,"embedding":[0]},{"index":2,"embedding":[2]}')]
    given += [decoder.feed(b',{"index":1,"embedding":[1]}],"usage":{"prompt_tokens": 4}}'), decoder.close()]
    late = Vectors((msgspec.Raw(b"[1]"), msgspec.Raw(b"[2]")))
    assert given == [[Vectors((msgspec.Raw(b"[0]"),))], [], [late, Used(Usage(prompt=4))]]


def test_vectors_without_usage() -> None:
    assert played(EmbeddingList(CALL, JSON, 0), b'{"data": [{"embedding":[1]}]}') == [Vectors((msgspec.Raw(b"[1]"),))]


def test_what_holds_no_vectors_is_a_failure() -> None:
    [failed] = played(EmbeddingList(CALL, JSON, 0), b'{"data": [{"index": 0}]}')
    assert isinstance(failed, Failed)
    assert failed.fault.status == 502


@pytest.mark.parametrize("decoder", [ChatStream, WholeChat, EmbeddingList])
def test_they_keep_their_interface(decoder: Any) -> None:
    verifyObject(IDecoder, decoder(CALL, SSE, 0))
