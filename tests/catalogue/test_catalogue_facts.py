"""
What is known of ARGO: with each row of the table a request goes through the whole proxy to a strict ARGO and is
answered; without it, it is refused, or doesn't come as the client meant it.

A row is taken away as an operator would do it, by the key C{abilities} of the configuration.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import attrs
import msgspec
import pytest

from argoproxy.catalogue.table import Row, table
from argoproxy.conversation import Abilities
from tests.web import CHAT, Got, Web

_MESSAGES = "/v1/messages"
_OLD = ("claudeopus45", "claudesonnet45", "claudehaiku45", "claudeopus41")
_MIDDLE = ("claudeopus46", "claudesonnet46")
_CLAUDES = ("claudeopus47", *_MIDDLE, *_OLD)
_GEMINIS = ("gemini25pro", "gemini25flash", "gemini35flash", "gemini31flashlite")
_FIXED = ("gpt5", "gpt5mini", "gpt55")
_RETIRED = ("gpto1mini", "gpto1preview", "o1mini", "o1preview")
_NEUTRAL = {field.name: field.default for field in msgspec.structs.fields(Abilities)}

_ASSISTANT = {"role": "assistant", "content": "Well"}
_USER = {"role": "user", "content": "Hi"}
_SYSTEM = {"role": "system", "content": "Be brief"}


@attrs.frozen
class Case:
    """
    A request that one ability of a model is about.

    @ivar without: the ability's value in place of the table's; its neutral one if it is none.
    @ivar wire: C{upstream} of the configuration.
    @ivar routes: that too.
    @ivar sent: what ARGO gets in its body with the row, and doesn't without; where it is empty, ARGO refuses without.
    """

    model: str
    ability: str
    fields: dict[str, Any]
    without: Any = None
    wire: str = "native"
    routes: dict[str, str] = attrs.field(factory=dict)
    path: str = CHAT
    sent: dict[str, Any] = attrs.field(factory=dict)

    @property
    def label(self) -> str:
        """Its name among the tests."""
        routed = "".join(self.routes.values())
        return f"{self.model} {self.ability} {self.wire}{routed} {json.dumps(self.fields)}"[:120]

    def web(self, overrides: dict[str, Any]) -> Web:
        """A proxy that knows of the models what the table says, and over that these."""
        web = Web(upstream=self.wire, routes=self.routes, abilities={self.model: overrides} if overrides else {})
        rows = web.simulator.roster.rows
        if self.model not in [row["internal_id"] for row in rows]:
            web.simulator.set_models([*rows, {"id": f"{self.model} (old)", "internal_id": self.model}])
            assert web.post("/refresh", b"").status == 200
        return web

    def ask(self, web: Web) -> Got:
        """What the client gets."""
        return web.post(self.path, {"model": self.model, "messages": [_USER], **self.fields})

    def is_sent(self, web: Web) -> bool:
        """Whether ARGO got what it should."""
        body = web.asked()
        return {name: body.get(name) for name in self.sent} == self.sent

    def taken_away(self) -> dict[str, Any]:
        """The ability as if the row weren't there."""
        return {self.ability: _NEUTRAL[self.ability] if self.without is None else self.without}


def _tools(**function: Any) -> dict[str, Any]:
    told = {"name": "f", "parameters": {"type": "object", "properties": {}}, **function}
    return {"tools": [{"type": "function", "function": told}]}


def _each(
    models: tuple[str, ...], ability: str, fields: dict[str, Any], without: Any = None, **more: Any
) -> Iterator[Case]:
    return (Case(model, ability, fields, without, **more) for model in models)


def _keyworded(models: tuple[str, ...], ability: str, keyword: str, schema: dict[str, Any]) -> Iterator[Case]:
    """Cases of a keyword in schemas: on either wire, the model takes all others."""
    for model in models:
        others = next(row.said[ability] for row in table().abilities if _of(row.match, model) and ability in row.said)
        for wire in ("native", "gateway"):
            yield Case(model, ability, _tools(parameters=schema), others - {keyword}, wire)


