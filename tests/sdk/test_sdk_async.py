"""OpenAI's asynchronous SDK reaches every endpoint through the proxy, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import openai
import pytest
from openai import AsyncOpenAI

from tests.running import Running
from tests.sdk.clients import MODEL, with_async

pytest_plugins = ["tests.services"]

REPLY = 'This is GPT-4o, simulated. You wrote: "Hello there".'


async def _chat(client: AsyncOpenAI) -> str | None:
    reply = await client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "Hello there"}])
    return reply.choices[0].message.content


async def _chat_stream(client: AsyncOpenAI) -> str:
    text = ""
    async with await client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": "Hello there"}], stream=True
    ) as stream:
        async for chunk in stream:
            text += chunk.choices[0].delta.content or ""
    return text


async def _chat_helper(client: AsyncOpenAI) -> str | None:
    async with client.chat.completions.stream(
        model=MODEL, messages=[{"role": "user", "content": "Hello there"}]
    ) as stream:
        return (await stream.get_final_completion()).choices[0].message.content


async def _completion(client: AsyncOpenAI) -> str:
    return (await client.completions.create(model=MODEL, prompt="Hello there")).choices[0].text


async def _completion_stream(client: AsyncOpenAI) -> str:
    async with await client.completions.create(model=MODEL, prompt="Hello there", stream=True) as stream:
        return "".join([chunk.choices[0].text async for chunk in stream])


async def _response(client: AsyncOpenAI) -> str:
    return (await client.responses.create(model=MODEL, input="Hello there")).output_text


async def _response_helper(client: AsyncOpenAI) -> str:
    async with client.responses.stream(model=MODEL, input="Hello there") as stream:
        return (await stream.get_final_response()).output_text


@pytest.mark.parametrize(
    "use", [_chat, _chat_stream, _chat_helper, _completion, _completion_stream, _response, _response_helper]
)
def test_every_way_to_ask_gets_the_same_words(wired: Running, use: Callable[[AsyncOpenAI], Awaitable[str]]) -> None:
    assert with_async(wired, use) == REPLY


def test_embeddings_come_as_numbers(wired: Running) -> None:
    async def use(client: AsyncOpenAI) -> list[int]:
        reply = await client.embeddings.create(model="v3small", input=["one", "two"])
        return [len(row.embedding) for row in reply.data]

    assert with_async(wired, use) == [1536, 1536]


def test_models_are_listed_and_found(wired: Running) -> None:
    async def use(client: AsyncOpenAI) -> tuple[list[str], str]:
        names = [model.id async for model in client.models.list()]
        return names, (await client.models.retrieve("gpt-4o")).owned_by

    names, family = with_async(wired, use)
    assert "argo:gpt-4o" in names
    assert family == "openai"


def test_a_broken_stream_raises(proxy: Running) -> None:
    async def use(client: AsyncOpenAI) -> None:
        async with await client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": "Hello [sim:reset-mid]"}], stream=True
        ) as stream:
            async for _ in stream:
                pass

    with pytest.raises(openai.APIError, match="broke off"):
        with_async(proxy, use)


def test_many_at_once_get_their_own_answers(wired: Running) -> None:
    async def one(client: AsyncOpenAI, number: int) -> bool:
        reply = await client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": f"Number {number}"}]
        )
        return f'"Number {number}"' in (reply.choices[0].message.content or "")

    async def use(client: AsyncOpenAI) -> list[bool]:
        return await asyncio.gather(*(one(client, number) for number in range(50)))

    assert with_async(wired, use) == [True] * 50
