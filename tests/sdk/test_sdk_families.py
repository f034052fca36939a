"""Every official SDK reaches a model of every family on either kind of ARGO's wires, over real sockets."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import attrs
import pytest
from anthropic import Anthropic, beta_tool
from google import genai
from google.genai.types import GenerateContentConfig
from openai import OpenAI, pydantic_function_tool
from pydantic import BaseModel

from tests.sdk.clients import FAMILIES, says

pytest_plugins = ["tests.services"]

ASK = "How is the weather?"
SUNNY = "Sunny in {city}"


@attrs.frozen
class Sdks:
    """The SDKs, pointed at the same proxy."""

    openai: OpenAI
    anthropic: Anthropic
    google: genai.Client


@pytest.fixture
def sdks(client: OpenAI, anthropic_client: Anthropic, google_client: genai.Client) -> Sdks:
    """All of them."""
    return Sdks(client, anthropic_client, google_client)


Ask = Callable[[Sdks, str, str], str | None]

# Ways to get a text whole.


def _chat(sdks: Sdks, model: str, text: str) -> str | None:
    reply = sdks.openai.chat.completions.create(model=model, messages=[{"role": "user", "content": text}])
    return reply.choices[0].message.content


def _completion(sdks: Sdks, model: str, text: str) -> str:
    return sdks.openai.completions.create(model=model, prompt=text).choices[0].text


def _response(sdks: Sdks, model: str, text: str) -> str:
    return sdks.openai.responses.create(model=model, input=text).output_text


def _message(sdks: Sdks, model: str, text: str) -> str:
    reply = sdks.anthropic.messages.create(model=model, max_tokens=200, messages=[{"role": "user", "content": text}])
    [block] = reply.content
    assert block.type == "text"
    return block.text


def _content(sdks: Sdks, model: str, text: str) -> str | None:
    return sdks.google.models.generate_content(model=model, contents=text).text


# Ways to get it by the SDKs' own helpers for streams.


def _chat_stream(sdks: Sdks, model: str, text: str) -> str | None:
    with sdks.openai.chat.completions.stream(model=model, messages=[{"role": "user", "content": text}]) as stream:
        pieces = [event.delta for event in stream if event.type == "content.delta"]
        whole = stream.get_final_completion().choices[0].message.content
    assert "".join(pieces) == whole
    return whole


def _response_stream(sdks: Sdks, model: str, text: str) -> str:
    with sdks.openai.responses.stream(model=model, input=text) as stream:
        pieces = [event.delta for event in stream if event.type == "response.output_text.delta"]
        whole = stream.get_final_response().output_text
    assert "".join(pieces) == whole
    return whole


def _message_stream(sdks: Sdks, model: str, text: str) -> str:
    with sdks.anthropic.messages.stream(
        model=model, max_tokens=200, messages=[{"role": "user", "content": text}]
    ) as stream:
        pieces = list(stream.text_stream)
        whole = stream.get_final_text()
    assert "".join(pieces) == whole
    return whole


def _content_stream(sdks: Sdks, model: str, text: str) -> str:
    chunks = list(sdks.google.models.generate_content_stream(model=model, contents=text))
    assert chunks[-1].usage_metadata is not None
    return "".join(chunk.text or "" for chunk in chunks)


@pytest.mark.parametrize("model", FAMILIES)
@pytest.mark.parametrize(
    "ask",
    [
        _chat,
        _completion,
        _response,
        _message,
        _content,
        _chat_stream,
        _response_stream,
        _message_stream,
        _content_stream,
    ],
)
def test_every_way_to_ask_gets_the_models_words(sdks: Sdks, ask: Ask, model: str) -> None:
    assert ask(sdks, model, "Hello there, 世界 🌍") == says(model, "Hello there, 世界 🌍")


# Ways to let a model call a tool, by the SDKs' own helpers, and to hear what it makes of the result.


class GetWeather(BaseModel):
    """The weather of a city."""

    city: str


def get_weather(city: str) -> str:
    """The weather of a city."""
    return SUNNY.format(city=city)


def _chat_tool(sdks: Sdks, model: str, text: str) -> str | None:
    history: list[Any] = [{"role": "user", "content": text}]
    tools = [pydantic_function_tool(GetWeather, name="get_weather")]
    first = sdks.openai.chat.completions.parse(model=model, messages=history, tools=tools)
    [call] = first.choices[0].message.tool_calls or []
    wanted = call.function.parsed_arguments
    assert isinstance(wanted, GetWeather)
    history += [
        first.choices[0].message,
        {"role": "tool", "tool_call_id": call.id, "content": get_weather(wanted.city)},
    ]
    return sdks.openai.chat.completions.parse(model=model, messages=history, tools=tools).choices[0].message.content


def _response_tool(sdks: Sdks, model: str, text: str) -> str:
    tools: list[Any] = [
        {"type": "function", "name": "get_weather", "parameters": GetWeather.model_json_schema(), "strict": False}
    ]
    history: list[Any] = [{"role": "user", "content": text}]
    with sdks.openai.responses.stream(model=model, input=history, tools=tools) as stream:
        output = stream.get_final_response().output
    [call] = [item for item in output if item.type == "function_call"]
    told = get_weather(**json.loads(call.arguments))
    history += [*output, {"type": "function_call_output", "call_id": call.call_id, "output": told}]
    return sdks.openai.responses.create(model=model, input=history, tools=tools).output_text


def _tool_runner(sdks: Sdks, model: str, text: str) -> str:
    runner = sdks.anthropic.beta.messages.tool_runner(
        model=model, max_tokens=200, tools=[beta_tool(get_weather)], messages=[{"role": "user", "content": text}]
    )
    *_, last = runner.until_done().content
    assert last.type == "text"
    return last.text


def _streamed_tool_runner(sdks: Sdks, model: str, text: str) -> str:
    runner = sdks.anthropic.beta.messages.tool_runner(
        model=model,
        max_tokens=200,
        tools=[beta_tool(get_weather)],
        messages=[{"role": "user", "content": text}],
        stream=True,
    )
    texts = ["".join(stream.text_stream) for stream in runner]
    assert len(texts) == 2
    return texts[-1]


def _called_by_itself(sdks: Sdks, model: str, text: str) -> str | None:
    chat = sdks.google.chats.create(model=model, config=GenerateContentConfig(tools=[get_weather]))
    said = chat.send_message(text).text
    assert [turn.role for turn in chat.get_history()] == ["user", "model", "user", "model"]
    return said


def _called_by_itself_in_a_stream(sdks: Sdks, model: str, text: str) -> str:
    chat = sdks.google.chats.create(model=model, config=GenerateContentConfig(tools=[get_weather]))
    parts = [part for chunk in chat.send_message_stream(text) for part in chunk.parts or []]
    assert len([part for part in parts if part.function_call]) == 1
    return "".join(part.text or "" for part in parts)


@pytest.mark.parametrize("model", FAMILIES)
@pytest.mark.parametrize(
    "ask",
    [
        _chat_tool,
        _response_tool,
        _tool_runner,
        _streamed_tool_runner,
        _called_by_itself,
        _called_by_itself_in_a_stream,
    ],
)
def test_every_way_to_have_a_tool_called_tells_its_result(sdks: Sdks, ask: Ask, model: str) -> None:
    said = ask(sdks, model, ASK) or ""
    assert SUNNY.format(city="city") in said
    assert said.endswith(f'You wrote: "{ASK}".')
