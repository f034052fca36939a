"""
Refusals: what is raised where ARGO, or a service behind it, says no. Each wire has its own clothes for them.

The services' own errors come as a Python repr inside of the message, as the recordings show
(C{Error code: 400 - {'error': {…}}}).
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import attrs


@attrs.frozen
class Refusal(Exception):
    """
    A request is refused.

    @ivar kind: The error's type where a wire tells one, or None for what the status stands for there.
    """

    status: int
    message: str
    kind: str | None = None
    headers: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return f"{self.status} {self.message}"


def tail(seed: bytes, length: int, salt: str = "") -> str:
    """@return: Letters and digits for an id, always the same ones for a seed and a salt."""
    digest = hashlib.sha512(salt.encode() + b"\0" + seed).digest()
    return base64.b64encode(digest, b"AZ").decode().rstrip("=")[:length]


def nested(status: int, error: dict[str, Any], kind: str | None = None) -> Refusal:
    """@return: The refusal of a service behind ARGO, its JSON as a Python repr."""
    return Refusal(status, f"Error code: {status} - {error!r}", kind)


def by_openai(message: str, param: str | None, code: str | None, status: int = 400) -> Refusal:
    """@return: A refusal as OpenAI's service words it (recordings: C{gpt5}, C{temperature_zero})."""
    return nested(
        status, {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}
    )


def by_anthropic(message: str, seed: bytes) -> Refusal:
    """@return: A refusal as Anthropic's service words it (recordings: C{claudeopus47}, C{temperature_only})."""
    error = {"type": "invalid_request_error", "message": message}
    return nested(400, {"type": "error", "error": error, "request_id": f"req_vrtx_011C{tail(seed, 20)}"})


def by_google(message: str) -> Refusal:
    """@return: A refusal as Google's service words it. (A guess: none was recorded.)"""
    return nested(400, {"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}})


def not_iterable() -> Refusal:
    """@return: What ARGO says when it stumbles over a null (recordings: C{gemini25pro}, C{both_token_limits})."""
    return Refusal(500, "'NoneType' object is not iterable", "TypeError")
