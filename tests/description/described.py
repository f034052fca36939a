"""The proxy's own description, as a client reads it: what it allows, and what it demands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import attrs
from jsonschema import Draft202012Validator

from argoproxy.description import document
from tests.web import Got

JSON, EVENTS = "application/json", "text/event-stream"
# Headers of HTTP's own.
_COMMON = {"cache-control", "content-encoding", "content-length", "content-type", "date", "server"}


@cache
def described() -> Any:
    """The document."""
    return json.loads(document())


@attrs.frozen
class Operation:
    """One of the document's."""

    method: str
    template: str
    tree: Any

    @property
    def path(self) -> str:
        """The path with the document's example of a model in it."""
        for parameter in self.tree["parameters"]:
            if parameter["in"] == "path":
                return self.template.replace("{model}", parameter["example"])
        return self.template

    @property
    def body(self) -> Any:
        return self.tree["requestBody"]["content"][JSON]

    def fits(self, got: Got, *, status: str = "") -> None:
        """
        Hold a reply against what is said of it: status, media type, headers, body.

        @param status: under which it is described, if that isn't its own.
        """
        response = self.tree["responses"][status or str(got.status)]
        assert got.response is not None
        told = {name.decode().lower() for name, _ in got.response.headers.getAllRawHeaders()}
        unknown = sorted(told - _COMMON - set(response["headers"]))
        assert not unknown, unknown
        media_type = (got.header("content-type") or "").partition(";")[0]
        content = response["content"].get(media_type, response["content"].get("*/*"))
        assert content is not None, media_type
        if media_type == JSON and "schema" in content:
            check(got.json(), content["schema"])
        for item in got.sse() if media_type == EVENTS else ():
            if item != "[DONE]":
                check(item, content["x-item-schema"])


def operations() -> Iterator[Operation]:
    """All of them."""
    for path, methods in described()["paths"].items():
        for method, tree in methods.items():
            yield Operation(method.upper(), path, tree)


def operation(method: str, template: str) -> Operation:
    """One of them."""
    return Operation(method, template, described()["paths"][template][method.lower()])


def check(value: Any, schema: Any) -> None:
    """Fail if a value doesn't fit a schema of the document."""
    found = Draft202012Validator({**schema, "components": described()["components"]}).iter_errors(value)
    errors = [f"{error.json_path}: {error.message}" for error in found]
    assert not errors, errors


def least(schema: Any) -> Any:
    """The least that fits a schema: only what is required, and of several kinds the first."""
    if "$ref" in schema:
        return least(described()["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    if "anyOf" in schema:
        return least(schema["anyOf"][0])
    if "enum" in schema:
        return schema["enum"][0]
    if schema["type"] == "object":
        return {name: least(schema["properties"][name]) for name in schema.get("required", ())}
    if schema["type"] == "array":
        return [least(schema["items"])] * schema.get("minItems", 0)
    return {"string": "x", "integer": schema.get("minimum", 0)}[schema["type"]]
