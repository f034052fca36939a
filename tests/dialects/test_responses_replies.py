"""
Replies of OpenAI's Responses: whole transcripts, and what holds for every one of them.

The transcripts are C{transcripts/openai_responses/<case>.sse} and C{.json}: the same events, streamed and whole.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter
from zope.interface.verify import verifyObject

from argoproxy.conversation import (
    Event,
    Failed,
    Finished,
    FinishReason,
    Reasoning,
    ReasoningDelta,
    RouteCall,
    Started,
    Text,
    TextDelta,
    ToolCall,
    ToolCallArguments,
    ToolCallBegun,
    Usage,
    Used,
    Vectors,
)
from argoproxy.dialects.openai_responses import OpenAIResponses
from argoproxy.errors import ClientFault, ProxyError, TimedOut, Truncated, UpstreamFault
from argoproxy.interfaces import IRenderer
from argoproxy.wire import sse
from tests.dialects.playing import STAMP, play, rendering, transcript

DIALECT = OpenAIResponses()
EVENTS: TypeAdapter[ResponseStreamEvent] = TypeAdapter(ResponseStreamEvent)
USED = Used(Usage(prompt=11, completion=5, cached=3, reasoning=2, cache_written=4))
PLAIN = {"model": "gpt-4o", "input": "Hi"}
WEATHER = {"type": "function", "name": "get_weather", "parameters": {"type": "object"}, "strict": True}
PATCH = {"type": "custom", "name": "patch", "format": {"type": "text"}}
SERVER = {"type": "namespace", "name": "mcp__a", "description": "A server", "tools": [WEATHER, PATCH]}
EVERYTHING: dict[str, Any] = {
    **PLAIN,
    "instructions": "Be brief.",
    "max_output_tokens": 50,
    "metadata": {"a": "b"},
    "parallel_tool_calls": False,
    "reasoning": {"effort": "low"},
    "temperature": 0.5,
    "text": {"format": {"type": "text"}, "verbosity": "low"},
    "tool_choice": {"type": "function", "name": "get_weather"},
    "tools": [WEATHER],
    "top_p": 0.9,
    "truncation": "auto",
    "user": "somebody",
}

CASES: dict[str, tuple[dict[str, Any], list[Event]]] = {
    "text": (PLAIN, [TextDelta("Hel"), TextDelta("lo, "), TextDelta('wörld "\n'), Finished("stop")]),
    "empty": (PLAIN, [Finished("stop")]),
    "unexplained_end": (PLAIN, [TextDelta("Hello"), Finished(None)]),
    "cut_off": (PLAIN, [TextDelta("Hel"), Finished("length")]),
    "filtered": (PLAIN, [TextDelta("Hel"), Finished("content_filter")]),
    "everything_repeated": (EVERYTHING, [TextDelta("Hello"), Finished("stop")]),
    "calls": (
        {**PLAIN, "tools": [WEATHER]},
        [
            TextDelta("Let me look."),
            ToolCallBegun("call_a", "get_weather"),
            ToolCallArguments('{"city":'),
            ToolCallArguments('"Lemont"}'),
            ToolCallBegun("call_b", "get_weather", call=1),
            ToolCallArguments("{}", call=1),
            Finished("tool_calls"),
        ],
    ),
    "call_alone": (
        {**PLAIN, "tools": [WEATHER]},
        [ToolCallBegun("call_a", "get_weather"), ToolCallArguments("{}"), Finished("tool_calls")],
    ),
    "texts_for_tools": (
        {**PLAIN, "tools": [WEATHER, PATCH]},
        [
            ToolCallBegun("call_a", "patch"),
            ToolCallArguments('*** "a"\n'),
            ToolCallArguments("+ b"),
            ToolCallBegun("call_b", "get_weather", call=1),
            ToolCallArguments("{}", call=1),
            ToolCallBegun("call_c", "patch", call=2),
            Finished("tool_calls"),
        ],
    ),
    "namespaces": (
        {**PLAIN, "tools": [SERVER]},
        [
            ToolCallBegun("call_a", "mcp__a__get_weather"),
            ToolCallArguments("{}"),
            ToolCallBegun("call_b", "mcp__a__patch", call=1),
            ToolCallArguments("x", call=1),
            Finished("tool_calls"),
        ],
    ),
    "reasoning": (
        PLAIN,
        [
            ReasoningDelta("Hm"),
            ReasoningDelta("m."),
            ReasoningDelta("", signature="sig=="),
            ReasoningDelta("Aha."),
            TextDelta("Yes."),
            Finished("stop"),
        ],
    ),
    "cut_off_in_reasoning": (PLAIN, [ReasoningDelta("Hm"), Finished("length")]),
}


def streamed(body: dict[str, Any], events: list[Event]) -> bytes:
    return play(DIALECT, {**body, "stream": True}, [Started(), *events, USED])


def gathered(body: dict[str, Any], events: list[Event]) -> bytes:
    return play(DIALECT, body, [Started(), *events, USED])


def told(stream: bytes) -> list[dict[str, Any]]:
    """The events of a stream, each of which must be named as its data says."""
    frames = stream.decode().split("\n\n")
    assert frames.pop() == ""
    found = []
    for frame in frames:
        event, data = frame.split("\n")
        body = json.loads(data.removeprefix("data: "))
        assert event == f"event: {body['type']}"
        found.append(body)
    return found


def failure(fault: ProxyError, *events: Event) -> dict[str, Any]:
    """The last event of a stream that fails."""
    renderer = rendering(DIALECT, {**PLAIN, "stream": True})
    stream = b"".join([renderer.render(event) for event in [Started(), *events, Failed(fault)]])
    return told(stream)[-1]


@pytest.mark.parametrize("stream", [True, False])
def test_it_provides_its_interface(stream: bool) -> None:
    assert verifyObject(IRenderer, rendering(DIALECT, {**PLAIN, "stream": stream}))


@pytest.mark.parametrize(("body", "events"), CASES.values(), ids=CASES)
class TestEveryReply:
    def test_is_streamed_as_in_its_transcript(
        self, body: dict[str, Any], events: list[Event], request: pytest.FixtureRequest
    ) -> None:
        assert streamed(body, events) == transcript(f"openai_responses/{request.node.callspec.id}.sse")

    def test_is_whole_as_in_its_transcript(
        self, body: dict[str, Any], events: list[Event], request: pytest.FixtureRequest
    ) -> None:
        assert gathered(body, events) + b"\n" == transcript(f"openai_responses/{request.node.callspec.id}.json")

    def test_ends_its_stream_with_the_whole_reply(self, body: dict[str, Any], events: list[Event]) -> None:
        assert told(streamed(body, events))[-1]["response"] == json.loads(gathered(body, events))

    def test_is_what_the_sdk_wants(self, body: dict[str, Any], events: list[Event]) -> None:
        for event in told(streamed(body, events)):
            assert EVENTS.validate_json(json.dumps(event), strict=True).type == event["type"]
        response = Response.model_validate_json(gathered(body, events), strict=True)
        assert response.output_text == "".join(event.text for event in events if isinstance(event, TextDelta))

    def test_numbers_its_events_without_holes(self, body: dict[str, Any], events: list[Event]) -> None:
        numbers = [event["sequence_number"] for event in told(streamed(body, events))]
        assert numbers == list(range(len(numbers)))

    def test_tells_of_each_item_from_its_beginning_to_its_end(self, body: dict[str, Any], events: list[Event]) -> None:
        output = json.loads(gathered(body, events))["output"]
        stream = told(streamed(body, events))
        added = [event for event in stream if event["type"] == "response.output_item.added"]
        done = [event for event in stream if event["type"] == "response.output_item.done"]
        assert [event["output_index"] for event in added] == [event["output_index"] for event in done]
        assert [event["item"] for event in done] == output
        assert [event["item"]["id"] for event in added] == [item["id"] for item in output]
        assert len({item["id"] for item in output}) == len(output)


def test_a_stream_begins_before_there_is_anything_to_say() -> None:
    renderer = rendering(DIALECT, {**PLAIN, "stream": True})
    begun = told(renderer.render(Started()))
    assert [event["type"] for event in begun] == ["response.created", "response.in_progress"]
    assert renderer.content_type == "text/event-stream"
    assert renderer.keepalive == sse.COMMENT


def test_a_whole_reply_comes_at_the_end() -> None:
    renderer = rendering(DIALECT, PLAIN)
    assert [renderer.render(event) for event in (Started(), TextDelta("a"), Finished("stop"), USED)] == [b""] * 4
    assert renderer.content_type == "application/json"
    assert renderer.keepalive == b""
    assert json.loads(renderer.close())["output"][0]["content"][0]["text"] == "a"


def test_events_that_say_nothing_are_not_told() -> None:
    renderer = rendering(DIALECT, {**PLAIN, "stream": True})
    silent: list[Event] = [TextDelta(""), ReasoningDelta(""), ReasoningDelta("", signature="sig"), Vectors(()), USED]
    assert [renderer.render(event) for event in silent] == [b""] * len(silent)


def test_an_empty_piece_of_another_kind_does_not_cut_a_text() -> None:
    reply = json.loads(gathered(PLAIN, [TextDelta("a"), ReasoningDelta(""), TextDelta("b"), Finished("stop")]))
    assert [item["content"][0]["text"] for item in reply["output"]] == ["ab"]


def test_each_text_has_an_item_of_its_own() -> None:
    events: list[Event] = [TextDelta("a"), ReasoningDelta("b"), TextDelta("c"), Finished("stop")]
    output = json.loads(gathered(PLAIN, events))["output"]
    assert [item["type"] for item in output] == ["message", "reasoning", "message"]


@pytest.mark.parametrize(
    ("reason", "status", "details"),
    [
        ("stop", "completed", None),
        ("tool_calls", "completed", None),
        (None, "completed", None),
        ("length", "incomplete", {"reason": "max_output_tokens"}),
        ("content_filter", "incomplete", {"reason": "content_filter"}),
    ],
)
def test_the_reason_decides_how_the_response_ends(
    reason: FinishReason | None, status: str, details: dict[str, str] | None
) -> None:
    last = told(streamed(PLAIN, [TextDelta("a"), Finished(reason)]))[-1]
    assert last["type"] == f"response.{status}"
    assert (last["response"]["status"], last["response"]["incomplete_details"]) == (status, details)
    assert last["response"]["output"][0]["status"] == status


def test_the_object_repeats_the_request() -> None:
    response = json.loads(gathered(EVERYTHING, [Finished("stop")]))
    repeated = {name: value for name, value in EVERYTHING.items() if name not in ("input", "model")}
    repeated["tools"] = [{**WEATHER, "description": None}]
    assert {name: response[name] for name in repeated} == repeated
    assert response["model"] == STAMP.model


def test_the_object_has_what_the_api_requires_where_the_request_says_nothing() -> None:
    """The required fields of Open Responses' C{ResponseResource}."""
    response = json.loads(gathered({**PLAIN, "tools": [{"type": "function", "name": "f"}, PATCH]}, [Finished("stop")]))
    assert response["tools"][0] == {
        "type": "function",
        "name": "f",
        "description": None,
        "parameters": None,
        "strict": None,
    }
    assert response["tools"][1] == PATCH
    for name in ("frequency_penalty", "presence_penalty", "top_logprobs"):
        assert response[name] == 0
    assert response["service_tier"] == "default"
    assert [response[name] for name in ("max_tool_calls", "prompt_cache_key", "safety_identifier")] == [None] * 3


