"""What fits a shape, and how a model is asked for one."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from argoproxy.conversation import ChatRequest, Message, OutputShape, Text
from argoproxy.structured import again, asked, bad_schema, bare, misfit

POINT = {
    "type": "object",
    "properties": {"x": {"type": "integer"}, "y": {"type": "integer"}},
    "required": ["x", "y"],
    "additionalProperties": False,
}
ANY = OutputShape()


def _shape(schema: Any, **fields: Any) -> OutputShape:
    return OutputShape(schema=msgspec.Raw(json.dumps(schema).encode()), **fields)


@pytest.mark.parametrize(
    ("said", "json_"),
    [
        ('{"x": 1}', '{"x": 1}'),
        (' {"x": 1}\n', '{"x": 1}'),
        ('```json\n{"x": 1}\n```', '{"x": 1}'),
        ('```\n{"x": 1}```\n', '{"x": 1}'),
        ('\n```JSON5 \n{"x":\n1}\n ```', '{"x":\n1}'),
        ('{"x": "```"}', '{"x": "```"}'),
        ("", ""),
        ("```", "```"),
    ],
)
def test_the_json_is_taken_out_of_one_fence(said: str, json_: str) -> None:
    assert bare(said) == json_


@pytest.mark.parametrize(
    ("text", "shape", "problem"),
    [
        ("{}", ANY, None),
        ('{"a": [1]}', ANY, None),
        ("[]", ANY, "not a JSON object"),
        ("7", ANY, "not a JSON object"),
        ("", ANY, "not valid JSON"),
        ("Sure: {}", ANY, "not valid JSON"),
        ('{"x": 1, "y": 2}', _shape(POINT), None),
        ('{"x": 1}', _shape(POINT), "'y' is a required property"),
        ('{"x": 1, "y": "2"}', _shape(POINT), "$.y"),
        ('{"x": 1, "y": 2, "z": 3}', _shape(POINT), "Additional properties"),
        ("[1, 2]", _shape({"type": "array", "items": {"type": "integer"}}), None),
        ('{"n": {"x": 1, "y": 2}}', _shape({"$defs": {"p": POINT}, "properties": {"n": {"$ref": "#/$defs/p"}}}), None),
        ('{"n": {"x": 1}}', _shape({"$defs": {"p": POINT}, "properties": {"n": {"$ref": "#/$defs/p"}}}), "required"),
        ("{}", _shape(True), None),
        ("[" * 100_000, ANY, "not valid JSON"),
    ],
)
def test_what_is_wrong_is_said_in_words(text: str, shape: OutputShape, problem: str | None) -> None:
    found = misfit(text, shape)
    assert (found is None) if problem is None else (problem in (found or ""))


def test_a_schema_that_refers_elsewhere_makes_us_fetch_nothing() -> None:
    assert misfit("{}", _shape({"$ref": "http://127.0.0.1:1/schema"})) is None


@pytest.mark.parametrize(("schema", "bad"), [(POINT, False), ({"type": "nonsense"}, True), ({"required": "x"}, True)])
def test_a_schema_can_be_wrong_itself(schema: Any, bad: bool) -> None:
    assert (bad_schema(schema) is not None) is bad


def _texts(request: ChatRequest) -> list[tuple[str, str]]:
    return [
        (message.role, part.text) for message in request.messages for part in message.parts if isinstance(part, Text)
    ]


def test_the_shape_is_asked_for_behind_the_clients_system_messages() -> None:
    messages = (Message("system", (Text("Be brief"),)), Message("user", (Text("Hi"),)))
    request = ChatRequest(model="x", prompts=(messages,), shape=_shape(POINT), raw={"a": msgspec.Raw(b"1")})
    sent = asked(request, _shape(POINT, name="point", description="a place"))
    roles = [role for role, _ in _texts(sent)]
    assert roles == ["system", "system", "user"]
    assert "point (a place)" in _texts(sent)[1][1]
    assert json.dumps(POINT) in _texts(sent)[1][1]
    assert (sent.shape, sent.raw) == (None, request.raw)


def test_it_is_asked_again_with_what_was_said_and_what_is_wrong() -> None:
    request = ChatRequest(model="x", prompts=((Message("user", (Text("Hi"),)),),))
    assert _texts(again(request, "oops", "it is not valid JSON"))[1:] == [
        ("assistant", "oops"),
        ("user", "That reply can't be used: it is not valid JSON. Reply again with the corrected JSON alone."),
    ]


@given(st.text())
def test_any_text_is_judged_without_failing(text: str) -> None:
    misfit(bare(text), ANY)
    misfit(text, _shape(POINT))
