"""Streams of the native Anthropic wire, put together for clients of the same language who don't stream."""

from __future__ import annotations

import json
from typing import Any

import anthropic.types
import pytest
from zope.interface.verify import verifyObject

from argoproxy.conversation import Head, Usage
from argoproxy.errors import Truncated
from argoproxy.interfaces import ISplice
from argoproxy.upstreams.refusals import NOTICE
from tests.simulator.asking import SCHEMA, Argo

from .claude import NATIVE, STAMP, parsed, relay, splice, spliced
from .test_anthropic_native_replies import FAULTS, OVER, PONG, SIZES, START, USED, begun, body, delta, end, stop, text
from .wire import send

LONG = 30_000
STREAM = Head(200, "text/event-stream")
TOOLS = [{"name": "get_weather", "input_schema": SCHEMA}]


def _splice(head: Head = STREAM) -> ISplice:
    """What a reply passes through for a client who asks for a long one and doesn't stream."""
    asked = parsed(max_tokens=LONG)
    return NATIVE.splice(relay(asked), asked, head, STAMP)


def _gathered(data: bytes, size: int = 1 << 20) -> Any:
    passing = _splice()
    whole = spliced(passing, data, size)
    assert passing.fault is None
    return json.loads(whole)


def _required(block: dict[str, Any]) -> dict[str, Any]:
    """The block with what is put into every whole reply: L{argoproxy.upstreams.anthropic_whole}."""
    required: dict[str, Any] = {"text": {"citations": None}, "tool_use": {"caller": {"type": "direct"}}}
    return {**required.get(block.get("type", ""), {}), **block}


def _said(**fields: Any) -> Any:
    """What a strict ARGO says, as the client gets it."""
    asked = parsed(**fields)
    call = relay(asked)
    reply = send(call)
    assert reply.text is not None
    passing = splice(call, asked, reply)
    message = json.loads(spliced(passing, reply.text.encode()))
    assert passing.usage is not None
    anthropic.types.Message.model_validate(message, strict=True)
    return message


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"messages": [{"role": "user", "content": "weather"}], "tools": TOOLS},
        {"thinking": {"type": "enabled", "budget_tokens": 2000}},
        {"messages": [{"role": "user", "content": "Hello there"}], "stop_sequences": ["there"]},
    ],
)
def test_a_long_reply_is_what_a_short_one_would_be(fields: Any) -> None:
    short, long = _said(max_tokens=9000, **fields), _said(max_tokens=LONG, **fields)
    for message in (short, long):
        del message["id"]
        for block in message["content"]:
            block.pop("id", None)
    assert long == short


FOUND: dict[str, Any] = {
    "type": "web_search_tool_result",
    "tool_use_id": "s",
    "content": [{"type": "web_search_result", "url": "u"}],
}
CITATION = {"type": "web_search_result_location", "url": "u", "cited_text": "é"}
# What comes for a block, and what the block is then.
BLOCKS: dict[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
    "text": (text("a", "é")[:-1], {"type": "text", "text": "aé"}),
    "text that began": (
        [begun(type="text", text="a"), delta(type="text_delta", text="b")],
        {"type": "text", "text": "ab"},
    ),
    "text with citations": (
        [
            begun(type="text", text="", citations=[]),
            delta(type="citations_delta", citation=CITATION),
            delta(type="text_delta", text="a"),
            delta(type="citations_delta", citation={**CITATION, "url": "v"}),
        ],
        {"type": "text", "text": "a", "citations": [CITATION, {**CITATION, "url": "v"}]},
    ),
    "citations where none were promised": (
        [begun(type="text", text="", citations=None), delta(type="citations_delta", citation=CITATION)],
        {"type": "text", "text": "", "citations": [CITATION]},
    ),
    "a thought": (
        [
            begun(type="thinking", thinking="", signature=""),
            delta(type="thinking_delta", thinking="h"),
            delta(type="thinking_delta", thinking="m"),
            delta(type="signature_delta", signature="seal"),
        ],
        {"type": "thinking", "thinking": "hm", "signature": "seal"},
    ),
    "a redacted one": ([begun(type="redacted_thinking", data="d")], {"type": "redacted_thinking", "data": "d"}),
    "a call": (
        [
            begun(type="tool_use", id="c", name="f", input={}, caller={"type": "direct"}),
            delta(type="input_json_delta", partial_json=""),
            delta(type="input_json_delta", partial_json='{"a": '),
            delta(type="input_json_delta", partial_json='"é"}'),
        ],
        {"type": "tool_use", "id": "c", "name": "f", "input": {"a": "é"}, "caller": {"type": "direct"}},
    ),
    "a call without arguments": (
        [begun(type="tool_use", id="c", name="f", input={}), delta(type="input_json_delta", partial_json="")],
        {"type": "tool_use", "id": "c", "name": "f", "input": {}},
    ),
    "a call that was cut off": (
        [begun(type="tool_use", id="c", name="f", input={}), delta(type="input_json_delta", partial_json='{"a": ')],
        {"type": "tool_use", "id": "c", "name": "f", "input": {"arguments": '{"a": '}},
    ),
    "a call of Anthropic's own tool": (
        [begun(type="server_tool_use", id="s", name="f", input={}), delta(type="input_json_delta", partial_json="{}")],
        {"type": "server_tool_use", "id": "s", "name": "f", "input": {}},
    ),
    "what it found": ([begun(**FOUND)], FOUND),
    "what nobody here knows": (
        [
            begun(type="tomorrow", note=None, list=[1], kept=[1.5]),
            delta(type="tomorrow_delta", note="x", list=[2, 3], state={"a": 1}),
            delta(type="tomorrow_delta", note="y", state={"a": 2}, more=True),
        ],
        {"type": "tomorrow", "note": "xy", "list": [1, 2, 3], "kept": [1.5], "state": {"a": 2}, "more": True},
    ),
    "a block that never began": ([delta(type="text_delta", text="a")], {"text": "a"}),
}


