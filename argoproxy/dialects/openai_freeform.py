"""
OpenAI's custom tools, which take a text: how both of its APIs define them, and their calls in a history.

A grammar for the text can't be enforced over ARGO: the model is told of it in the tool's description.
"""

from __future__ import annotations

from collections.abc import Container, Sequence

import msgspec

from argoproxy.conversation import Tool, ToolCall

_NONE: frozenset[str] = frozenset()


class Grammar(msgspec.Struct, frozen=True):
    """What the text must look like."""

    definition: str
    syntax: str


class AnyText(msgspec.Struct, frozen=True, tag_field="type", tag="text"):
    """It may be anything."""

    @property
    def grammar(self) -> None:
        return None


class GrammarFormat(msgspec.Struct, frozen=True, tag_field="type", tag="grammar"):
    """A grammar as Chat Completions write it."""

    grammar: Grammar


class FlatGrammarFormat(Grammar, frozen=True, tag_field="type", tag="grammar"):
    """A grammar as Responses write it."""

    @property
    def grammar(self) -> Grammar:
        return self


class CustomSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A custom tool: the inner part of one of Chat Completions."""

    name: str
    description: str | None = None
    format: AnyText | GrammarFormat = AnyText()

    def tool(self) -> Tool:
        return _tool(self.name, self.description, self.format.grammar)


class FlatCustomSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A custom tool of Responses."""

    name: str
    description: str | None = None
    format: AnyText | FlatGrammarFormat = AnyText()

    def tool(self) -> Tool:
        return _tool(self.name, self.description, self.format.grammar)


def _tool(name: str, description: str | None, grammar: Grammar | None) -> Tool:
    told = [description] if description else []
    if grammar is not None:
        told.append(f"The input must follow this grammar ({grammar.syntax}):\n{grammar.definition}")
    return Tool(name, "\n\n".join(told) or None, freeform=True)


def freeform_names(tools: Sequence[Tool]) -> frozenset[str]:
    """The names of those tools that take a text."""
    return frozenset([tool.name for tool in tools if tool.freeform]) if tools else _NONE


class _Arguments(msgspec.Struct, frozen=True):
    input: str


def text_call(call_id: str, name: str, text: str, offered: Container[str]) -> ToolCall:
    """
    A call of such a tool, in a history.

    @param offered: the names of the request's freeform tools. Where the tool is no longer among them, nobody further
        on can know that its calls take a text: that one is put into an object here.
    """
    arguments = text if name in offered else msgspec.json.encode(_Arguments(text)).decode()
    return ToolCall(call_id, name, arguments)
