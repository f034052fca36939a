"""
What went wrong at ARGO, dug out of what it says.

Errors come nested: a JSON object whose message is C{Error code: 400 - } and the Python repr of the provider's own
error, which may nest again. The innermost words are the ones that help, unless they show a traceback or a path.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Any

import msgspec
from zope.interface import implementer

from argoproxy.conversation import Event, Failed, Head
from argoproxy.errors import UpstreamFault
from argoproxy.interfaces import IDecoder

NOTICE = "IMPORTANT AUTHENTICATION NOTICE FROM ARGO"

_KEPT = frozenset({400, 401, 403, 404, 408, 409, 413, 422, 429, 503, 504, 529})
_MOST_BYTES = 65536
_MOST_WORDS = 2000
_DEEPEST = 4
_LONGEST_REPR = 10_000
_INDISCREET = re.compile(
    r"Traceback \(most recent call last\)|File \"|\w\.py\b|[A-Za-z]:\\\w"
    r"|(?<![\w:/.])/(?:app|code|etc|home|lib|mnt|opt|root|srv|tmp|usr|var|workspace)/"
)
_MARKUP = re.compile(r"^\s*<(?:!doctype|html|head|body|\?xml)", re.IGNORECASE)


class Complaint(msgspec.Struct, frozen=True):
    """What an error object says."""

    message: str
    kind: str | None = None
    code: str | None = None
    param: str | None = None


def complaint(said: Any, depth: int = 0) -> Complaint | None:
    """The innermost error in what JSON or a Python repr gave, or L{None} if there is none in it."""
    if isinstance(said, str):
        return _nested(said, depth) or Complaint(said)
    if not isinstance(said, Mapping):
        return None
    if said.get("error"):
        return complaint(said["error"], depth)
    words = said.get("message") or said.get("detail")
    if not isinstance(words, str):
        return None
    inner = _nested(words, depth)
    outer = Complaint(words, *(_word(said.get(name)) for name in ("type", "code", "param")))
    return outer if inner is None else inner


def _nested(words: str, depth: int) -> Complaint | None:
    start, end = words.find("{"), words.rfind("}")
    if start < 0 or not 0 < end - start <= _LONGEST_REPR or depth >= _DEEPEST:
        return None
    try:
        return complaint(_literal(words[start : end + 1]), depth + 1)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def _literal(text: str) -> Any:
    """
    JSON or a Python literal; nothing is evaluated.

    @raise ValueError: it is neither. (L{ast.literal_eval} has more ways to say so.)
    """
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError):
        return ast.literal_eval(text)


def _clean(words: str | None) -> str | None:
    """Without what no UTF-8 can hold: a Python repr may spell half of a surrogate pair."""
    return None if words is None else words[:_MOST_WORDS].encode("utf-8", "replace").decode("utf-8")


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def fault(head: Head, body: bytes) -> UpstreamFault:
    """The fault for a reply that is a failure: by its status, or by what a 200 holds."""
    status = head.status if head.status in _KEPT else 502
    told = _told(body)
    code = told.code if told is not None and told.code else _code(head.status, told)
    if told is None or _INDISCREET.search(told.message):
        told = Complaint(_plain(head.status), *((told.kind, told.code, told.param) if told else ()))
    return UpstreamFault(
        status,
        _clean(told.message) or "",
        code=_clean(code),
        param=_clean(told.param),
        kind=_clean(told.kind),
        retry_after=head.retry_after,
    )


def _told(body: bytes) -> Complaint | None:
    text = body.decode("utf-8", "replace").strip()
    try:
        return complaint(msgspec.json.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    if not text or "\ufffd" in text or _MARKUP.match(text) or len(text) > _MOST_WORDS:
        return None
    # JSON that was broken off may be half of a reply: nothing of it is told but an error that can be read.
    return _nested(text, 0) if text[0] in "{[" else complaint(text)


def _code(status: int, told: Complaint | None) -> str | None:
    """The word for a reply that has none of its own; a refusal's status says enough."""
    if told is None and status < 400:
        return "upstream_garbage"
    return None if status in _KEPT and status < 500 else "upstream_failed"


def _plain(status: int) -> str:
    if status == 200:
        return "ARGO answered with something that is not the reply that was asked for."
    if 300 <= status < 400:
        return f"ARGO answered with a redirect ({status}), which is not followed."
    return f"ARGO answered with status {status} and no usable explanation."


def unregistered(text: str) -> UpstreamFault:
    """The fault for a reply that is ARGO's notice to a user whom it doesn't know."""
    return UpstreamFault(401, text.strip()[:_MOST_WORDS], code="argo_authentication", kind="authentication_error")


@implementer(IDecoder)
class Refusal:
    """Collects a reply that is a failure, as much of it as is worth reading."""

    def __init__(self, head: Head) -> None:
        self._head = head
        self._body = bytearray()

    def feed(self, data: bytes) -> list[Event]:
        if len(self._body) < _MOST_BYTES:
            self._body += data
        return []

    def close(self) -> list[Event]:
        return [Failed(fault(self._head, bytes(self._body)))]
