"""Tools are put as models take them: descriptions, schemas, and tools that take a text."""

from __future__ import annotations

import json
from typing import Any

import attrs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from zope.interface import implementer
from zope.interface.verify import verifyObject

from argoproxy.catalogue import Catalogue
from argoproxy.conversation import (
    Abilities,
    ChatRequest,
    Event,
    Finished,
    Message,
    Text,
    TextDelta,
    Tool,
    ToolCall,
    ToolCallArguments,
    ToolCallBegun,
)
from argoproxy.interfaces import IDecoder
from argoproxy.simulator.strict.keywords import check_schema
from argoproxy.upstreams.mending import DESCRIPTIONS, SCHEMAS, mended, unwrapped, unwrapping, wrapped
from argoproxy.upstreams.mending.schemas import plain

GEMINI = Catalogue().resolve("gemini25pro").abilities
CLAUDE = Catalogue().resolve("claudesonnet45").abilities


@pytest.mark.parametrize(
    ("longest", "description", "sent"),
    [
        (5, "12345", "12345"),
        (5, "123456", "1234…"),
        (5, "ääääää", "ääää…"),
        (None, "x" * 5000, "x" * 5000),
        (5, None, None),
    ],
)
def test_descriptions_are_cut(longest: int | None, description: str | None, sent: str | None) -> None:
    other = Tool("g", "ok")
    request = ChatRequest(model="x", prompts=((),), tools=(Tool("f", description), other))
    taken, adjusted = mended(request, Abilities(tool_description_length=longest), DESCRIPTIONS)
    assert [tool.description for tool in taken.tools] == [sent, "ok"]
    assert taken.tools[1] is other
    assert adjusted == (() if sent == description else ("tools",))


def _plain(schema: Any, abilities: Abilities) -> Any:
    return json.loads(bytes(plain(msgspec.Raw(json.dumps(schema).encode()), abilities)))


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


_TEXT = {"type": "string"}
_TREE = {"type": "object", "properties": {"left": {"$ref": "#/$defs/Tree"}, "value": _TEXT}}

