"""YAML with line numbers: plain values come out, each with its line; everything else is refused in one line."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from argoproxy.config import document
from argoproxy.config.document import Document, parse_document
from argoproxy.config.faults import ConfigFault


def refusal(data: bytes | str) -> str:
    """The fault that a document gives."""
    with pytest.raises(ConfigFault) as caught:
        parse_document(data.encode() if isinstance(data, str) else data, "c.yaml")
    return str(caught.value)


@pytest.mark.parametrize("data", ["", "\n\n", "# nothing\n", "---\n", "---\n...\n", "\ufeff", "{}"])
def test_an_empty_document_is_an_empty_mapping(data: str) -> None:
    assert dict(parse_document(data.encode(), "c.yaml").values) == {}


@pytest.mark.parametrize(
    ("data", "values"),
    [
        ("a: 1", {"a": 1}),
        ("a: 1.5\nb: x\nc: true\nd: ~\ne: 'true'", {"a": 1.5, "b": "x", "c": True, "d": None, "e": "true"}),
        ("a: [1, b]\nc: {d: {e: f}}", {"a": [1, "b"], "c": {"d": {"e": "f"}}}),
        ("a.b:443: 127.0.0.1", {"a.b:443": "127.0.0.1"}),
        ("a: 0x10\nb: !!str 5\nc: !!int '5'", {"a": 16, "b": "5", "c": 5}),
        ("a: &x {b: 1}\nc: *x", {"a": {"b": 1}, "c": {"b": 1}}),
        ("a: 2024-01-01\nb: 2024-01-01 10:00:00Z", {"a": "2024-01-01", "b": "2024-01-01 10:00:00Z"}),
        ("\ufeffa: 1\r\nb: 2\r\n", {"a": 1, "b": 2}),
        # An own key wins over a merged one, an earlier source over a later one.
        ("a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}", {"a": {"b": 1, "c": 2}, "d": {"b": 1, "c": 3}}),
        (
            "a: &x {k: 1}\nb: &y {k: 2, l: 3}\nc: {<<: [*x, *y]}",
            {"a": {"k": 1}, "b": {"k": 2, "l": 3}, "c": {"k": 1, "l": 3}},
        ),
    ],
)
def test_plain_values_come_out_as_yaml_means_them(data: str, values: dict[str, object]) -> None:
    assert parse_document(data.encode(), "c.yaml").values == values


def test_each_path_has_its_line_and_what_has_none_the_line_around_it() -> None:
    found = parse_document(b"# first\na: 1\nb:\n  c: 2\n  d:\n    - x\n    - y\n", "c.yaml")
    lines = [found.line(path) for path in [("a",), ("b",), ("b", "c"), ("b", "d", "1"), ("b", "d", "9"), ("z",), ()]]
    assert lines == [2, 3, 4, 7, 5, 1, 1]


def test_a_merged_value_has_the_line_where_it_is_written() -> None:
    found = parse_document(b"x: &x\n  a: 1\n  b: 2\ny:\n  <<: *x\n  b: 3\n", "c.yaml")
    assert [found.line(("y", "a")), found.line(("y", "b"))] == [2, 6]


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        ("- 1\n", 1, "must be a mapping"),
        ("\njust text", 2, "must be a mapping"),
        ("~", 1, "must be a mapping"),
        ("a: 1\nb: 2\na: 3\n", 3, "a: the key is there twice, first in line 1"),
        ("a:\n  b: 1\n  b: 2\n", 3, "a.b: the key is there twice, first in line 2"),
        ("a: {<<: {b: 1}, <<: {c: 1}}", 1, "the key is there twice"),
        ("a: 1\n  b: 2\n", 2, "not valid YAML: mapping values are not allowed here"),
        ("a: [\n", 2, "not valid YAML"),
        ("a: 1\n---\nb: 2\n", 2, "not valid YAML: expected a single document"),
        ("a: *nowhere\n", 1, "not valid YAML: found undefined alias ..."),
        ("a:\n  b: !!python/object/apply:os.system [x]\n", 2, "a.b: must be text"),
        ("a: !local x\n", 1, "a: must be text"),
        ("a: !!set {x}\n", 1, "a: must be text"),
        ("a: !!omap [x: 1]\n", 1, "a: must be text"),
        ("a: !!int x\n", 1, "meant as a number"),
        ("a: !!int ''\n", 1, "meant as a number"),
        ("a: !!bool x\n", 1, "meant as a number"),
        ("a: 1" + ":59" * 1000, 1, "meant as a number"),
        ("1: x\n", 1, "a key must be text"),
        ("a:\n  true: x\n", 2, "a: a key must be text"),
        ("? [a]\n: x\n", 1, "a key must be text"),
        ("a:\n  <<: 5\n", 2, "a.<<: must be a mapping"),
        ("a: 1\nb: \x01\n", 2, "a character that YAML doesn't allow"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(data: str, line: int, words: str) -> None:
    told = refusal(data)
    assert told.startswith(f"c.yaml:{line}: ")
    assert words in told


def test_an_escape_out_of_range_is_refused() -> None:
    assert refusal('a: "\\UFFFFFFFF"') == "c.yaml: not valid YAML: an escape or a number is out of range"


def test_bytes_that_are_not_utf8_are_refused_with_their_line() -> None:
    assert refusal(b"a: 1\nb: \xff\n") == "c.yaml:2: the file is not UTF-8 text"


def test_a_file_over_the_limit_is_refused_and_one_at_the_limit_is_not() -> None:
    assert "larger than 1048576 bytes" in refusal(b"#" * (document.MAX_BYTES + 1))
    assert parse_document(b"#" * document.MAX_BYTES, "c.yaml") == Document({}, {})


def bomb(levels: int, width: int) -> str:
    """Aliases of aliases: C{width ** levels} items in a few lines."""
    lines = [f"k0: &a0 [{', '.join('x' * width)}]"]
    lines += [f"k{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (bomb(9, 9), "aliases stand for more"),
        (
            bomb(9, 9).replace("[", "{<<: [").replace("]", "]}").replace("x, x, x, x, x, x, x, x, x", "{a: b}"),
            "aliases stand",
        ),
        ("a: &a [*a]", "an alias inside of what it stands for"),
        ("a: &a {b: *a}", "an alias inside of what it stands for"),
        ("a: &a\n  <<: *a", "an alias inside of what it stands for"),
        ("a: " + "[" * 500_000, "nested too deeply"),
        ("? " * 300_000, "nested too deeply"),
        ("\n".join(["k0: &a0 [x]", *(f"k{n}: &a{n} [*a{n - 1}]" for n in range(1, 500))]), "nested too deeply"),
        ("a: [" + "1," * 100_000 + "]", "more than a configuration can need"),
    ],
)
def test_what_would_grow_without_bound_is_refused_before_it_is_built(data: str, words: str) -> None:
    assert words in refusal(data)


def test_nesting_and_aliases_within_the_bounds_are_taken() -> None:
    deep = "[" * (document.MAX_DEPTH - 1) + "]" * (document.MAX_DEPTH - 1)
    assert parse_document(f"a: {deep}".encode(), "c.yaml").values
    assert parse_document(bomb(3, 9).encode(), "c.yaml").values


_FRAGMENTS = st.sampled_from(
    [
        *"[]{}:,-?#&*!|>'\"%@`\n \t",
        *("a", "a: ", "&a ", "*a", "<<: ", "!!int ", "!!timestamp ", "!!binary ", "!x ", "~", "1", "- ", "0b_", "0x_"),
        *(
            "1:2",
            ".inf",
            "\\U",
            "\\ud800",
            "%YAML 9.9\n",
            "---\n",
            "...\n",
            "\ufeff",
            "\x85",
            "\u2028",
            "é",
            "=",
            "0o7",
        ),
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.lists(_FRAGMENTS, max_size=30).map("".join).map(str.encode)))
def test_no_bytes_give_anything_but_a_document_or_a_fault_of_one_line(data: bytes) -> None:
    try:
        found = parse_document(data, "c.yaml")
    except ConfigFault as fault:
        told = str(fault)
    else:
        told = "".join(type(name).__name__ for name in found.values)
    assert told.isprintable()
