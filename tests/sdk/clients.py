"""What the tests of the SDK share: names, and a way to use its asynchronous half."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from openai import AsyncOpenAI

from tests.running import Running

T = TypeVar("T")

MODEL = "argo:gpt-4o"
KEY = "what is sent here is of no account"


def with_async(proxy: Running, use: Callable[[AsyncOpenAI], Awaitable[T]]) -> T:
    """What becomes of the asynchronous SDK, used."""

    async def run() -> T:
        async with AsyncOpenAI(base_url=f"{proxy.url}/v1", api_key=KEY, max_retries=0) as openai:
            return await use(openai)

    return asyncio.run(run())