_SCHEMAS: list[tuple[str, Abilities, Any, Any]] = [
    ("a reference", CLAUDE, {**_object(a={"$ref": "#/$defs/A"}), "$defs": {"A": _TEXT}}, _object(a=_TEXT)),
    ("an older one", CLAUDE, {**_object(a={"$ref": "#/definitions/A"}), "definitions": {"A": _TEXT}}, _object(a=_TEXT)),
    (
        "a reference with more beside it",
        CLAUDE,
        {**_object(a={"$ref": "#/$defs/A", "description": "An a"}), "$defs": {"A": {**_TEXT, "description": "x"}}},
        _object(a={**_TEXT, "description": "An a"}),
    ),
    (
        "a reference in a reference",
        CLAUDE,
        {
            **_object(a={"type": "array", "items": {"$ref": "#/$defs/A"}}),
            "$defs": {"A": _object(b={"$ref": "#/$defs/B"}), "B": _TEXT},
        },
        _object(a={"type": "array", "items": _object(b=_TEXT)}),
    ),
    (
        "a reference to itself",
        CLAUDE,
        {**_object(tree={"$ref": "#/$defs/Tree"}), "$defs": {"Tree": _TREE}},
        _object(tree=_object(left={}, value=_TEXT)),
    ),
    ("a reference to the whole", CLAUDE, _object(a={"$ref": "#"}), _object(a=_object(a={}))),
    (
        "references to each other",
        CLAUDE,
        {
            **_object(a={"$ref": "#/$defs/A"}),
            "$defs": {"A": _object(b={"$ref": "#/$defs/B"}), "B": _object(a={"$ref": "#/$defs/A"})},
        },
        _object(a=_object(b=_object(a={}))),
    ),
    (
        "the whole as a reference",
        CLAUDE,
        {"$ref": "#/$defs/A", "$defs": {"A": _object(a=_TEXT)}},
        _object(a=_TEXT),
    ),
    (
        "odd names",
        CLAUDE,
        {**_object(a={"$ref": "#/$defs/a~1b~0%20c"}), "$defs": {"a/b~ c": _TEXT}},
        _object(a=_TEXT),
    ),
    (
        "a way through a list",
        CLAUDE,
        {**_object(a={"anyOf": [_TEXT]}, b={"$ref": "#/properties/a/anyOf/0"}, c={"$ref": "#/properties/a/anyOf/7"})},
        _object(a={"anyOf": [_TEXT]}, b=_TEXT, c={}),
    ),
    ("a reference to nothing", CLAUDE, _object(a={"$ref": "#/$defs/No"}, b={"$ref": "#/type/x"}), _object(a={}, b={})),
    ("a reference to elsewhere", CLAUDE, _object(a={"$ref": "https://x/y", **_TEXT}), _object(a=_TEXT)),
    ("a property of that name", CLAUDE, _object(**{"$ref": _TEXT, "$defs": _TEXT}), None),
    ("a plain schema", CLAUDE, _object(a=_TEXT), None),
    ("no type", CLAUDE, {"properties": {"a": _TEXT}}, _object(a=_TEXT)),
    ("nothing", CLAUDE, {}, {"type": "object"}),
    (
        "alternatives on top",
        CLAUDE,
        {"anyOf": [{**_object(a=_TEXT), "required": ["a"]}, _object(b=_TEXT), True], "properties": {"c": _TEXT}},
        _object(a=_TEXT, b=_TEXT, c=_TEXT),
    ),
    (
        "all of them on top",
        CLAUDE,
        {
            "allOf": [{**_object(a=_TEXT), "required": ["a"]}, {**_object(b=_TEXT), "title": "B"}],
            "required": ["c"],
            "properties": {"c": _TEXT},
        },
        {**_object(a=_TEXT, b=_TEXT, c=_TEXT), "title": "B", "required": ["c", "a"]},
    ),
    (
        "alternatives in all of them",
        CLAUDE,
        {"allOf": [{"oneOf": [_object(a=_TEXT)]}], "required": 3},
        {"properties": {"a": _TEXT}, "type": "object", "required": 3},
    ),
    ("alternatives below", CLAUDE, _object(a={"oneOf": [_TEXT]}), None),
    (
        "what gemini doesn't know",
        GEMINI,
        {
            **_object(a={**_TEXT, "examples": ["x"]}, b={"type": "array", "items": _TEXT, "uniqueItems": True}),
            "additionalProperties": False,
            "$schema": "https://json-schema.org/draft/2020-12/schema",
        },
        _object(a=_TEXT, b={"type": "array", "items": _TEXT}),
    ),
    ("one value", GEMINI, _object(a={"const": "x"}), _object(a={"enum": ["x"]})),
    ("one of some", GEMINI, _object(a={"oneOf": [_TEXT, {"const": 1}]}), _object(a={"anyOf": [_TEXT, {"enum": [1]}]})),
    (
        "all of some",
        GEMINI,
        _object(a={"allOf": [_object(b=_TEXT), {"$ref": "#/properties/c"}], "description": "x"}, c=_object(d=_TEXT)),
        _object(a={**_object(b=_TEXT, d=_TEXT), "description": "x"}, c=_object(d=_TEXT)),
    ),
    ("properties named as keywords", GEMINI, _object(**{"not": _TEXT, "const": _TEXT, "examples": _TEXT}), None),
    (
        "a property named properties",
        GEMINI,
        _object(properties={"type": "object", "properties": {"oneOf": {"const": 1}}}),
        _object(properties=_object(oneOf={"enum": [1]})),
    ),
    ("values are no schemas", GEMINI, _object(a={"enum": [{"const": 1}], "default": {"not": 2}}), None),
    ("a schema that is none", GEMINI, True, None),
    ("a part that is none", GEMINI, _object(a=True, b={"items": [True, _TEXT]}), None),
    ("a list that is none", GEMINI, _object(a={"allOf": 3, "oneOf": {"const": 1}}), _object(a={"anyOf": {"const": 1}})),
]


@pytest.mark.parametrize(("name", "abilities", "schema", "sent"), _SCHEMAS, ids=[case[0] for case in _SCHEMAS])
def test_a_schema_is_said_in_words_that_are_known(name: str, abilities: Abilities, schema: Any, sent: Any) -> None:
    raw = msgspec.Raw(json.dumps(schema).encode())
    after = plain(raw, abilities)
    if sent is None:
        assert after is raw
        return
    assert json.loads(bytes(after)) == sent
    check_schema("anthropic" if abilities is CLAUDE else "google", sent, 0, b"")
    assert plain(after, abilities) is after


def test_only_tools_with_such_a_schema_change() -> None:
    other, bare = Tool("g", None, msgspec.Raw(b'{ "type": "object" }')), Tool("h")
    closed = msgspec.Raw(b'{"type":"object","additionalProperties":false}')
    request = ChatRequest(model="x", prompts=((),), tools=(Tool("f", None, closed), other, bare))
    taken, adjusted = mended(request, GEMINI, SCHEMAS)
    assert bytes(taken.tools[0].parameters or b"") == b'{"type":"object"}'
    assert taken.tools[1] is other
    assert taken.tools[2] is bare
    assert adjusted == ("schema",)
    assert mended(request, Abilities(), SCHEMAS)[0] is request


def test_references_that_grow_without_end_cost_little() -> None:
    """Each definition holds the next one twice: written out, it would be larger than anything."""
    defs = {f"D{n}": _object(a={"$ref": f"#/$defs/D{n + 1}"}, b={"$ref": f"#/$defs/D{n + 1}"}) for n in range(60)}
    sent = _plain({**_object(a={"$ref": "#/$defs/D0"}), "$defs": defs}, CLAUDE)
    assert len(json.dumps(sent)) < 1_000_000
    check_schema("anthropic", sent, 0, b"")


