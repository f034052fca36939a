"""The pure parts: tokens, markers, schemas, vectors, prompted tools, framing."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argoproxy.simulator.model.asks import LONG_UNIT, Answer, Tool
from argoproxy.simulator.model.markers import Markers, markers
from argoproxy.simulator.model.prompted import prompted_form, prompted_tools
from argoproxy.simulator.model.schemas import sample, sample_object
from argoproxy.simulator.model.tokens import Cut, count, cut
from argoproxy.simulator.model.vectors import text_vector, token_vector
from argoproxy.simulator.strict.keywords import keywords
from argoproxy.simulator.strict.refusal import Refusal
from argoproxy.simulator.wires.received import is_user
from argoproxy.simulator.wires.reply import byte_chunks, cut_inside, deltas
from tests.simulator.asking import STREAMCHAT, Argo

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize(("text", "tokens"), [("", 0), (" ", 1), ("a", 1), (" a  b", 2), ("Hello, big world\n", 4)])
def test_tokens_are_words(text: str, tokens: int) -> None:
    """A word with the white space before it, and the white space at the end."""
    assert count(text) == tokens


@pytest.mark.parametrize(
    ("text", "stop", "limit", "made"),
    [
        ("a b c", (), None, Cut("a b c", "stop", None)),
        ("a b c", (), 3, Cut("a b c", "stop", None)),
        ("a b c", (), 2, Cut("a b", "length", None)),
        ("a b c", (), 0, Cut("", "length", None)),
        ("a b c", ("c", "b"), None, Cut("a ", "stop_sequence", "b")),
        ("a b c", ("c",), 1, Cut("a", "length", None)),
        ("a b c", ("", "x"), None, Cut("a b c", "stop", None)),
        ("a b c", (" b",), 1, Cut("a", "stop_sequence", " b")),
    ],
)
def test_cuts(text: str, stop: tuple[str, ...], limit: int | None, made: Cut) -> None:
    """The first stop string, or the limit, whichever comes first."""
    assert cut(text, stop, limit) == made


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("nothing", Markers()),
        ("a [sim:reset] b", Markers(fault="reset")),
        ("[sim:drip=0.5][sim:reset]", Markers(fault="drip=0.5")),
        ("[sim:long=12] [sim:long=13]", Markers(long=12)),
        ("[sim:long=x]", Markers(fault="long=x")),
        ("[sim:say=a [b] {'c': ']'}] and]", Markers(say="a [b] {'c': ']'}] and")),
        ("[sim:gzip][sim:say=[sim:reset]\n]", Markers(fault="gzip", say="[sim:reset]\n")),
        ("[sim:say=]", Markers(say="")),
        ("[sim:", Markers()),
    ],
)
def test_markers(text: str, found: Markers) -> None:
    """C{say} runs to the last bracket, and only what stands before it counts beside it."""
    assert markers(text) == found


@given(TEXT)
def test_the_model_says_any_text_it_is_told_to(text: str) -> None:
    """What stands in the marker comes back unchanged over the stream."""
    reply = Argo(chunk_size=5, cut_characters=True).chat(text=f"[sim:say={text}]", path=STREAMCHAT)
    assert reply.text == text


@given(TEXT)
def test_the_model_quotes_any_text(text: str) -> None:
    """The whole last user message is in the reply."""
    if "[sim:" not in text and text:
        assert f'You wrote: "{text}".' in Argo().complete(text=text).json["choices"][0]["message"]["content"]


SCHEMAS: list[tuple[Any, Any]] = [
    ({}, "value"),
    (True, "value"),
    ({"type": "string"}, "value"),
    ({"type": "string", "minLength": 8}, "valuexxx"),
    ({"type": "string", "maxLength": 3}, "val"),
    ({"type": "string", "format": "date"}, "2026-01-31"),
    ({"type": "STRING"}, "value"),
    ({"type": "integer"}, 1),
    ({"type": "integer", "minimum": 5}, 5),
    ({"type": "integer", "maximum": -5}, -5),
    ({"type": "integer", "exclusiveMinimum": 5}, 6),
    ({"type": "integer", "exclusiveMaximum": -5}, -6),
    ({"type": "integer", "minimum": 5, "multipleOf": 4}, 8),
    ({"type": "integer", "maximum": -5, "multipleOf": 4}, -8),
    ({"type": "number"}, 1.5),
    ({"type": "number", "exclusiveMinimum": 2, "exclusiveMaximum": 3}, 2.5),
    ({"type": "number", "minimum": 2, "maximum": 2}, 2.0),
    ({"type": "number", "multipleOf": 5}, 5),
    ({"minimum": 0}, 1.5),
    ({"type": "boolean"}, True),
    ({"type": "null"}, None),
    ({"type": ["integer", "null"]}, 1),
    ({"enum": ["b", "a"]}, "b"),
    ({"const": 7}, 7),
    ({"default": "d", "type": "string"}, "d"),
    ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, 1),
    ({"oneOf": [{"const": 3}]}, 3),
    ({"allOf": [{"type": "object", "properties": {"a": {"const": 1}}}, {"required": ["a"]}]}, {"a": 1}),
    ({"$defs": {"A": {"const": 4}}, "allOf": [{"$ref": "#/$defs/A"}]}, 4),
    ({"$defs": {"A/b": {"const": 4}}, "$ref": "#/$defs/A~1b"}, 4),
    ({"$ref": "#/$defs/none"}, "value"),
    ({"type": "array"}, ["value"]),
    ({"items": {"type": "integer"}, "minItems": 2}, [1, 1]),
    ({"type": "array", "maxItems": 0}, []),
    ({"type": "array", "minItems": 3, "uniqueItems": True}, ["value", "value1", "value2"]),
    ({"type": "array", "prefixItems": [{"const": 1}, {"const": 2}]}, [1, 2]),
    ({"properties": {"a": {}, "b": {"type": "object", "properties": {"c": {}}}}}, {"a": "a", "b": {"c": "c"}}),
    ({"type": "object", "required": ["x"]}, {"x": "x"}),
]


@pytest.mark.parametrize(("schema", "value"), SCHEMAS)
def test_samples_fit(schema: Any, value: Any) -> None:
    """One value for each kind of schema."""
    assert sample(schema) == value


@pytest.mark.parametrize("keyword", ["anyOf", "oneOf"])
def test_schemas_that_hold_themselves_come_to_an_end(keyword: str) -> None:
    """Recursion by properties, arrays and alternatives."""
    node = {keyword: [{"$ref": "#"}, {"type": "null"}]}
    tree = {"type": "object", "properties": {"next": node, "all": {"type": "array", "items": {"$ref": "#"}}}}
    tree["required"] = ["next", "all"]
    assert json.dumps(sample(tree))


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {}}, "required": None},
        {"type": "object", "properties": 5},
        {"type": "array", "minItems": "x"},
        {"enum": 5},
        {"allOf": [None]},
        {"type": "integer", "multipleOf": 0},
        {"anyOf": {}, "$ref": 7},
    ],
)
def test_what_is_no_schema_allows_anything(schema: Any) -> None:
    assert sample(schema) == "value"
    assert sample_object({"type": "object", "properties": {"x": schema}}) in ({}, {"x": "x"})


def test_a_schema_that_wants_much_gets_less() -> None:
    assert len(sample({"type": "array", "minItems": 10**12, "items": {"type": "boolean"}})) == 10_000
    assert len(sample({"type": "string", "minLength": 10**30})) == 10_000


def test_arguments_are_always_an_object() -> None:
    """Also of a schema that says nothing, or something else."""
    assert sample_object({}) == {}
    assert sample_object({"type": "string"}) == {}
    assert sample_object({"properties": {"a": {"type": "integer"}}}) == {"a": 1}


def test_vectors_are_the_same_everywhere() -> None:
    """Known numbers, of length one; texts and ids never meet."""
    vector = text_vector("a", 1536)
    assert vector[:2] == pytest.approx([-0.013266697107283832, 0.010864258702147623], abs=0)
    assert math.fsum(number * number for number in vector) == pytest.approx(1)
    assert token_vector([1], 8) != text_vector("1", 8)


def test_prompted_tools_in_any_form() -> None:
    """Every object with a name and a schema, if calls are asked for at all."""
    tools = [
        {"name": "a", "input_schema": {"type": "object"}},
        {"type": "function", "function": {"name": "b", "parameters": {}}},
        {"name": "none"},
        "{",
    ]
    prompt = "Use <tool_call>{...}</tool_call>:\n" + "\n".join(json.dumps(tool) for tool in tools)
    assert prompted_tools(prompt) == (Tool("a", {"type": "object"}), Tool("b", {}))
    assert prompted_tools(json.dumps(tools)) == ()


POINT = {"type": "object", "properties": {"x": {"type": "integer"}}}
FORMS: list[tuple[str, dict[str, Any] | None]] = [
    (f"Reply in JSON that is valid against this schema:\n{json.dumps(POINT)}", POINT),
    (f"The output should be a JSON instance of the schema below.\n```json\n{json.dumps(POINT, indent=2)}\n```", POINT),
    (f'Return JSON. For {{"type": "string"}} that is a text. Yours: {json.dumps(POINT)}. As {{"x": 1}}, say.', POINT),
    ('Answer with a json value: {"enum": ["a"]}', {"enum": ["a"]}),
    ('respond in JSON: {"$ref": "#/$defs/A", "$defs": {"A": {}}}', {"$ref": "#/$defs/A", "$defs": {"A": {}}}),
    ('Reply in JSON: {"type": ["string", "null"]}', {"type": ["string", "null"]}),
    ("Reply with one JSON object.", {}),
    ('Reply with JSON such as {"type": "circle", "items": [1], "enum": "no"}, {"type": []} or {"type": [[]]}.', {}),
    ("Reply with JSON. " + '{"a":' * 100_000, {}),
    (f"Here is JSON. Reply what it means.\n{json.dumps(POINT)}", None),
    (f"Reply in words.\nThis is JSON: {json.dumps(POINT)}", None),
    ("What do you output?", None),
    ("Return the JSONB column.", None),
    ("", None),
]


@pytest.mark.parametrize(("prompt", "form"), FORMS)
def test_a_form_is_asked_for_in_words(prompt: str, form: dict[str, Any] | None) -> None:
    """A sentence bids to reply in JSON, and the last object that looks like a schema says which."""
    assert prompted_form(prompt) == form


def test_long_answers_are_made_lazily() -> None:
    """The pieces have the length asked for, and nothing holds them all."""
    pieces = Answer(length=200_000_000).pieces()
    assert next(pieces).startswith(LONG_UNIT)
    assert sum(len(piece) for piece in Answer(length=1_000_003).pieces()) == 1_000_003


@pytest.mark.parametrize(
    ("length", "limit", "kept", "reason"),
    [(20, None, 20, "stop"), (1_000_001, None, 1_000_001, "stop"), (1_000_001, 2, 15, "length"), (20, 2, 15, "length")],
)
def test_long_replies(length: int, limit: int | None, kept: int, reason: str) -> None:
    """So many characters, cut at the limit like any other."""
    [choice] = Argo().complete(text=f"[sim:long={length}]", max_tokens=limit).json["choices"]
    assert (len(choice["message"]["content"]), choice["finish_reason"]) == (kept, reason)


@given(st.lists(TEXT), st.integers(1, 9))
def test_chunks_end_at_characters(texts: list[str], size: int) -> None:
    """Of at most so many bytes, or one character; together they are the text."""
    chunks = list(byte_chunks(texts, size))
    assert "".join(chunk.decode() for chunk in chunks) == "".join(texts)
    assert all(len(chunk) <= size or len(chunk.decode()) == 1 for chunk in chunks)


@given(st.lists(TEXT), st.integers(1, 9))
def test_deltas_are_the_text(texts: list[str], size: int) -> None:
    """Of at most so many characters; together they are the text."""
    pieces = list(deltas(texts, size))
    assert "".join(pieces) == "".join(texts)
    assert all(0 < len(piece) <= size for piece in pieces)


@given(st.lists(TEXT))
def test_cuts_inside_of_characters(texts: list[str]) -> None:
    """Together they are the same bytes; however they are cut."""
    data = [text.encode() for text in texts]
    pieces = list(cut_inside(data))
    assert b"".join(pieces) == b"".join(data)


def test_every_character_that_can_be_cut_is_cut() -> None:
    """A piece ends inside of its last multi-byte character."""
    assert list(cut_inside(["aé".encode(), b"b", "€c".encode()])) == [b"a\xc3", b"\xa9b", b"\xe2\x82", b"\xacc"]


def test_keywords_are_not_names() -> None:
    """Names of properties and values don't count, wherever they stand."""
    schema = {
        "properties": {"$ref": {"anyOf": [{"const": {"not": 1}}, True]}},
        "items": {"enum": ["oneOf"]},
        "anyOf": {},
    }
    assert sorted(set(keywords(schema))) == ["anyOf", "const", "enum", "items", "properties"]


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("someone", True), ("a.b-c_9", True), ("", False), ("9a", False), ("Someone", False), ("a" * 33, False)],
)
def test_users_names(name: str, is_one: bool) -> None:
    """What could be a name at the laboratory, and what can't."""
    assert is_user(name) is is_one


def test_a_refusal_says_what_it_is() -> None:
    """As text: its status and its message."""
    assert str(Refusal(400, "no")) == "400 no"
