"""
The response object of OpenAI's Responses, as it stands at the beginning, at the end, or at a failure.

The names are the API's and those of the types in OpenAI's SDK.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from argoproxy.conversation import FinishReason, Stamp, Usage
from argoproxy.errors import ProxyError
from argoproxy.wire.json import Fields

Status = Literal["in_progress", "completed", "incomplete", "failed"]

REASONS: Mapping[FinishReason | None, str] = {"length": "max_output_tokens", "content_filter": "content_filter"}
"""Why a response is incomplete. After the other reasons it is complete."""

_CODES: Mapping[int, str] = {
    400: "invalid_prompt",
    413: "invalid_prompt",
    422: "invalid_prompt",
    429: "rate_limit_exceeded",
}
_KEPT_CODES = frozenset({"context_length_exceeded", "insufficient_quota"})


_encode = msgspec.json.encode
_tools = msgspec.json.Decoder(list[Fields]).decode


def _raw(json: bytes) -> msgspec.Raw:
    return msgspec.Raw(json)


_FUNCTION: Fields = {
    "type": _raw(b'"function"'),
    "description": _raw(b"null"),
    "parameters": _raw(b"null"),
    "strict": _raw(b"null"),
}


class Repeated(msgspec.Struct, frozen=True, kw_only=True):
    """What the object repeats of the request, in the client's own spelling. The defaults are the API's."""

    frequency_penalty: msgspec.Raw = _raw(b"0.0")
    instructions: msgspec.Raw = _raw(b"null")
    max_output_tokens: msgspec.Raw = _raw(b"null")
    max_tool_calls: msgspec.Raw = _raw(b"null")
    metadata: msgspec.Raw = _raw(b"{}")
    parallel_tool_calls: msgspec.Raw = _raw(b"true")
    presence_penalty: msgspec.Raw = _raw(b"0.0")
    prompt_cache_key: msgspec.Raw = _raw(b"null")
    reasoning: msgspec.Raw = _raw(b'{"effort":null,"summary":null}')
    safety_identifier: msgspec.Raw = _raw(b"null")
    temperature: msgspec.Raw = _raw(b"1.0")
    text: msgspec.Raw = _raw(b'{"format":{"type":"text"}}')
    tool_choice: msgspec.Raw = _raw(b'"auto"')
    tools: msgspec.Raw = _raw(b"[]")
    top_logprobs: msgspec.Raw = _raw(b"0")
    top_p: msgspec.Raw = _raw(b"1.0")
    truncation: msgspec.Raw = _raw(b'"disabled"')
    user: msgspec.Raw = _raw(b"null")

    @classmethod
    def of(cls, fields: Mapping[str, msgspec.Raw]) -> Repeated:
        """The request's own where it gives one, without line breaks, which would cut an event in two."""
        given = {name: fields[name] for name in cls.__struct_fields__ if name in fields}
        compact = {name: _compact(raw) for name, raw in given.items() if bytes(raw) != b"null"}
        if "tools" in compact:
            compact["tools"] = _described(compact["tools"])
        return cls(**compact)


def _compact(raw: msgspec.Raw) -> msgspec.Raw:
    """The same without white space between its tokens. A copy: a reply must not keep a whole request alive."""
    return msgspec.Raw(msgspec.json.format(raw, indent=-1))


def _described(tools: msgspec.Raw) -> msgspec.Raw:
    """With all that the API tells of a function, be it null: schemas of the object require it."""
    told = _tools(tools)
    return _raw(_encode([_FUNCTION | tool if tool.get("type") == _FUNCTION["type"] else tool for tool in told]))


class InputDetails(msgspec.Struct, frozen=True):
    """What some of the input's tokens are."""

    cached_tokens: int
    cache_write_tokens: int = 0


class OutputDetails(msgspec.Struct, frozen=True):
    """What some of the output's tokens are."""

    reasoning_tokens: int


class ResponseUsage(msgspec.Struct, frozen=True, kw_only=True):
    """What the response cost."""

    input_tokens: int
    input_tokens_details: InputDetails
    output_tokens: int
    output_tokens_details: OutputDetails
    total_tokens: int

    @classmethod
    def of(cls, usage: Usage) -> ResponseUsage:
        return cls(
            input_tokens=usage.prompt,
            input_tokens_details=InputDetails(usage.cached, usage.cache_written),
            output_tokens=usage.completion,
            output_tokens_details=OutputDetails(usage.reasoning),
            total_tokens=usage.total,
        )


class ResponseError(msgspec.Struct, frozen=True):
    """
    Why a response failed.

    @ivar code: one that programs know. Codex decides by it whether to try again, and when by the message's words.
    """

    code: str
    message: str

    @classmethod
    def of(cls, fault: ProxyError) -> ResponseError:
        told = (fault.code or "", fault.kind or "")
        general = _CODES.get(fault.status, "server_error")
        code = next((word for word in told if word in _KEPT_CODES), general)
        if code == "rate_limit_exceeded" and fault.retry_after is not None and fault.retry_after.isdigit():
            return cls(code, f"{fault.message} Please try again in {fault.retry_after}s.")
        return cls(code, fault.message)


class IncompleteDetails(msgspec.Struct, frozen=True):
    """Why a response is incomplete."""

    reason: str


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """
    How a response stands: all of the object that isn't repeated of the request.

    @ivar output: the items that are done.
    """

    id: str
    object: Literal["response"] = "response"
    created_at: int
    completed_at: None = None
    status: Status = "in_progress"
    background: bool = False
    error: ResponseError | None = None
    incomplete_details: IncompleteDetails | None = None
    model: str
    output: tuple[msgspec.Raw, ...] = ()
    previous_response_id: None = None
    service_tier: Literal["default"] = "default"
    store: bool = False
    usage: ResponseUsage | None = None

    @classmethod
    def at_first(cls, stamp: Stamp) -> Standing:
        return cls(id=f"resp_{stamp.token}", created_at=stamp.created, model=stamp.model)


def whole(standing: Standing, repeated: Repeated) -> msgspec.Raw:
    """The whole object, as JSON."""
    return msgspec.Raw(msgspec.json.encode(standing)[:-1] + b"," + msgspec.json.encode(repeated)[1:])
