"""
Requests in Anthropic's language, made at random: nothing of one that is right is lost on the way to ARGO, and nothing
that is wrong in one makes ARGO refuse it.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from argoproxy.conversation import ChatRequest

from .claude import MODELS, NATIVE, parsed
from .wire import model, send

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
TEXT = ANY_TEXT.filter(lambda text: bool(text.strip()))
NAMES = st.sampled_from(["f", "get_weather", "a-b"])
INPUT = st.dictionaries(ANY_TEXT, st.none() | st.integers(-9, 9) | ANY_TEXT | st.lists(st.booleans()), max_size=3)
MARK: st.SearchStrategy[Any] = st.just({}) | st.just({"cache_control": {"type": "ephemeral"}})
IMAGE = st.builds(
    lambda kind, data: {"type": "image", "source": {"type": "base64", "media_type": kind, "data": data}},
    st.sampled_from(["image/png", "image/jpeg", "image/webp"]),
    st.sampled_from(["AA==", "iVBORw0KGgo="]),
)
# What only this language has words for.
FILE: st.SearchStrategy[Any] = st.sampled_from(
    [
        {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "AA=="}},
        {"type": "search_result", "source": "s", "title": "t", "content": [{"type": "text", "text": "x"}]},
        {"type": "tomorrow", "x": [1, None]},
    ]
)
SEARCH: st.SearchStrategy[Any] = st.just({"type": "server_tool_use", "id": "srvtoolu_1", "name": "f", "input": {}})
TOOL = st.builds(
    lambda name, described, schema: {"name": name, "input_schema": schema, **described},
    NAMES,
    st.just({}) | st.builds(lambda text: {"description": text}, TEXT),
    st.just({"type": "object"}) | st.just({"type": "object", "properties": {"x": {"type": "string"}}}),
)


def _block(text: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.builds(lambda words, mark: {"type": "text", "text": words, **mark}, text, MARK)


def _thought(text: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.builds(lambda words, seal: {"type": "thinking", "thinking": words, "signature": seal}, text, text)


def _result(name: str, shown: st.SearchStrategy[Any] = IMAGE) -> st.SearchStrategy[Any]:
    content = TEXT | st.lists(_block(TEXT) | shown, max_size=2)
    failed: st.SearchStrategy[Any] = st.just({}) | st.just({"is_error": True})
    return st.builds(
        lambda said, more: {"type": "tool_result", "tool_use_id": name, "content": said, **more}, content, failed
    )


@st.composite
def _turns(draw: st.DrawFn, own: bool) -> list[Any]:
    """
    A conversation with which nothing is wrong.

    @param own: whether it holds what only this language has words for.
    """
    shown, made = (IMAGE | FILE, _block(TEXT) | SEARCH) if own else (IMAGE, _block(TEXT))
    messages: list[Any] = []
    calls: list[str] = []
    for turn in range(draw(st.integers(1, 4))):
        results = [draw(_result(name, shown)) for name in calls]
        words = draw(st.lists(_block(TEXT) | shown, min_size=0 if results else 1, max_size=2))
        plain = draw(st.booleans()) and not results
        messages.append({"role": "user", "content": draw(TEXT) if plain else results + words})
        if draw(st.booleans()):
            break
        calls = [f"toolu_{turn}_{number}" for number in range(draw(st.integers(0, 2)))]
        said = draw(st.lists(_thought(TEXT), max_size=1)) + draw(st.lists(made, min_size=not calls, max_size=2))
        said += [{"type": "tool_use", "id": name, "name": draw(NAMES), "input": draw(INPUT)} for name in calls]
        messages.append({"role": "assistant", "content": said})
    if calls and messages[-1]["role"] == "assistant":
        messages.append({"role": "user", "content": [draw(_result(name)) for name in calls]})
    return messages


FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "system": TEXT | st.lists(_block(TEXT), min_size=1, max_size=2),
    "stream": st.booleans(),
    "temperature": st.sampled_from([0, 0.25, 1]),
    "top_k": st.integers(1, 9),
    "stop_sequences": st.lists(TEXT, max_size=2),
    "metadata": st.just({"user_id": "u"}),
}
CHOICES = st.sampled_from(
    [
        {"type": "auto"},
        {"type": "auto", "disable_parallel_tool_use": True},
        {"type": "any"},
        {"type": "any", "disable_parallel_tool_use": True},
        {"type": "tool", "name": "f"},
        {"type": "none"},
    ]
)
WITH_TOOLS = st.builds(
    lambda more, choice: {"tools": [{"name": "f", "input_schema": {"type": "object"}}, *more], "tool_choice": choice},
    st.lists(TOOL.filter(lambda tool: tool["name"] != "f"), max_size=1),
    CHOICES,
)
# These models take every mode of thinking; what can't go beside it is left out.
THINKING = st.sampled_from(
    [
        {},
        {"thinking": {"type": "disabled"}},
        {"thinking": {"type": "adaptive"}},
        {"thinking": {"type": "adaptive", "display": "omitted"}, "output_config": {"effort": "low"}},
        {"output_config": {"effort": "high"}},
    ]
)


@st.composite
def _right(draw: st.DrawFn, own: bool) -> dict[str, Any]:
    body = {"model": "claude-x", "max_tokens": draw(st.integers(1, 9000)), "messages": draw(_turns(own))}
    body |= draw(st.fixed_dictionaries({}, optional=FIELDS))
    thinking = draw(THINKING)
    if thinking and thinking.get("thinking") != {"type": "disabled"}:
        body.pop("temperature", None)
        body.pop("top_k", None)
        return body | thinking
    return body | thinking | draw(st.just({}) | WITH_TOOLS)


def _meaning(request: ChatRequest) -> ChatRequest:
    """What a request says, apart from how it was written."""
    return msgspec.structs.replace(request, raw={}, model="")


@settings(max_examples=150)
@given(_right(own=False))
def test_nothing_is_lost_between_reading_and_writing(body: dict[str, Any]) -> None:
    asked = parsed(**body)
    call = NATIVE.encode(asked, model("claudesonnet46"), "someone")
    assert call.adjusted == ()
    # It says nothing to the model, and is told.
    assert set(call.dropped) <= {"cache_control"}
    again = parsed(call.body)
    assert _meaning(again) == _meaning(asked)
    assert json.loads(call.body).get("metadata") == body.get("metadata")
    assert send(call).status == 200


@settings(max_examples=150)
@given(_right(own=True))
def test_nothing_at_all_is_changed_in_what_is_right(body: dict[str, Any]) -> None:
    asked = parsed(**body)
    call = NATIVE.relay(asked, model("claudesonnet46"), "someone")
    assert call.adjusted == ()
    sent = json.dumps({**body, "model": "claudesonnet46", "user": "someone"})
    assert list(parsed(call.body).raw.items()) == list(parsed(sent.encode()).raw.items())
    assert send(call).status == 200


@st.composite
def _wrong(draw: st.DrawFn) -> dict[str, Any]:
    """A request that ARGO might refuse for many reasons at once."""
    ids = st.sampled_from(["a", "b", "c.d:0"])
    call = st.builds(lambda name, put: {"type": "tool_use", "id": name, "name": "f", "input": put}, ids, INPUT)
    result = ids.flatmap(_result)
    said = st.lists(_block(ANY_TEXT) | _thought(ANY_TEXT) | st.just({"type": "redacted_thinking", "data": "d"}) | call)
    told = st.lists(_block(ANY_TEXT) | IMAGE | result, max_size=4)
    message = st.one_of(
        st.builds(lambda content: {"role": "user", "content": content}, ANY_TEXT | told),
        st.builds(lambda content: {"role": "assistant", "content": content}, ANY_TEXT | said),
        st.builds(lambda content: {"role": "system", "content": content}, ANY_TEXT | st.lists(_block(ANY_TEXT))),
    )
    body = {
        "messages": _without_strays(draw(st.lists(message, min_size=1, max_size=6))),
        "max_tokens": draw(st.sampled_from([1, 64, 4096, 30_000, 10**6])),
    }
    sampling = {"temperature": st.sampled_from([0, 0.5, 1]), "top_p": st.just(0.5), "top_k": st.just(5)}
    wishes = {
        "system": ANY_TEXT | st.lists(_block(ANY_TEXT)),
        "stream": st.booleans(),
        "thinking": st.sampled_from(
            [
                {"type": "adaptive"},
                {"type": "adaptive", "budget_tokens": 5},
                {"type": "between_tools"},
                {"type": "disabled"},
                {"type": "enabled", "budget_tokens": 5},
                {"type": "enabled", "budget_tokens": 50_000},
            ]
        ),
        "output_config": st.sampled_from([{"effort": one} for one in ("none", "minimal", "low", "xhigh", "max")]),
    }
    return {"model": "claude-x"} | body | draw(st.fixed_dictionaries({}, optional={**sampling, **wishes}))


def _without_strays(messages: list[Any]) -> list[Any]:
    """The same without results for which there is no call: those are refused, and rightly."""
    open_calls: set[str] = set()
    kept: list[Any] = []
    for message in messages:
        blocks = message["content"]
        if message["role"] == "assistant":
            open_calls = {one["id"] for one in blocks if isinstance(one, dict) and one["type"] == "tool_use"}
        elif isinstance(blocks, list):
            blocks = [one for one in blocks if one["type"] != "tool_result" or one["tool_use_id"] in open_calls]
        kept.append({**message, "content": blocks})
    return kept


@settings(max_examples=300)
@given(_wrong(), st.sampled_from(MODELS))
def test_whatever_is_wrong_is_put_right(body: dict[str, Any], name: str) -> None:
    asked = parsed(**body)
    ways = [NATIVE.encode, NATIVE.relay] if NATIVE.relays(asked, model(name)) else [NATIVE.encode]
    for way in ways:
        call = way(asked, model(name), "someone")
        reply = send(call)
        assert reply.status == 200, (reply.text, call.body)
