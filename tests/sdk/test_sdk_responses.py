"""OpenAI's SDK uses Responses through the proxy, over real sockets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from openai import BadRequestError, OpenAI
from openai.types.responses import (
    FunctionToolParam,
    ResponseFunctionToolCall,
    ResponseInputParam,
    ResponseReasoningItem,
)
from pydantic import BaseModel

from tests.matrix.asks import PIXEL
from tests.running import Argo, Running
from tests.sdk.clients import KEY, MODEL

pytest_plugins = ["tests.services"]

REPLY = 'This is GPT-4o, simulated. You wrote: "Hello there".'
WEATHER: FunctionToolParam = {
    "type": "function",
    "name": "get_weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    "strict": None,
}
INPUTS: list[str | ResponseInputParam] = [
    "Hello there",
    [{"role": "user", "content": "Hello there"}],
    [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello there"}]}],
]

# The events of a text, and of a call; those that may come several times in a row are told once.
TEXT_EVENTS = [
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
]
CALL_EVENTS = [
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.function_call_arguments.delta",
    "response.function_call_arguments.done",
    "response.output_item.done",
    "response.completed",
]


def _once(kinds: Sequence[str]) -> list[str]:
    return [kind for index, kind in enumerate(kinds) if index == 0 or kinds[index - 1] != kind]


@pytest.mark.parametrize("given", INPUTS)
def test_a_response_has_text_usage_and_what_was_asked(client: OpenAI, given: str | ResponseInputParam) -> None:
    reply = client.responses.create(
        model=MODEL, input=given, instructions="Be short.", temperature=0.5, metadata={"project": "x"}
    )
    assert reply.output_text == REPLY
    assert (reply.status, reply.model, reply.object) == ("completed", MODEL, "response")
    assert (reply.instructions, reply.temperature, reply.metadata) == ("Be short.", 0.5, {"project": "x"})
    assert reply.usage is not None
    assert reply.usage.total_tokens == reply.usage.input_tokens + reply.usage.output_tokens


def test_instructions_are_argos_system_message(client: OpenAI, argo: Argo) -> None:
    client.responses.create(model=MODEL, input="Hello there", instructions="Be short.")
    assert argo.requests()[0]["body"]["messages"] == [
        {"role": "system", "content": "Be short."},
        {"role": "user", "content": "Hello there"},
    ]


def test_a_limit_leaves_the_response_incomplete(client: OpenAI) -> None:
    reply = client.responses.create(model=MODEL, input="Hello there", max_output_tokens=3)
    assert reply.status == "incomplete"
    assert reply.incomplete_details is not None
    assert reply.incomplete_details.reason == "max_output_tokens"


def test_the_events_of_a_text_come_in_order_without_a_hole(client: OpenAI) -> None:
    with client.responses.create(model=MODEL, input="Hello there", stream=True) as stream:
        events = list(stream)
    assert _once([event.type for event in events]) == TEXT_EVENTS
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == REPLY


def test_the_helper_gathers_the_whole(client: OpenAI) -> None:
    with client.responses.stream(model=MODEL, input="Hello there") as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_response()
    assert _once(kinds) == TEXT_EVENTS
    assert final.output_text == REPLY
    assert final.usage is not None


def test_a_limit_ends_a_stream_as_incomplete(client: OpenAI) -> None:
    with client.responses.create(model=MODEL, input="Hello there", max_output_tokens=3, stream=True) as stream:
        assert [event.type for event in stream][-1] == "response.incomplete"


def test_a_function_is_called_and_its_output_is_used(client: OpenAI) -> None:
    first = client.responses.create(model=MODEL, input="How is the weather?", tools=[WEATHER])
    [call] = first.output
    assert isinstance(call, ResponseFunctionToolCall)
    assert call.name == "get_weather"
    assert set(json.loads(call.arguments)) == {"city"}
    history: ResponseInputParam = [
        {"role": "user", "content": "How is the weather?"},
        {"type": "function_call", "call_id": call.call_id, "name": call.name, "arguments": call.arguments},
        {"type": "function_call_output", "call_id": call.call_id, "output": "Sunny"},
    ]
    second = client.responses.create(model=MODEL, input=history, tools=[WEATHER])
    assert '"Sunny"' in second.output_text


def test_the_events_of_a_call_come_in_order(client: OpenAI) -> None:
    with client.responses.create(model=MODEL, input="The weather?", tools=[WEATHER], stream=True) as stream:
        events = list(stream)
    assert _once([event.type for event in events]) == CALL_EVENTS
    last = events[-1]
    assert last.type == "response.completed"
    assert [item.type for item in last.response.output] == ["function_call"]


@pytest.mark.parametrize(
    ("name", "value"), [("previous_response_id", "resp_1"), ("conversation", "conv_1"), ("background", True)]
)
def test_what_needs_a_memory_is_refused_by_name(client: OpenAI, argo: Argo, name: str, value: object) -> None:
    with pytest.raises(BadRequestError) as told:
        client.responses.create(model=MODEL, input="Hello there", extra_body={name: value})
    assert told.value.param == name
    assert argo.requests() == []


class Place(BaseModel):
    """A shape."""

    city: str
    people: int


def test_a_reply_is_parsed_to_the_shape_that_was_asked_for(client: OpenAI) -> None:
    said = '[sim:say={"city": "Chicago", "people": 3}]'
    assert client.responses.parse(model=MODEL, input=said, text_format=Place).output_parsed == Place(
        city="Chicago", people=3
    )
    with client.responses.stream(model=MODEL, input=said, text_format=Place) as stream:
        assert stream.get_final_response().output_parsed == Place(city="Chicago", people=3)


def test_a_picture_is_seen(client: OpenAI) -> None:
    picture = f"data:image/png;base64,{PIXEL}"
    content: list[Any] = [
        {"type": "input_text", "text": "What is this?"},
        {"type": "input_image", "image_url": picture, "detail": "auto"},
    ]
    reply = client.responses.create(model=MODEL, input=[{"role": "user", "content": content}])
    assert "I see an image (image/png, 8 bytes)" in reply.output_text


def test_claudes_thoughts_come_back_sealed_and_go_on_to_argo(native_proxy: Running, argo: Argo) -> None:
    asking: Any = {
        "model": "claude-sonnet-4.5",
        "reasoning": {"effort": "high", "summary": "auto"},
        "include": ["reasoning.encrypted_content"],
        "tools": [WEATHER],
        "store": False,
    }
    history: list[Any] = [{"role": "user", "content": "How is the weather?"}]
    with OpenAI(base_url=f"{native_proxy.url}/v1", api_key=KEY, max_retries=0) as client:
        with client.responses.stream(input=history, **asking) as stream:
            output = stream.get_final_response().output
        thought, *_, call = output
        assert isinstance(thought, ResponseReasoningItem)
        assert isinstance(call, ResponseFunctionToolCall)
        history += [*output, {"type": "function_call_output", "call_id": call.call_id, "output": "Sunny"}]
        second = client.responses.create(input=history, **asking)
    assert '"Sunny"' in second.output_text
    [sent] = [block for block in argo.requests()[-1]["body"]["messages"][1]["content"] if block["type"] == "thinking"]
    assert sent["thinking"] == thought.summary[0].text
    assert sent["signature"]
