"""C{generationConfig}: how the reply is to be made."""

from __future__ import annotations

from typing import Annotated, TypedDict

import msgspec

from argoproxy.conversation import OutputShape, Thinking
from argoproxy.vocabulary.google import EFFORTS, JSON_TYPE, NOOPS, TEXT_TYPE
from argoproxy.wire.json import Fields

from .google_names import read_object
from .google_parts import read_schema, refused, require_object
from .openai_fields import Count, Replies, Share, Temperature, stops
from .reading import decode

_PATH = "generationConfig"
_NULL = msgspec.Raw(b"null")
_LONGEST_NOOP = 64
_OFF, _ADAPTIVE = 0, -1

WholeNumber = Annotated[float, msgspec.Meta(ge=1, multiple_of=1)]
"""Google's SDK writes C{topK} as 40.0."""

Budget = Annotated[int, msgspec.Meta(ge=_ADAPTIVE)]


class ThinkingConfig(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How much to think, in tokens or by a word, and whether to show it."""

    thinking_budget: Budget | None = None
    thinking_level: str | None = None
    include_thoughts: bool | None = None


class GenerationConfig(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The fields that the neutral language knows."""

    temperature: Temperature | None = None
    top_p: Share | None = None
    top_k: WholeNumber | None = None
    candidate_count: Replies | None = None
    max_output_tokens: Count | None = None
    stop_sequences: tuple[str, ...] | None = None
    response_mime_type: str | None = None
    response_schema: msgspec.Raw = _NULL
    response_json_schema: msgspec.Raw = _NULL
    thinking_config: ThinkingConfig | None = None


class Generation(TypedDict, total=False):
    """The fields of a L{argoproxy.conversation.ChatRequest} that a configuration gives."""

    n: int
    max_tokens: int | None
    temperature: float | None
    top_p: float | None
    top_k: int | None
    stop: tuple[str, ...]
    thinking: Thinking | None
    shape: OutputShape | None


_config = msgspec.json.Decoder(GenerationConfig)
_KNOWN = {field.encode_name for field in msgspec.structs.fields(GenerationConfig)}


def read_generation(given: msgspec.Raw) -> tuple[Generation, Fields]:
    """
    What it asks for; and by their paths (C{generationConfig.seed}) the fields that aren't known.

    @raise ClientFault: a field has no value that it may have.
    """
    if bytes(given) == b"null":
        return {}, {}
    config: GenerationConfig = decode(_config, given, _PATH)
    others = {
        f"{_PATH}.{name}": raw
        for name, raw in read_object(given, _PATH).items()
        if name not in _KNOWN and not _asks_nothing(name, raw)
    }
    known = Generation(
        n=config.candidate_count or 1,
        max_tokens=config.max_output_tokens,
        temperature=config.temperature,
        top_p=config.top_p,
        top_k=None if config.top_k is None else int(config.top_k),
        stop=stops(config.stop_sequences),
        thinking=_thinking(config.thinking_config),
        shape=_shape(config),
    )
    return known, others


def _asks_nothing(name: str, raw: msgspec.Raw) -> bool:
    if bytes(raw) == b"null":
        return True
    if name not in NOOPS or len(bytes(raw)) > _LONGEST_NOOP:
        return False
    value: object = msgspec.json.decode(raw)
    return value == NOOPS[name]


def _thinking(config: ThinkingConfig | None) -> Thinking | None:
    """
    How much to think.

    @raise ClientFault: the level is none.
    """
    if config is None:
        return None
    effort = _effort(config.thinking_level)
    budget, thoughts = config.thinking_budget, config.include_thoughts
    if budget == _OFF:
        return Thinking("off", shown=thoughts)
    if effort is not None or budget not in (None, _ADAPTIVE):
        return Thinking("enabled", effort, None if budget == _ADAPTIVE else budget, thoughts)
    return Thinking("adaptive", shown=thoughts) if budget == _ADAPTIVE or thoughts else None


def _effort(level: str | None) -> str | None:
    if level is None or level.upper() == "THINKING_LEVEL_UNSPECIFIED":
        return None
    effort = EFFORTS.get(level.upper())
    if effort is None:
        path = f"{_PATH}.thinkingConfig.thinkingLevel"
        raise refused(path, f"expected one of {', '.join(EFFORTS)}", "invalid_value")
    return effort


def _shape(config: GenerationConfig) -> OutputShape | None:
    """
    What the text must be. A schema alone asks for JSON too.

    @raise ClientFault: the media type is none that can be had.
    """
    schema = _schema(config)
    media_type = config.response_mime_type or (JSON_TYPE if schema is not None else TEXT_TYPE)
    if media_type == JSON_TYPE:
        return OutputShape(schema)
    if media_type == TEXT_TYPE and schema is None:
        return None
    raise refused(f"{_PATH}.responseMimeType", f"expected '{JSON_TYPE}', or '{TEXT_TYPE}' without a schema")


def _schema(config: GenerationConfig) -> msgspec.Raw | None:
    """The schema in JSON Schema's words, whichever of the two fields has it."""
    written = config.response_json_schema
    if bytes(written) != b"null":
        require_object(written, f"{_PATH}.responseJsonSchema")
        return written
    if bytes(config.response_schema) != b"null":
        return read_schema(config.response_schema, f"{_PATH}.responseSchema")
    return None
