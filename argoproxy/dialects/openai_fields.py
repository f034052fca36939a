"""The fields that OpenAI's requests have in common: their types and ranges, and what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec

from argoproxy.errors import ClientFault

MOST_REPLIES = 128
"""How many replies one request may ask for: prompts x n. The limit is OpenAI's for C{n}."""

Temperature = Annotated[float, msgspec.Meta(ge=0, le=2)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Count = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
Replies = Annotated[int, msgspec.Meta(ge=1, le=MOST_REPLIES)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]
Stop = str | tuple[str, ...]

TokenId = Annotated[int, msgspec.Meta(ge=0)]
TokenIds = Annotated[tuple[TokenId, ...], msgspec.Meta(min_length=1)]
Inputs = str | Annotated[tuple[str | TokenId | TokenIds, ...], msgspec.Meta(min_length=1)]
"""The C{prompt} of completions and the C{input} of embeddings: a text, token ids, or a list of either."""

Ignored = msgspec.Raw
IGNORED = msgspec.Raw(b"null")
"""The type and the default of a field that is taken in any shape, and given to nobody."""


class StreamOptions(msgspec.Struct, frozen=True):
    """
    How to stream.

    @ivar include_usage: whether the stream ends with its usage.
    """

    include_usage: bool | None = None


def stops(stop: Stop | None) -> tuple[str, ...]:
    """The texts that end a reply. Empty ones end none."""
    listed = (stop,) if isinstance(stop, str) else stop or ()
    return tuple(text for text in listed if text)


def wants_usage(stream: bool, options: StreamOptions | None) -> bool:
    """
    Whether a stream ends with its usage.

    @raise ClientFault: there are options, and no stream.
    """
    if options is None:
        return False
    if not stream:
        text = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        raise ClientFault(text, code="invalid_value", param="stream_options")
    return bool(options.include_usage)


def texts_or_tokens(inputs: Inputs, param: str) -> tuple[str | tuple[int, ...], ...]:
    """
    Each input on its own: text, or token ids.

    @param param: the field's name.
    @raise ClientFault: the list mixes its kinds.
    """
    if isinstance(inputs, str):
        return (inputs,)
    odd = _odd_one(inputs)
    if odd is not None:
        where = f"{param}[{odd}]"
        text = f"Invalid value for '{where}': all of '{param}' must be strings, or token ids, or lists of token ids."
        raise ClientFault(text, code="invalid_type", param=where)
    ids = tuple(item for item in inputs if isinstance(item, int))
    return (ids,) if ids else tuple(item for item in inputs if not isinstance(item, int))


def _odd_one(inputs: Sequence[object]) -> int | None:
    """The index of the first that is not of the first one's kind."""
    kind = type(inputs[0])
    return next((index for index, item in enumerate(inputs) if type(item) is not kind), None)