def test_a_schema_without_bottom_is_argos_to_judge() -> None:
    raw = msgspec.Raw(b'{"not":' * 600 + b"{}" + b"}" * 600)
    assert plain(raw, GEMINI) is raw


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "properties",
                    "items",
                    "$ref",
                    "$defs",
                    "anyOf",
                    "oneOf",
                    "allOf",
                    "const",
                    "not",
                    "required",
                    "a",
                ]
            ),
            inner | st.sampled_from(["#", "#/$defs/a", "#/properties", "#/anyOf/0", "object"]),
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["type", "properties", "$ref", "$defs", "anyOf", "allOf", "a"]), _json))
def test_no_schema_whatever_breaks_it(schema: dict[str, Any]) -> None:
    for abilities in (GEMINI, CLAUDE):
        _plain(schema, abilities)


TEXTUAL = Tool("patch", "Patches", freeform=True, strict=True)
PLAIN = Tool("f", None, msgspec.Raw(b"{}"))


def test_a_tool_that_takes_a_text_goes_out_as_a_function() -> None:
    said = Message("assistant", (Text("Well"), ToolCall("a", "patch", 'a "b"'), ToolCall("b", "f", "{}")))
    user = Message("user", (Text("Hi"),))
    request = ChatRequest(model="x", prompts=((user, said),), tools=(TEXTUAL, PLAIN))
    sent = wrapped(request)
    assert [tool.freeform for tool in sent.tools] == [False, False]
    assert sent.tools[0].strict is None
    assert json.loads(bytes(sent.tools[0].parameters or b""))["required"] == ["input"]
    assert sent.tools[1] is PLAIN
    assert sent.messages[0] is user
    assert [part.arguments for part in sent.messages[1].parts if isinstance(part, ToolCall)] == [
        '{"input":"a \\"b\\""}',
        "{}",
    ]


def test_without_such_tools_nothing_changes() -> None:
    request = ChatRequest(model="x", prompts=((),), tools=(PLAIN,))
    assert wrapped(request) is request


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ('{"input":"a\\nb"}', "a\nb"),
        ('{"input":"a","odd":1}', "a"),
        ("*** Begin", "*** Begin"),
        ('{"input":5}', '{"input":5}'),
        ("{}", "{}"),
        ("[" * 100_000, "[" * 100_000),
    ],
)
def test_what_isnt_wrapped_is_the_text_itself(arguments: str, text: str) -> None:
    assert unwrapped(arguments) == text


@implementer(IDecoder)
@attrs.define
class Script:
    """Says its events one by one."""

    events: list[Event]

    def feed(self, data: bytes) -> list[Event]:
        return [self.events.pop(0)] if self.events else []

    def close(self) -> list[Event]:
        return []


def test_calls_come_back_as_texts_once_they_are_whole() -> None:
    events: list[Event] = [
        TextDelta("Hm"),
        ToolCallBegun("a", "patch", 0),
        ToolCallArguments('{"inp', 0),
        ToolCallArguments('ut":"x"}', 0),
        ToolCallBegun("b", "f", 1),
        ToolCallArguments("{", 1),
        ToolCallArguments("}", 1),
        ToolCallBegun("c", "patch", 2),
        ToolCallArguments('{"input":"y"}', 2),
        Finished("tool_calls"),
    ]
    decoder = unwrapping(Script(list(events)), (TEXTUAL, PLAIN))
    verifyObject(IDecoder, decoder)
    found = [event for _ in events for event in decoder.feed(b"")] + decoder.close()
    assert found == [
        TextDelta("Hm"),
        ToolCallBegun("a", "patch", 0),
        ToolCallArguments("x", 0),
        ToolCallBegun("b", "f", 1),
        ToolCallArguments("{", 1),
        ToolCallArguments("}", 1),
        ToolCallBegun("c", "patch", 2),
        ToolCallArguments("y", 2),
        Finished("tool_calls"),
    ]


def test_a_decoder_without_such_tools_is_itself() -> None:
    script = Script([])
    assert unwrapping(script, (PLAIN,)) is script


def test_a_schema_that_is_plain_to_one_model_is_put_right_for_another() -> None:
    raw = msgspec.Raw(b'{"type":"object","properties":{"x":{"const":1}}}')
    anything, picky = Abilities(), Abilities(schema_refused=frozenset({"const"}))
    for _ in range(2):
        assert plain(raw, anything) is raw
        assert json.loads(bytes(plain(raw, picky)))["properties"]["x"] == {"enum": [1]}


def test_a_schema_that_was_found_plain_still_is() -> None:
    raw = b'{"type":"object","properties":{"x":{"type":"string"}}}'
    for one in (msgspec.Raw(raw), msgspec.Raw(raw)):
        assert plain(one, GEMINI) is one
