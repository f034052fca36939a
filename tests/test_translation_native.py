"""Exchanges over a native wire: passed on where both sides speak the same, else translated; what ARGO counts counts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from zope.interface.verify import verifyObject

from argoproxy.catalogue import Catalogue
from argoproxy.conversation import Call, Head, RouteCall, Stamp, Usage
from argoproxy.dialects.openai_chat import OpenAIChat
from argoproxy.dialects.openai_completions import OpenAICompletions
from argoproxy.dialects.openai_embeddings import OpenAIEmbeddings
from argoproxy.errors import Truncated, UpstreamFault
from argoproxy.interfaces import ILeg, IRenderingDialect, ITranslation
from argoproxy.tokens import Counter
from argoproxy.translation import between
from argoproxy.upstreams.openai_native import OpenAINative
from tests.simulator.asking import Argo
from tests.upstreams.wire import head, send

WIRE = OpenAINative("http://argo/v1/chat/completions", "http://argo/v1/embeddings")
STAMP = Stamp("tok", 1_700_000_000, "argo:gpt-4o")
SSE = Head(200, "text/event-stream")


CHAT = OpenAIChat()


def _translation(dialect: IRenderingDialect = CHAT, name: str = "gpt-4o", **fields: Any) -> ITranslation:
    body = {"model": name, **fields}
    if "input" not in fields and "prompt" not in fields:
        body.setdefault("messages", [{"role": "user", "content": "Hi"}])
    request = dialect.parse(json.dumps(body).encode(), RouteCall())
    return between(dialect, WIRE, request, Catalogue().resolve(name), STAMP, Counter())


def _settle(counting: Any) -> None:
    while counting.settle():
        pass


def _played(translation: ITranslation, argo: Argo | None = None, size: int = 1 << 20) -> bytes:
    """The whole reply."""
    return _replied(translation, translation.calls("someone"), argo, size)


def _replied(
    translation: ITranslation, calls: Sequence[Call], argo: Argo | None = None, size: int = 1 << 20
) -> bytes:
    out = b""
    for choice, call in enumerate(calls):
        reply = send(call, argo)
        assert reply.text is not None
        leg = translation.leg(call, head(reply), choice)
        data = reply.text.encode()
        for place in range(0, len(data), size):
            out += leg.feed(data[place : place + size])
        out += leg.ended()
        _settle(leg)
        out += leg.close()
        if leg.fault is not None:
            raise leg.fault
    _settle(translation)
    return out + translation.close()


def _chunks(stream: bytes) -> list[Any]:
    lines = [line[6:] for line in stream.decode().split("\n") if line.startswith("data: ")]
    assert lines.pop() == "[DONE]"
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("stream", [False, True])
def test_the_same_language_passes_through(stream: bool) -> None:
    """What ARGO tells and the neutral language doesn't know is still there."""
    translation = _translation(stream=stream)
    out = _played(translation)
    objects = _chunks(out) if stream else [json.loads(out)]
    assert {one["model"] for one in objects} == {"argo:gpt-4o"}
    assert objects[0]["id"].startswith("chatcmpl-")
    assert "tok" not in objects[0]["id"]
    assert ("content_filter_results" in str(objects[0])) is not stream
    usage = translation.usage()
    assert usage is not None
    assert usage.completion > 0


@pytest.mark.parametrize("size", [1, 1 << 20])
@pytest.mark.parametrize("told", [False, True])
def test_usage_is_for_those_who_ask(told: bool, size: int) -> None:
    fields: dict[str, Any] = {"stream_options": {"include_usage": True}} if told else {}
    chunks = _chunks(_played(_translation(stream=True, **fields), size=size))
    assert [one["choices"] == [] for one in chunks].count(True) == told
    assert all(("usage" in one) is told for one in chunks)


def test_a_relays_own_words_are_the_dialects() -> None:
    translation = _translation(stream=True)
    assert (translation.status, translation.content_type) == (200, "text/event-stream")
    assert translation.keepalive.startswith(b":")
    assert (translation.open(), translation.close(), translation.usage()) == (b"", b"", None)
    assert json.loads(translation.fail(UpstreamFault(502, "Oh")).removeprefix(b"data: "))["error"]["message"] == "Oh"
    assert not translation.settle()


def test_what_came_before_a_failure_still_goes_out() -> None:
    translation = _translation(stream=True)
    [call] = translation.calls("someone")
    leg = translation.leg(call, SSE, 0)
    first = b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n'
    assert leg.feed(first + b'data: {"error":{"message":"Oh"}}\n\n') == first
    assert leg.fault is not None
    assert leg.fault.message == "Oh"