@pytest.mark.parametrize(("events", "block"), BLOCKS.values(), ids=BLOCKS)
def test_a_block_is_all_that_came_of_it(events: list[dict[str, Any]], block: dict[str, Any]) -> None:
    message = _gathered(body(START, *events, stop(), *text("behind", index=1), end(), OVER))
    assert message["content"] == [_required(block), _required({"type": "text", "text": "behind"})]


def test_fields_of_the_message_are_all_there() -> None:
    first, last = json.loads(json.dumps(START)), end("stop_sequence", stop_sequence="x", container={"id": "c"})
    first["message"]["more"] = 1.5
    first["message"]["usage"] = {"input_tokens": 4, "output_tokens": 1, "service_tier": "standard"}
    last["usage"] = {"input_tokens": None, "output_tokens": 7, "server_tool_use": {"web_search_requests": 1}}
    last["context_management"] = {"applied_edits": []}
    message = _gathered(body(first, {"type": "ping"}, *text("a"), {"type": "tomorrow"}, last, OVER))
    usage = {name: value for name, value in message.pop("usage").items() if value is not None}
    assert message == {
        **{name: value for name, value in first["message"].items() if name != "usage"},
        "model": "argo:claude-x",
        "content": [_required({"type": "text", "text": "a"})],
        "stop_reason": "stop_sequence",
        "stop_sequence": "x",
        "stop_details": None,
        "container": {"id": "c"},
        "context_management": {"applied_edits": []},
    }
    assert usage == {
        "input_tokens": 4,
        "output_tokens": 7,
        "service_tier": "standard",
        "server_tool_use": {"web_search_requests": 1},
    }


@pytest.mark.parametrize("size", SIZES)
def test_it_does_not_matter_how_the_stream_is_cut(size: int) -> None:
    data = body(START, *BLOCKS["a call"][0], stop(), *text("é", "b", index=1), end(), OVER)
    assert _gathered(data, size) == _gathered(data)


def test_nothing_goes_out_before_its_end() -> None:
    passing = _splice()
    assert passing.feed(body(START, *text("a"), end(), OVER)) == b""
    assert passing.usage == Usage(prompt=4, completion=2)
    assert passing.close()


def test_a_whole_reply_does_as_well() -> None:
    passing = _splice(Head(200, "application/json"))
    assert json.loads(spliced(passing, PONG % USED))["content"] == [_required({"type": "text", "text": "pong"})]


@pytest.mark.parametrize(("fault", "statuses", "words"), FAULTS, ids=[row[0] for row in FAULTS])
def test_argos_failures_are_not_passed_on(fault: str, statuses: set[int], words: str) -> None:
    argo, asked = Argo(), parsed(max_tokens=LONG)
    argo.simulator.fault(fault)
    reply = send(relay(asked), argo)
    assert reply.text is not None
    passing = splice(relay(asked), asked, reply)
    assert spliced(passing, reply.text.encode()) == b""
    assert passing.fault is not None
    assert passing.fault.status in statuses
    assert words in passing.fault.message


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ((START, *text("a")[:2], {"type": "error", "error": {"type": "overloaded_error", "message": "x"}}), 529),
        ((START, *text(NOTICE), end(), OVER), 401),
        ((START, begun(type="text", text=""), delta(type="text_delta", text=1), stop(), end(), OVER), 502),
        ((START, begun(type="image"), delta(type="input_json_delta", partial_json=1), stop(), end(), OVER), 502),
        ((START, begun(type="x", y={}), delta(type="x_delta", y="a"), stop(), end(), OVER), 502),
        ((*text("a"), end(), OVER), 502),
    ],
)
def test_what_is_no_message_is_a_failure(events: tuple[dict[str, Any], ...], status: int) -> None:
    passing = _splice()
    assert spliced(passing, body(*events)) == b""
    assert passing.fault is not None
    assert passing.fault.status == status


def test_a_stream_that_stops_before_its_end_is_truncated() -> None:
    with pytest.raises(Truncated):
        spliced(_splice(), body(START, *text("a"), end()))


def test_it_keeps_its_interface() -> None:
    assert verifyObject(ISplice, _splice())
