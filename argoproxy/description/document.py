"""The OpenAPI document: the paths of L{argoproxy.description.operations}, with schemas made of their types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from http import HTTPStatus
from typing import Any

import msgspec

from argoproxy import __version__

from .operations import AT_THE_DOOR, GETS, JSON, POSTS, Operation
from .outside import HEADERS, KEYS, headers, parameters
from .schemas import Schemas

_OPENAPI = "3.1.0"
_ABOUT = "ARGO, Argonne's gateway to large language models, for clients of OpenAI's, Anthropic's and Google's APIs."
_PASSED_ON = "What else ARGO, or the way to it, failed or refused with, under its own status."
_TEXT = {"type": "string"}
_STATUSES = {529: "Overloaded"} | {status.value: status.phrase for status in HTTPStatus}


@cache
def document() -> bytes:
    """The whole document in JSON. It is made when it is first asked for, and kept."""
    operations = [*GETS.values(), *POSTS.values()]
    schemas = Schemas(_types(operations), {kind for one in POSTS.values() for kind in one.body})
    paths: dict[str, dict[str, Any]] = {}
    for method, path, operation in _served():
        paths.setdefault(path, {})[method] = _operation(operation, method, path, schemas)
    return msgspec.json.encode(
        {
            "openapi": _OPENAPI,
            "info": {"title": "argoproxy", "version": __version__, "description": _ABOUT},
            "servers": [{"url": "/"}],
            "security": [{}, *({name: []} for name in KEYS)],
            "paths": paths,
            "components": {"schemas": schemas.components, "headers": HEADERS, "securitySchemes": KEYS},
        }
    )


def _served() -> Iterable[tuple[str, str, Operation]]:
    for path, operation in POSTS.items():
        yield "post", path, operation
    for path, operation in GETS.items():
        yield "get", path, operation
        yield "head", path, operation


def _types(operations: Iterable[Operation]) -> Iterable[Any]:
    """All that the operations' bodies are."""
    for one in operations:
        yield from (*one.body, *one.reply, *one.elements, *one.api.faults)
        yield from (kind for kind in one.streams.values() if kind is not None)
        for kinds in one.statuses.values():
            yield from kinds


def _operation(operation: Operation, method: str, path: str, schemas: Schemas) -> dict[str, Any]:
    described: dict[str, Any] = {
        "summary": operation.summary,
        "tags": [operation.api.name],
        "operationId": f"{method} {path}",
        "parameters": list(parameters(operation)),
        "responses": _responses(operation, schemas),
    }
    if operation.body:
        described["requestBody"] = _body(operation, schemas)
    if method == "head":
        for response in described["responses"].values():
            response.pop("content", None)
    return described


def _body(operation: Operation, schemas: Schemas) -> dict[str, Any]:
    content = {"schema": schemas.of(*operation.body), "example": operation.example}
    return {"required": not operation.optional, "content": {JSON: content}}


def _responses(operation: Operation, schemas: Schemas) -> dict[str, Any]:
    replies: dict[int, Mapping[str, Any]] = {200: _content(operation, schemas)}
    for status, kinds in operation.statuses.items():
        replies[status] = {JSON: {"schema": schemas.of(*kinds)}}
    faults = operation.api.faults
    refusal = {JSON: {"schema": schemas.of(*faults)}} if faults else {"*/*": {}}
    told = {str(status): _response(operation, _STATUSES[status], content) for status, content in replies.items()}
    for status in sorted({*operation.fails, *AT_THE_DOOR}):
        told[str(status)] = _response(operation, _STATUSES[status], refusal, refused=True)
    if operation.passes:
        told["default"] = _response(operation, _PASSED_ON, refusal, refused=True)
    return told


def _response(operation: Operation, text: str, content: Any, *, refused: bool = False) -> dict[str, Any]:
    return {"description": text, "headers": headers(operation, refused=refused), "content": content}


def _content(operation: Operation, schemas: Schemas) -> dict[str, Any]:
    """What a good reply may be: whole, or a stream. C{x-item-schema} describes its pieces, the last maybe an error."""
    content: dict[str, Any] = {JSON: {}}
    if operation.reply:
        content[JSON] = {"schema": schemas.of(*operation.reply)}
    if operation.elements:
        content[JSON] = {"schema": {"type": "array", "items": schemas.of(*operation.elements)}}
    for media_type, kind in operation.streams.items():
        item = {} if kind is None else {"x-item-schema": schemas.of(kind, *operation.api.faults)}
        content[media_type] = {"schema": _TEXT, **item}
    return content