def test_a_relay_that_was_broken_off() -> None:
    translation = _translation(stream=True)
    [call] = translation.calls("someone")
    leg = translation.leg(call, SSE, 0)
    leg.feed(b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n')
    with pytest.raises(Truncated):
        leg.ended()


def test_several_choices_are_translated_and_their_prompt_counted_once() -> None:
    one, two = _translation(n=1), _translation(n=2)
    single, double = json.loads(_played(one)), json.loads(_played(two))
    assert [choice["index"] for choice in double["choices"]] == [0, 1]
    assert double["id"] == "chatcmpl-tok"
    assert double["usage"]["prompt_tokens"] == single["usage"]["prompt_tokens"]
    assert double["usage"]["completion_tokens"] == 2 * single["usage"]["completion_tokens"]


def test_several_prompts_are_counted_each() -> None:
    one = json.loads(_played(_translation(OpenAICompletions(), prompt=["Hi"], n=2)))
    two = json.loads(_played(_translation(OpenAICompletions(), prompt=["Hi", "Hi"], n=2)))
    assert two["usage"]["prompt_tokens"] == 2 * one["usage"]["prompt_tokens"]
    assert two["usage"]["completion_tokens"] == 2 * one["usage"]["completion_tokens"]


def test_deprecated_functions_are_translated() -> None:
    out = json.loads(
        _played(
            _translation(
                messages=[{"role": "user", "content": "What is the weather?"}],
                functions=[{"name": "get_weather", "parameters": {"type": "object", "properties": {}}}],
            )
        )
    )
    assert out["choices"][0]["message"]["function_call"] == {"name": "get_weather", "arguments": "{}"}
    assert out["choices"][0]["finish_reason"] == "function_call"


@pytest.mark.parametrize("dimensions", [None, 5])
@pytest.mark.parametrize("name", ["text-embedding-3-small", "ada002"])
def test_embeddings_of_token_ids_and_of_fewer_dimensions(name: str, dimensions: int | None) -> None:
    """Where ARGO's model makes them no shorter, they are cut here."""
    fields = {} if dimensions is None else {"dimensions": dimensions}
    translation = _translation(OpenAIEmbeddings(), name, input=[[1, 2], [3]], **fields)
    [call] = translation.calls("someone")
    assert json.loads(call.body)["input"] == [[1, 2], [3]]
    out = json.loads(_replied(translation, [call]))
    assert [len(row["embedding"]) for row in out["data"]] == [dimensions or 1536] * 2
    assert out["usage"] == {"prompt_tokens": 3, "total_tokens": 3}


def _told(*chunks: Any) -> bytes:
    return b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in chunks) + b"data: [DONE]\n\n"


def test_what_argo_tells_beats_what_is_counted() -> None:
    translation = _translation(n=2, stream=True, stream_options={"include_usage": True})
    calls = translation.calls("someone")
    usage = {"prompt_tokens": 50, "completion_tokens": 7, "completion_tokens_details": {"reasoning_tokens": 3}}
    text = {"choices": [{"delta": {"content": "word " * 5}, "finish_reason": "stop"}]}
    for choice, call in enumerate(calls):
        leg = translation.leg(call, SSE, choice)
        leg.feed(_told(text, {"choices": [], "usage": usage}))
        leg.ended()
        assert not leg.settle()
        leg.close()
    assert translation.usage() == Usage(prompt=50, completion=14, reasoning=6)


def test_what_argo_does_not_tell_is_counted() -> None:
    translation = _translation(n=2)
    text = {"choices": [{"delta": {"content": "word " * 5}, "finish_reason": "stop"}]}
    first, second = translation.calls("someone")
    for choice, usage in ((0, {"prompt_tokens": 50, "completion_tokens": 100}), (1, None)):
        call = (first, second)[choice]
        leg = translation.leg(Call(url="", body=call.body, reply="stream"), SSE, choice)
        leg.feed(_told(text, {"choices": [], "usage": usage}))
        leg.ended()
        _settle(leg)
        leg.close()
    _settle(translation)
    told = translation.usage()
    assert told is not None
    assert told.prompt == 8
    assert 105 <= told.completion <= 107


def test_they_keep_their_interfaces() -> None:
    relay = _translation(stream=True)
    verifyObject(ITranslation, relay)
    [call] = relay.calls("someone")
    verifyObject(ILeg, relay.leg(call, SSE, 0))
