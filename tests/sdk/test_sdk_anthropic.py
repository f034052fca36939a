"""Anthropic's SDK uses Messages through the proxy, over real sockets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from anthropic import Anthropic, beta_tool
from anthropic.types import MessageParam, ToolParam
from pydantic import BaseModel

from tests.matrix.asks import PIXEL
from tests.running import Argo, Running
from tests.sdk.clients import KEY, says

pytest_plugins = ["tests.services"]

MODEL = "claude-sonnet-4.5"
HELLO: list[MessageParam] = [{"role": "user", "content": "Hello there"}]
REPLY = says(MODEL, "Hello there")
CITY: dict[str, object] = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS: list[ToolParam] = [
    {"name": "get_weather", "description": "The weather.", "input_schema": CITY},
    {"name": "read_clock", "description": "The time.", "input_schema": CITY},
]
THOUGHT = "The user wrote something, and I think about what to answer to it."


@pytest.fixture(scope="module")
def native(native_proxy: Running) -> Iterator[Anthropic]:
    """The SDK where Claude is on Anthropic's own wire."""
    with Anthropic(base_url=native_proxy.url, api_key=KEY, max_retries=0) as anthropic:
        yield anthropic


def test_a_message_has_text_reason_usage_and_the_clients_name_for_the_model(anthropic_client: Anthropic) -> None:
    reply = anthropic_client.messages.create(model=MODEL, max_tokens=200, system="Be brief.", messages=HELLO)
    assert (reply.type, reply.role, reply.model) == ("message", "assistant", MODEL)
    assert [block.text for block in reply.content if block.type == "text"] == [REPLY]
    assert (reply.stop_reason, reply.stop_sequence) == ("end_turn", None)
    assert reply.usage.input_tokens > 0
    assert reply.usage.output_tokens > 0
    assert reply._request_id


def test_a_limit_and_a_stop_sequence_are_told(anthropic_client: Anthropic) -> None:
    short = anthropic_client.messages.create(model=MODEL, max_tokens=3, messages=HELLO)
    assert short.stop_reason == "max_tokens"
    stopped = anthropic_client.messages.create(
        model=MODEL, max_tokens=200, messages=HELLO, stop_sequences=[", simulated"]
    )
    assert [block.text for block in stopped.content if block.type == "text"] == ["This is Claude Sonnet 4.5"]


def test_argo_is_asked_in_its_own_words_on_its_own_wire(native: Anthropic, argo: Argo) -> None:
    native.messages.create(model=MODEL, max_tokens=200, messages=HELLO, metadata={"user_id": "mine"})
    [asked] = argo.requests()
    assert asked["path"] == "/v1/messages"
    assert (asked["headers"]["x-api-key"], asked["body"]["model"]) == ("someone", "claudesonnet45")
    assert asked["body"]["metadata"] == {"user_id": "mine"}
    assert KEY not in str(asked)


