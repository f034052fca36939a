"""What the tests of the SDKs share: names, and ways to use their asynchronous halves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from anthropic import AsyncAnthropic
from google import genai
from google.genai import types
from google.genai.client import AsyncClient
from openai import AsyncOpenAI

from tests.running import Running

T = TypeVar("T")

MODEL = "argo:gpt-4o"
KEY = "what is sent here is of no account"

FAMILIES = {
    "gpt-4o": "GPT-4o",
    "gpt-5": "GPT-5",
    "claude-sonnet-4.5": "Claude Sonnet 4.5",
    "gemini-2.5-pro": "Gemini 2.5 Pro",
}
"""A model of each family, and how it calls itself; one of OpenAI's that thinks beside one that doesn't."""


def says(model: str, text: str) -> str:
    """What a simulated model says to a text."""
    return f'This is {FAMILIES[model]}, simulated. You wrote: "{text}".'


def google(proxy: Running) -> genai.Client:
    """Google's SDK."""
    return genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=proxy.url))


def with_async(proxy: Running, use: Callable[[AsyncOpenAI], Awaitable[T]]) -> T:
    """What becomes of OpenAI's asynchronous SDK, used."""

    async def run() -> T:
        async with AsyncOpenAI(base_url=f"{proxy.url}/v1", api_key=KEY, max_retries=0) as openai:
            return await use(openai)

    return asyncio.run(run())


def with_async_anthropic(proxy: Running, use: Callable[[AsyncAnthropic], Awaitable[T]]) -> T:
    """What becomes of Anthropic's."""

    async def run() -> T:
        async with AsyncAnthropic(base_url=proxy.url, api_key=KEY, max_retries=0) as anthropic:
            return await use(anthropic)

    return asyncio.run(run())


def with_async_google(proxy: Running, use: Callable[[AsyncClient], Awaitable[T]]) -> T:
    """What becomes of Google's."""

    async def run() -> T:
        async with google(proxy).aio as client:
            return await use(client)

    return asyncio.run(run())
