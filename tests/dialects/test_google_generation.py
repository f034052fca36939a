"""C{generationConfig}: every field, its range, and what is told because nobody here knows it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from argoproxy.conversation import OutputShape, RouteCall, Thinking
from argoproxy.dialects.google_genai import GoogleGenAI
from argoproxy.dialects.google_requests import GenerateRequest
from argoproxy.errors import ClientFault


def parse(**config: Any) -> GenerateRequest:
    body = json.dumps({"contents": "hi", "generationConfig": config}).encode()
    return GoogleGenAI().parse(body, RouteCall({"model": "m"}))


FIELDS: list[tuple[str, Any, str, Any]] = [
    ("temperature", 0.5, "temperature", 0.5),
    ("topP", 0.9, "top_p", 0.9),
    ("top_p", 1, "top_p", 1),
    ("topK", 40, "top_k", 40),
    ("topK", 40.0, "top_k", 40),
    ("candidateCount", 3, "n", 3),
    ("candidateCount", None, "n", 1),
    ("maxOutputTokens", 7, "max_tokens", 7),
    ("max_output_tokens", 7, "max_tokens", 7),
    ("stopSequences", ["a", "", "b"], "stop", ("a", "b")),
    ("temperature", None, "temperature", None),
]


@pytest.mark.parametrize(("name", "given", "field", "expected"), FIELDS)
def test_a_field_is_read(name: str, given: Any, field: str, expected: Any) -> None:
    request = parse(**{name: given})
    assert getattr(request, field) == expected
    assert request.extras == {}


@pytest.mark.parametrize("body", ["{}", "null"])
def test_without_any_the_request_asks_for_nothing(body: str) -> None:
    request = GoogleGenAI().parse(
        f'{{"contents": "hi", "generationConfig": {body}}}'.encode(), RouteCall({"model": "m"})
    )
    assert request == GenerateRequest(model="m", prompts=request.prompts, include_usage=True, raw=request.raw)


THINKING: list[tuple[Any, Thinking | None]] = [
    ({}, None),
    ({"includeThoughts": False}, None),
    ({"includeThoughts": True}, Thinking("adaptive", shown=True)),
    ({"thinkingBudget": 0}, Thinking("off")),
    ({"thinkingBudget": 0, "thinkingLevel": "HIGH", "includeThoughts": True}, Thinking("off", shown=True)),
    ({"thinkingBudget": -1}, Thinking("adaptive")),
    ({"thinkingBudget": -1, "includeThoughts": False}, Thinking("adaptive", shown=False)),
    ({"thinking_budget": 512, "include_thoughts": True}, Thinking("enabled", budget=512, shown=True)),
    ({"thinkingLevel": "LOW"}, Thinking("enabled", "low")),
    ({"thinkingLevel": "xhigh", "includeThoughts": True}, Thinking("enabled", "xhigh", shown=True)),
    ({"thinkingLevel": "HIGH", "thinkingBudget": 9}, Thinking("enabled", "high", 9)),
    ({"thinkingLevel": "HIGH", "thinkingBudget": -1}, Thinking("enabled", "high")),
    ({"thinkingLevel": "THINKING_LEVEL_UNSPECIFIED"}, None),
]


@pytest.mark.parametrize(("config", "expected"), THINKING)
def test_thinking_is_read(config: Any, expected: Thinking | None) -> None:
    assert parse(thinkingConfig=config).thinking == expected


def test_thoughts_are_for_those_who_ask() -> None:
    assert [
        parse(**config).thoughts
        for config in ({}, {"thinkingConfig": {"thinkingBudget": 5}}, {"thinkingConfig": {"includeThoughts": True}})
    ] == [False, False, True]


GOOGLES = {
    "type": "OBJECT",
    "properties": {"type": {"type": "STRING", "nullable": True}},
    "property_ordering": ["type"],
}
READ = {"type": "object", "properties": {"type": {"type": "string", "nullable": True}}, "propertyOrdering": ["type"]}
STANDARD = {"type": "object", "properties": {"A": {"enum": ["STRING"]}}}
SHAPES: list[tuple[dict[str, Any], Any]] = [
    ({}, None),
    ({"responseMimeType": "text/plain"}, None),
    ({"responseMimeType": ""}, None),
    ({"responseMimeType": "application/json"}, True),
    ({"responseMimeType": "application/json", "responseSchema": GOOGLES}, READ),
    ({"response_mime_type": "application/json", "response_schema": GOOGLES}, READ),
    ({"responseMimeType": "application/json", "responseJsonSchema": STANDARD}, STANDARD),
    ({"responseJsonSchema": STANDARD, "responseSchema": GOOGLES}, STANDARD),
    ({"responseSchema": GOOGLES}, READ),
]


@pytest.mark.parametrize(("config", "expected"), SHAPES)
def test_the_shape_of_the_text_is_read(config: dict[str, Any], expected: Any) -> None:
    shape = parse(**config).shape
    if expected is None or expected is True:
        assert shape == (OutputShape() if expected else None)
        return
    assert shape is not None
    assert shape.schema is not None
    assert json.loads(bytes(shape.schema)) == expected


def test_what_nobody_knows_is_told_by_its_path_if_it_asks_for_anything() -> None:
    config = {
        "seed": 3,
        "presence_penalty": 0.5,
        "frequencyPenalty": 0,
        "responseModalities": ["TEXT"],
        "responseLogprobs": False,
        "mediaResolution": "MEDIA_RESOLUTION_UNSPECIFIED",
        "speechConfig": None,
        "audioTimestamp": [False] * 100,
    }
    assert {name: bytes(raw) for name, raw in parse(**config).extras.items() if len(bytes(raw)) < 9} == {
        "generationConfig.seed": b"3",
        "generationConfig.presencePenalty": b"0.5",
    }
    assert "generationConfig.audioTimestamp" in parse(**config).extras


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"temperature": 2.5}, "temperature"),
    ({"temperature": "hot"}, "temperature"),
    ({"topP": 1.5}, "topP"),
    ({"topK": 1.5}, "topK"),
    ({"topK": 0}, "topK"),
    ({"candidateCount": 0}, "candidateCount"),
    ({"candidateCount": 129}, "candidateCount"),
    ({"max_output_tokens": 0}, "maxOutputTokens"),
    ({"stopSequences": "x"}, "stopSequences"),
    ({"stopSequences": [1]}, "stopSequences[0]"),
    ({"thinkingConfig": {"thinkingBudget": -2}}, "thinkingConfig.thinkingBudget"),
    ({"thinkingConfig": {"thinkingLevel": "SOME"}}, "thinkingConfig.thinkingLevel"),
    ({"responseMimeType": "text/x.enum"}, "responseMimeType"),
    ({"responseMimeType": "text/plain", "responseSchema": {}}, "responseMimeType"),
    ({"responseSchema": []}, "responseSchema"),
    ({"responseJsonSchema": "x"}, "responseJsonSchema"),
]


@pytest.mark.parametrize(("config", "param"), REFUSED)
def test_what_is_refused_is_named(config: dict[str, Any], param: str) -> None:
    with pytest.raises(ClientFault) as caught:
        parse(**config)
    assert (caught.value.status, caught.value.param) == (400, f"generationConfig.{param}")
    assert f"'generationConfig.{param}'" in caught.value.message


@pytest.mark.parametrize("config", ["[]", "5", '"x"'])
def test_it_is_an_object(config: str) -> None:
    with pytest.raises(ClientFault) as caught:
        GoogleGenAI().parse(f'{{"contents": "hi", "generationConfig": {config}}}'.encode(), RouteCall({"model": "m"}))
    assert caught.value.param == "generationConfig"