def _of(patterns: tuple[str, ...], model: str) -> bool:
    return any(fnmatchcase(model, pattern) for pattern in patterns)


_ANY: dict[str, Any] = {"type": "string"}
_KEYWORDS: dict[str, Any] = {
    "$ref": "#",
    "$defs": {"A": _ANY},
    "definitions": {"A": _ANY},
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "https://example.org/a",
    "$anchor": "a",
    "$comment": "A note",
    "additionalProperties": False,
    "patternProperties": {"^a": _ANY},
    "propertyNames": _ANY,
    "unevaluatedProperties": False,
    "unevaluatedItems": False,
    "oneOf": [_ANY],
    "allOf": [_ANY],
    "not": _ANY,
    "if": _ANY,
    "then": _ANY,
    "else": _ANY,
    "const": "a",
    "contains": _ANY,
    "prefixItems": [_ANY],
    "uniqueItems": True,
    "multipleOf": 2,
    "exclusiveMinimum": 1,
    "exclusiveMaximum": 9,
    "dependentRequired": {"a": ["b"]},
    "dependentSchemas": {"a": _ANY},
    "examples": ["a"],
    "strict": True,
}


def _schema(**inner: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": inner}}


_CALLS = {
    "role": "assistant",
    "content": "",
    "tool_calls": [
        {"id": name, "type": "function", "function": {"name": "f", "arguments": "{}"}} for name in ("a", "b")
    ],
}
_RESULTS = [{"role": "tool", "tool_call_id": name, "content": "1"} for name in ("a", "b")]
_SERIAL = {"messages": [_USER, _CALLS, *_RESULTS]}
_BEGUN = {"messages": [_ASSISTANT, _USER]}
_ALONE = {"messages": [_SYSTEM]}
_BY_OPENAI = {"routes": {"*claude*": "openai"}}
_ALL_MODES = ["disabled", "enabled", "adaptive"]
_ALL_EFFORTS = ["none", "minimal", "low", "medium", "high", "xhigh", "max"]
_LIMIT = {"max_tokens": 64}
_EMPTIED = {"messages": [_USER, {"role": "user", "content": ""}], **_LIMIT}
_LATE = {"messages": [_USER, _ASSISTANT, _SYSTEM, _USER], **_LIMIT}


def _thinking(**thinking: Any) -> dict[str, Any]:
    return {"max_tokens": 4096, "thinking": thinking}


def _effort(effort: str) -> dict[str, Any]:
    return {"max_tokens": 4096, "output_config": {"effort": effort}}


CASES = [
    *_each(_FIXED, "temperature", {"temperature": 0.5}),
    *_each(_FIXED, "top_p", {"top_p": 0.5}),
    *_each(("gpt4o", *_GEMINIS), "tool_description_length", _tools(description="x" * 1025)),
    *_each(("gemini25pro",), "token_limit_name", {"max_tokens": 50, "max_completion_tokens": 60}),
    *_each(
        _GEMINIS, "system_parts", {"messages": [{"role": "system", "content": [{"type": "text", "text": "Be"}]}, _USER]}
    ),
    *_each(_GEMINIS, "user_first", _ALONE),
    *_each(_GEMINIS, "user_first", _ALONE, wire="gateway"),
    *_each(_GEMINIS, "parallel_calls", _SERIAL),
    *_each(_GEMINIS, "parallel_calls", _SERIAL, wire="gateway"),
    *(
        case
        for keyword, value in _KEYWORDS.items()
        for case in _keyworded(("gemini25pro",), "schema_refused", keyword, _schema(**{keyword: value}))
    ),
    *_each(_CLAUDES[1:], "hottest", {"temperature": 1.5, **_LIMIT}),
    *_each(_CLAUDES[1:], "hottest", {"temperature": 1.5, **_LIMIT}, **_BY_OPENAI),
    *_each((*_MIDDLE, *_OLD[:3]), "temperature_with_top_p", {"temperature": 0.5, "top_p": 0.5, **_LIMIT}),
    *_each((*_MIDDLE, *_OLD[:3]), "temperature_with_top_p", {"temperature": 0.5, "top_p": 0.5, **_LIMIT}, **_BY_OPENAI),
    *_each(("claudeopus47",), "temperature", {"temperature": 0.5, **_LIMIT}),
    *_each(("claudeopus47",), "top_p", {"top_p": 0.5, **_LIMIT}),
    *_each(_CLAUDES, "token_limit_default", {}),
    *_each(_CLAUDES, "gateway_token_cap", {**_tools(), "max_tokens": 21_001}, wire="gateway"),
    *_each(_CLAUDES, "gateway_token_cap", {"max_tokens": 21_001}, wire="gateway"),
    *_each(_CLAUDES, "streaming_above", {"max_tokens": 21_334}),
    *_each(("claudeopus41", "claudeopus40", "claudeopus4"), "streaming_above", {"max_tokens": 8193}, 21_333),
    *_each(_CLAUDES, "user_first", {**_BEGUN, **_LIMIT}),
    *_each(_CLAUDES, "user_first", {**_ALONE, **_LIMIT}),
    *_each(_CLAUDES, "user_first", {**_BEGUN, **_LIMIT}, wire="gateway"),
    *_each(_CLAUDES, "empty_text", _EMPTIED, **_BY_OPENAI),
    *_each(_CLAUDES, "empty_text", _EMPTIED, wire="gateway"),
    *_each(
        _CLAUDES,
        "empty_text",
        {
            "messages": [{"role": "user", "content": [{"type": "text", "text": ""}, {"type": "text", "text": "Hi"}]}],
            **_LIMIT,
        },
        path=_MESSAGES,
    ),
    *_each(_CLAUDES, "late_system", _LATE, **_BY_OPENAI),
    *_each(_CLAUDES, "late_system", _LATE, wire="gateway"),
    *_each(_CLAUDES, "schema_object", {**_tools(parameters={"properties": {}}), **_LIMIT}),
    *_each(_CLAUDES, "schema_object", {**_tools(parameters={"properties": {}}), **_LIMIT}, wire="gateway"),
    *(
        case
        for keyword in ("oneOf", "allOf", "anyOf")
        for case in _keyworded(
            ("claudesonnet45",), "schema_refused_on_top", keyword, {"type": "object", keyword: [{"type": "object"}]}
        )
    ),
    *_keyworded(("claudesonnet45",), "schema_refused", "$ref", _schema(**{"$ref": "#"})),
    *_each(("claudeopus47",), "thinking", _thinking(type="enabled", budget_tokens=2000), _ALL_MODES, path=_MESSAGES),
    *_each(_OLD, "thinking", _thinking(type="adaptive"), _ALL_MODES, path=_MESSAGES),
    *_each(_OLD, "least_budget", _thinking(type="enabled", budget_tokens=5), 1, path=_MESSAGES),
    *_each(("claudeopus47",), "efforts", _effort("none"), _ALL_EFFORTS, path=_MESSAGES),
    *_each(("claudeopus47",), "efforts", _effort("minimal"), _ALL_EFFORTS, path=_MESSAGES),
    *_each((*_MIDDLE, *_OLD), "efforts", _effort("xhigh"), _ALL_EFFORTS, path=_MESSAGES),
]


_NAMED = {"max_tokens": 50}
_BOTH = {"temperature": 0.5, "top_p": 0.5}
_SPOKEN = [{"role": "user", "content": "Be brief"}, _USER]
_TOOL = _tools(description="d")
_GIVEN = {"name": "f", "description": "d"}
_NOTHING = {"type": "object", "properties": {}}

SENT = [
    *_each(("gpt4o", "gpto3", "o5"), "token_limit_name", _NAMED, sent={"max_completion_tokens": 50}),
    *_each(_CLAUDES, "token_limit_name", {"max_completion_tokens": 50}, **_BY_OPENAI, sent=_NAMED),
    *_each(("gemini25pro",), "token_limit_name", {"max_completion_tokens": 50}, sent=_NAMED),
    *_each(_RETIRED, "system_role", {"messages": [_SYSTEM, _USER]}, sent={"messages": _SPOKEN}),
    *_each(_RETIRED, "system_role", {"messages": [_SYSTEM, _USER]}, wire="gateway", sent={"messages": _SPOKEN}),
    *_each(("gpt4o", "o5"), "native_tools", _TOOL, False, wire="gateway", sent=_TOOL),
    *_each(
        ("claudesonnet45",),
        "native_tools",
        _TOOL,
        False,
        wire="gateway",
        sent={"tools": [{**_GIVEN, "input_schema": _NOTHING}]},
    ),
    *_each(
        ("gemini25pro",),
        "native_tools",
        _TOOL,
        False,
        wire="gateway",
        sent={"tools": [{**_GIVEN, "parameters": _NOTHING}]},
    ),
    *_each(("claudeopus41",), "temperature_with_top_p", {**_BOTH, **_LIMIT}, False, sent=_BOTH),
    *_each(
        ("claudeopus47", *_MIDDLE),
        "thinking",
        _thinking(type="adaptive"),
        ["disabled", "enabled"],
        path=_MESSAGES,
        sent={"thinking": {"type": "adaptive"}},
    ),
    *_each(
        _MIDDLE,
        "thinking",
        _thinking(type="enabled", budget_tokens=2000),
        ["disabled", "adaptive"],
        path=_MESSAGES,
        sent={"thinking": {"type": "enabled", "budget_tokens": 2000}},
    ),
    *_each(
        _OLD,
        "thinking",
        _thinking(type="enabled", budget_tokens=2000),
        path=_MESSAGES,
        without=[],
        sent={"thinking": {"type": "enabled", "budget_tokens": 2000}},
    ),
    *_each(
        _CLAUDES,
        "thinking",
        _thinking(type="disabled"),
        ["enabled", "adaptive"],
        path=_MESSAGES,
        sent={"thinking": {"type": "disabled"}},
    ),
    *_each(
        _OLD,
        "budget_share",
        _thinking(type="enabled", budget_tokens=5000),
        0.5,
        path=_MESSAGES,
        sent={"thinking": {"type": "enabled", "budget_tokens": 3276}},
    ),
    *(
        Case(name, "efforts", _effort(effort), [], path=_MESSAGES, sent={"output_config": {"effort": effort}})
        for names, efforts in (
            ((*_MIDDLE, *_OLD), ("none", "minimal", "low", "medium", "high")),
            (("claudeopus47",), ("low", "medium", "high", "xhigh", "max")),
        )
        for name in names
        for effort in efforts
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_what_argo_would_refuse_goes_through(case: Case) -> None:
    got = case.ask(case.web({}))
    assert got.status == 200, got.body


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_without_its_row_it_is_refused(case: Case) -> None:
    got = case.ask(case.web(case.taken_away()))
    assert got.status in (400, 502), got.body


@pytest.mark.parametrize("case", SENT, ids=lambda case: case.label)
def test_what_argo_takes_comes_as_it_is_meant(case: Case) -> None:
    web = case.web({})
    assert case.ask(web).status == 200
    assert case.is_sent(web), web.asked()


@pytest.mark.parametrize("case", SENT, ids=lambda case: case.label)
def test_without_its_row_it_comes_otherwise(case: Case) -> None:
    web = case.web(case.taken_away())
    case.ask(web)
    assert not case.is_sent(web)


def test_every_row_that_is_known_of_argo_has_a_case() -> None:
    said = [
        (ability, pattern)
        for row in table().abilities
        if _is_of_argo(row)
        for ability in row.said
        for pattern in row.match
    ]
    without = [
        (ability, pattern)
        for ability, pattern in said
        if not any(case.ability == ability and fnmatchcase(case.model, pattern) for case in (*CASES, *SENT))
    ]
    assert len(said) > 40
    assert without == []


def _is_of_argo(row: Row) -> bool:
    return "docs/argo-wire" in row.source or bool(row.recorded)
