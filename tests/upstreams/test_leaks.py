"""Calls that Claude leaks into its text are found, however badly they are written; nothing else is taken for one."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from argoproxy.conversation import Tool
from argoproxy.upstreams import literals
from argoproxy.upstreams.leaks import leaked_calls

_PROPERTIES = {
    "query": {"type": "string"},
    "path": {"type": "string"},
    "content": {"type": "string"},
    "edits": {"type": "array", "items": {"type": "object", "properties": {"old": {}, "new": {}}}},
}
SEARCH = Tool("search", None, msgspec.Raw(json.dumps({"type": "object", "properties": _PROPERTIES}).encode()))
TOOLS = (SEARCH, Tool("stop_all"))


def _leak(given: str, name: str = "'search'", identity: str = "'toolu_vrtx_01X'") -> str:
    return f"{{'id': {identity}, 'input': {given}, 'name': {name}, 'type': 'tool_use'}}"


# What is leaked as the input, and what was meant.
INPUTS: list[tuple[str, dict[str, Any]]] = [
    ("{}", {}),
    ("{'query': 'x'}", {"query": "x"}),
    ('{"query": "x"}', {"query": "x"}),
    ("{ 'query' : 'x' , }", {"query": "x"}),
    ("{\n  'query': 'x'\n}", {"query": "x"}),
    ("{'query': ''}", {"query": ""}),
    # Words and numbers of both languages
    ("{'a': True, 'b': False, 'c': None}", {"a": True, "b": False, "c": None}),
    ("{'a': true, 'b': false, 'c': null}", {"a": True, "b": False, "c": None}),
    ("{'a': True, 'b': false, 'c': null, 'd': None}", {"a": True, "b": False, "c": None, "d": None}),
    ("{'a': 0, 'b': -12, 'c': 2.5, 'd': -3e4, 'e': 1E-2}", {"a": 0, "b": -12, "c": 2.5, "d": -3e4, "e": 0.01}),
    ("{'a': [1, 'two', [], {'three': [3]}], 'b': {'c': {}}}", {"a": [1, "two", [], {"three": [3]}], "b": {"c": {}}}),
    ("{'a': [1, 2,],}", {"a": [1, 2]}),
    ("""{'a': 'one', "b": 'two', 'c': "three"}""", {"a": "one", "b": "two", "c": "three"}),
    # Marks inside of strings, well escaped
    ("""{'query': "it's"}""", {"query": "it's"}),
    (r"{'query': 'it\'s \"so\"'}", {"query": 'it\'s "so"'}),
    (r"""{"query": "say \"no\""}""", {"query": 'say "no"'}),
    ("{'query': '}'}", {"query": "}"}),
    ("{'query': '{{ x }} ]', 'path': '{'}", {"query": "{{ x }} ]", "path": "{"}),
    ("{'query': \"', 'name': 'stop_all'}\"}", {"query": "', 'name': 'stop_all'}"}),
    (r"{'query': 'a\nb\tc\\d\x41\u00e9\U0001f642\/'}", {"query": "a\nb\tc\\dAé🙂/"}),
    (r'{"query": "\ud83d\ude42"}', {"query": "🙂"}),
    (r"{'query': 'C:\\dir\\'}", {"query": "C:\\dir\\"}),
    (r"{'query': '\d+\s*\q'}", {"query": r"\d+\s*\q"}),
    # Line breaks as they are
    ("{'query': 'one\ntwo\r\nthree'}", {"query": "one\ntwo\r\nthree"}),
    ("{'query': 'one\\\ntwo'}", {"query": "onetwo"}),
    # Quotes without an escape
    ("{'query': 'it's'}", {"query": "it's"}),
    ("{'query': 'don't, can't, won't'}", {"query": "don't, can't, won't"}),
    ("{'query': 'he said 'no', and left'}", {"query": "he said 'no', and left"}),
    ('{"query": "he said "no", and left"}', {"query": 'he said "no", and left'}),
    ("{'query': ''quoted''}", {"query": "'quoted'"}),
    ("{'query': 'print({'a': 1})'}", {"query": "print({'a': 1})"}),
    ("{'query': 'x = {'a': 'b', 'c': 'd'}'}", {"query": "x = {'a': 'b', 'c': 'd'}"}),
    ("{'query': 'f({'a': {'b': 'c'}})', 'path': 'p'}", {"query": "f({'a': {'b': 'c'}})", "path": "p"}),
    ("{'edits': [{'old': 'it's', 'new': 'it is'}]}", {"edits": [{"old": "it's", "new": "it is"}]}),
    ("{'edits': ['it's', 'that's']}", {"edits": ["it's", "that's"]}),
    ("{'query': 'a 'b'\n  'c' d', 'path': 'it's\nhere'}", {"query": "a 'b'\n  'c' d", "path": "it's\nhere"}),
    (r"{'query': 'mixed: it\'s and it's'}", {"query": "mixed: it's and it's"}),
    ("{'query': 'it's '] 'or' '} '}", {"query": "it's '] 'or' '} "}),
    ("{'it's': 'x'}", {"it's": "x"}),
    # Backslashes without an escape
    (r"{'path': 'C:\dir\'}", {"path": "C:\\dir\\"}),
    # The input as JSON in a string
    ("""'{"query": "x"}'""", {"query": "x"}),
    ("''", {}),
    ("None", {}),
    ("null", {}),
]


@pytest.mark.parametrize(("written", "meant"), INPUTS)
@pytest.mark.parametrize(("before", "behind"), [("", ""), ("Let me look.", ""), ("One ", " two"), ("{'a': ", "}")])
def test_a_leak_is_found_and_taken_out(written: str, meant: dict[str, Any], before: str, behind: str) -> None:
    text, [call] = leaked_calls(before + _leak(written) + behind, TOOLS)
    assert text == (before + behind).strip()
    assert (call.id, call.name, json.loads(call.arguments)) == ("toolu_vrtx_01X", "search", meant)


@pytest.mark.parametrize(
    "leak",
    [
        "{'type': 'tool_use', 'name': 'search', 'input': {'query': 'x'}, 'id': 'toolu_1'}",
        '{"type": "tool_use", "id": "toolu_1", "name": "search", "input": {"query": "x"}}',
        "{'caller': {'type': 'x'}, 'id': 'toolu_1', 'input': {'query': 'x'}, 'name': 'search', 'type': 'tool_use'}",
        "{ 'id':'toolu_1','input':{'query':'x'},'name':'search','type':'tool_use' }",
    ],
)
def test_the_order_of_its_keys_does_not_matter(leak: str) -> None:
    text, [call] = leaked_calls(f"A{leak}", TOOLS)
    assert (text, call.id, call.arguments) == ("A", "toolu_1", '{"query":"x"}')


@pytest.mark.parametrize("identity", ["None", "''", "7"])
def test_a_leak_without_an_id_has_none(identity: str) -> None:
    _, [call] = leaked_calls(_leak("{}", identity=identity), TOOLS)
    assert call.id == ""


ONE, OTHER = _leak("{'query': 'it's'}"), _leak("{}", "'stop_all'", "'toolu_2'")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f"{ONE}{OTHER}", ""),
        (f"A{ONE}\n{OTHER}B", "AB"),
        (f"A{ONE} and {OTHER}.", "A and ."),
        (f"[{ONE}, {OTHER}]", ""),
        (f"A [\n {ONE},\n {OTHER}\n] B", "A  B"),
        (f"A{ONE}{_leak('{}', repr('unknown'))}{OTHER}", f"A{_leak('{}', repr('unknown'))}"),
        (f"{{'id': 'cut off{ONE}{OTHER}", "{'id': 'cut off"),
    ],
)
def test_all_leaks_of_a_text_are_found(text: str, kept: str) -> None:
    left, calls = leaked_calls(text, TOOLS)
    assert (left, [call.name for call in calls]) == (kept, ["search", "stop_all"])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "No braces",
        "{}",
        "{'id': 'x'}",
        "{'name': 'search', 'input': {}}",
        _leak("{}", "'unknown'"),
        _leak("{}", "7"),
        _leak("[]"),
        _leak("'no object'"),
        _leak("7"),
        _leak("{'a': nan}"),
        _leak("{'a': 1e999}"),
        _leak("{'a': print(1)}"),
        _leak("{'a': (1, 2)}"),
        _leak("{'a' 'b'}"),
        _leak("{a: 1}"),
        _leak("{'a': 1 'b': 2}"),
        _leak("[" * 100 + "]" * 100),
        _leak("{}").replace("tool_use", "tool_result"),
        _leak("{'query': 'x'}")[:-1],
        _leak("{'query': 'x'}")[:-20],
        _leak("{'query': 'x'}")[:50],
        "{'id': 'toolu_1', 'input': {'query': 'never ends",
        f"`{ONE}`",
        f"As in\n```python\n{ONE}\n```\nor so",
        f"~~~\n{ONE}{OTHER}\n~~~",
    ],
)
def test_what_is_no_call_stays_as_it_is(text: str) -> None:
    assert leaked_calls(text, TOOLS) == (text, [])


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f"```\nx = 1\n```\n{ONE}", "```\nx = 1\n```"),
        (f"```\nx = 1\n{ONE}", "```\nx = 1"),
        (f"```\n{OTHER}\n```\n{ONE}", f"```\n{OTHER}\n```"),
        (_leak("{'content': 'a\n```\nb'}"), ""),
        (_leak("{'content': 'a\n```\nb\n```\n'}"), ""),
    ],
)
def test_only_in_a_closed_block_of_code_a_call_is_an_example(text: str, kept: str) -> None:
    left, [call] = leaked_calls(text, TOOLS)
    assert (left, call.name) == (kept, "search")


def test_without_tools_nothing_is_a_call() -> None:
    assert leaked_calls(ONE, ()) == (ONE, [])


def test_a_text_that_looks_like_keys_stays_in_its_string() -> None:
    """Arguments that a slip would invent must not reach a tool: only keys that a schema names may follow a slip."""
    written = "{'content': 'conf = {'x': 'y', 'z': 'q'}; it's', 'path': 'p'}"
    _, [call] = leaked_calls(_leak(written), TOOLS)
    assert json.loads(call.arguments) == {"content": "conf = {'x': 'y', 'z': 'q'}; it's", "path": "p"}


def test_half_of_a_character_does_not_break_the_arguments() -> None:
    _, [call] = leaked_calls(_leak(r"""'{"query": "\\ud83d"}'"""), TOOLS)
    assert json.loads(call.arguments) == {"query": "?"}


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=9), _VALUES, max_size=4), st.sampled_from([repr, json.dumps]))
def test_what_is_well_formed_is_read_exactly(meant: dict[str, Any], spell: Callable[[Any], str]) -> None:
    text, calls = leaked_calls("A" + _leak(spell(meant)), TOOLS)
    assert [json.loads(call.arguments) for call in calls] == [meant]
    assert text == "A"


@given(st.text(alphabet="{}[]'\",:\\ \n`abid1", max_size=60), st.integers(0, 60))
def test_no_text_breaks_it_and_none_is_lost(noise: str, place: int) -> None:
    leak = _leak("{}")
    text, calls = leaked_calls(noise[:place] + leak + noise[place:], TOOLS)
    assert len(calls) <= 1
    assert calls or text == noise[:place] + leak + noise[place:]


_MUCH = 1_000_000


@pytest.mark.parametrize(
    "text",
    [
        "{" * _MUCH,
        "{'id':" * (_MUCH // 6),
        "{'id': '" * (_MUCH // 8),
        "{'id': '" * 2000 + "a" * _MUCH,
        "{'id': '" * 2000 + " " * _MUCH,
        "{'id': " + "'" * _MUCH,
        "{'id': '" + "\\'" * (_MUCH // 2),
        "{'id':" + "[" * _MUCH,
        "{'id': 1, " + "'a': 1, " * (_MUCH // 8),
        "{'id': 'x" + "', 'q" * (_MUCH // 5),
        "{'id': 'x'}}}}}}}}}}}}}}}}}}}}}}}}" * (_MUCH // 33),
        ONE.replace("search", "other") * (_MUCH // len(ONE)),
        ONE + " " * _MUCH + "x" + ONE,
    ],
    ids=lambda text: text[:24],
)
def test_the_work_on_a_hostile_text_is_bounded(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted in steps, each of which looks at no more than some hundred characters."""
    readers: list[literals.Reader] = []

    class Watched(literals.Reader):
        def __attrs_post_init__(self) -> None:
            readers.append(self)

    monkeypatch.setattr("argoproxy.upstreams.leaks.Reader", Watched)
    leaked_calls(text, TOOLS)
    assert all(reader.steps > -8000 for reader in readers)
    assert len(readers) <= 1
