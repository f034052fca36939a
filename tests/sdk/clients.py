"""OpenAI's own SDK, pointed at the proxy. It never tries again by itself, so that a test sees what happened."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import pytest
from openai import AsyncOpenAI, OpenAI

from tests.running import Argo, Running

T = TypeVar("T")

MODEL = "argo:gpt-4o"
KEY = "what is sent here is of no account"


@pytest.fixture(scope="session")
def client(proxy: Running) -> Iterator[OpenAI]:
    """The SDK, without retries."""
    with OpenAI(base_url=f"{proxy.url}/v1", api_key=KEY, max_retries=0) as openai:
        yield openai


@pytest.fixture
def argo(argosim: Argo) -> Iterator[Argo]:
    """What plays ARGO behind the proxy, with nothing behind it."""
    argosim.forget()
    yield argosim
    argosim.forget()


def with_async(proxy: Running, use: Callable[[AsyncOpenAI], Awaitable[T]]) -> T:
    """What becomes of the asynchronous SDK, used."""

    async def run() -> T:
        async with AsyncOpenAI(base_url=f"{proxy.url}/v1", api_key=KEY, max_retries=0) as openai:
            return await use(openai)

    return asyncio.run(run())
