"""OpenAI's SDK chats through the proxy, over real sockets."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai import OpenAI
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam
from pydantic import BaseModel

from tests.running import Argo, Running
from tests.sdk.clients import KEY, MODEL

pytest_plugins = ["tests.services"]

HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Hello there, 世界 🌍"}]
REPLY = 'This is GPT-4o, simulated. You wrote: "Hello there, 世界 🌍".'

WEATHER: ChatCompletionToolParam = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "What the weather is like.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["city", "days"],
        },
    },
}
CLOCK: ChatCompletionToolParam = {
    "type": "function",
    "function": {"name": "get_time", "parameters": {"type": "object", "properties": {"zone": {"type": "string"}}}},
}
ASK: list[ChatCompletionMessageParam] = [{"role": "user", "content": "How is the weather?"}]


def test_a_chat_has_text_reason_usage_and_the_clients_name_for_the_model(client: OpenAI) -> None:
    reply = client.chat.completions.create(model=MODEL, messages=HELLO)
    assert reply.object == "chat.completion"
    assert reply.model == MODEL
    assert reply.id.startswith("chatcmpl-")
    [choice] = reply.choices
    assert (choice.index, choice.finish_reason, choice.message.role) == (0, "stop", "assistant")
    assert choice.message.content == REPLY
    assert choice.message.tool_calls is None
    assert reply.usage is not None
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens
    assert reply.usage.prompt_tokens > len(HELLO)
    assert reply.usage.completion_tokens >= 10


def test_argo_is_asked_in_its_own_words(gateway_client: OpenAI, argo: Argo) -> None:
    gateway_client.chat.completions.create(
        model="GPT-4o",
        messages=[{"role": "developer", "content": "Be short."}, *HELLO],
        user="somebody else",
        temperature=0.5,
        stop=["simulated"],
    )
    [asked] = argo.requests()
    assert asked["path"] == "/api/v1/resource/chat/"
    assert asked["body"] == {
        "user": "someone",
        "model": "gpt4o",
        "messages": [{"role": "system", "content": "Be short."}, HELLO[0]],
        "temperature": 0.5,
        "stop": ["simulated"],
    }
    assert "authorization" not in asked["headers"]


def test_a_stop_sequence_ends_the_text(client: OpenAI) -> None:
    reply = client.chat.completions.create(model=MODEL, messages=HELLO, stop=", simulated")
    assert reply.choices[0].message.content == "This is GPT-4o"
    assert reply.choices[0].finish_reason == "stop"


@pytest.mark.parametrize("limit", ["max_tokens", "max_completion_tokens"])
def test_a_token_limit_cuts_the_text_and_is_told(client: OpenAI, limit: str) -> None:
    limits: Any = {limit: 3}
    reply = client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": "[sim:say=one two three four five six]"}], **limits
    )
    assert reply.choices[0].finish_reason == "length"
    assert reply.usage is not None
    assert reply.usage.completion_tokens == 3


def test_a_stream_is_the_same_text(client: OpenAI) -> None:
    with client.chat.completions.create(model=MODEL, messages=HELLO, stream=True) as stream:
        chunks = list(stream)
    assert len({(chunk.id, chunk.created, chunk.model) for chunk in chunks}) == 1
    assert chunks[0].choices[0].delta.role == "assistant"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == REPLY
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices[0].finish_reason] == ["stop"]
    assert all(chunk.usage is None for chunk in chunks)


def test_a_streams_pieces_go_on_as_they_come(gateway_client: OpenAI) -> None:
    dripping: list[ChatCompletionMessageParam] = [{"role": "user", "content": "[sim:drip=0.01]"}]
    with gateway_client.chat.completions.create(model=MODEL, messages=dripping, stream=True) as stream:
        chunks = list(stream)
    assert len([chunk for chunk in chunks if chunk.choices[0].delta.content]) > 1


def test_usage_ends_a_stream_that_asks_for_it(client: OpenAI) -> None:
    with client.chat.completions.create(
        model=MODEL, messages=HELLO, stream=True, stream_options={"include_usage": True}
    ) as stream:
        *chunks, last = stream
    assert all(chunk.usage is None and chunk.choices for chunk in chunks)
    assert last.choices == []
    whole = client.chat.completions.create(model=MODEL, messages=HELLO)
    assert last.usage == whole.usage


def test_a_stream_tells_that_its_limit_was_reached(client: OpenAI) -> None:
    with client.chat.completions.create(model=MODEL, messages=HELLO, stream=True, max_tokens=3) as stream:
        assert [chunk.choices[0].finish_reason for chunk in stream][-1] == "length"


def test_three_choices_are_three_calls_in_order(client: OpenAI, argo: Argo) -> None:
    reply = client.chat.completions.create(model=MODEL, messages=HELLO, n=3)
    assert [choice.index for choice in reply.choices] == [0, 1, 2]
    assert [choice.message.content for choice in reply.choices] == [REPLY] * 3
    assert len(argo.requests()) == 3


def test_three_streamed_choices_come_by_their_index(client: OpenAI) -> None:
    texts = ["", "", ""]
    reasons: dict[int, str] = {}
    with client.chat.completions.create(model=MODEL, messages=HELLO, n=3, stream=True) as stream:
        for chunk in stream:
            for choice in chunk.choices:
                texts[choice.index] += choice.delta.content or ""
                if choice.finish_reason:
                    reasons[choice.index] = choice.finish_reason
    assert texts == [REPLY] * 3
    assert reasons == {0: "stop", 1: "stop", 2: "stop"}


def test_the_streaming_helper_gathers_the_whole(client: OpenAI) -> None:
    with client.chat.completions.stream(model=MODEL, messages=HELLO) as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_completion()
    assert final.choices[0].message.content == REPLY
    assert "content.delta" in kinds
    assert kinds[-1] == "content.done"


def test_the_clients_request_id_comes_back(client: OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(
        model=MODEL, messages=HELLO, extra_headers={"x-request-id": "mine-1"}
    )
    assert raw.headers["x-request-id"] == "mine-1"
    assert raw.headers["server"] == "argoproxy"
    assert raw.headers["content-type"] == "application/json"
    assert raw.parse()._request_id == "mine-1"


def test_what_argo_cannot_honour_is_told(gateway_client: OpenAI) -> None:
    raw = gateway_client.chat.completions.with_raw_response.create(model=MODEL, messages=HELLO, seed=7, logprobs=True)
    assert set(raw.headers["x-argoproxy-dropped"].split(",")) == {"seed", "logprobs"}


def test_a_tool_is_called_and_its_result_is_used(client: OpenAI, argo: Argo) -> None:
    first = client.chat.completions.create(model=MODEL, messages=ASK, tools=[WEATHER])
    assert first.choices[0].finish_reason == "tool_calls"
    message = first.choices[0].message
    assert message.tool_calls is not None
    [call] = message.tool_calls
    assert call.type == "function"
    assert call.function.name == "get_weather"
    arguments = json.loads(call.function.arguments)
    assert isinstance(arguments["city"], str)
    assert isinstance(arguments["days"], int)
    history: list[Any] = [*ASK, message, {"role": "tool", "tool_call_id": call.id, "content": "Sunny, 25 degrees"}]
    second = client.chat.completions.create(model=MODEL, messages=history, tools=[WEATHER])
    assert second.choices[0].finish_reason == "stop"
    assert '"Sunny, 25 degrees"' in (second.choices[0].message.content or "")
    assert argo.requests()[-1]["body"]["messages"][1]["tool_calls"][0]["id"] == call.id


def test_a_required_tool_is_called_although_nobody_speaks_of_it(client: OpenAI) -> None:
    reply = client.chat.completions.create(model=MODEL, messages=HELLO, tools=[WEATHER, CLOCK], tool_choice="required")
    assert reply.choices[0].finish_reason == "tool_calls"


def test_a_named_tool_is_the_one_that_is_called(client: OpenAI) -> None:
    reply = client.chat.completions.create(
        model=MODEL,
        messages=ASK,
        tools=[WEATHER, CLOCK],
        tool_choice={"type": "function", "function": {"name": "get_time"}},
    )
    calls = reply.choices[0].message.tool_calls or []
    assert [call.function.name for call in calls if call.type == "function"] == ["get_time"]


def test_parallel_calls_are_streamed_by_their_index(client: OpenAI) -> None:
    messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": "The weather and the time, please."}]
    heads: dict[int, tuple[str | None, str | None, str | None]] = {}
    arguments = {0: "", 1: ""}
    with client.chat.completions.create(model=MODEL, messages=messages, tools=[WEATHER, CLOCK], stream=True) as stream:
        chunks = list(stream)
    for chunk in chunks:
        for call in chunk.choices[0].delta.tool_calls or []:
            assert call.function is not None
            if call.index not in heads:
                heads[call.index] = (call.id, call.type, call.function.name)
            else:
                assert (call.id, call.type, call.function.name) == (None, None, None)
            arguments[call.index] += call.function.arguments or ""
    assert [name for _, _, name in heads.values()] == ["get_weather", "get_time"]
    assert all(identity and kind == "function" for identity, kind, _ in heads.values())
    assert set(json.loads(arguments[0])) == {"city", "days"}
    assert isinstance(json.loads(arguments[1]), dict)
    assert [chunk.choices[0].finish_reason for chunk in chunks][-1] == "tool_calls"


def test_the_streaming_helper_gathers_calls(client: OpenAI) -> None:
    with client.chat.completions.stream(model=MODEL, messages=ASK, tools=[WEATHER]) as stream:
        done = [event for event in stream if event.type == "tool_calls.function.arguments.done"]
        final = stream.get_final_completion()
    assert [event.name for event in done] == ["get_weather"]
    assert final.choices[0].finish_reason == "tool_calls"
    assert final.choices[0].message.tool_calls is not None


def test_text_parts_and_an_image_reach_argo(client: OpenAI, argo: Argo) -> None:
    pixel = "data:image/png;base64,iVBORw0KGgo="
    reply = client.chat.completions.create(
        model=MODEL,
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is this?"},
                    {"type": "image_url", "image_url": {"url": pixel}},
                ],
            }
        ],
    )
    assert "I see an image" in (reply.choices[0].message.content or "")
    assert argo.requests()[0]["body"]["messages"][0]["content"][1]["image_url"]["url"] == pixel


@pytest.mark.parametrize("name", ["gpt-4o", "argo:gpt-4o", "ARGO/GPT-4o", "gpt4o", "gpt-4o-2024-11-20"])
def test_every_spelling_of_a_model_is_repeated_in_the_reply(client: OpenAI, argo: Argo, name: str) -> None:
    assert client.chat.completions.create(model=name, messages=HELLO).model == name
    assert argo.requests()[0]["body"]["model"] == "gpt4o"


@pytest.mark.parametrize("name", ["claude-sonnet-4-5-20250929", "argo:gemini-2.5-pro"])
def test_the_other_families_chat_too(client: OpenAI, name: str) -> None:
    with client.chat.completions.create(model=name, messages=HELLO, stream=True) as stream:
        text = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
    assert text.endswith('You wrote: "Hello there, 世界 🌍".')


class Place(BaseModel):
    """A shape."""

    city: str
    people: int


def test_a_reply_is_parsed_to_the_shape_that_was_asked_for(client: OpenAI) -> None:
    messages: list[ChatCompletionMessageParam] = [
        {"role": "user", "content": '[sim:say={"city": "Chicago", "people": 3}]'}
    ]
    whole = client.chat.completions.parse(model=MODEL, messages=messages, response_format=Place)
    assert whole.choices[0].message.parsed == Place(city="Chicago", people=3)
    with client.chat.completions.stream(model=MODEL, messages=messages, response_format=Place) as stream:
        final = stream.get_final_completion()
    assert final.choices[0].message.parsed == Place(city="Chicago", people=3)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_claudes_thoughts_are_shown_beside_the_text(native_proxy: Running, stream: bool) -> None:
    """In a field of which the SDK itself knows nothing, but its users do."""
    with OpenAI(base_url=f"{native_proxy.url}/v1", api_key=KEY, max_retries=0) as client:
        reply: Any = client.chat.completions.create(
            model="claude-sonnet-4.5", messages=HELLO, reasoning_effort="high", stream=stream
        )
        said = [chunk.choices[0].delta for chunk in reply] if stream else [reply.choices[0].message]
    thoughts = "".join(getattr(one, "reasoning_content", None) or "" for one in said)
    assert thoughts == "The user wrote something, and I think about what to answer to it."
