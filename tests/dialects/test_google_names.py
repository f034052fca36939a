"""Google's fields may be in snake case at every level; names that a client chose are its own."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argoproxy.dialects.google_names import read_fields, read_object
from argoproxy.errors import ClientFault
from tests.dialects.outcomes import outcome

CASES: list[tuple[Any, Any]] = [
    ({}, {}),
    ({"system_instruction": 1}, {"systemInstruction": 1}),
    ({"a": {"inline_data": {"mime_type": "x_y"}}}, {"a": {"inlineData": {"mimeType": "x_y"}}}),
    ({"a": [[{"top_p": 1}], 5, "b_c"]}, {"a": [[{"topP": 1}], 5, "b_c"]}),
    ({"response_mime_type": "a", "top_k2_x": 1}, {"responseMimeType": "a", "topK2X": 1}),
    ({"_a": 1, "a_": 2, "A_b": 3, "a__b": 4, "$defs": 5}, {"_a": 1, "a_": 2, "A_b": 3, "a__b": 4, "$defs": 5}),
    ({"function_call": {"args": {"a_b": {"c_d": 1}}}}, {"functionCall": {"args": {"a_b": {"c_d": 1}}}}),
    ({"function_response": {"response": {"a_b": 1}}}, {"functionResponse": {"response": {"a_b": 1}}}),
    (
        {"function_declarations": [{"parameters_json_schema": {"a_b": 1}, "parameters": {"any_of": []}}]},
        {"functionDeclarations": [{"parametersJsonSchema": {"a_b": 1}, "parameters": {"any_of": []}}]},
    ),
    (
        {"response_schema": {"a_b": 1}, "response_json_schema": {"a_b": 1}, "labels": {"a_b": "c"}},
        {"responseSchema": {"a_b": 1}, "responseJsonSchema": {"a_b": 1}, "labels": {"a_b": "c"}},
    ),
]


@pytest.mark.parametrize(("given", "expected"), CASES)
def test_only_googles_names_are_changed(given: Any, expected: Any) -> None:
    fields = read_fields(json.dumps(given).encode())
    assert {name: json.loads(bytes(raw)) for name, raw in fields.items()} == expected


def test_what_needs_no_change_is_kept_byte_for_byte() -> None:
    fields = read_fields(b'{"x_y": [1.50, {"a" : "\\u00e9_b"}], "args": { "a_b" : 1.0 }}')
    assert {name: bytes(raw) for name, raw in fields.items()} == {
        "xY": b'[1.50, {"a" : "\\u00e9_b"}]',
        "args": b'{ "a_b" : 1.0 }',
    }


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"a": NaN}', b'{"a_b": ' + b"[" * 5000])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(ClientFault) as caught:
        read_fields(body)
    assert (caught.value.status, caught.value.code) == (400, "invalid_json")


@pytest.mark.parametrize("depth", range(50, 1500, 29))
def test_no_depth_of_names_is_too_much_for_more_than_a_400(depth: int) -> None:
    body = b'{"a_b":' * depth + b"1" + b"}" * depth
    found = outcome(lambda: read_fields(body))
    assert found.code == "invalid_json" if isinstance(found, ClientFault) else list(found) == ["aB"]


def test_an_object_inside_is_read_by_its_path() -> None:
    with pytest.raises(ClientFault) as caught:
        read_object(read_fields(b'{"a": 1}')["a"], "a")
    assert caught.value.param == "a"


_NAMES = st.from_regex(r"[a-z]{1,4}(_[a-z0-9]{1,3}){0,2}", fullmatch=True)
_TREES = st.recursive(
    st.text() | st.integers(-(2**53), 2**53) | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
)


@given(st.dictionaries(st.sampled_from(["args", "response", "parameters", "labels"]), _TREES))
def test_nothing_inside_of_a_clients_own_fields_is_touched(tree: dict[str, Any]) -> None:
    body = json.dumps({"outer_field": [tree]}).encode()
    assert json.loads(bytes(read_fields(body)["outerField"])) == [tree]