def test_a_request_on_many_lines_does_not_cut_an_event_in_two() -> None:
    body = json.dumps({**EVERYTHING, "stream": True}, indent=2).replace("\n", "\r\n").encode()
    stream = DIALECT.renderer(DIALECT.parse(body, RouteCall()), STAMP).render(Started())
    assert told(stream)[0]["response"]["tools"] == [{**WEATHER, "description": None}]


def test_numbers_are_repeated_as_they_were_written() -> None:
    body = b'{"input":"Hi","temperature":0.10,"metadata":{"a" : "\\u00e9"}}'
    renderer = DIALECT.renderer(DIALECT.parse(body, RouteCall()), STAMP)
    whole = renderer.close()
    assert b'"temperature":0.10,' in whole
    assert b'"metadata":{"a":"\\u00e9"},' in whole


@pytest.mark.parametrize(
    "events",
    [
        [ToolCallArguments("{}")],
        [TextDelta("a"), ToolCallArguments("{}")],
        [ToolCallBegun("a", "f"), ToolCallArguments("{}", call=1)],
        [ToolCallBegun("a", "f"), ToolCallBegun("b", "f", call=1), ToolCallArguments("{}", call=0)],
    ],
)
def test_arguments_of_no_open_call_are_never_given_to_another(events: list[Event]) -> None:
    with pytest.raises(UpstreamFault) as caught:
        gathered(PLAIN, events)
    assert caught.value.status == 502


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Truncated(), "server_error"),
        (TimedOut(5), "server_error"),
        (UpstreamFault(500, "x"), "server_error"),
        (UpstreamFault(401, "x"), "server_error"),
        (UpstreamFault(429, "x"), "rate_limit_exceeded"),
        (UpstreamFault(400, "x"), "invalid_prompt"),
        (ClientFault("x"), "invalid_prompt"),
        (ClientFault("x", status=413), "invalid_prompt"),
    ],
)
def test_a_failure_ends_a_stream_as_the_sdk_wants(fault: ProxyError, code: str) -> None:
    last = failure(fault, TextDelta("a"))
    assert last["type"] == "response.failed"
    assert last["response"]["status"] == "failed"
    assert last["response"]["error"] == {"code": code, "message": fault.message}
    assert EVENTS.validate_json(json.dumps(last), strict=True).type == "response.failed"


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (UpstreamFault(400, "x", code="context_length_exceeded"), "context_length_exceeded"),
        (UpstreamFault(429, "x", code="insufficient_quota"), "insufficient_quota"),
        (UpstreamFault(429, "x", kind="insufficient_quota"), "insufficient_quota"),
    ],
)
def test_codes_that_codex_acts_on_are_kept(fault: ProxyError, code: str) -> None:
    """The SDK's type doesn't list them, though OpenAI sends them."""
    assert failure(fault)["response"]["error"]["code"] == code


