"""OpenAI's SDK uses Responses through the proxy, over real sockets."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from openai import BadRequestError, OpenAI
from openai.types.responses import FunctionToolParam, ResponseFunctionToolCall, ResponseInputParam

from tests.running import Argo
from tests.sdk.clients import MODEL

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
