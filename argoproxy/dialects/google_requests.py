"""
The requests of C{generateContent}, C{streamGenerateContent} and C{countTokens}. The model and the way to answer stand
in the path.
"""

from __future__ import annotations

import msgspec

from argoproxy.conversation import ChatRequest
from argoproxy.wire.json import Fields

from .google_contents import Contents, Instructions, read_contents, read_instructions
from .google_generation import read_generation
from .google_tools import chosen, read_tools
from .openai_fields import IGNORED, Ignored, Seconds
from .reading import Reader

_COLLECTIONS = ("models/", "tunedModels/")


class GenerateRequest(ChatRequest, frozen=True, kw_only=True):
    """
    A request, and how its reply is to be framed.

    @ivar sse: whether a stream is of events; if not, it is one JSON array.
    """

    sse: bool = False

    @property
    def thoughts(self) -> bool:
        """Whether the client wants to read what the model thought. Google shows it to those alone who ask."""
        return self.thinking is not None and bool(self.thinking.shown)


class GenerateBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The fields that are understood here. The model in the path counts."""

    contents: Contents
    system_instruction: Instructions | None = None
    tools: tuple[msgspec.Raw, ...] = ()
    tool_config: msgspec.Raw = IGNORED
    generation_config: msgspec.Raw = IGNORED
    timeout: Seconds | None = None
    model: Ignored = IGNORED


_READER = Reader(GenerateBody)


def read_request(fields: Fields, model: str, *, stream: bool = False, sse: bool = False) -> GenerateRequest:
    """
    The request that a body's fields make.

    @param model: as the path has it.
    @raise ClientFault: they make none.
    """
    known, extras = _READER.read(fields)
    functions, hosted = read_tools(known.tools)
    tools, choice, tool_config = chosen(known.tool_config, functions)
    generation, others = read_generation(known.generation_config)
    return GenerateRequest(
        model=plain_name(model),
        stream=stream,
        sse=sse,
        timeout=known.timeout,
        extras={**extras, **hosted, **tool_config, **others},
        raw=fields,
        prompts=((*read_instructions(known.system_instruction), *read_contents(known.contents)),),
        include_usage=True,
        tools=tools,
        tool_choice=choice,
        **generation,
    )


def plain_name(model: str) -> str:
    """A model's name without the collection that it is in."""
    for collection in _COLLECTIONS:
        if model.startswith(collection):
            return model.removeprefix(collection)
    return model