@pytest.mark.parametrize(
    ("status", "retry_after", "words"),
    [
        (429, "12", "Slow down. Please try again in 12s."),
        (429, None, "Slow down."),
        (429, "Wed, 21 Oct 2026 07:28:00 GMT", "Slow down."),
        (503, "12", "Slow down."),
    ],
)
def test_a_rate_limit_says_when_to_try_again(status: int, retry_after: str | None, words: str) -> None:
    fault = UpstreamFault(status, "Slow down.", retry_after=retry_after)
    assert failure(fault)["response"]["error"]["message"] == words


def test_a_failure_tells_the_items_that_were_done() -> None:
    events: list[Event] = [ReasoningDelta("Hm."), TextDelta("a")]
    assert [item["type"] for item in failure(Truncated(), *events)["response"]["output"]] == ["reasoning"]


def test_a_failure_is_the_whole_of_a_reply_that_is_not_streamed() -> None:
    renderer = rendering(DIALECT, PLAIN)
    with pytest.raises(Truncated):
        renderer.render(Failed(Truncated()))


@given(st.lists(st.text()))
def test_any_text_cut_anywhere_comes_out_whole(pieces: list[str]) -> None:
    text = "".join(pieces)
    events: list[Event] = [*map(TextDelta, pieces), Finished("stop")]
    stream = told(streamed(PLAIN, events))
    deltas = [event["delta"] for event in stream if event["type"] == "response.output_text.delta"]
    done = [event["text"] for event in stream if event["type"] == "response.output_text.done"]
    assert deltas == [piece for piece in pieces if piece]
    assert done == [text]
    assert json.loads(gathered(PLAIN, events))["output"][0]["content"][0]["text"] == text


