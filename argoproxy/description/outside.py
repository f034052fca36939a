"""What a request and a reply say outside their bodies: parameters, headers, keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from argoproxy.net.codings import TAKEN

from .operations import ANTHROPIC_LIMITS, OPENAI_LIMITS, Operation

_ID = {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$"}
_TEXT = {"type": "string"}
_CODING = {"enum": TAKEN.split(", ")}

_QUERY: Mapping[str, tuple[str, Any]] = {
    "timeout": (
        "Seconds for the whole reply. It may stand in the body too: the smaller counts.",
        {"type": "number", "exclusiveMinimum": 0},
    ),
    "alt": ("How a stream is framed: `sse` for events.", _TEXT),
    "client_version": ("Codex's version: asks for the list as Codex reads it.", _TEXT),
    "limit": ("Anthropic's: the rows of a page, from 1 to 1000.", {"type": "integer"}),
    "after_id": ("Anthropic's: the row that a page begins behind.", _TEXT),
    "before_id": ("Anthropic's: the row that a page ends before.", _TEXT),
    "pageSize": ("Google's: the rows of a page.", {"type": "integer"}),
    "pageToken": ("Google's: where a page begins, as the last one told.", _TEXT),
}

_HEADERS: Mapping[str, str] = {
    "anthropic-version": "Anthropic's. It is passed on where ARGO is asked in Anthropic's own language.",
    "anthropic-beta": "Anthropic's. It is passed on where ARGO is asked in Anthropic's own language.",
    "x-api-key": "Asks for the list in Anthropic's shape.",
    "x-goog-api-key": "Asks for the list in Google's shape.",
}

_ALWAYS = ("x-request-id", "request-id")
_TOLD = ("x-argoproxy-model", "x-argoproxy-dropped", "x-argoproxy-adjusted", "x-argo-request-id")
_REFUSED = ("retry-after", "retry-after-ms", "x-should-retry", "www-authenticate")
_UNSUPPORTED = 415

HEADERS: Mapping[str, Any] = {
    "x-request-id": {"description": "The request's own, or a new one.", "schema": _ID},
    "request-id": {"description": "The same, where Anthropic's SDKs look.", "schema": _ID},
    "x-argo-request-id": {"description": "ARGO's own id of the call.", "schema": _TEXT},
    "x-argoproxy-model": {
        "description": "The model that served, where that isn't the one that was named.",
        "schema": _TEXT,
    },
    "x-argoproxy-dropped": {"description": "Parameters that ARGO can't honour and were left out.", "schema": _TEXT},
    "x-argoproxy-adjusted": {"description": "Parameters that were changed to what ARGO takes.", "schema": _TEXT},
    "accept-encoding": {
        "description": "The codings that a body may have, where it had another.",
        "schema": {"const": TAKEN},
    },
    "retry-after": {"description": "When to try again: ARGO's own, or the proxy's, in seconds.", "schema": _TEXT},
    "retry-after-ms": {"description": "The same in milliseconds, where it is the proxy's.", "schema": _TEXT},
    "www-authenticate": {"description": "That a key is wanted, where there are keys.", "schema": {"const": "Bearer"}},
    "x-should-retry": {
        "description": "Whether an SDK may try again by itself.",
        "schema": {"enum": ["true", "false"]},
    },
    **{
        name: {"description": "How the limits stand that whoever asks has, where there are some.", "schema": _TEXT}
        for name in (*OPENAI_LIMITS, *ANTHROPIC_LIMITS)
    },
}
"""The headers of replies."""

KEYS: Mapping[str, Any] = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "x-api-key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
    "x-goog-api-key": {"type": "apiKey", "in": "header", "name": "x-goog-api-key"},
    "key": {"type": "apiKey", "in": "query", "name": "key"},
}
"""
The ways to give a key. It is a user's name with C{username_passthrough}; where neither that is on nor keys are given
out, nothing is done with it.
"""


def parameters(operation: Operation) -> Iterator[dict[str, Any]]:
    """What a request may say outside its body."""
    if operation.model is not None:
        text = "A model's name in any of its spellings."
        yield _parameter("path", "model", text, {"type": "string", "minLength": 1}) | {
            "required": True,
            "example": operation.model,
        }
    for name in operation.query:
        yield _parameter("query", name, *_QUERY[name])
    for name in operation.headers:
        yield _parameter("header", name, _HEADERS[name], _TEXT)
    if _UNSUPPORTED in operation.fails:
        yield _parameter("header", "content-encoding", "How the body is compressed, if it is.", _CODING)
    yield _parameter("header", "x-request-id", "An id for the request, in place of a new one.", _TEXT)


def headers(operation: Operation, *, refused: bool) -> dict[str, Any]:
    """What a reply says outside its body."""
    names = [*_ALWAYS, *(_TOLD if operation.passes else ())]
    if _UNSUPPORTED in operation.fails:
        names += [*operation.api.limits, *((*_REFUSED, "accept-encoding") if refused else ())]
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _parameter(place: str, name: str, text: str, schema: Any) -> dict[str, Any]:
    return {"name": name, "in": place, "description": text, "schema": schema}
