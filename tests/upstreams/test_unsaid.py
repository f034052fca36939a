"""What a wire has no word for is told under the name that the client used."""

from __future__ import annotations

import msgspec
import pytest

from argoproxy.conversation import OutputShape, Thinking
from argoproxy.upstreams.unsaid import unsaid
from tests.upstreams.wire import chat

ASKED = {"top_k": 5, "thinking": Thinking("enabled", "high"), "shape": OutputShape()}


@pytest.mark.parametrize(
    ("field", "written", "told"),
    [
        ("top_k", "generationConfig", "generationConfig.topK"),
        ("top_k", "top_k", "top_k"),
        ("thinking", "reasoning_effort", "reasoning_effort"),
        ("thinking", "reasoning", "reasoning"),
        ("thinking", "output_config", "output_config"),
        ("thinking", "generationConfig", "generationConfig.thinkingConfig"),
        ("thinking", "", "thinking"),
        ("shape", "text", "text"),
        ("shape", "generationConfig", "generationConfig.responseMimeType"),
    ],
)
def test_it_has_the_clients_own_name(field: str, written: str, told: str) -> None:
    raw = {written: msgspec.Raw(b"1")} if written else {}
    request = chat(raw=raw, **{field: ASKED[field]})
    assert unsaid(request) == (told,)
    assert unsaid(request, [field]) == ()


def test_what_was_not_asked_for_is_not_told() -> None:
    assert unsaid(chat(raw={"generationConfig": msgspec.Raw(b"{}")})) == ()


_MARKED = b'[{"type":"text","text":"x","cache_control" : {"type":"ephemeral"}},{"cache_control":{"ttl":"1h"}}]'


@pytest.mark.parametrize(
    "raw",
    [
        {"cache_control": b'{"type":"ephemeral"}'},
        {"system": _MARKED},
        {"tools": _MARKED, "messages": _MARKED},
        {"messages": b'[{"role":"user","content":' + _MARKED + b"}]"},
    ],
)
def test_marks_for_the_cache_are_told_once_wherever_they_stand(raw: dict[str, bytes]) -> None:
    request = chat(raw={name: msgspec.Raw(value) for name, value in raw.items()})
    assert unsaid(request) == ("cache_control",)


@pytest.mark.parametrize(
    "raw",
    [
        {"cache_control": b"null"},
        {"messages": b'[{"content":"a \\"cache_control\\": {"}]'},
        {"messages": b'[{"content":"cache_control","cache_control":null}]'},
    ],
)
def test_what_only_looks_like_a_mark_is_none(raw: dict[str, bytes]) -> None:
    assert unsaid(chat(raw={name: msgspec.Raw(value) for name, value in raw.items()})) == ()