@given(st.text(min_size=1), st.text(min_size=1), st.text(), st.text(min_size=1))
def test_a_reply_given_back_as_input_is_understood(thought: str, text: str, name: str, arguments: str) -> None:
    events: list[Event] = [
        ReasoningDelta(thought, signature="sig"),
        TextDelta(text),
        ToolCallBegun("call_a", name),
        ToolCallArguments(arguments),
        Finished("tool_calls"),
    ]
    output = json.loads(gathered(PLAIN, events))["output"]
    request = DIALECT.parse(json.dumps({"input": output}).encode(), RouteCall())
    assert [part for message in request.messages for part in message.parts] == [
        Reasoning(thought, "sig"),
        Text(text),
        ToolCall("call_a", name, arguments),
    ]


@given(st.sampled_from([PATCH, SERVER]), st.text())
def test_so_is_a_call_of_a_tool_that_takes_a_text(tool: dict[str, Any], text: str) -> None:
    body = {**PLAIN, "tools": [tool]}
    name = "patch" if tool is PATCH else "mcp__a__patch"
    events: list[Event] = [ToolCallBegun("call_a", name), ToolCallArguments(text), Finished("tool_calls")]
    output = json.loads(gathered(body, events))["output"]
    request = DIALECT.parse(json.dumps({**body, "input": output}).encode(), RouteCall())
    assert request.messages[0].parts == (ToolCall("call_a", name, text),)
