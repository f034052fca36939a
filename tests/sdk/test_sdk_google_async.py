"""Google's asynchronous SDK reaches every endpoint through the proxy, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from google.genai import errors
from google.genai.client import AsyncClient
from google.genai.types import GenerateContentConfig

from tests.running import Running
from tests.sdk.clients import says, with_async_google

pytest_plugins = ["tests.services"]

MODEL = "gemini-2.5-pro"


async def _content(client: AsyncClient) -> str | None:
    return (await client.models.generate_content(model=MODEL, contents="Hello there")).text


async def _stream(client: AsyncClient) -> str:
    chunks = await client.models.generate_content_stream(model=MODEL, contents="Hello there")
    return "".join([chunk.text or "" async for chunk in chunks])


async def _chat(client: AsyncClient) -> str | None:
    return (await client.chats.create(model=MODEL).send_message("Hello there")).text


@pytest.mark.parametrize("use", [_content, _stream, _chat])
def test_every_way_to_ask_gets_the_same_words(
    wired: Running, use: Callable[[AsyncClient], Awaitable[str | None]]
) -> None:
    assert with_async_google(wired, use) == says(MODEL, "Hello there")


def test_a_chat_calls_a_tool_by_itself(wired: Running) -> None:
    async def get_weather(city: str) -> str:
        """The weather of a city."""
        return f"Sunny in {city}"

    async def use(client: AsyncClient) -> str | None:
        chat = client.chats.create(model=MODEL, config=GenerateContentConfig(tools=[get_weather]))
        return (await chat.send_message("How is the weather?")).text

    assert "Sunny in city" in (with_async_google(wired, use) or "")


def test_texts_become_vectors_tokens_are_counted_and_models_listed(wired: Running) -> None:
    async def use(client: AsyncClient) -> tuple[list[int], int, list[str]]:
        texts: list[Any] = ["one", "two"]
        vectors = await client.models.embed_content(model="text-embedding-3-small", contents=texts)
        counted = await client.models.count_tokens(model=MODEL, contents="Hello there")
        names = [model.name or "" async for model in await client.models.list()]
        return [len(row.values or []) for row in vectors.embeddings or []], counted.total_tokens or 0, names

    lengths, tokens, names = with_async_google(wired, use)
    assert lengths == [1536, 1536]
    assert tokens > 0
    assert "models/argo:gemini-2.5-pro" in names


def test_a_broken_stream_raises(native_proxy: Running) -> None:
    async def use(client: AsyncClient) -> None:
        async for _ in await client.models.generate_content_stream(model=MODEL, contents="Hello [sim:no-terminal]"):
            pass

    with pytest.raises(errors.APIError, match="broke off"):
        with_async_google(native_proxy, use)


def test_many_at_once_get_their_own_answers(wired: Running) -> None:
    async def one(client: AsyncClient, number: int) -> bool:
        reply = await client.models.generate_content(model=MODEL, contents=f"Number {number}")
        return f'"Number {number}"' in (reply.text or "")

    async def use(client: AsyncClient) -> list[bool]:
        return await asyncio.gather(*(one(client, number) for number in range(20)))

    assert with_async_google(wired, use) == [True] * 20
