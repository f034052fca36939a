"""The names of properties are found wherever a schema has them."""

from __future__ import annotations

import json

import msgspec
import pytest

from argoproxy.conversation import Tool
from argoproxy.upstreams.tool_keys import argument_keys

_DEEP = json.loads('{"properties":{"a":' * 40 + "{}" + "}}" * 40)


@pytest.mark.parametrize(
    ("schema", "names"),
    [
        ({}, set()),
        ({"properties": {"a": {}, "b": {"type": "string"}}}, {"a", "b"}),
        ({"properties": {"a": {"items": {"properties": {"b": {}}}}}}, {"a", "b"}),
        ({"anyOf": [{"properties": {"a": {}}}, {"properties": {"b": {}}}]}, {"a", "b"}),
        ({"properties": {"properties": {"properties": {"a": {}}}}}, {"properties", "a"}),
        ({"properties": 7}, set()),
        (_DEEP, {"a"}),
    ],
)
def test_properties_at_any_depth(schema: object, names: set[str]) -> None:
    assert argument_keys([Tool("f", None, msgspec.Raw(json.dumps(schema).encode())), Tool("g")]) == names
