"""
Google's words: the shapes of contents and parts, and the tables that its dialect needs.

Facts are those of the Gemini API's reference and of the official SDK's types. Who is to blame for a bad request is not
known here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from argoproxy.conversation import FinishReason, Usage

_NULL = msgspec.Raw(b"null")

ROLES: Mapping[str, Literal["user", "assistant"]] = {"user": "user", "function": "user", "model": "assistant"}
"""Who speaks. C{function} is the older role of what tools answered."""

FINISH_REASONS: Mapping[FinishReason, str] = {
    "stop": "STOP",
    "length": "MAX_TOKENS",
    "tool_calls": "STOP",
    "content_filter": "SAFETY",
}
"""Why a reply ended. Calls have no word of their own."""

MALFORMED_CALL = "MALFORMED_FUNCTION_CALL"
"""C{finishReason} where the model wrote a call that is none."""

ERROR_STATUSES: Mapping[int, str] = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "UNIMPLEMENTED",
    408: "DEADLINE_EXCEEDED",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    501: "UNIMPLEMENTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
"""C{error.status} by the HTTP status. Others are C{INVALID_ARGUMENT} below 500, C{INTERNAL} above."""

FUNCTION_MODES: Mapping[str, Literal["auto", "none", "required"]] = {
    "AUTO": "auto",
    "VALIDATED": "auto",
    "ANY": "required",
    "NONE": "none",
}
"""C{functionCallingConfig.mode}. A mode that is unspecified asks for nothing."""

EFFORTS: Mapping[str, str] = {
    "MINIMAL": "minimal",
    "LOW": "low",
    "MEDIUM": "medium",
    "HIGH": "high",
    "XHIGH": "xhigh",
}
"""C{thinkingConfig.thinkingLevel}."""

JSON_TYPE = "application/json"
TEXT_TYPE = "text/plain"
"""The values of C{responseMimeType} that are known here."""

NOOPS: Mapping[str, object] = {
    "audioTimestamp": False,
    "enableEnhancedCivicAnswers": False,
    "frequencyPenalty": 0,
    "mediaResolution": "MEDIA_RESOLUTION_UNSPECIFIED",
    "presencePenalty": 0,
    "responseLogprobs": False,
    "responseModalities": ["TEXT"],
}
"""Values in C{generationConfig} that ask for nothing: what happens anyway."""


class Blob(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Bytes in a part, as base64."""

    mime_type: str = ""
    data: str = ""


class FileData(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What lies elsewhere."""

    file_uri: str
    mime_type: str | None = None


class FunctionCall(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A call; its arguments are an object."""

    id: str | None = None
    name: str
    args: msgspec.Raw = _NULL


class FunctionResponsePart(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a tool answered besides its object."""

    inline_data: Blob | None = None
    file_data: FileData | None = None


class FunctionResponse(msgspec.Struct, frozen=True, kw_only=True):
    """What a tool answered: an object."""

    id: str | None = None
    name: str = ""
    response: msgspec.Raw = _NULL
    parts: tuple[FunctionResponsePart, ...] | None = None


class Part(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """
    A piece of a content. One of its fields says what it is.

    @ivar thought: whether the text is what the model thought.
    @ivar thought_signature: the seal on a thought or a call, as base64.
    """

    text: str | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    inline_data: Blob | None = None
    file_data: FileData | None = None
    function_call: FunctionCall | None = None
    function_response: FunctionResponse | None = None
    executable_code: msgspec.Raw = _NULL
    code_execution_result: msgspec.Raw = _NULL
    tool_call: msgspec.Raw = _NULL
    tool_response: msgspec.Raw = _NULL


UNSUPPORTED_PARTS: Mapping[str, str] = {
    "executable_code": "executableCode",
    "code_execution_result": "codeExecutionResult",
    "tool_call": "toolCall",
    "tool_response": "toolResponse",
}
"""What of a L{Part} belongs to tools that Google runs itself: its field, and Google's name for it."""


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """A turn. It may be the user's without saying so."""

    parts: str | tuple[str | Part, ...] | None = None
    role: str | None = None


class ModelContent(msgspec.Struct, frozen=True):
    """What a model says."""

    parts: tuple[Part, ...]
    role: Literal["model"] = "model"


class UsageMetadata(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What a reply cost. Google counts thoughts beside the candidates, not among them."""

    prompt_token_count: int
    cached_content_token_count: int = 0
    candidates_token_count: int
    thoughts_token_count: int = 0
    total_token_count: int

    @classmethod
    def of(cls, usage: Usage) -> UsageMetadata:
        return cls(
            prompt_token_count=usage.prompt,
            cached_content_token_count=usage.cached,
            candidates_token_count=usage.completion - usage.reasoning,
            thoughts_token_count=usage.reasoning,
            total_token_count=usage.total,
        )
