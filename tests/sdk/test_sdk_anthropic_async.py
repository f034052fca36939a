"""Anthropic's asynchronous SDK reaches every endpoint through the proxy, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import anthropic
import pytest
from anthropic import AsyncAnthropic, beta_async_tool
from anthropic.types import MessageParam

from tests.running import Running
from tests.sdk.clients import says, with_async_anthropic

pytest_plugins = ["tests.services"]

MODEL = "claude-sonnet-4.5"
HELLO: list[MessageParam] = [{"role": "user", "content": "Hello there"}]


async def _message(client: AsyncAnthropic) -> str:
    reply = await client.messages.create(model=MODEL, max_tokens=200, messages=HELLO)
    return "".join(block.text for block in reply.content if block.type == "text")


async def _stream(client: AsyncAnthropic) -> str:
    text = ""
    async with await client.messages.create(model=MODEL, max_tokens=200, messages=HELLO, stream=True) as stream:
        async for event in stream:
            if event.type == "content_block_delta" and event.delta.type == "text_delta":
                text += event.delta.text
    return text


async def _helper(client: AsyncAnthropic) -> str:
    async with client.messages.stream(model=MODEL, max_tokens=200, messages=HELLO) as stream:
        return "".join([piece async for piece in stream.text_stream])


@pytest.mark.parametrize("use", [_message, _stream, _helper])
def test_every_way_to_ask_gets_the_same_words(wired: Running, use: Callable[[AsyncAnthropic], Awaitable[str]]) -> None:
    assert with_async_anthropic(wired, use) == says(MODEL, "Hello there")


def test_a_tool_runner_calls_the_tool_and_tells_its_result(wired: Running) -> None:
    @beta_async_tool
    async def get_weather(city: str) -> str:
        """The weather of a city."""
        return f"Sunny in {city}"

    async def use(client: AsyncAnthropic) -> list[str]:
        runner = client.beta.messages.tool_runner(
            model=MODEL,
            max_tokens=200,
            tools=[get_weather],
            messages=[{"role": "user", "content": "How is the weather?"}],
        )
        return [str(message.content) async for message in runner]

    called, told = with_async_anthropic(wired, use)
    assert "get_weather" in called
    assert "Sunny in city" in told


def test_tokens_are_counted_and_models_listed(wired: Running) -> None:
    async def use(client: AsyncAnthropic) -> tuple[int, list[str]]:
        count = await client.messages.count_tokens(model=MODEL, messages=HELLO)
        return count.input_tokens, [model.id async for model in client.models.list(limit=10)]

    tokens, names = with_async_anthropic(wired, use)
    assert tokens > 0
    assert "claude-sonnet-4-5" in names


def test_a_broken_stream_raises(native_proxy: Running) -> None:
    async def use(client: AsyncAnthropic) -> None:
        async with client.messages.stream(
            model=MODEL, max_tokens=200, messages=[{"role": "user", "content": "Hello [sim:no-terminal]"}]
        ) as stream:
            await stream.get_final_message()

    with pytest.raises(anthropic.APIStatusError, match="broke off"):
        with_async_anthropic(native_proxy, use)


def test_many_at_once_get_their_own_answers(wired: Running) -> None:
    async def one(client: AsyncAnthropic, number: int) -> bool:
        reply = await client.messages.create(
            model=MODEL, max_tokens=200, messages=[{"role": "user", "content": f"Number {number}"}]
        )
        return f'"Number {number}"' in str(reply.content)

    async def use(client: AsyncAnthropic) -> list[bool]:
        return await asyncio.gather(*(one(client, number) for number in range(20)))

    assert with_async_anthropic(wired, use) == [True] * 20
