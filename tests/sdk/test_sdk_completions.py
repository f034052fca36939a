"""OpenAI's SDK uses legacy completions through the proxy, over real sockets."""

from __future__ import annotations

from typing import Any

import pytest
from openai import OpenAI

from tests.running import Argo
from tests.sdk.clients import MODEL

pytest_plugins = ["tests.services"]

# "Once upon a time" in the encoding of gpt-4o.
TOKENS = [18049, 7557, 261, 1058]
TEXT = "Once upon a time"


def _reply(prompt: str) -> str:
    return f'This is GPT-4o, simulated. You wrote: "{prompt}".'


PROMPTS: list[tuple[Any, list[str]]] = [
    (TEXT, [TEXT]),
    ([TEXT], [TEXT]),
    (["one", "two"], ["one", "two"]),
    (TOKENS, [TEXT]),
    ([TOKENS, TOKENS[:2]], [TEXT, "Once upon"]),
]


@pytest.mark.parametrize(("prompt", "texts"), PROMPTS)
def test_each_prompt_has_a_choice(client: OpenAI, prompt: Any, texts: list[str]) -> None:
    reply = client.completions.create(model=MODEL, prompt=prompt)
    assert reply.object == "text_completion"
    assert [choice.index for choice in reply.choices] == list(range(len(texts)))
    assert [choice.text for choice in reply.choices] == [_reply(text) for text in texts]
    assert all(choice.finish_reason == "stop" for choice in reply.choices)
    assert reply.usage is not None
    assert reply.usage.prompt_tokens > 0


@pytest.mark.parametrize(("prompt", "texts"), PROMPTS)
def test_each_prompts_choice_is_streamed_by_its_index(client: OpenAI, prompt: Any, texts: list[str]) -> None:
    got = dict.fromkeys(range(len(texts)), "")
    with client.completions.create(model=MODEL, prompt=prompt, stream=True) as stream:
        for chunk in stream:
            for choice in chunk.choices:
                got[choice.index] += choice.text
    assert list(got.values()) == [_reply(text) for text in texts]


def test_echo_puts_the_prompt_in_front(client: OpenAI) -> None:
    reply = client.completions.create(model=MODEL, prompt=TOKENS, echo=True)
    assert reply.choices[0].text == TEXT + _reply(TEXT)


def test_a_stream_echoes_and_tells_usage(gateway_client: OpenAI) -> None:
    with gateway_client.completions.create(
        model=MODEL, prompt=TEXT, echo=True, stream=True, stream_options={"include_usage": True}
    ) as stream:
        *chunks, last = stream
    assert "".join(chunk.choices[0].text for chunk in chunks) == TEXT + _reply(TEXT)
    assert last.choices == []
    assert last.usage is not None
    assert last.usage.prompt_tokens == len(TOKENS)


def test_choices_are_prompts_times_n(client: OpenAI, argo: Argo) -> None:
    reply = client.completions.create(model=MODEL, prompt=["one", "two"], n=2)
    assert [choice.text for choice in reply.choices] == [_reply("one")] * 2 + [_reply("two")] * 2
    assert len(argo.requests()) == 4


def test_stop_and_limit_end_the_text(client: OpenAI) -> None:
    stopped = client.completions.create(model=MODEL, prompt=TEXT, stop=[", simulated"]).choices[0]
    assert (stopped.text, stopped.finish_reason) == ("This is GPT-4o", "stop")
    assert client.completions.create(model=MODEL, prompt=TEXT, max_tokens=3).choices[0].finish_reason == "length"