def test_the_events_of_a_stream_come_in_order(anthropic_client: Anthropic) -> None:
    with anthropic_client.messages.stream(model=MODEL, max_tokens=200, messages=HELLO) as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_message()
    own = [kind for kind in kinds if kind != "text"]
    assert own[:2] == ["message_start", "content_block_start"]
    assert own[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert set(own[2:-3]) == {"content_block_delta"}
    assert (final.stop_reason, final.model) == ("end_turn", MODEL)
    assert final.usage.output_tokens > 0


def test_parallel_calls_are_streamed_and_their_results_go_back(anthropic_client: Anthropic, argo: Argo) -> None:
    history: list[Any] = [{"role": "user", "content": "Tell me the weather and the clock"}]
    with anthropic_client.messages.stream(model=MODEL, max_tokens=200, tools=TOOLS, messages=history) as stream:
        first = stream.get_final_message()
    calls = [block for block in first.content if block.type == "tool_use"]
    assert [(call.name, call.input) for call in calls] == [
        ("get_weather", {"city": "city"}),
        ("read_clock", {"city": "city"}),
    ]
    assert first.stop_reason == "tool_use"
    results = [{"type": "tool_result", "tool_use_id": call.id, "content": f"{call.name} told"} for call in calls]
    history += [{"role": "assistant", "content": first.content}, {"role": "user", "content": results}]
    second = anthropic_client.messages.create(model=MODEL, max_tokens=200, tools=TOOLS, messages=history)
    assert '"get_weather told" and "read_clock told"' in str(second.content)


def test_a_tool_that_fails_is_told_to_the_model(anthropic_client: Anthropic) -> None:
    def get_weather(city: str) -> str:
        """The weather of a city."""
        raise ValueError(f"no weather in {city}")

    runner = anthropic_client.beta.messages.tool_runner(
        model=MODEL,
        max_tokens=200,
        tools=[beta_tool(get_weather)],
        messages=[{"role": "user", "content": "How is the weather?"}],
    )
    assert "no weather in city" in str(runner.until_done().content)


def test_a_tool_runner_asks_for_a_thread_once_and_goes_on_without(anthropic_client: Anthropic, argo: Argo) -> None:
    """It sends the whole conversation each time then, so that nothing of it is lost."""

    def get_weather(city: str) -> str:
        """The weather of a city."""
        return f"Sunny in {city}"

    runner = anthropic_client.beta.messages.tool_runner(
        model=MODEL,
        max_tokens=200,
        tools=[beta_tool(get_weather)],
        messages=[{"role": "user", "content": "How is the weather?"}],
    )
    runner.until_done()
    first, second = [request["body"] for request in argo.requests()]
    assert [len(first["messages"]), len(second["messages"])] == [1, 3]
    assert "thread" not in first


def test_a_picture_is_seen(anthropic_client: Anthropic) -> None:
    reply = anthropic_client.messages.create(
        model=MODEL,
        max_tokens=200,
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}},
                    {"type": "text", "text": "What is this?"},
                ],
            }
        ],
    )
    assert "I see an image (image/png, 8 bytes)" in str(reply.content)


def test_thoughts_come_back_sealed_and_go_on_to_argo(native: Anthropic, argo: Argo) -> None:
    history: list[Any] = [{"role": "user", "content": "How is the weather?"}]
    asking: Any = {"model": MODEL, "max_tokens": 4096, "thinking": {"type": "enabled", "budget_tokens": 2048}}
    with native.messages.stream(**asking, tools=TOOLS, messages=history) as stream:
        first = stream.get_final_message()
    thinking, *_, call = first.content
    assert thinking.type == "thinking"
    assert (thinking.thinking, bool(thinking.signature)) == (THOUGHT, True)
    assert call.type == "tool_use"
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "Sunny"}
    history += [{"role": "assistant", "content": first.content}, {"role": "user", "content": [result]}]
    assert "Sunny" in str(native.messages.create(**asking, tools=TOOLS, messages=history).content)
    sent = argo.requests()[-1]["body"]["messages"][1]["content"][0]
    assert sent == {"type": "thinking", "thinking": THOUGHT, "signature": thinking.signature}


class Place(BaseModel):
    """A shape."""

    city: str
    people: int


def test_a_reply_is_parsed_to_the_shape_that_was_asked_for(anthropic_client: Anthropic) -> None:
    reply = anthropic_client.messages.parse(
        model=MODEL,
        max_tokens=200,
        messages=[{"role": "user", "content": '[sim:say={"city": "Chicago", "people": 3}]'}],
        output_format=Place,
    )
    assert reply.parsed_output == Place(city="Chicago", people=3)


def test_tokens_are_counted_before_anything_is_asked(anthropic_client: Anthropic, argo: Argo) -> None:
    alone = anthropic_client.messages.count_tokens(model=MODEL, messages=HELLO)
    more = anthropic_client.messages.count_tokens(model=MODEL, messages=HELLO, system="Be brief.", tools=TOOLS)
    assert 0 < alone.input_tokens < more.input_tokens
    assert argo.requests() == []


def test_models_are_listed_page_by_page_and_each_is_found(anthropic_client: Anthropic) -> None:
    listed = list(anthropic_client.models.list(limit=5))
    assert {model.id: model.display_name for model in listed}["claude-sonnet-4-5"] == "Claude Sonnet 4.5"
    assert all(model.id.startswith(("claude", "anthropic")) for model in listed)
    assert [anthropic_client.models.retrieve(model.id).id for model in listed] == [model.id for model in listed]


def test_a_listed_name_serves(anthropic_client: Anthropic) -> None:
    reply = anthropic_client.messages.create(model="anthropic/gpt-4o", max_tokens=200, messages=HELLO)
    assert says("gpt-4o", "Hello there") in str(reply.content)
