"""The schemas of bodies: components, and references to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any

import msgspec

from argoproxy.dialects.anthropic_history import Outline, Outlines
from argoproxy.dialects.anthropic_messages import CountBody, MessagesBody
from argoproxy.dialects.google_embeddings import BatchBody, EmbedBody
from argoproxy.dialects.google_generation import GenerationConfig
from argoproxy.dialects.google_requests import GenerateBody
from argoproxy.dialects.google_tools import ToolConfig
from argoproxy.dialects.openai_chat import ChatBody
from argoproxy.dialects.openai_formats import FlatSchemaFormat, JsonSchema
from argoproxy.dialects.openai_messages import AssistantMessage, ImagePart, Messages, TextPart, UserMessage
from argoproxy.dialects.openai_responses import ResponsesBody
from argoproxy.dialects.responses_input import CallItem, CallOutputItem, CustomCallItem, MessageItem, ReasoningItem
from argoproxy.dialects.responses_shapes import Item
from argoproxy.vocabulary import google
from argoproxy.vocabulary.anthropic import JsonFormat, ToolSpec
from argoproxy.vocabulary.anthropic_blocks import AssistantBlock, ToolUseBlock, UserBlock
from argoproxy.vocabulary.openai import CustomToolCall, FunctionSpec, FunctionTool, FunctionToolCall

from .shapes import Copies
from .written import ResponseObject

Schema = dict[str, Any]

_REFERENCE = "#/components/schemas/{name}"
_OTHER = dict[str, Any]
_LATER: Mapping[tuple[type[msgspec.Struct], str], tuple[Any, ...]] = {
    (AssistantMessage, "tool_calls"): (FunctionToolCall, CustomToolCall),
    (BatchBody, "requests"): (EmbedBody,),
    (ChatBody, "messages"): (Messages,),
    (ChatBody, "tools"): (FunctionTool, _OTHER),
    (CountBody, "messages"): (Outlines,),
    (FlatSchemaFormat, "schema"): (_OTHER, None),
    (FunctionSpec, "parameters"): (_OTHER, None),
    (GenerateBody, "generationConfig"): (GenerationConfig, None),
    (GenerateBody, "toolConfig"): (ToolConfig, None),
    (GenerateBody, "tools"): (_OTHER,),
    (JsonFormat, "schema"): (_OTHER,),
    (JsonSchema, "schema"): (_OTHER, None),
    (MessagesBody, "messages"): (Outlines,),
    (Outline, "content"): (UserBlock | AssistantBlock, _OTHER),
    (ResponseObject, "output"): (Item,),
    (ResponsesBody, "input"): (MessageItem, CallItem, CustomCallItem, CallOutputItem, ReasoningItem, _OTHER),
    (ResponsesBody, "tools"): (FunctionSpec, _OTHER),
    (ToolSpec, "input_schema"): (_OTHER,),
    (ToolUseBlock, "input"): (_OTHER,),
    (UserMessage, "content"): (TextPart, ImagePart, _OTHER),
    (google.FunctionCall, "args"): (_OTHER, None),
}
"""
What is read (or was written) later as one of these types, and is raw bytes until then. Objects of other kinds are taken
where they may mean something to others: they are left out, and that is told.
"""


class Schemas:
    """
    The schemas of types.

    @ivar components: those of all Structs in them, by name.
    """

    def __init__(self, types: Iterable[Any], requests: Iterable[Any]) -> None:
        """
        @param types: Structs, and unions of them.
        @param requests: those of them that are whole requests, in which C{null} counts as absent.
        """
        wanted = dict.fromkeys([*types, *(kind for kind, _ in _LATER), *chain(*_LATER.values())])
        copies = Copies()
        schemas, self.components = msgspec.json.schema_components(map(copies.of, wanted), ref_template=_REFERENCE)
        self._schemas = dict(zip(wanted, schemas, strict=True))
        for (kind, name), parts in _LATER.items():
            _fill(self._component(kind)["properties"][name], self.of(*parts))
        for kind in requests:
            _allow_null(self._component(kind))

    def of(self, *kinds: Any) -> Schema:
        """What is of one of these types."""
        schemas = [self._schemas[kind] for kind in kinds]
        return dict(schemas[0]) if len(schemas) == 1 else {"anyOf": schemas}

    def _component(self, kind: Any) -> Schema:
        schema: Schema = self.components[self._schemas[kind]["$ref"].rpartition("/")[2]]
        return schema


def _fill(schema: Schema, part: Schema) -> None:
    """Put a part where a schema says nothing."""
    if not schema.keys() - {"default"}:
        schema.update(part)
    elif schema.get("type") == "array":
        schema["items"] = part
    for option in schema.get("anyOf", ()):
        if option.get("type") == "array":
            option["items"] = part


def _allow_null(schema: Schema) -> None:
    null, properties = {"type": "null"}, schema["properties"]
    for name in properties.keys() - set(schema["required"]):
        free = not properties[name].keys() - {"default"}
        if not free and null not in properties[name].get("anyOf", ()):
            default = {"default": properties[name].pop("default")} if "default" in properties[name] else {}
            properties[name] = {"anyOf": [properties[name], null], **default}
